//! `auth_mode`: how a caller proves who it is. Declared schemes first, by how many operations take them; without
//! any, what header parameters and prose tell.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::path::norm;
use super::{Detector, Hints};
use crate::model::{ApiKeyPlace, Fact, ParamIn, SchemeKind, SecurityScheme, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "auth_mode", run };

fn run(system: &mut System, hints: &Hints<'_>) {
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
    system.facts.extend(facts);
}

fn mode(kind: &str) -> Value {
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

fn api_key(place: &str, name: &str, prefix: Option<String>) -> Value {
    json!({"type": "api_key", "in": place, "name": name, "prefix": prefix})
}

/// `API-Key` of "Use the form `API-Key {your key}`": a word before a placeholder.
fn prefix(description: &str) -> Option<String> {
    let at = description.find(['{', '<', '['])?;
    let before = description.get(..at)?.trim_end();
    let word = before.rsplit([' ', ':', '`', '"', '\'']).next()?;
    let fits = (2..=20).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    fits.then(|| word.to_owned())
}

/// Keys that operations take as ordinary parameters.
fn of_parameters(system: &System) -> Vec<Fact> {
    let mut seen: indexmap::IndexMap<(ParamIn, String), (u32, String, String)> = indexmap::IndexMap::new();
    for parameter in system.operations.iter().flat_map(|o| &o.parameters) {
        let name = norm(&parameter.name);
        let is_key = match parameter.place {
            ParamIn::Header => {
                matches!(name.as_str(), "authorization" | "apikey" | "token" | "accesstoken" | "authtoken" | "apitoken")
                    || name.ends_with("apikey")
                    || name.ends_with("accesstoken")
                    || name.ends_with("authtoken")
            }
            ParamIn::Query => {
                matches!(name.as_str(), "apikey" | "accesstoken" | "apitoken" | "accesskey")
                    || parameter.name == "appid"
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

/// OAuth that is not declared: told in prose, or declared with the implicit flow alone, which OAuth 2.1 took out in
/// favour of authorization codes.
fn oauth_beside(system: &System, hints: &Hints<'_>) -> Vec<Fact> {
    let flows = system
        .schemes
        .values()
        .filter_map(|s| if let SchemeKind::Oauth2(flows) = &s.kind { Some((s, flows)) } else { None });
    let flows: Vec<_> = flows.collect();
    if let Some((scheme, _)) = flows.first() {
        let all_implicit = flows.iter().flat_map(|(_, f)| f.iter()).all(|f| f.kind == "implicit");
        let value = mode("oauth2_authorization_code");
        let from = vec![scheme.pointer.clone()];
        let fact = Fact::inferred("auth_mode", value, "implicit-flow-is-obsolete", from, 0.50);
        return if all_implicit { vec![fact] } else { Vec::new() };
    }
    let of_system = hints.prose.iter().filter(|p| p.operation.is_none()).map(|p| (p.text, &p.pointer));
    let of_schemes = system.schemes.values().map(|s| (s.description.as_str(), &s.pointer));
    for (text, pointer) in of_system.chain(of_schemes) {
        let text = text.to_lowercase();
        if text.contains("oauth") {
            let kind = if text.contains("client credentials") || text.contains("client_credentials") {
                "oauth2_client_credentials"
            } else {
                "oauth2_authorization_code"
            };
            return vec![Fact::inferred("auth_mode", mode(kind), "oauth-in-prose", vec![pointer.clone()], 0.45)];
        }
    }
    Vec::new()
}

/// What the description of the system tells of authentication.
fn of_prose(hints: &Hints<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for prose in hints.prose.iter().filter(|p| p.operation.is_none()) {
        let text = prose.text.to_lowercase();
        for (signs, kind) in [
            (["oauth 2", "oauth2", "oauth 2.0"].as_slice(), "oauth2_authorization_code"),
            (&["bearer token", "authorization: bearer"], "bearer"),
            (&["basic auth", "http basic", "authorization: basic"], "basic"),
            (&["api key", "api-key", "apikey"], "api_key"),
        ] {
            if signs.iter().any(|s| text.contains(s)) && !facts.iter().any(|f: &Fact| f.value == mode(kind)) {
                let from = vec![prose.pointer.clone()];
                facts.push(Fact::inferred("auth_mode", mode(kind), "authentication-in-prose", from, 0.45));
            }
        }
    }
    facts
}
