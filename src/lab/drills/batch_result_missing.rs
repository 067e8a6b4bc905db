//! The answer to a batch says nothing about one of its records, and the target has not kept it: silence is no success. It is sent
//! again, or told of.
//!
//! Source: RFC 9110 section 9.2.2: what no answer was received for is not known to be done; Amazon DynamoDB, "BatchWriteItem": of a
//! request that succeeds some items may be left unprocessed.

use serde_json::Value;

use super::super::faults::{Aim, ItemUnsaid};
use super::{Drill, Setup};
use super::{deliverable, in_batches, retries, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct BatchResultMissing;

impl Drill for BatchResultMissing {
    fn code(&self) -> &'static str {
        "batch-result-missing"
    }

    fn hypothesis(&self) -> &'static str {
        "A record of which the answer to its batch says nothing is not taken for written."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        in_batches(bench)?;
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((_, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        // A program may give such an answer up with its run, and deliver the record in the next one.
        let times = if bench.real.is_some() { 1 } else { survivable(bench, 2, rng) };
        let setup = Setup::with(ItemUnsaid { aim: Aim::at([Purpose::Bulk]).record(identity).times(times) }).passes(2);
        // Or the record, as a dead letter; it must not call it written.
        if bench.real.is_some() { setup.lenient() } else { setup }
    }
}
