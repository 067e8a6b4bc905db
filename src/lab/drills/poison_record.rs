//! A record that the target refuses for good becomes one dead letter, and holds nobody up.
//!
//! Source: Amazon SQS dead-letter queues; Enterprise Integration Patterns, invalid message channel.

use serde_json::Value;

use super::super::faults::{Aim, RecordRefused};
use super::{Drill, Setup};
use super::{WRITES, deliverable, identifiable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct PoisonRecord;

impl Drill for PoisonRecord {
    fn code(&self) -> &'static str {
        "poison-record"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that the target refuses for good becomes one dead letter, and holds nobody up."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        identifiable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((key, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        let aim = Aim::at(WRITES).record(identity).times(u64::MAX / 2);
        let mut setup = Setup::with(RecordRefused { aim, status: 422 }).passes(2);
        setup.expect.dead.insert(key);
        setup
    }
}
