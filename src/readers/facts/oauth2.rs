//! `oauth2_authorization_url`, `oauth2_token_url`, `oauth2_scopes`: what OAuth needs beside a client's credentials.

use serde_json::json;

use super::base_url::host_and_path;
use super::{Detector, Hints, Look};
use crate::model::{Fact, Method, Operation, SchemeKind, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "oauth2_token_url", look: Look::Conclude(run) };

fn run(system: &mut System, hints: &Hints<'_>) {
    let mut facts: Vec<Fact> = Vec::new();
    let mut scopes: Vec<&str> = Vec::new();
    let mut ground = None;
    for (name, scheme) in &system.schemes {
        let SchemeKind::Oauth2(flows) = &scheme.kind else { continue };
        for flow in flows {
            // Not every description has these keys at a place of their own.
            let at = |key: &str| match flow.pointer.as_str() {
                "" => scheme.pointer.clone(),
                stated => format!("{stated}/{key}"),
            };
            for (fact, key, url) in [
                ("oauth2_authorization_url", "authorizationUrl", &flow.authorization_url),
                ("oauth2_token_url", "tokenUrl", &flow.token_url),
                ("oauth2_device_authorization_url", "deviceAuthorizationUrl", &flow.device_url),
            ] {
                let Some(url) = url.as_deref() else { continue };
                let absolute = resolved(system, url);
                let Some((host, path)) = host_and_path(&absolute) else { continue };
                let value = json!({"host": host, "path": path});
                if !facts.iter().any(|f| f.fact == fact && f.value == value) {
                    facts.push(Fact::stated(fact, value, at(key)));
                }
            }
            for scope in &flow.scopes {
                if !scopes.contains(&scope.as_str()) {
                    scopes.push(scope);
                    ground.get_or_insert_with(|| at("scopes"));
                }
            }
        }
        // Schemes without a list of scopes still ask for some on operations.
        for asked in system.operations.iter().flat_map(|o| o.security.iter().flatten().map(move |u| (o, u))) {
            let (operation, used) = asked;
            for scope in used.scopes.iter().filter(|_| used.scheme == *name) {
                if !scopes.contains(&scope.as_str()) {
                    scopes.push(scope);
                    ground.get_or_insert_with(|| operation.pointer.clone());
                }
            }
        }
    }
    if let Some(pointer) = ground {
        facts.push(Fact::stated("oauth2_scopes", json!(scopes), pointer));
    } else if system.facts_named("auth_mode").any(|f| f.value["type"].as_str().is_some_and(|t| t.starts_with("oauth2")))
    {
        facts.extend(scopes_in_prose(hints));
    }
    if !facts.iter().any(|f| f.fact == "oauth2_token_url") {
        facts.extend(token_operation(system));
    }
    system.facts.extend(facts);
}

/// An operation that issues tokens (RFC 6749 section 3.2) is the token endpoint.
fn token_operation(system: &System) -> Option<Fact> {
    let ends = ["/oauth/token", "/oauth2/token", "/oauth/access_token", "/oauth2/access_token"];
    let issues = |o: &&Operation| o.method == Method::Post && ends.iter().any(|e| o.path.ends_with(e));
    let operation = system.operations.iter().find(issues)?;
    let (host, base) = host_and_path(&system.servers.first()?.url)?;
    let value = json!({"host": host, "path": format!("{base}{}", operation.path)});
    let from = vec![operation.pointer.clone()];
    Some(Fact::inferred("oauth2_token_url", value, "operation-issues-tokens", from, 0.70))
}

/// Scopes that texts name: a quoted word, or one no prose has (`read_inbox`, `orders:write`), right after "scope".
fn scopes_in_prose(hints: &Hints<'_>) -> Option<Fact> {
    let (mut scopes, mut from): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    for prose in hints.prose.iter().filter(|p| p.text.contains("cope")) {
        for word in ["scope", "Scope"] {
            for (at, _) in prose.text.match_indices(word) {
                let Some(scope) = prose.text.get(at + word.len()..).and_then(named_scope) else { continue };
                if !scopes.contains(&scope) && scopes.len() < 100 {
                    scopes.push(scope);
                    if from.len() < 5 {
                        from.push(prose.pointer.to_string());
                    }
                }
            }
        }
    }
    let value = json!(scopes);
    (!scopes.is_empty()).then(|| Fact::inferred("oauth2_scopes", value, "scopes-in-prose", from, 0.50))
}

/// The scope a sentence goes on with.
fn named_scope(rest: &str) -> Option<&str> {
    let fits = |w: &&str| {
        (2..=60).contains(&w.len())
            && w.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:.-/".contains(c))
            && w.starts_with(|c: char| c.is_ascii_lowercase())
    };
    let mut words = rest.split([' ', '\n', '\t']).filter(|w| !w.is_empty());
    // "scope containing", "scope does not include", "scopes are"
    let mut steps = 0;
    words.find_map(|word| {
        steps += 1;
        if steps > 5 || (steps > 1 && word.contains("//")) {
            return Some(None);
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let quoted = word.starts_with(['"', '`', '\'']);
        let written = bare.contains('_') || (bare.contains(':') && !bare.ends_with(':'));
        (quoted || written).then(|| Some(bare).filter(fits))
    })?
}

/// A relative URL stands on the first server.
fn resolved(system: &System, url: &str) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    let base = system.servers.first().map_or("", |s| s.url.as_str());
    match host_and_path(base) {
        Some((host, _)) => format!("https://{host}/{}", url.trim_start_matches('/')),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::values_of;
    use serde_json::json;

    const HEAD: &str = "openapi: 3.0.3\ninfo: {title: T, version: '1', description: OAuth 2.0 is used.}\nservers: [{url: https://a.example/base}]\n";

    #[test]
    fn an_operation_that_issues_tokens_is_the_token_endpoint() {
        let text = format!("{HEAD}paths: {{/oauth/token: {{post: {{responses: {{}}}}}}}}\n");
        assert_eq!(values_of(&text, "oauth2_token_url"), [json!({"host": "a.example", "path": "/base/oauth/token"})]);
        assert!(values_of(&text.replace("post", "get"), "oauth2_token_url").is_empty());
    }

    #[test]
    fn scopes_named_in_prose_are_found_where_oauth_is_used() {
        let told =
            "Needs a token with a scope containing \\\"private\\\". Set if scope does not include no_expiry of old.";
        let text = format!("{HEAD}paths: {{/x: {{get: {{description: \"{told}\", responses: {{}}}}}}}}\n");
        assert_eq!(values_of(&text, "oauth2_scopes"), [json!(["private", "no_expiry"])]);
        assert!(values_of(&text.replace("OAuth 2.0 is used.", "Nothing."), "oauth2_scopes").is_empty());
        let plain = text.replace(told, "The scope of this work is wide.");
        assert!(values_of(&plain, "oauth2_scopes").is_empty());
    }
}
