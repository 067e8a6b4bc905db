//! A write that takes effect and is answered 503 is not done a second time.
//!
//! Source: IETF draft, The Idempotency-Key HTTP Header Field; three engines measured wrote twice here.

use serde_json::Value;

use super::super::faults::CommittedThen503;
use super::{Drill, Setup};
use super::{MAKES, in_target, owed, protected, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct CommittedThen503Drill;

impl Drill for CommittedThen503Drill {
    fn code(&self) -> &'static str {
        "committed-then-503"
    }

    fn hypothesis(&self) -> &'static str {
        "A write that takes effect and is answered 503 is not done a second time."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, 2, rng);
        Setup::with(CommittedThen503 { aim: in_target(MAKES.to_vec(), owed(bench, records), rng).times(times) })
    }
}
