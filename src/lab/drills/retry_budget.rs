//! While the target is down for an hour, the requests sent to it are bounded: attempts are, a breaker opens and lets one
//! probe through every so often, and no layer retries what another layer has retried ("Timeouts, retries and backoff with
//! jitter", AWS Builders' Library; "Handling overload", Site Reliability Engineering).
//!
//! Source: "Timeouts, retries and backoff with jitter", AWS Builders' Library; "Handling overload", Site Reliability
//! Engineering.

use serde_json::Value;

use super::super::faults::{Aim, Outage};
use super::super::judge::Evidence;
use super::{Drill, Setup, TARGET, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

const HOUR_MS: i64 = 3600 * 1000;

/// See the module.
pub(super) struct RetryBudget;

impl Drill for RetryBudget {
    fn code(&self) -> &'static str {
        "retry-budget"
    }

    fn hypothesis(&self) -> &'static str {
        "While the target is down for an hour, the requests sent to it are bounded, and afterwards all is delivered."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = Aim::at(TARGET).after(rng.below(owed(bench, records) as u64));
        let mut setup = Setup::with(Outage::new(aim, HOUR_MS)).passes(3).lenient();
        // Twice within the hour, once after it.
        setup.pause_ms = 40 * 60 * 1000;
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let delivery = &evidence.bench.plan.delivery;
        let attempts = u64::from(delivery.retry.attempts.max(1));
        let probes = delivery.breaker.map_or(0, |b| HOUR_MS.unsigned_abs() / b.probe_every_ms.max(1_000));
        // Each record with all its attempts, twice over: look-up and write may each have theirs.
        let most = (evidence.expected.len() as u64 + 2) * attempts * 2 + probes;
        let mut out = Vec::new();
        for seen in &evidence.runs {
            let sent = evidence.trace.run(seen.run).filter(|x| x.fault == Some("outage")).count() as u64;
            if sent > most {
                out.push(format!(
                    "hammers: run {} sent {sent} requests to a target that is down, {most} are enough",
                    seen.run
                ));
            }
        }
        out
    }
}
