//! The machine's clock jumps an hour forward or back, within a run or between two: nothing waits for it and nothing is lost.
//!
//! Source: NTP steps, suspended virtual machines and daylight saving in local time; monotonic time is for waiting (POSIX
//! CLOCK_MONOTONIC), and only the source's own values are for checkpoints.

use serde_json::Value;

use super::super::faults::RateLimited;
use super::super::judge::Evidence;
use super::{Drill, Setup, two_more};
use super::{TARGET, in_target, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct ClockJump;

impl Drill for ClockJump {
    fn code(&self) -> &'static str {
        "clock-jump"
    }

    fn hypothesis(&self) -> &'static str {
        "When the machine's clock jumps an hour, nothing is lost, nothing waits for it, and no checkpoint follows it."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.webhook.is_some() {
            return Err("a receiver whose clock is wrong must refuse what looks stale to it".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = bench;
        let by = if rng.one_in(2) { HOUR_MS } else { -HOUR_MS };
        // Within the first run, or between the two.
        let at = if rng.one_in(2) { rng.between(1, 150) } else { 30_000 };
        let at = i64::try_from(at).unwrap_or(0);
        let mut setup = Setup::clean().passes(2);
        if bench.plan.delivery.retry.honor_retry_after && bench.plan.delivery.retry.attempts > 1 {
            // A wait that is told as a date, by the server's clock.
            let aim = in_target(TARGET.to_vec(), owed(bench, records), rng);
            setup = Setup::with(RateLimited { aim, status: 429, seconds: 3, as_date: true, clock_off_ms: 0 }).passes(2);
        }
        setup.process.jumps.push((at, by));
        setup.between = Some(Box::new(two_more));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2)
    }
}

const HOUR_MS: i64 = 3_600_000;
