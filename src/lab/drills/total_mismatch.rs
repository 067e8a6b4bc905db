//! A source that says it holds more than it gives has not been read whole: the run is no success, and its counts say by how
//! much. Airbyte's and Singer's runtimes report such a read as complete.
//!
//! Source: law 1 of this project: no success without reconciliation; Airbyte's and Singer's runtimes report such a read as
//! complete.

use serde_json::Value;

use super::super::faults::{Aim, TotalOff};
use super::super::judge::Evidence;
use super::super::world::RunEnd;
use super::{Drill, Setup, paged};
use crate::base::rng::Rng;
use crate::evidence::Verdict;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct TotalMismatch;

impl Drill for TotalMismatch {
    fn code(&self) -> &'static str {
        "total-mismatch"
    }

    fn hypothesis(&self) -> &'static str {
        "Where the source says that it holds more than came, the run does not claim success."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match paged(bench)?.total {
            Some(_) => Ok(()),
            None => Err("the source does not say how many records there are in all".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        let Some(path) = bench.plan.source.pagination.as_ref().and_then(|p| p.total.clone()) else {
            return Setup::clean();
        };
        let aim = Aim::at([Purpose::List]).times(u64::MAX / 2);
        Setup::with(TotalOff { aim, path, by: rng.between(1, 3) }).honest()
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let told = |run: usize| evidence.trace.run(run).any(|x| x.fault == Some("total-off"));
        let service = evidence.foreign.as_ref().is_some_and(|program| program.service);
        let passed = evidence.runs.iter().filter(|r| match &r.end {
            RunEnd::Exited(exit) => exit.is_success() && !service,
            end => end.report().is_some_and(|r| r.verdict == Verdict::Pass),
        });
        let claims = |end: &RunEnd| if end.report().is_some() { "claims PASS" } else { "ends with exit code 0" };
        passed
            .filter(|r| told(r.run))
            .map(|r| {
                let claims = claims(&r.end);
                format!("dishonest: run {} {claims}, and the source says that it holds more than came", r.run)
            })
            .collect()
    }
}
