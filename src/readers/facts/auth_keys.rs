//! Keys that no security scheme declares: among the parameters, in prose, and what stands before them in their header.

use super::Hints;
use super::auth_mode::{api_key, mode, oauth_flow};
use super::path::norm;
use super::said::affirms;
use crate::model::{Fact, ParamIn, System};

/// What stands before the key: `API-Key` of "Use the form `API-Key {your key}`", `Token token=` of "`Token token=<KEY>`",
/// `Site-Key` of "`Authorization: Site-Key your-key`" and of "set it to `Site-Key your-key`".
pub(super) fn prefix(description: &str) -> Option<String> {
    let fits = |p: &str| {
        (2..=24).contains(&p.len())
            && p.split(' ').count() <= 2
            && p.starts_with(|c: char| c.is_ascii_alphabetic())
            && p.chars().all(|c| c.is_ascii_alphanumeric() || "-_= ".contains(c))
    };
    // Two words as code, the second of which stands for a key.
    let stands_for = |word: &str| {
        let word = norm(word);
        !word.is_empty()
            && (word.starts_with("your") || is_key(&word) || matches!(word.as_str(), "key" | "token" | "xxx"))
    };
    let code = description.split('`').skip(1).step_by(2).filter_map(|code| code.trim().split_once(' '));
    if let Some((word, _)) =
        code.clone().find(|(word, key)| !key.contains([' ', '{', '<', '[']) && stands_for(key) && fits(word))
    {
        return Some(word.to_owned());
    }
    // `<br>` holds the place of no key.
    let holds = |at: &usize| {
        !description
            .get(at + 1..)
            .is_some_and(|r| ["br", "/", "p>", "b>", "a ", "code"].iter().any(|tag| r.starts_with(tag)))
    };
    if let Some(at) = description.match_indices(['{', '<', '[']).map(|(at, _)| at).find(holds) {
        let before = description.get(..at)?.trim_end();
        let quoted = before.rsplit(['`', '"', '\'', ':', ',', '(']).next()?.trim();
        let word = before.rsplit([' ', ':', '`', '"', '\'']).next()?;
        return [quoted, word].into_iter().find(|p| fits(p)).map(str::to_owned);
    }
    // An example of the header: two words are a prefix and the key.
    let (_, example) = description.split_once("uthorization: ")?;
    let example = example.split(['`', '"', '\'', '\n', ',']).next()?.trim();
    let (word, key) = example.split_once(' ')?;
    (fits(word) && !key.trim().contains(' ')).then(|| word.to_owned())
}

/// Names that only headers with credentials have.
fn is_key(name: &str) -> bool {
    const ENDS: [&str; 10] = [
        "apikey",
        "accesstoken",
        "authtoken",
        "apitoken",
        "accesskey",
        "authkey",
        "appkey",
        "subscriptionkey",
        "privatetoken",
        "apisecret",
    ];
    ENDS.iter().any(|e| name.ends_with(e))
}

/// The header that a text names for its key: `X-Api-Key`.
fn key_header(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let mut named =
        words.filter(|w| w.len() <= 40 && w.contains('-') && w.starts_with(|c: char| c.is_ascii_uppercase()));
    named.find(|w| is_key(&norm(w)) && w.split('-').all(|p| p.starts_with(|c: char| c.is_ascii_uppercase())))
}

/// Keys that operations take as ordinary parameters.
pub(super) fn of_parameters(system: &System) -> Vec<Fact> {
    let mut seen: indexmap::IndexMap<(ParamIn, String), (u32, String, String)> = indexmap::IndexMap::new();
    for parameter in system.operations.iter().flat_map(|o| &o.parameters) {
        let name = norm(&parameter.name);
        let is_key = match parameter.place {
            ParamIn::Header => {
                matches!(name.as_str(), "authorization" | "token")
                    || is_key(&name)
                    || (parameter.required && matches!(name.as_str(), "secret" | "clientsecret" | "username" | "login"))
            }
            ParamIn::Query => {
                matches!(name.as_str(), "apikey" | "accesstoken" | "apitoken" | "accesskey" | "authtoken")
                    || parameter.name == "appid"
                    || (matches!(name.as_str(), "token" | "key") && parameter.required)
            }
            _ => false,
        };
        if is_key {
            let entry = seen.entry((parameter.place, name));
            entry
                .or_insert((0, parameter.name.clone(), format!("{}\n{}", parameter.pointer, parameter.description)))
                .0 += 1;
        }
    }
    // Words that mean other things, too, mean a key where most operations ask for it.
    let half = u32::try_from(system.operations.len().div_ceil(2)).unwrap_or(u32::MAX);
    seen.retain(|(place, name), (count, ..)| {
        let common = match place {
            ParamIn::Query => matches!(name.as_str(), "token" | "key"),
            _ => matches!(name.as_str(), "secret" | "clientsecret" | "username" | "login"),
        };
        !common || *count >= half
    });
    seen.sort_by(|_, a, _, b| b.0.cmp(&a.0));
    seen.into_iter()
        .take(3)
        .map(|((place, name), (_, written, ground))| {
            let (pointer, text) = ground.split_once('\n').unwrap_or((&ground, ""));
            let text = text.to_lowercase();
            let value = match place {
                ParamIn::Header if name == "authorization" && text.contains("basic") => mode("basic"),
                ParamIn::Header if name == "authorization" && (text.contains("bearer") || text.contains("oauth")) => {
                    mode("bearer")
                }
                ParamIn::Header => api_key("header", &written, None),
                _ => api_key("query", &written, None),
            };
            Fact::inferred("auth_mode", value, "key-among-parameters", vec![pointer.to_owned()], 0.60)
        })
        .collect()
}

/// What the description of the system tells of authentication.
pub(super) fn of_prose(hints: &Hints<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for prose in hints.prose.iter().filter(|p| p.operation.is_none()) {
        let text = prose.text.to_lowercase();
        let named = key_header(prose.text);
        for (signs, kind) in [
            (["oauth 2", "oauth2", "oauth 2.0"].as_slice(), oauth_flow(&text)),
            (&["bearer token", "authorization: bearer"], "bearer"),
            (&["basic auth", "http basic", "authorization: basic"], "basic"),
            (&["api key", "api-key", "apikey"], "api_key"),
        ] {
            let value = match (kind, named) {
                ("api_key", Some(header)) => api_key("header", header, None),
                _ => mode(kind),
            };
            let told = affirms(&text, signs) || (kind == "api_key" && named.is_some());
            if told && !facts.iter().any(|f: &Fact| f.value == value) {
                let from = vec![prose.pointer.to_string()];
                facts.push(Fact::inferred("auth_mode", value, "authentication-in-prose", from, 0.45));
            }
        }
    }
    // Examples of requests in the operations show what no other text says.
    if facts.iter().all(|f: &Fact| f.value["type"] == "api_key") {
        for (sign, kind) in [("Authorization: Bearer ", "bearer"), ("Authorization: Basic ", "basic")] {
            if let Some(prose) = hints.prose.iter().find(|p| p.text.contains(sign)) {
                let from = vec![prose.pointer.to_string()];
                facts.push(Fact::inferred("auth_mode", mode(kind), "header-in-example-request", from, 0.55));
            }
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::super::values_of;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_stands_before_a_key_is_told_by_its_description() {
        for (text, before) in [
            ("Use the form `API-Key {your key}`.", Some("API-Key")),
            ("Use the form API-Key {your key}.", Some("API-Key")),
            ("The API key, e.g. `Token token=<KEY>`", Some("Token token=")),
            ("`Authorization: Site-Key your-private-key`", Some("Site-Key")),
            ("Authorization: your key in one word", None),
            ("Set the `Authorization` header to `Site-Key your-private-key`<br>and see the guide.", Some("Site-Key")),
            ("Send it in `Authorization header`.<br>It is secret.", None),
            ("The key.", None),
        ] {
            assert_eq!(prefix(text).as_deref(), before, "{text}");
        }
    }

    #[test]
    fn a_header_named_in_prose_holds_the_key() {
        let told = |text: &str| {
            let text =
                format!("openapi: 3.0.3\ninfo: {{title: T, version: '1', description: \"{text}\"}}\npaths: {{}}\n");
            values_of(&text, "auth_mode")
        };
        assert_eq!(
            told("Send your API key in the X-Api-Key header."),
            [json!({"type": "api_key", "in": "header", "name": "X-Api-Key", "prefix": null})]
        );
        assert_eq!(told("OAuth2 by client credentials."), [json!({"type": "oauth2_client_credentials"})]);
        assert!(told("Keys open doors.").is_empty());
    }

    #[test]
    fn a_name_and_a_secret_that_every_request_asks_for_are_credentials() {
        let both =
            "parameters: [{name: UserName, in: header, required: true}, {name: Secret, in: header, required: true}]";
        let text = |other: &str| {
            format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{/a: {{get: {{{both}, responses: {{}}}}}}{other}}}\n"
            )
        };
        let names = |text: &str| -> Vec<serde_json::Value> {
            values_of(text, "auth_mode").iter().map(|v| v["name"].clone()).collect()
        };
        assert_eq!(names(&text("")), ["UserName", "Secret"]);
        let plain = ", /b: {get: {responses: {}}}, /c: {get: {responses: {}}}";
        assert!(names(&text(plain)).is_empty());
    }

    #[test]
    fn a_token_that_every_request_asks_for_is_a_key() {
        let get = |required: bool| {
            format!("{{get: {{parameters: [{{name: token, in: query, required: {required}}}], responses: {{}}}}}}")
        };
        let text = |required: bool| {
            format!("openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{/a: {0}, /b: {0}}}\n", get(required))
        };
        assert_eq!(values_of(&text(true), "auth_mode").len(), 1);
        assert!(values_of(&text(false), "auth_mode").is_empty());
    }
}
