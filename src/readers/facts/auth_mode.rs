//! `auth_mode`: how a caller proves who it is. Declared schemes first, by how many operations take them; without
//! any, what header parameters and prose tell.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::auth_keys::{of_parameters, of_prose, prefix};
use super::path::norm;
use super::{Detector, Hints, Look, Prose, shown};
use crate::model::{ApiKeyPlace, Fact, SchemeKind, SecurityScheme, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "auth_mode", look: Look::Observe(run) };

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut uses: BTreeMap<&str, u32> = BTreeMap::new();
    for name in system.operations.iter().flat_map(|o| o.security.iter().flatten()) {
        *uses.entry(&name.scheme).or_insert(0) += 1;
    }
    let mut schemes: Vec<(u32, &String, &SecurityScheme)> =
        system.schemes.iter().map(|(name, s)| (uses.get(name.as_str()).copied().unwrap_or(0), name, s)).collect();
    schemes.sort_by_key(|(count, name, _)| (std::cmp::Reverse(*count), *name));
    let mut facts: Vec<Fact> = Vec::new();
    for (_, _, scheme) in schemes {
        for value in modes(scheme) {
            if !facts.iter().any(|f| f.value == value) {
                facts.push(Fact::stated("auth_mode", value, scheme.pointer.clone()));
            }
        }
    }
    if facts.is_empty() {
        facts.extend(of_parameters(system));
    }
    if facts.is_empty() {
        facts.extend(of_prose(hints));
    } else {
        facts.extend(oauth_beside(system, hints));
    }
    let oauth = |f: &Fact| f.value.get("type").and_then(Value::as_str).is_some_and(|t| t.starts_with("oauth2"));
    if !facts.iter().any(oauth) {
        facts.extend(oauth_at_work(system, hints));
    }
    facts.extend(bearer_of_oauth(system, &facts));
    found.extend(facts);
}

pub(super) fn mode(kind: &str) -> Value {
    json!({"type": kind})
}

fn modes(scheme: &SecurityScheme) -> Vec<Value> {
    let says = |word: &str| scheme.description.to_lowercase().contains(word);
    match &scheme.kind {
        SchemeKind::Basic => vec![mode("basic")],
        SchemeKind::Bearer => vec![mode("bearer")],
        SchemeKind::Http(name) if name.to_lowercase().starts_with("oauth") => vec![mode("oauth1")],
        SchemeKind::Http(name) => vec![mode(&name.to_lowercase())],
        SchemeKind::ApiKey { place: ApiKeyPlace::Header, name } if name.eq_ignore_ascii_case("authorization") => {
            // The header is known; what goes before the key, only prose tells.
            if says("bearer") || says("oauth") {
                vec![mode("bearer")]
            } else if says("basic") {
                vec![mode("basic")]
            } else {
                vec![api_key("header", name, prefix(&scheme.description))]
            }
        }
        SchemeKind::ApiKey { place, name } => {
            let place = match place {
                ApiKeyPlace::Header => "header",
                ApiKeyPlace::Query => "query",
                ApiKeyPlace::Cookie => "cookie",
            };
            vec![api_key(place, name, None)]
        }
        SchemeKind::Oauth2(flows) if flows.is_empty() => vec![mode("oauth2")],
        SchemeKind::Oauth2(flows) => flows
            .iter()
            .map(|flow| match flow.kind.as_str() {
                "authorizationCode" => mode("oauth2_authorization_code"),
                "clientCredentials" => mode("oauth2_client_credentials"),
                "implicit" => mode("oauth2_implicit"),
                "password" => mode("oauth2_password"),
                "deviceAuthorization" => mode("oauth2_device_authorization"),
                other => mode(&format!("oauth2_{}", norm(other))),
            })
            .collect(),
        SchemeKind::OpenId(_) => vec![mode("openid_connect")],
        SchemeKind::MutualTls => vec![mode("mutual_tls")],
    }
}

pub(super) fn api_key(place: &str, name: &str, prefix: Option<String>) -> Value {
    json!({"type": "api_key", "in": place, "name": name, "prefix": prefix})
}

/// A token that OAuth 2.0 issues goes into `Authorization: Bearer` (RFC 6750 section 2.1); a token that was got
/// otherwise, e.g. made by hand, goes there too.
fn bearer_of_oauth(system: &System, facts: &[Fact]) -> Option<Fact> {
    let declared = system.schemes.values().find(|s| matches!(s.kind, SchemeKind::Oauth2(_) | SchemeKind::OpenId(_)))?;
    let known = facts.iter().any(|f| f.value == mode("bearer"));
    let from = vec![declared.pointer.clone()];
    (!known).then(|| Fact::inferred("auth_mode", mode("bearer"), "oauth-tokens-are-bearer-tokens", from, 0.50))
}

/// The word itself: `intoAuthority` holds the same letters.
fn oauth_words(text: &str) -> impl Iterator<Item = &str> {
    ["OAuth", "oauth", "Oauth", "OAUTH"].into_iter().flat_map(move |word| {
        text.match_indices(word).filter_map(move |(at, _)| {
            let before = text.get(..at)?.chars().next_back();
            let starts = before.is_none_or(|c| !c.is_alphabetic() || (c.is_lowercase() && word.starts_with("OA")));
            starts.then(|| text.get(at + word.len()..)).flatten()
        })
    })
}

/// The flow that a text in lower case speaks of.
pub(super) fn oauth_flow(text: &str) -> &'static str {
    let clients = ["client credentials", "client_credentials", "client-credentials"].iter().any(|w| text.contains(w));
    let users = ["authorization code", "authorization_code", "authorization-code"].iter().any(|w| text.contains(w));
    if clients && !users { "oauth2_client_credentials" } else { "oauth2_authorization_code" }
}

/// What follows the word is a part of OAuth that only a server of it has: its applications, clients, tokens.
fn speaks_of_oauth_parts(text: &str) -> bool {
    const PARTS: [&str; 9] = ["app", "application", "client", "token", "access", "key", "scope", "consumer", "scopes"];
    // Most texts do not have the word: telling so takes next to no time.
    if !["OAuth", "oauth", "Oauth", "OAUTH"].iter().any(|word| text.contains(word)) {
        return false;
    }
    if text.contains("as an OAuth") {
        return true; // "lets others use it as an OAuth provider"
    }
    oauth_words(text).any(|rest| {
        let rest = rest.trim_start_matches([' ', '-', '_', '2', '.', '0']);
        let word: String = rest.chars().take_while(|c| c.is_alphabetic()).take(12).collect::<String>().to_lowercase();
        PARTS.iter().any(|p| word == *p || word.strip_suffix('s') == Some(p))
    })
}

/// OAuth that nothing declares, but that the system is seen to serve: an operation on its tokens or applications, or
/// a text that says what an OAuth token may do. Applications of others get tokens by authorization codes.
fn oauth_at_work(system: &System, hints: &Hints<'_>) -> Option<Fact> {
    let by_path = system.operations.iter().find(|o| {
        let path = o.path.to_lowercase();
        path.contains("/oauth/") || path.contains("/oauth2/") || speaks_of_oauth_parts(&o.summary)
    });
    let pointer = match by_path {
        Some(operation) => operation.pointer.clone(),
        None => {
            let of_prose = hints.prose.iter().map(Prose::shown);
            let of_parameters = hints.parameters().map(|(_, p)| p.shown());
            let of_schemas = system.schemas.iter().map(|s| shown(&s.description, &s.pointer));
            let found = of_prose.chain(of_parameters).chain(of_schemas).find(|(text, _)| speaks_of_oauth_parts(text));
            found?.1.to_string()
        }
    };
    let value = mode("oauth2_authorization_code");
    Some(Fact::inferred("auth_mode", value, "oauth-parts-in-use", vec![pointer], 0.40))
}

/// OAuth that is not declared: told in prose, or declared with the implicit flow alone, which OAuth 2.1 took out in
/// favour of authorization codes.
fn oauth_beside(system: &System, hints: &Hints<'_>) -> Vec<Fact> {
    let flows = system
        .schemes
        .values()
        .filter_map(|s| if let SchemeKind::Oauth2(flows) = &s.kind { Some((s, flows)) } else { None });
    let flows: Vec<_> = flows.collect();
    if let Some((scheme, _)) = flows.first() {
        let mut kinds = flows.iter().flat_map(|(_, f)| f.iter()).map(|f| f.kind.as_str()).peekable();
        // A scheme that states no flow says nothing of an obsolete one.
        let rule = if kinds.peek().is_some() { "implicit-flow-is-obsolete" } else { "oauth-without-a-flow" };
        let all_implicit = kinds.all(|kind| kind == "implicit");
        let value = mode("oauth2_authorization_code");
        let from = vec![scheme.pointer.clone()];
        let fact = Fact::inferred("auth_mode", value, rule, from, 0.50);
        return if all_implicit { vec![fact] } else { Vec::new() };
    }
    let of_system = hints.prose.iter().filter(|p| p.operation.is_none()).map(Prose::shown);
    let of_schemes = system.schemes.values().map(|s| shown(&s.description, &s.pointer));
    for (text, pointer) in of_system.chain(of_schemes) {
        if oauth_words(text).next().is_some() {
            let kind = oauth_flow(&text.to_lowercase());
            return vec![Fact::inferred("auth_mode", mode(kind), "oauth-in-prose", vec![pointer.to_string()], 0.45)];
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::values_of;

    fn types(text: &str) -> Vec<String> {
        let values = values_of(text, "auth_mode");
        values.iter().map(|v| v["type"].as_str().unwrap_or_default().to_owned()).collect()
    }

    const KEY: &str = "components: {securitySchemes: {k: {type: apiKey, in: header, name: X-Key}}}";

    fn with_key(info: &str, paths: &str) -> Vec<String> {
        types(&format!("openapi: 3.0.3\ninfo: {info}\npaths: {paths}\n{KEY}\n"))
    }

    #[test]
    fn tokens_of_oauth_are_bearer_tokens() {
        let flows = "{authorizationCode: {authorizationUrl: https://a.example/auth, tokenUrl: https://a.example/t, scopes: {}}}";
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{}}\ncomponents: {{securitySchemes: {{o: {{type: oauth2, flows: {flows}}}}}}}\n"
        );
        assert_eq!(types(&text), ["oauth2_authorization_code", "bearer"]);
        assert_eq!(with_key("{title: T, version: '1'}", "{}"), ["api_key"]);
    }

    #[test]
    fn operations_on_oauth_applications_and_tokens_mean_oauth() {
        let info = "{title: T, version: '1'}";
        let summary = "{/apps: {get: {summary: List OAuth applications, responses: {}}}}";
        assert_eq!(with_key(info, summary), ["api_key", "oauth2_authorization_code"]);
        let path = "{/oauth/token: {post: {responses: {}}}}";
        assert_eq!(with_key(info, path), ["api_key", "oauth2_authorization_code"]);
        let prose = "{/fees: {post: {description: Needs an OAuth key., responses: {}}}}";
        assert_eq!(with_key(info, prose), ["api_key", "oauth2_authorization_code"]);
    }

    #[test]
    fn letters_of_oauth_in_other_words_mean_nothing() {
        let prose =
            "{/x: {get: {description: Goes intoauthority and through an OAuth dance of a bank., responses: {}}}}";
        assert_eq!(with_key("{title: T, version: '1', description: Turns zeroauth on.}", prose), ["api_key"]);
    }

    #[test]
    fn a_header_in_an_example_request_counts_where_nothing_is_declared() {
        let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/x: {get: {description: 'Authorization: Bearer KEY', responses: {}}}}\n";
        assert_eq!(types(text), ["bearer"]);
        assert_eq!(types(&text.replace("Authorization: Bearer KEY", "Nothing.")), Vec::<String>::new());
    }
}
