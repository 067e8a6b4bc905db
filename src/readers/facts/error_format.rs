//! `error_format`: what an error looks like: problem details (RFC 9457), an envelope of the vendor's own with the paths of
//! code and message, or an error inside a success.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Detector, Hints, Look};
use crate::model::{Fact, SchemaId, Schemas, System, TypeSet};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "error_format", look: Look::Observe(run) };

const WRAPPERS: [&str; 6] = ["error", "errors", "fault", "meta", "problem", "status"];
const CODES: [&str; 7] = ["code", "error_code", "errorCode", "type", "reason", "name", "error"];
const MESSAGES: [&str; 8] =
    ["message", "error_message", "errorMessage", "detail", "error_description", "msg", "description", "title"];

fn run(system: &System, _: &Hints<'_>, found: &mut Vec<Fact>) {
    if let Some(operation) = system.operations.iter().find(|o| o.root_field.is_some()) {
        // GraphQL, section 7.1: errors stand beside the data of an answer that HTTP calls a success.
        let value = json!({"format": "graphql", "message": "errors[].message", "status": "200"});
        let from = vec![operation.pointer.clone()];
        found.push(Fact::inferred("error_format", value, "errors-of-graphql", from, 0.70));
        return;
    }
    let mut problem = None;
    let mut seen: BTreeMap<SchemaId, (usize, &str)> = BTreeMap::new();
    let mut inside: Option<(usize, &str, SchemaId)> = None;
    for response in system.operations.iter().flat_map(|o| &o.responses) {
        let Some(schema) = response.schema else { continue };
        if response.status.starts_with('2') {
            if reports(&system.schemas, schema) {
                let entry = inside.get_or_insert((0, &response.pointer, schema));
                entry.0 += 1;
            }
        } else if response.status.starts_with(['4', '5']) || response.status == "default" {
            if response.content_type.contains("problem+json") {
                problem.get_or_insert(response);
            }
            seen.entry(schema).or_insert((0, &response.pointer)).0 += 1;
        }
    }
    let mut facts = Vec::new();
    let commonest = seen.iter().max_by_key(|(id, (count, _))| (*count, std::cmp::Reverse(**id)));
    if let Some(response) = problem {
        let value = json!({"format": "rfc9457", "code": "type", "message": "detail"});
        facts.push(Fact::stated("error_format", value, response.pointer.clone()));
    } else if let Some((id, (_, pointer))) = commonest {
        let has = |name: &&str| system.schemas.property(*id, name).is_some();
        let from = vec![system.schemas.get(*id).pointer.clone(), (*pointer).to_owned()];
        if ["type", "title", "status", "detail", "instance"].iter().filter(|n| has(n)).count() >= 4 {
            let value = json!({"format": "rfc9457", "code": "type", "message": "detail"});
            facts.push(Fact::inferred("error_format", value, "fields-of-problem-details", from, 0.68));
        } else if let (code, Some(message)) = paths(&system.schemas, *id) {
            let value = json!({"format": "envelope", "code": code, "message": message});
            facts.push(Fact::inferred("error_format", value, "commonest-error-body", from, 0.65));
        }
    }
    // One success with a flag is an operation's affair; many are the system's habit.
    if let Some((count, pointer, id)) = inside.filter(|(n, ..)| *n * 3 >= system.operations.len()) {
        let (code, message) = paths(&system.schemas, id);
        let value = json!({"format": "200-with-error", "code": code, "message": message, "operations": count});
        facts.push(Fact::inferred("error_format", value, "success-with-error-flag", vec![pointer.to_owned()], 0.65));
    }
    found.extend(facts);
}

/// A success that says itself whether it was one.
fn reports(schemas: &Schemas, id: SchemaId) -> bool {
    let flag = ["ok", "success", "succeeded", "is_success"].iter().find_map(|n| schemas.property(id, n));
    let boolean = flag.is_some_and(|(f, _)| schemas.get(f).types.has(TypeSet::BOOLEAN));
    boolean
        && ["error", "errors", "error_code", "errorCode", "error_message"]
            .iter()
            .any(|n| schemas.property(id, n).is_some())
}

/// Dotted paths of code and message; `[]` marks items of a list.
fn paths(schemas: &Schemas, id: SchemaId) -> (Option<String>, Option<String>) {
    let find = |at: SchemaId, prefix: &str, names: &[&str]| {
        let scalar = |f: SchemaId| !schemas.get(f).types.has(TypeSet::OBJECT) && schemas.get(f).items.is_none();
        let named = names.iter().find(|n| schemas.property(at, n).is_some_and(|(f, _)| scalar(f)));
        named.map(|n| format!("{prefix}{n}"))
    };
    for wrapper in WRAPPERS {
        let Some((inner, _)) = schemas.property(id, wrapper) else { continue };
        let (at, mark) = schemas.get(inner).items.map_or((inner, "."), |items| (items, "[]."));
        let message = find(at, &format!("{wrapper}{mark}"), &MESSAGES);
        if message.is_some() {
            return (find(at, &format!("{wrapper}{mark}"), &CODES), message);
        }
    }
    let message = find(id, "", &MESSAGES).or_else(|| find(id, "", &["error"]));
    (find(id, "", &CODES).filter(|code| Some(code) != message.as_ref()), message)
}
