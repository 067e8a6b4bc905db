//! An answer without end is not read to its end, and is not an empty page: memory is bounded, the run says what happened,
//! and the next one goes on (CWE-400).
//!
//! Source: CWE-400.

use serde_json::Value;

use super::super::faults::TransportFails;
use super::{Drill, Setup, owed, somewhere, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct AnswerTooLarge;

impl Drill for AnswerTooLarge {
    fn code(&self) -> &'static str {
        "answer-too-large"
    }

    fn hypothesis(&self) -> &'static str {
        "An answer larger than the transport reads is an error, not an empty page and no success."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        // The target may have done what it answers at such length.
        super::protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, 2, rng);
        let aim = somewhere(bench, owed(bench, records), rng).times(times);
        let mut setup = Setup::with(TransportFails::too_large(aim)).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
