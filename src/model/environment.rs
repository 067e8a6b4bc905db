//! What a system is for, as words of its address, its name or its secrets tell.

/// The environment that a word tells of: `sandbox`, `staging`, `development`, `local`, `production` or `mock`; nothing for
/// most words. The word is in lower case.
#[must_use]
pub fn environment(word: &str) -> Option<&'static str> {
    Some(match word {
        "sandbox" | "test" | "testing" | "demo" | "playground" | "trial" => "sandbox",
        "staging" | "stage" | "stg" | "uat" | "preprod" | "preproduction" | "qa" => "staging",
        "dev" | "development" => "development",
        "localhost" | "local" => "local",
        "prod" | "production" | "live" => "production",
        "mock" | "mocked" => "mock",
        _ => return None,
    })
}
