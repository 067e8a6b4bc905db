//! `required_header`: headers that most requests must carry beside the credentials, e.g. a version.

use serde_json::json;

use super::path::norm;
use super::{Detector, Hints, Look};
use crate::model::{ApiKeyPlace, Fact, ParamIn, SchemeKind, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "required_header", look: Look::Observe(run) };

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut seen: indexmap::IndexMap<String, (usize, String, String)> = indexmap::IndexMap::new();
    for parameter in system.operations.iter().flat_map(|o| &o.parameters) {
        let name = norm(&parameter.name);
        let ordinary =
            matches!(name.as_str(), "authorization" | "accept" | "contenttype" | "useragent" | "host" | "ifmatch");
        let version = name.ends_with("version");
        if parameter.place == ParamIn::Header
            && (parameter.required || version)
            && !ordinary
            && !name.contains("idempoten")
        {
            let entry = seen.entry(name);
            entry.or_insert((0, parameter.name.clone(), parameter.pointer.clone())).0 += 1;
        }
    }
    let least = system.operations.len().div_ceil(3).max(1);
    seen.sort_by(|_, a, _, b| b.0.cmp(&a.0));
    let mut facts: Vec<Fact> = seen
        .into_values()
        .filter(|(count, ..)| *count >= least)
        .take(5)
        .map(|(_, name, pointer)| Fact::stated("required_header", json!({"name": name}), pointer))
        .collect();
    // A key that is asked for together with another scheme is a header beside the credentials.
    for (name, scheme) in &system.schemes {
        let SchemeKind::ApiKey { place: ApiKeyPlace::Header, name: header } = &scheme.kind else { continue };
        let together = system
            .operations
            .iter()
            .any(|o| o.security.iter().any(|all| all.len() > 1 && all.iter().any(|u| u.scheme == *name)));
        let value = json!({"name": header});
        if together && norm(header) != "authorization" && !facts.iter().any(|f| f.value == value) {
            facts.push(Fact::stated("required_header", value, scheme.pointer.clone()));
        }
    }
    facts.extend(of_examples(system, hints, &facts));
    found.extend(facts);
}

/// Keys that are declared as one alternative, but that examples of requests send: whoever shows them means them to be
/// sent always. Alternatives where both are meant are a common mistake of generators.
fn of_examples(system: &System, hints: &Hints<'_>, known: &[Fact]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for scheme in system.schemes.values() {
        let SchemeKind::ApiKey { place: ApiKeyPlace::Header, name } = &scheme.kind else { continue };
        let value = json!({"name": name});
        if norm(name) == "authorization" || system.schemes.len() < 2 || known.iter().any(|f| f.value == value) {
            continue;
        }
        // As curl takes headers.
        let shown = [format!("-H '{name}:"), format!("-H \"{name}:"), format!("--header '{name}:")];
        if let Some(prose) = hints.prose.iter().find(|p| shown.iter().any(|s| p.text.contains(s.as_str()))) {
            let from = vec![scheme.pointer.clone(), prose.pointer.to_string()];
            facts.push(Fact::inferred("required_header", value, "key-in-example-request", from, 0.50));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::super::values_of;
    use serde_json::json;

    #[test]
    fn a_key_that_examples_send_is_required_beside_another_scheme() {
        let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/x: {get: {description: \"curl -H 'Pass-Key: KEY' u\", responses: {}}}}\ncomponents: {securitySchemes: {k: {type: apiKey, in: header, name: Pass-Key}, b: {type: http, scheme: bearer}}}\n";
        assert_eq!(values_of(text, "required_header"), [json!({"name": "Pass-Key"})]);
        assert!(values_of(&text.replace("-H 'Pass-Key", "-d 'Pass-Key"), "required_header").is_empty());
    }
}
