//! A burst of server errors is met with growing pauses and bounded attempts, and nothing is lost.
//!
//! Source: AWS Builders' Library, "Timeouts, retries, and backoff with jitter".

use serde_json::Value;

use super::super::faults::Unavailable;
use super::{Drill, Setup};
use super::{everywhere, owed, retries, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct Burst503;

impl Drill for Burst503 {
    fn code(&self) -> &'static str {
        "burst-503"
    }

    fn hypothesis(&self) -> &'static str {
        "A burst of server errors is met with growing pauses and bounded attempts, and nothing is lost."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, 6, rng);
        let status = [500, 502, 503, 504][usize::try_from(rng.below(4)).unwrap_or(2)];
        let aim = everywhere(bench, owed(bench, records), rng).times(times);
        Setup::with(Unavailable { aim, status, turns: true })
    }
}
