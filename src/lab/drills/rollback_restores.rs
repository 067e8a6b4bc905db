//! A run that is taken back leaves the target as it was: what it made is gone, what it changed holds its former values, nothing else
//! is touched, and what others changed since stays and is named. Asked for once more it does nothing; the run after it writes the records anew.
//!
//! Source: compensating transactions (Garcia-Molina and Salem, Sagas, 1987): what cannot be compensated is named, not forgotten.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::process::Rollback;
use super::{Drill, Setup, undoable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::world::RunEnd;

/// See the module.
pub(super) struct RollbackRestores;

impl Drill for RollbackRestores {
    fn code(&self) -> &'static str {
        "rollback-restores"
    }

    fn hypothesis(&self) -> &'static str {
        "Taking a run back leaves the target as it was, but for what others changed since, which is named; the next run writes anew."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        undoable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        let mut setup = Setup::clean().passes(2);
        let meddled = if rng.one_in(2) { 2 } else { 0 };
        // What somebody else changed is theirs, also for the run after it.
        setup.expect.values = meddled == 0;
        setup.process.rollback = Some(Rollback { meddled, ..Rollback::default() });
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        taken_back(evidence)
    }
}

/// How many records were taken back, over all tries.
pub(super) fn taken_back(evidence: &Evidence<'_>) -> u64 {
    let tries = evidence.rolled_back.iter().flat_map(|back| &back.tries);
    tries
        .map(|(_, end)| match end {
            RunEnd::RolledBack(report) => report.tally.deleted + report.tally.restored,
            _ => 0,
        })
        .sum()
}
