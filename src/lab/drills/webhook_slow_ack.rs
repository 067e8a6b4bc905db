//! An event is answered when it is kept, not when its work is done: also while the target is slow or down.
//!
//! Source: GitHub gives 10 seconds, Shopify 5, Slack 3; Standard Webhooks asks to answer first and work later.

use serde_json::Value;

use super::super::faults::{Aim, Fault, SlowAnswer, Unavailable};
use super::super::judge::Evidence;
use super::{Drill, Setup};
use super::{TARGET, hooked};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// Real milliseconds of a slow target: more than a sender waits.
const SLOW_MS: u64 = 6_000;

/// See the module.
pub(super) struct WebhookSlowAck;

impl Drill for WebhookSlowAck {
    fn code(&self) -> &'static str {
        "webhook-slow-ack"
    }

    fn hypothesis(&self) -> &'static str {
        "While the target is slow or down, every event is kept and answered within five seconds."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        let aim = Aim::at(TARGET);
        // A program is given what no good answer waits for, and not much more: the time is real.
        let (ms, times) = match bench.real {
            Some(real) => (SLOW_MS * u64::from(real.scale.max(1)), 2),
            None => (bench.plan.delivery.timeout_ms * 3 / 4, 4),
        };
        let fault: Box<dyn Fault> = if rng.one_in(2) || bench.real.is_some() {
            Box::new(SlowAnswer { aim: aim.times(times), ms })
        } else {
            Box::new(Unavailable { aim: aim.times(2), status: 503, turns: false })
        };
        let mut setup = Setup::clean().passes(2).lenient();
        setup.faults.push(fault);
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let answered = evidence.trace.deliveries.iter().filter(|d| d.acknowledged()).count() as u64;
        answered.min(evidence.faults_fired)
    }
}
