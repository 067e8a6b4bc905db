//! Security schemes of AsyncAPI: those of OpenAPI, and those of message brokers.

use std::collections::BTreeMap;

use crate::base::text::quoted;
use crate::finding::Severity;
use crate::model::{ApiKeyPlace, OauthFlow, SchemeKind, SecurityScheme};
use crate::readers::openapi::document::{At, Document};
use crate::readers::openapi::security;

/// The security schemes by name.
pub(super) fn schemes(doc: &mut Document<'_>) -> BTreeMap<String, SecurityScheme> {
    let mut out = BTreeMap::new();
    for (name, at) in doc.at(&["components", "securitySchemes"]).iter().flat_map(At::children) {
        let Some(at) = doc.resolve(at) else { continue };
        match kind(&at) {
            Ok(kind) => {
                let description = at.quoted("description", 200);
                out.insert(quoted(name, 120), SecurityScheme { kind, description, pointer: at.pointer() });
            }
            Err(because) => {
                let fix = "authenticate outside the connector, or correct the scheme's type";
                doc.find(Severity::Warning, "unknown-security-scheme", at.pointer(), because, fix);
            }
        }
    }
    out
}

fn kind(at: &At<'_>) -> Result<SchemeKind, String> {
    let stated = at.text("type").unwrap_or("");
    match stated {
        // A name and a password, whatever carries them (RFC 4616 for `plain`).
        "userPassword" | "plain" => Ok(SchemeKind::Basic),
        "X509" => Ok(SchemeKind::MutualTls),
        "httpApiKey" => {
            let name = at.text("name").map(|n| quoted(n, 120)).ok_or("the httpApiKey scheme has no \"name\"")?;
            let place = match at.text("in") {
                Some("query") => ApiKeyPlace::Query,
                Some("cookie") => ApiKeyPlace::Cookie,
                _ => ApiKeyPlace::Header,
            };
            Ok(SchemeKind::ApiKey { place, name })
        }
        // The key stands where a broker takes the user or the password.
        "apiKey" if matches!(at.text("in"), Some("user" | "password")) => Ok(SchemeKind::Basic),
        "symmetricEncryption" | "asymmetricEncryption" | "scramSha256" | "scramSha512" | "gssapi" => {
            Err(format!("the security scheme \"{stated}\" of message brokers has no place in the map"))
        }
        _ => {
            let mut kind = security::kind(at)?;
            if let SchemeKind::Oauth2(flows) = &mut kind {
                // Version 3 has no `scopes`, which pointers would lead to.
                let third = |f: &&mut OauthFlow| {
                    at.child("flows").and_then(|all| all.child(&f.kind)?.child("availableScopes")).is_some()
                };
                flows.iter_mut().filter(third).for_each(|f| f.pointer.clear());
            }
            Ok(kind)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemes_of_brokers_are_named_or_told() {
        let root = json!({"components": {"securitySchemes": {
            "a": {"type": "userPassword"}, "b": {"type": "httpApiKey", "name": "token", "in": "query"},
            "c": {"type": "X509"}, "d": {"type": "scramSha256"}, "e": {"type": "http", "scheme": "bearer"},
            "f": {"type": "apiKey", "in": "user"}}}});
        let arena = crate::base::tree::Arena::default();
        let mut doc = Document::new(arena.of_value(&root), "f", &arena);
        let kinds: Vec<String> = schemes(&mut doc).iter().map(|(name, s)| format!("{name} {:?}", s.kind)).collect();
        assert_eq!(
            kinds,
            ["a Basic", "b ApiKey { place: Query, name: \"token\" }", "c MutualTls", "e Bearer", "f Basic"]
        );
        let codes: Vec<String> = doc.into_findings().iter().map(|f| format!("{} {}", f.code, f.location)).collect();
        assert_eq!(codes, ["unknown-security-scheme f#/components/securitySchemes/d"]);
    }
}
