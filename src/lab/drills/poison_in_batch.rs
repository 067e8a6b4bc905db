//! A record that the target refuses for good, within a batch that it takes, becomes one dead letter; the others are
//! written.
//!
//! Source: Amazon Kinesis PutRecords: of a batch some may fail for good.

use serde_json::Value;

use super::super::faults::{Aim, ItemRefused};
use super::{Drill, Setup};
use super::{deliverable, in_batches, named};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct PoisonInBatch;

impl Drill for PoisonInBatch {
    fn code(&self) -> &'static str {
        "poison-in-batch"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that the target refuses within a batch becomes one dead letter, and the others are written."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        in_batches(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((key, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        let aim = Aim::at([Purpose::Bulk]).record(identity).times(u64::MAX / 2);
        let mut setup = Setup::with(ItemRefused { aim, status: 422, any_order: named(bench) }).passes(2);
        setup.expect.dead.insert(key);
        setup
    }
}
