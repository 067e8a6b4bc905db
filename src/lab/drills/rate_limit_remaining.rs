//! Where an answer says that no request is left, none is sent until the window begins anew: a limit that is told is kept
//! before it is refused (draft-ietf-httpapi-ratelimit-headers, section 6; GitHub and others by `X-RateLimit-Remaining`).
//!
//! Source: draft-ietf-httpapi-ratelimit-headers, section 6; GitHub, "Rate limits for the REST API" (`X-RateLimit-Remaining`).

use serde_json::Value;

use super::super::faults::{Aim, Quota};
use super::super::judge::Evidence;
use super::limits::{early, limits};
use super::{Drill, Setup, retries};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct RateLimitRemaining;

impl Drill for RateLimitRemaining {
    fn code(&self) -> &'static str {
        "rate-limit-remaining"
    }

    fn hypothesis(&self) -> &'static str {
        "Where an answer says that no request is left, none is sent until the window begins anew."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        match limits(bench)?.iter().any(|l| l.remaining.is_some()) {
            true => Ok(()),
            false => Err("no answer is described to say how many requests are left".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Ok(mut all) = limits(bench) else { return Setup::clean() };
        all.retain(|l| l.remaining.is_some());
        let Some(limit) = rng.pick(&all) else { return Setup::clean() };
        let Some(remaining) = limit.remaining.clone() else { return Setup::clean() };
        let ms = i64::try_from(rng.between(3, 9)).unwrap_or(3) * 1000;
        let aim = Aim::at([limit.purpose]).after(rng.below((records.len() as u64 / 2).max(1)).min(limit.most));
        Setup::with(Quota::new(aim, ms, limit.tell.clone()).told_by(remaining))
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        early(evidence, |answer| answer.status < 300)
    }
}
