//! A null where the target needs a value makes a dead letter that names the field: it is neither written as null nor
//! replaced by an empty text or a zero, and the others flow.

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
        setup
    }

    fn many(&self) -> bool {
        true
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        came(evidence, evidence.expect.dead.iter())
    }
}

/// Null in its place.
fn spoilt(value: &Value) -> Option<Spoilt> {
    (!value.is_null()).then_some(Spoilt::Value(Value::Null))
}
