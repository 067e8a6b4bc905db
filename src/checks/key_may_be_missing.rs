//! A record without its key cannot be told from another.

use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};
use crate::model::{SchemaId, Schemas, TypeSet};

pub(super) static CHECK: Check = Check {
    code: "key-may-be-missing",
    summary: "source.key names a field that may be null or missing, or is no text or number.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let flows = subject.contract.flows.values();
    for (flow, used) in flows.flat_map(|flow| subject.incoming(flow).into_iter().map(move |i| (flow, i))) {
        let (key, schema) = (&flow.source.key, used.schema);
        let Ok(path) = Path::parse(key) else { continue };
        let Ok(kind) = field(&used.system.schemas, schema, &path) else { continue };
        let shown = quoted(key, 60);
        let composite = kind.types.has(TypeSet::ARRAY) || kind.types.has(TypeSet::OBJECT);
        let message = if composite {
            format!("the key {shown} is {}, which identifies nothing", kind.types)
        } else if kind.nullable {
            format!("the key {shown} may be null")
        } else if kind.optional && !(named_id(key) || requires_nothing(&used.system.schemas, schema) && ends_as_id(key))
        {
            format!("the key {shown} may be missing")
        } else {
            continue;
        };
        let pointer = kind.schema.map(|id| used.system.schemas.get(id).pointer.clone()).unwrap_or_default();
        let fix = "choose a field that every record has";
        out.push(subject.error(&CHECK, key.at, message).fix(fix).because_of(pointer));
    }
}

/// Many descriptions require nothing at all, ids included; nobody means that a record has no id.
fn named_id(key: &str) -> bool {
    key == "id" || key == "uuid" || key == "key"
}

/// The record names no field that must be there: then its silence about the key says nothing.
fn requires_nothing(schemas: &Schemas, record: SchemaId) -> bool {
    schemas.properties(record).keys().all(|name| schemas.property(record, name).is_none_or(|(_, required)| !required))
}

/// `productId`, `order_number`.
fn ends_as_id(key: &str) -> bool {
    const IDS: [&str; 7] = ["id", "uuid", "guid", "key", "number", "code", "sku"];
    words(key).last().is_some_and(|last| IDS.contains(&last.as_str()))
}
