//! A second run with nothing new changes nothing in the target.
//!
//! Source: idempotent receivers (Hohpe and Woolf, Enterprise Integration Patterns): the same input again changes
//! nothing.

use serde_json::Value;

use super::super::judge::Evidence;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct SecondRunIdle;

impl Drill for SecondRunIdle {
    fn code(&self) -> &'static str {
        "second-run-idle"
    }

    fn hypothesis(&self) -> &'static str {
        "A second run with nothing new changes nothing in the target."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        let mut setup = Setup::clean().passes(2);
        // A day and an hour later the target has forgotten idempotency keys: what protects then is our own memory.
        if rng.one_in(2) {
            setup.pause_ms = 25 * 3600 * 1000;
        }
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2)
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        evidence.changes_in(2).map(|x| format!("the second run changed the target: request {}", x.nth)).collect()
    }
}
