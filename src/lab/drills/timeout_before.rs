//! A request that is never answered is given up in time and sent again; the run ends.
//!
//! Source: AWS Builders' Library on timeouts: no deadline, no end.

use serde_json::Value;

use super::super::faults::Hang;
use super::{Drill, Setup};
use super::{owed, retries, somewhere, survivable};
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
        Setup::with(Hang { aim: somewhere(bench, owed(bench, records), rng).times(times), commit: false })
    }
}
