//! A field that the target needs and the source has left out makes a dead letter that names it: nothing is made up in its
//! place, and the others flow.
//!
//! Source: JSON Schema, section 6.5.3 (`required`); law 3 of this project: every required target field is fed.

use serde_json::Value;

use super::super::judge::Evidence;
use super::spoiled::{Spoilt, came, deadly, drawn, spoil};
use super::{Drill, Setup, spoiled};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct MissingRequired;

impl Drill for MissingRequired {
    fn code(&self) -> &'static str {
        "missing-required"
    }

    fn hypothesis(&self) -> &'static str {
        "A record without a field that the target needs is a dead letter, nothing is made up, and the others flow."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        spoiled::quarantined(bench)?;
        if bench.plan.source.by_graphql() {
            return Err("GraphQL answers every field that is asked for, with null where there is nothing".to_owned());
        }
        if drawn(bench).iter().all(|r| deadly(bench, r, spoilt).is_empty()) {
            return Err("the target needs nothing that the source could leave out".to_owned());
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

/// Nothing in its place.
fn spoilt(value: &Value) -> Option<Spoilt> {
    (!value.is_null()).then_some(Spoilt::Gone)
}
