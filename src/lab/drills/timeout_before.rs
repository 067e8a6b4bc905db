//! A request that is never answered is given up in time and sent again; the run ends.
//!
//! Source: AWS Builders' Library on timeouts: no deadline, no end.

use serde_json::Value;

use super::super::faults::Hang;
use super::{Drill, Setup, WRITES};
use super::{in_target, owed, retries, somewhere, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct TimeoutBefore;

impl Drill for TimeoutBefore {
    fn code(&self) -> &'static str {
        "timeout-before"
    }

    fn hypothesis(&self) -> &'static str {
        "A request that is never answered is given up in time and sent again; the run ends."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, if bench.real.is_some() { 1 } else { 2 }, rng);
        // A program is given few schedules: most of them strike where a record can be lost.
        let at_write = bench.real.is_some() && !rng.one_in(3);
        let aim = match at_write {
            true => in_target(WRITES.to_vec(), owed(bench, records), rng),
            false => somewhere(bench, owed(bench, records), rng),
        };
        Setup::with(Hang { aim: aim.times(times), commit: false })
    }
}
