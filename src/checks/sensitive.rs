//! Which fields of a record are about people, payments or health, or open something: as the facts of its system tell.

use serde_json::Value;

use super::Subject;
use crate::contract::Flow;
use crate::mapping::path::Segment;
use crate::mapping::{Path, Rule};
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

/// A path as the names on its way.
pub(super) fn plain(path: &Path) -> String {
    path.segments().iter().filter_map(Segment::key).collect::<Vec<_>>().join(".")
}

/// Transforms after which nobody is recognised.
const HIDDEN: [&str; 8] = ["sha256", "hash", "hmac", "hmac_sha256", "pseudonymise", "pseudonymize", "mask", "redact"];

/// What a rule carries over of what is sensitive at the source, where it hides nothing.
pub(super) fn carried<'a>(subject: &Subject<'a>, flow: &'a Flow, rule: &Rule) -> Option<Sensitive<'a>> {
    if rule.steps.iter().any(|s| HIDDEN.contains(&s.transform.name)) {
        return None;
    }
    let read: Vec<String> = rule.reads().map(plain).collect();
    subject
        .incoming(flow)
        .into_iter()
        .find_map(|i| fields(i.system, i.schema).into_iter().find(|s| read.contains(&s.path)))
}
