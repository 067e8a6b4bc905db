//! `versioning`: how a request names the version of the API: in a header, the path or the query.

use serde_json::{Value, json};

use super::path::norm;
use super::{Detector, Hints, Look};
use crate::model::{Fact, ParamIn, Parameter, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "versioning", look: Look::Observe(run) };

/// `v1`, `v2.1`, `2024-10-01`.
fn is_version(segment: &str) -> bool {
    let numbers = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let date = |s: &str| {
        let parts: Vec<&str> = s.split('-').collect();
        matches!(parts.as_slice(), [y, m, ..] if y.len() == 4 && numbers(y) && m.len() == 2 && numbers(m))
    };
    segment.strip_prefix(['v', 'V']).is_some_and(numbers) || date(segment)
}

fn run(system: &System, _: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut facts = Vec::new();
    for (place, word) in [(ParamIn::Header, "header"), (ParamIn::Query, "query")] {
        let named = |p: &&Parameter| {
            let name = norm(&p.name);
            let general =
                name.ends_with("apiversion") || name == "version" || (word == "header" && name.ends_with("version"));
            p.place == place && general
        };
        let with: Vec<&Parameter> = system.operations.iter().filter_map(|o| o.parameters.iter().find(named)).collect();
        // "version" in the query of one operation asks for the version of a record.
        if let Some(first) = with.first().filter(|_| with.len() * 2 >= system.operations.len()) {
            let schema = first.schema.map(|s| system.schemas.get(s));
            let default = schema.and_then(|s| s.default.as_deref().cloned().or_else(|| only(s.values.as_deref()?)));
            let value = json!({"in": word, "name": first.name, "value": default});
            facts.push(Fact::stated("versioning", value, first.pointer.clone()));
        }
    }
    let of_server = system.servers.iter().find_map(|server| {
        let (_, path) = super::base_url::host_and_path(&server.url)?;
        let version = path.split('/').find(|s| is_version(s))?;
        Some((version.to_owned(), server.pointer.clone()))
    });
    let of_path = || {
        let mut counts: Vec<(&str, usize, &str)> = Vec::new();
        for operation in &system.operations {
            let Some(version) = operation.path.split('/').take(4).find(|s| is_version(s)) else { continue };
            match counts.iter_mut().find(|(v, ..)| *v == version) {
                Some(entry) => entry.1 += 1,
                None => counts.push((version, 1, &operation.pointer)),
            }
        }
        let (version, count, pointer) = counts.into_iter().max_by_key(|(_, n, _)| *n)?;
        (count * 2 >= system.operations.len()).then(|| (version.to_owned(), pointer.to_owned()))
    };
    if let Some((version, pointer)) = of_server.or_else(of_path) {
        facts.push(Fact::stated("versioning", json!({"in": "path", "value": version}), pointer));
    }
    found.extend(facts);
}

fn only(values: &[Value]) -> Option<Value> {
    if let [value] = values { Some(value.clone()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_words() {
        for version in ["v1", "v2.1", "V3", "2024-10-01", "2024-10"] {
            assert!(is_version(version), "{version}");
        }
        for word in ["", "v", "vat", "2024", "items", "v1beta", "{version}"] {
            assert!(!is_version(word), "{word}");
        }
    }
}
