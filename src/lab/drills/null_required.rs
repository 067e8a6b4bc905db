//! A null where the target needs a value makes a dead letter that names the field: it is neither written as null nor
//! replaced by an empty text or a zero, and the others flow.
//!
//! Source: JSON Schema, section 6.1.1 (`type`): null is a type of its own; law 3 of this project.

use serde_json::Value;

use super::super::judge::Evidence;
use super::spoiled::{Spoilt, came, deadly, drawn, spoil};
use super::{Drill, Setup, spoiled};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct NullRequired;

impl Drill for NullRequired {
    fn code(&self) -> &'static str {
        "null-required"
    }

    fn hypothesis(&self) -> &'static str {
        "A null where the target needs a value makes a dead letter, not an empty text or a zero, and the others flow."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        spoiled::quarantined(bench)?;
        if drawn(bench).iter().all(|r| deadly(bench, r, spoilt).is_empty()) {
            return Err("the target needs nothing that the source could answer with null".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = Setup::clean();
        setup.expect.dead.extend(spoil(bench, records, rng, spoilt));
        // What the target can do without may be left out: null says no more than nothing, or a list of none, there.
        for record in records.iter() {
            let Some(key) = bench.source_key(record).filter(|key| setup.expect.dead.contains(key)) else { continue };
            let without = |(name, value): (&String, &Value)| {
                let ways = [Spoilt::Gone, Spoilt::Value(Value::Array(Vec::new()))];
                value.is_null().then(|| ways.map(|way| way.put(record, name)))
            };
            let mut ways = spoiled::fields(bench, record).into_iter().filter_map(without).flatten();
            if let Some(way) = ways.find(|way| spoiled::fate(bench, way).is_some_and(|x| x.mapped.is_ok())) {
                setup.expect.either.insert(key, way);
            }
        }
        setup
    }

    fn many(&self) -> bool {
        true
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        came(evidence, evidence.expect.dead.iter().chain(evidence.expect.either.keys()))
    }
}

/// Null in its place.
fn spoilt(value: &Value) -> Option<Spoilt> {
    (!value.is_null()).then_some(Spoilt::Value(Value::Null))
}
