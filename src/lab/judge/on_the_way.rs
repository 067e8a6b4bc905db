//! What was written before it came right: where nothing is wrong, a record is written once, with the values that it keeps. Others
//! read the target meanwhile, and a write that says nothing new is taken from everybody's limit.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::beside::{is_empty, unwrapped, written};
use super::delivery::same_in_value;
use super::{Evidence, Expected};
use crate::base::text::truncate;
use crate::lab::mock::{compare, text_of};
use crate::lab::trace::Exchanged;

/// What a schedule in which nothing goes wrong, and nothing changes, holds against the connector beside its end state.
pub(in crate::lab) fn detours(e: &Evidence<'_>) -> Vec<String> {
    let [only] = e.runs.as_slice() else { return Vec::new() };
    // A GraphQL request names what it writes in ways of its own; an event and the list that makes up for it tell of one record.
    if e.faults_fired > 0 || e.bench.target.is_graph() || e.bench.plan.source.webhook.is_some() {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut last: BTreeMap<&str, (&Exchanged, Map<String, Value>)> = BTreeMap::new();
    for (identity, x, record) in written(e).into_iter().filter(|(_, x, _)| x.run == only.run) {
        let mut owners = e.expected.iter().filter(|one| one.identity.as_deref() == Some(identity));
        let (Some(owner), None) = (owners.next(), owners.next()) else { continue };
        if let Some(wrong) = wrong_value(owner, &record) {
            out.push(format!("wrong value on the way: source record {}: request {} writes {wrong}", owner.key, x.nth));
        }
        let told = x.status().is_some_and(|s| (200..300).contains(&s));
        if let Some((before, held)) = last.get(identity)
            && *held == record
            && before.request.method == x.request.method
            && before.ended.is_some_and(|end| end <= x.at)
        {
            out.push(format!(
                "written again: source record {}: request {} writes what request {} had written and been told that it is",
                owner.key, x.nth, before.nth
            ));
        }
        if told {
            last.insert(identity, (x, record));
        }
    }
    out.truncate(MOST);
    out
}

/// So many examples are enough.
const MOST: usize = 3;

/// A field that holds another value than the mapping gives; an empty one is still to be filled.
fn wrong_value(owner: &Expected, record: &Map<String, Value>) -> Option<String> {
    let Ok(Value::Object(mapped)) = &owner.mapped else { return None };
    let record = unwrapped(record, mapped);
    let (name, sent, due) = record.iter().find_map(|(name, sent)| {
        let due = mapped.get(name)?;
        let whole = sent.is_object() || sent.is_array() || due.is_object() || due.is_array();
        (!whole && !is_empty(sent) && !same(sent, due)).then_some((name, sent, due))
    })?;
    Some(format!("{name} as {}, should be {}", truncate(&text_of(sent), 60), truncate(&text_of(due), 60)))
}

/// The same value, in whatever spelling: a form has texts alone.
fn same(sent: &Value, due: &Value) -> bool {
    let number = |v: &Value| match v {
        Value::Number(n) => Some(n.clone()),
        Value::String(text) => text.parse::<serde_json::Number>().ok(),
        _ => None,
    };
    let numbers = number(sent).zip(number(due));
    text_of(sent) == text_of(due)
        || same_in_value(due, sent)
        || numbers.is_some_and(|(a, b)| compare(&Value::Number(a), &Value::Number(b)).is_eq())
}
