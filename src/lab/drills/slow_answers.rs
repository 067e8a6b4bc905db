//! Answers that are slow but within the timeout are waited for, and asked for once.
//!
//! Source: RFC 9110 section 9.2.2: a request given up too early is a request whose outcome is not known.

use serde_json::Value;

use super::super::faults::SlowAnswer;
use super::super::judge::Evidence;
use super::somewhere;
use super::{Drill, Setup, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::trace::Exchanged;

/// See the module.
pub(super) struct SlowAnswers;

impl Drill for SlowAnswers {
    fn code(&self) -> &'static str {
        "slow-answers"
    }

    fn hypothesis(&self) -> &'static str {
        "Answers that are slow but within the timeout are waited for, and asked for once."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let ms = bench.plan.delivery.timeout_ms * rng.between(5, 8) / 10;
        // Whoever runs in real time is not waited for longer than it takes to tell.
        let ms = if bench.real.is_some() { ms.min(2_000) } else { ms };
        let times = rng.between(1, 3);
        Setup::with(SlowAnswer { aim: somewhere(bench, owed(bench, records), rng).times(times), ms })
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let given_up = |x: &&Exchanged| x.fault == Some("slow-answer") && x.ended.is_none();
        evidence
            .trace
            .exchanges
            .iter()
            .filter(given_up)
            .map(|x| format!("request {} was given up too early", x.nth))
            .collect()
    }
}
