//! Many records at once: no window holds more requests than the contract's rate, as far as limiters differ.
//!
//! Source: `delivery.rate` of the contract; a token bucket (RFC 2697) lets twice its size through in its first window, and no more.

use serde_json::Value;

use super::super::judge::Evidence;
use super::{Drill, Setup};
use super::{in_batches, strangers};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct RateKept;

impl Drill for RateKept {
    fn code(&self) -> &'static str {
        "rate-kept"
    }

    fn hypothesis(&self) -> &'static str {
        "With many records at once, the requests to the target stay within the contract's rate."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.list.is_none() || bench.plan.source.webhook.is_some() {
            return Err("the source is not read at a run's own pace".to_owned());
        }
        match wanted(bench) {
            Some(0..=MOST) => Ok(()),
            Some(_) => Err("it would take too many records to come near the contract's rate".to_owned()),
            None => Err("the contract states no rate".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let more = usize::try_from(wanted(bench).unwrap_or(0)).unwrap_or(0).saturating_sub(records.len());
        records.extend(strangers(bench, more, rng));
        Setup::clean()
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let Some(rate) = &evidence.bench.plan.delivery.rate else { return 0 };
        let target = &evidence.bench.plan.target.system;
        let sent = evidence.trace.exchanges.iter().filter(|x| x.system == *target).count() as u64;
        u64::from(sent > rate.value.requests * 2)
    }
}

/// The most records that are worth it.
const MOST: u64 = 130;

/// Records that make more requests than any limiter lets through at once.
fn wanted(bench: &Bench) -> Option<u64> {
    let requests = bench.plan.delivery.rate.as_ref()?.value.requests.saturating_mul(2) + 8;
    let per_record = if matches!(bench.plan.target.write, WritePlan::Upsert { .. }) { 2 } else { 1 };
    let per_request = if in_batches(bench).is_ok() { bench.page } else { 1 };
    Some(requests.saturating_mul(per_request) / per_record)
}
