//! Killed while it takes events in, it has kept whatever it acknowledged, and knows what is delivered again.
//!
//! Source: Standard Webhooks: store before 2xx; what was not acknowledged is sent again.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::world::RunEnd;
use super::{Drill, Setup, hooked, protected};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct WebhookCrashBeforeAnswer;

impl Drill for WebhookCrashBeforeAnswer {
    fn code(&self) -> &'static str {
        "webhook-crash-before-answer"
    }

    fn hypothesis(&self) -> &'static str {
        "Killed while it takes events in, it has kept whatever it acknowledged, and knows what is delivered again."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench)?;
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        let mut setup = Setup::clean().honest();
        setup.crashes = usize::try_from(rng.between(1, 2)).unwrap_or(1);
        setup.crash_while_delivering = true;
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.runs.iter().filter(|r| r.end == RunEnd::Crashed).count() as u64
    }
}
