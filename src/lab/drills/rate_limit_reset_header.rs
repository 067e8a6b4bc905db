//! A 429 without Retry-After is waited out as the described reset header says: `RateLimit` and `RateLimit-Reset` as the
//! drafts of RateLimit header fields have them (draft-ietf-httpapi-ratelimit-headers), `X-RateLimit-Reset` as the
//! description explains it.
//!
//! Source: draft-ietf-httpapi-ratelimit-headers; the description, where a vendor explains `X-RateLimit-Reset`.

use serde_json::Value;

use super::super::faults::{Aim, Quota};
use super::super::judge::Evidence;
use super::limits::{early, limits};
use super::{Drill, Setup, retries};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct RateLimitResetHeader;

impl Drill for RateLimitResetHeader {
    fn code(&self) -> &'static str {
        "rate-limit-reset-header"
    }

    fn hypothesis(&self) -> &'static str {
        "A 429 without Retry-After is waited out as the described reset header says."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        limits(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Ok(all) = limits(bench) else { return Setup::clean() };
        let Some(limit) = rng.pick(&all) else { return Setup::clean() };
        let ms = i64::try_from(rng.between(3, 9)).unwrap_or(3) * 1000;
        let aim = Aim::at([limit.purpose]).after(rng.below((records.len() as u64 / 2).max(1)).min(limit.most));
        Setup::with(Quota::new(aim, ms, limit.tell.clone()))
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        early(evidence, |answer| answer.status == 429)
    }
}
