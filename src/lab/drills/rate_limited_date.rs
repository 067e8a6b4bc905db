//! Retry-After as a date is understood by the server's own clock, which may be minutes off.
//!
//! Source: RFC 9110 section 10.2.3 (Retry-After as a date) and section 6.6.1 (Date): told by the server's clock.

use serde_json::Value;

use super::super::faults::RateLimited;
use super::unheard::and_the_others;
use super::{Drill, Setup};
use super::{owed, retries, somewhere, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct RateLimitedDate;

impl Drill for RateLimitedDate {
    fn code(&self) -> &'static str {
        "rate-limited-date"
    }

    fn hypothesis(&self) -> &'static str {
        "Retry-After as a date is understood by the server's own clock, which may be minutes off."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let seconds = i64::try_from(if bench.real.is_some() { 3 } else { rng.between(2, 9) }).unwrap_or(2);
        let times = survivable(bench, 2, rng);
        let clock_off_ms = [-180_000, 0, 180_000][usize::try_from(rng.below(3)).unwrap_or(0)];
        // A program of its own runs by the same clock as the systems: it may as well ask that one.
        let clock_off_ms = if bench.real.is_some() { 0 } else { clock_off_ms };
        let aim = somewhere(bench, owed(bench, records), rng).times(times);
        let status = if rng.one_in(3) { 503 } else { 429 };
        let mut setup =
            Setup::with(and_the_others(bench, RateLimited { aim, status, seconds, as_date: true, clock_off_ms }));
        setup.clock_off_ms = clock_off_ms;
        setup
    }
}
