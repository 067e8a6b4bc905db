//! Killed while a batch is on its way, with one of its records refused for now: no record of it is lost or written twice.
//!
//! Source: the answer to a bulk request is the only word on its records; who dies before it is read knows none of them.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, ItemRefused};
use super::super::judge::Evidence;
use super::super::world::RunEnd;
use super::{Drill, Setup};
use super::{deliverable, in_batches, protected};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct CrashInBatch;

impl Drill for CrashInBatch {
    fn code(&self) -> &'static str {
        "crash-in-batch"
    }

    fn hypothesis(&self) -> &'static str {
        "Killed while a batch is on its way, it loses no record of it and writes none twice."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        in_batches(bench)?;
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = match deliverable(bench, records, rng) {
            Some((_, identity)) => {
                let aim = Aim::at([Purpose::Bulk]).record(identity);
                Setup::with(ItemRefused { aim, status: 503, any_order: false }).honest()
            }
            None => Setup::clean().honest(),
        };
        setup.crashes = usize::try_from(rng.between(1, 3)).unwrap_or(1);
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let crashed = evidence.runs.iter().filter(|r| r.end == RunEnd::Crashed);
        crashed.filter(|r| evidence.trace.run(r.run).any(|x| x.purpose == Purpose::Bulk)).count() as u64
    }
}
