//! After 429, or 503, with Retry-After in seconds, no request goes to that system before the time is up, and nothing is lost.
//!
//! Source: RFC 6585 section 4 (429) and RFC 9110 section 10.2.3 (Retry-After in seconds, with 503 first of all).

use serde_json::Value;

use super::super::faults::RateLimited;
use super::unheard::and_the_others;
use super::{Drill, Setup};
use super::{owed, retries, somewhere, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct RateLimitedSeconds;

impl Drill for RateLimitedSeconds {
    fn code(&self) -> &'static str {
        "rate-limited-seconds"
    }

    fn hypothesis(&self) -> &'static str {
        "After 429, or 503, with Retry-After in seconds, no request goes to that system before the time is up, and nothing is lost."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let seconds = i64::try_from(rng.between(2, if bench.real.is_some() { 2 } else { 9 })).unwrap_or(2);
        let times = survivable(bench, 2, rng);
        let aim = somewhere(bench, owed(bench, records), rng).times(times);
        let status = if rng.one_in(3) { 503 } else { 429 };
        let wait = RateLimited { aim, status, seconds, as_date: false, clock_off_ms: 0 };
        Setup::with(and_the_others(bench, wait))
    }
}
