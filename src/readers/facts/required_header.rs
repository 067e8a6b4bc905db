//! `required_header`: headers that most requests must carry beside the credentials, e.g. a version.

use serde_json::json;

use super::path::norm;
use super::{Detector, Hints};
use crate::model::{ApiKeyPlace, Fact, ParamIn, SchemeKind, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "required_header", run };

fn run(system: &mut System, _: &Hints<'_>) {
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
    system.facts.extend(facts);
}
