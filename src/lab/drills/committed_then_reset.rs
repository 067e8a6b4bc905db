//! A write that takes effect while the connection ends is not done a second time.
//!
//! Source: RFC 9110 section 9.2.2: a lost answer says nothing about the effect.

use serde_json::Value;

use super::super::faults::CommittedThenLost;
use super::{Drill, Setup};
use super::{WRITES, in_target, owed, protected, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct CommittedThenReset;

impl Drill for CommittedThenReset {
    fn code(&self) -> &'static str {
        "committed-then-reset"
    }

    fn hypothesis(&self) -> &'static str {
        "A write that takes effect while the connection ends is not done a second time."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, 2, rng);
        Setup::with(CommittedThenLost { aim: in_target(WRITES.to_vec(), owed(bench, records), rng).times(times) })
    }
}
