//! Which fields of a record are about people, payments or health, or open something: as the facts of its system tell.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Subject;
use super::between::plain;
use crate::contract::Flow;
use crate::mapping::Rule;
use crate::model::{SchemaId, System};

/// A sensitive field: its path without marks of lists, and the kind (`personal`, `payment`, `health`, `secret`).
pub(super) struct Sensitive<'a> {
    pub(super) path: String,
    pub(super) kind: &'a str,
}

/// Those of a record.
pub(super) fn fields<'a>(system: &'a System, record: SchemaId) -> Vec<Sensitive<'a>> {
    let mut out = Vec::new();
    for fact in system.facts_named("sensitive_field") {
        let text = |key: &str| fact.value.get(key).and_then(Value::as_str);
        let (Some(entity), Some(kind)) = (text("entity"), text("kind")) else { continue };
        if system.entities.get(entity).and_then(|e| e.schema) != Some(record) {
            continue;
        }
        let named = fact.value.get("fields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        out.extend(named.map(|f| Sensitive { path: f.replace("[]", ""), kind }));
    }
    out
}

/// Transforms after which nobody is recognised; of a plain hash of what can be guessed another check speaks.
const HIDDEN: [&str; 3] = ["sha256", "pseudonym", "mask"];

/// What is sensitive in the records that come into a flow, by path, with its kind.
pub(super) fn incoming<'a>(subject: &Subject<'a>, flow: &'a Flow) -> BTreeMap<String, &'a str> {
    let all = subject.incoming(flow).into_iter().flat_map(|i| fields(i.system, i.schema));
    all.map(|s| (s.path, s.kind)).collect()
}

/// What a rule carries over of it, where it hides nothing: the path and the kind.
pub(super) fn carried<'s>(sensitive: &'s BTreeMap<String, &'s str>, rule: &Rule) -> Option<(&'s str, &'s str)> {
    if sensitive.is_empty() || rule.steps.iter().any(|s| HIDDEN.contains(&s.transform.name)) {
        return None;
    }
    rule.reads().find_map(|path| sensitive.get_key_value(&plain(path))).map(|(path, kind)| (path.as_str(), *kind))
}
