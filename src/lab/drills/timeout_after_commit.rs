//! A write that takes effect and is never answered is not done a second time.
//!
//! Source: IETF draft, The Idempotency-Key HTTP Header Field: the outcome of an unanswered request is unknown.

use serde_json::Value;

use super::super::faults::Hang;
use super::{Drill, Setup};
use super::{WRITES, in_target, owed, protected, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct TimeoutAfterCommit;

impl Drill for TimeoutAfterCommit {
    fn code(&self) -> &'static str {
        "timeout-after-commit"
    }

    fn hypothesis(&self) -> &'static str {
        "A write that takes effect and is never answered is not done a second time."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, if bench.real.is_some() { 1 } else { 2 }, rng);
        Setup::with(Hang { aim: in_target(WRITES.to_vec(), owed(bench, records), rng).times(times), commit: true })
    }
}
