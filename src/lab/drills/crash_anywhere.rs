//! Killed at any step and started again, it loses nothing and writes nothing twice.
//!
//! Source: kill -9 at any step: FoundationDB's simulation and ALICE (Pillai et al., OSDI 2014).

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::world::RunEnd;
use super::{Drill, Setup, protected, strangers};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct CrashAnywhere;

impl Drill for CrashAnywhere {
    fn code(&self) -> &'static str {
        "crash-anywhere"
    }

    fn hypothesis(&self) -> &'static str {
        "Killed at any step and started again, it loses nothing and writes nothing twice."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        // What no event tells of is lost for good where a sweep is noted as done before what it read is safe.
        let mut setup = strangers::unheard(bench, Setup::clean().honest());
        // A program, which is given few schedules, has to be killed more than once to be found with what it kept of the time before.
        let least = if bench.real.is_some() { 2 } else { 1 };
        setup.crashes = usize::try_from(rng.between(least, 3)).unwrap_or(1);
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.runs.iter().filter(|r| r.end == RunEnd::Crashed).count() as u64
    }
}
