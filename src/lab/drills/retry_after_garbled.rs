//! A Retry-After of no use (garbage, negative, a date that is past) is no reason to stop for ever, nor to hammer: the
//! connector waits by its own rules (RFC 9110 section 10.2.3 knows seconds and dates, and nothing below zero).
//!
//! Source: RFC 9110 section 10.2.3: seconds and dates, and nothing below zero.

use serde_json::Value;

use super::super::faults::OddWait;
use super::{Drill, Setup, owed, retries, somewhere, survivable};
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::judge::Evidence;
use crate::lab::mock::http_date;

/// A day of October 2015, in milliseconds since 1970.
const LONG_PAST_MS: i64 = 1_445_412_480_000;
/// Longer than any wait of a connector's own is in a schedule of a few records.
const LONG_MS: i64 = 4 * 3600 * 1000;

/// See the module.
pub(super) struct RetryAfterGarbled;

impl Drill for RetryAfterGarbled {
    fn code(&self) -> &'static str {
        "retry-after-garbled"
    }

    fn hypothesis(&self) -> &'static str {
        "A Retry-After of no use is read as none: the request is sent again after a wait of the connector's own."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        // Past for the world's clock and for that of this machine.
        let past = http_date(Timestamp(LONG_PAST_MS));
        let values = ["soon", "-1", "", "NaN", "1e400", past.as_str()];
        let value = rng.pick(&values).copied().unwrap_or("soon").to_owned();
        let times = survivable(bench, 2, rng);
        Setup::with(OddWait { aim: somewhere(bench, owed(bench, records), rng).times(times), value })
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let long = evidence.runs.iter().filter(|r| r.to.0 - r.from.0 > LONG_MS);
        long.map(|r| {
            format!("pacing: run {} took {} s over a wait that nobody asked for", r.run, (r.to.0 - r.from.0) / 1000)
        })
        .collect()
    }
}
