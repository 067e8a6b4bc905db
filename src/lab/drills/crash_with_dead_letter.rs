//! Killed after a record was given up, it still has the record among its dead letters, once.
//!
//! Source: a dead letter kept in memory until the end of the run is lost with the process; its record then counts as settled.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, Fault, ItemRefused, RecordRefused};
use super::super::judge::Evidence;
use super::super::world::RunEnd;
use super::{Drill, Setup};
use super::{WRITES, deliverable, identifiable, in_batches, protected};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct CrashWithDeadLetter;

impl Drill for CrashWithDeadLetter {
    fn code(&self) -> &'static str {
        "crash-with-dead-letter"
    }

    fn hypothesis(&self) -> &'static str {
        "Killed at any step around a record that was refused, it keeps that record as one dead letter and loses none."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        identifiable(bench)?;
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((key, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        let mut setup = Setup::clean().honest();
        // Two of them, so that one is followed by a write whatever the order: it was refused, and something went on. Of a batch
        // one record alone is refused.
        let others: Vec<Value> =
            records.iter().filter(|r| bench.source_key(r).as_ref() != Some(&key)).cloned().collect();
        let second = if in_batches(bench).is_ok() { None } else { deliverable(bench, &others, rng) };
        for (key, identity) in [Some((key, identity)), second].into_iter().flatten() {
            let fault: Box<dyn Fault> = if in_batches(bench).is_ok() {
                let aim = Aim::at([Purpose::Bulk]).record(identity).times(u64::MAX / 2);
                Box::new(ItemRefused { aim, status: 422, any_order: false })
            } else {
                Box::new(RecordRefused { aim: Aim::at(WRITES).record(identity).times(u64::MAX / 2), status: 422 })
            };
            setup.faults.push(fault);
            setup.expect.dead.insert(key);
        }
        setup.crash_at_fault = true;
        setup.crashes = usize::try_from(rng.between(1, 3)).unwrap_or(1);
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let crashed = evidence.runs.iter().filter(|r| r.end == RunEnd::Crashed);
        crashed.filter(|r| evidence.trace.run(r.run).any(|x| x.fault.is_some())).count() as u64
    }
}
