//! `oauth2_authorization_url`, `oauth2_token_url`, `oauth2_scopes`: what OAuth needs beside a client's credentials.

use serde_json::json;

use super::base_url::host_and_path;
use super::{Detector, Hints};
use crate::model::{Fact, SchemeKind, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "oauth2_token_url", run };

fn run(system: &mut System, _: &Hints<'_>) {
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
    }
    system.facts.extend(facts);
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
