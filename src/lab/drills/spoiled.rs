//! Records that are not as their schema promises: which of their fields the mapping reads, and what becomes of a record in
//! which one is spoiled.

use std::sync::Arc;

use serde_json::Value;

use super::super::bench::{Bench, Purpose};
use super::super::judge::{Evidence, Expected, expectations};
use super::super::mock::{MockOptions, MockSystem};
use crate::base::rng::Rng;
use crate::contract::Drift;

/// Some records as the source would hold them; the same each time.
pub(super) fn drawn(bench: &Bench) -> Vec<Value> {
    let mut mock = MockSystem::of(Arc::clone(&bench.source), 0, MockOptions::default());
    mock.draw_records(&bench.source_entity, 8, &mut Rng::seeded(0))
}

/// What does not fit is set aside, and the others flow.
pub(super) fn quarantined(bench: &Bench) -> Result<(), String> {
    if bench.plan.delivery.drift == Drift::Freeze {
        return Err("the contract has the flow stop at a record that does not fit".to_owned());
    }
    Ok(())
}

/// What a record must become.
pub(super) fn fate(bench: &Bench, record: &Value) -> Option<Expected> {
    expectations(bench, std::slice::from_ref(record)).pop()
}

/// The top-level fields of a record that may be spoiled: not its key, nor what orders its changes.
pub(super) fn fields<'r>(bench: &Bench, record: &'r Value) -> Vec<(&'r String, &'r Value)> {
    let source = &bench.plan.source;
    let kept = |name: &String| {
        let begins = |path: &[String]| path.first() == Some(name);
        begins(&source.key) || source.version().is_some_and(begins)
    };
    record.as_object().into_iter().flatten().filter(|(name, _)| !kept(name)).collect()
}

/// The ways of spoiling this record after which it can only be a dead letter.
///
/// `spoil` gives what is to stand in place of a value; nothing: leave it alone.
pub(super) fn deadly(bench: &Bench, record: &Value, spoil: impl Fn(&Value) -> Option<Spoilt>) -> Vec<Value> {
    if fate(bench, record).is_none_or(|x| x.mapped.is_err()) {
        return Vec::new();
    }
    let spoilt = |(name, value): (&String, &Value)| {
        let record = spoil(value)?.put(record, name);
        fate(bench, &record).is_some_and(|x| x.mapped.is_err()).then_some(record)
    };
    fields(bench, record).into_iter().filter_map(spoilt).collect()
}

/// What stands in place of a value.
pub(super) enum Spoilt {
    /// Another value.
    Value(Value),
    /// Nothing, not even its name.
    Gone,
}

impl Spoilt {
    pub(super) fn put(self, record: &Value, name: &str) -> Value {
        let mut record = record.clone();
        if let Value::Object(map) = &mut record {
            match self {
                Self::Value(value) => _ = map.insert(name.to_owned(), value),
                Self::Gone => _ = map.shift_remove(name),
            }
        }
        record
    }
}

/// Records that are left as they are, so that there are others to flow.
const WHOLE: usize = 3;

/// Spoils every field whose loss makes a dead letter, each in a record of its own as long as there are any; tells the keys
/// of those that can only be dead letters. Which record it is follows from the seed, that it is one does not.
pub(super) fn spoil(
    bench: &Bench,
    records: &mut [Value],
    rng: &mut Rng,
    how: impl Fn(&Value) -> Option<Spoilt>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in records.iter().flat_map(|r| fields(bench, r)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let mut order = shuffled(records.len(), rng);
    let mut keys = Vec::new();
    for name in names {
        if order.len() <= WHOLE {
            break;
        }
        let spoilt = |at: usize| records.get(at).and_then(|record| deadly_in(bench, record, &name, &how));
        let Some((place, at, changed)) =
            order.iter().enumerate().find_map(|(place, at)| Some((place, *at, spoilt(*at)?)))
        else {
            continue;
        };
        keys.extend(bench.source_key(&changed));
        if let Some(record) = records.get_mut(at) {
            *record = changed;
        }
        order.remove(place);
    }
    keys
}

/// The places of so many records, in an order of the seed's.
pub(super) fn shuffled(count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        order.push(left.swap_remove(usize::try_from(rng.below(left.len() as u64)).unwrap_or(0)));
    }
    order
}

/// The record with this field spoiled, where it was deliverable and is so no more.
fn deadly_in(bench: &Bench, record: &Value, name: &str, how: impl Fn(&Value) -> Option<Spoilt>) -> Option<Value> {
    let spoilt = how(record.get(name)?)?.put(record, name);
    let fit = fate(bench, record).is_some_and(|x| x.mapped.is_ok());
    (fit && fate(bench, &spoilt).is_some_and(|x| x.mapped.is_err())).then_some(spoilt)
}

/// How many of these records, by key, came to the connector.
pub(super) fn came<'k>(e: &Evidence<'_>, keys: impl Iterator<Item = &'k String>) -> u64 {
    let read = |key: &str| {
        let lists = e.trace.exchanges.iter().filter(|x| x.purpose == Purpose::List && x.status() == Some(200));
        let mut pages = lists.filter_map(|x| x.answer()).map(|a| &a.body);
        let sent = e.trace.deliveries.iter().any(|d| d.acknowledged() && d.delivery.key == key);
        sent || pages.any(|body| body.windows(key.len().max(1)).any(|w| w == key.as_bytes()))
    };
    keys.filter(|key| read(key)).count() as u64
}
