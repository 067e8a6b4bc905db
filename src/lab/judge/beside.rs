//! Fields that a connector writes beside those that the mapping gives: what nobody asked for is nobody's to write.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Evidence, Expected};
use crate::base::text::truncate;
use crate::connector::WritePlan;
use crate::lab::mock::{Effect, dig, sent, text_of};
use crate::lab::trace::Exchanged;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    // A GraphQL request names what it writes in ways of its own.
    if !e.expect.values || e.bench.target.is_graph() {
        return;
    }
    let last = last_written(e);
    for owner in &e.expected {
        let (Ok(Value::Object(mapped)), Some(identity)) = (&owner.mapped, &owner.identity) else { continue };
        let Some((x, record)) = last.get(identity.as_str()) else { continue };
        // Two source records with one target key: whose fields they are is not for this oracle.
        if e.expected.iter().filter(|other| other.identity.as_ref() == Some(identity)).count() > 1 {
            continue;
        }
        let Some(field) = first_beside(e, owner, mapped, unwrapped(record, mapped)) else { continue };
        out.push(format!(
            "beside the mapping: source record {}: request {} writes {field}, for which the mapping gives nothing",
            owner.key, x.nth
        ));
        return;
    }
}

/// The last request that wrote each record, and what it wrote of it.
fn last_written<'e>(e: &'e Evidence<'_>) -> BTreeMap<&'e str, (&'e Exchanged, Map<String, Value>)> {
    written(e).into_iter().map(|(identity, x, record)| (identity, (x, record))).collect()
}

/// Every record of a request that the target kept, by its identity, with what was written of it; in their order.
pub(super) fn written<'e>(e: &'e Evidence<'_>) -> Vec<(&'e str, &'e Exchanged, Map<String, Value>)> {
    let mut out = Vec::new();
    for x in e.trace.exchanges.iter().filter(|x| x.purpose.writes()) {
        if !x.effect.as_ref().is_some_and(Effect::keeps) {
            continue;
        }
        let Some(body) = sent(&x.request) else { continue };
        if let WritePlan::Bulk { records, .. } = &e.bench.plan.target.write {
            let list = dig(&body, records).and_then(Value::as_array);
            for (identity, record) in x.batch.iter().zip(list.into_iter().flatten()) {
                if let (Some(identity), Value::Object(record)) = (identity, record) {
                    out.push((identity.as_str(), x, record.clone()));
                }
            }
        } else if let (Some(identity), Value::Object(record)) = (&x.identity, body) {
            out.push((identity.as_str(), x, record));
        }
    }
    out
}

/// `{"customer": {…}}` where all of a record stands in one field.
pub(super) fn unwrapped<'r>(record: &'r Map<String, Value>, mapped: &Map<String, Value>) -> &'r Map<String, Value> {
    let mut fields = record.iter();
    match (fields.next(), fields.next()) {
        (Some((name, Value::Object(inside))), None) if !mapped.contains_key(name) => inside,
        _ => record,
    }
}

/// The first field that holds something, that the mapping leaves out, and that is not as it was before.
fn first_beside(
    e: &Evidence<'_>,
    owner: &Expected,
    mapped: &Map<String, Value>,
    record: &Map<String, Value>,
) -> Option<String> {
    let left_out = |name: &String| mapped.get(name).is_none_or(Value::is_null);
    let beside = |name: &String, value: &Value| {
        left_out(name) && !is_empty(value) && !own(e, name) && !as_before(e, owner, name, value)
    };
    let (name, value) = record.iter().find(|(name, value)| beside(name, value))?;
    Some(format!("{name} ({})", truncate(&text_of(value), 40)))
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The target's own: its key, its times, what it lets nobody write, and what it fills in by itself.
fn own(e: &Evidence<'_>, name: &str) -> bool {
    let Some(kind) = e.bench.target.kinds.get(&e.bench.target_entity) else { return false };
    if name == kind.key || [&kind.created, &kind.updated].into_iter().any(|f| f.as_deref() == Some(name)) {
        return true;
    }
    let schemas = &e.bench.target.system.schemas;
    let field = kind.record.and_then(|r| schemas.property(r, name)).map(|p| schemas.get(p.0));
    field.is_some_and(|f| f.read_only || f.default.is_some())
}

/// Who reads a record, changes it and writes it whole writes what stood there.
fn as_before(e: &Evidence<'_>, owner: &Expected, name: &str, value: &Value) -> bool {
    let mut before =
        e.target_before.iter().filter(|(key, record)| e.bench.identity_kept(key, record) == owner.identity);
    before.any(|(_, r)| r.get(name).is_some_and(|stood| stood == value || text_of(stood) == text_of(value)))
}
