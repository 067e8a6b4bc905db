//! Waits: as long as the server says; and where it says nothing, longer with every failure.

use std::collections::HashMap;

use super::Evidence;
use crate::base::clock::Timestamp;
use crate::connector::{Response, TransportError};
use crate::lab::bench::Purpose;
use crate::lab::trace::{Exchanged, Outcome};

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    if e.bench.plan.delivery.retry.honor_retry_after {
        told_to_wait(e, out);
    }
    backoff(e, out);
}

fn told_to_wait(e: &Evidence<'_>, out: &mut Vec<String>) {
    for told in &e.trace.exchanges {
        let Some(response) = told.answer().filter(|r| matches!(r.status, 429 | 503)) else { continue };
        let (Some(wait), Some(ended)) = (wait_ms(response), told.ended) else { continue };
        let until = ended.plus_ms(wait);
        // What leaves in the very millisecond in which the answer comes was on its way; the same request again was not.
        let early = e.trace.run(told.run).find(|x| {
            x.system == told.system
                && x.purpose != Purpose::Token
                && x.nth > told.nth
                && x.at < until
                && (x.at > ended || (x.at == ended && x.asks_as(told)))
        });
        if let Some(early) = early {
            out.push(format!(
                "pacing: {} said to wait {} (request {}), request {} came after {} ms",
                told.system,
                length(wait),
                told.nth,
                early.nth,
                early.at.0 - ended.0
            ));
        }
    }
}

/// A wait as people say it: in seconds where it has no part of one.
pub(super) fn length(ms: i64) -> String {
    if ms % 1000 == 0 { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

/// Retry-After in milliseconds; a date is told by the server's own clock.
pub(super) fn wait_ms(response: &Response) -> Option<i64> {
    let text = response.header("retry-after")?;
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds.max(0) * 1000);
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let wait = date(text)?.duration_since(date(response.header("date")?)?).unwrap_or_default();
    i64::try_from(wait.as_millis()).ok()
}

/// Whether the caller must assume that another attempt could help, with no wait prescribed.
fn worth_another_try(x: &Exchanged) -> Option<Timestamp> {
    let again = match &x.outcome {
        Outcome::Answered(r) => matches!(r.status, 500 | 502 | 503 | 504) && r.header("retry-after").is_none(),
        Outcome::Failed(error) => !matches!(error, TransportError::Tls(_)),
        Outcome::Open => false,
    };
    again.then_some(x.ended?)
}

/// A correct run is held guilty less often than this.
const BY_CHANCE: f64 = 1e-8;

/// With full jitter a single wait may be as good as none, several in a row may not.
fn backoff(e: &Evidence<'_>, out: &mut Vec<String>) {
    let retry = &e.bench.plan.delivery.retry;
    for seen in &e.runs {
        let all: Vec<&Exchanged> = e.trace.run(seen.run).collect();
        let waits: Vec<Wait> = waited(&all, worth_another_try).into_iter().map(|(_, _, wait)| wait).collect();
        let gaps: Vec<i64> = waits.iter().map(|wait| wait.ms).collect();
        if let Some(gap) = without_jitter(e, &gaps) {
            out.push(format!(
                "jitter: run {} waited exactly {gap} ms times a power of two before each of {} retries; the contract wants full jitter",
                seen.run,
                gaps.len()
            ));
        }
        if waits.len() >= FEW && chance(&waits, retry.base_ms, retry.cap_ms) < BY_CHANCE {
            out.push(hardly_waited(seen.run, &waits, retry.base_ms));
        }
    }
}

/// Waits from which on anything can be said.
pub(super) const FEW: usize = 3;

/// A wait before a request that failed is sent again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    pub(super) ms: i64,
    /// Failures in a row of this request before the one that is waited after.
    pub(super) before: u32,
}

/// The waits of a run before what failed was sent again: what is asked, when the wait began, the wait. `failed`: when a failure
/// ended that prescribes no wait and after which another attempt could help.
pub(super) fn waited(
    run: &[&Exchanged],
    failed: impl Fn(&Exchanged) -> Option<Timestamp>,
) -> Vec<(u64, Timestamp, Wait)> {
    let mut failures: HashMap<u64, u32> = HashMap::new();
    let mut out = Vec::new();
    for (i, x) in run.iter().enumerate() {
        let Some(ended) = failed(x) else {
            failures.remove(&x.asks);
            continue;
        };
        let before = failures.entry(x.asks).or_default();
        if let Some(next) = run.iter().skip(i + 1).find(|n| n.asks_as(x)) {
            // Who gives up on an answer without end is gone before that is seen.
            out.push((x.asks, ended, Wait { ms: (next.at.0 - ended.0).max(0), before: *before }));
        }
        *before += 1;
    }
    out
}

/// How likely it is that exponential backoff with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog) draws
/// no wait longer than the longest of these. Whoever once waits as long as the first wait may be at most is not held guilty:
/// a breaker probes in its own time, and a request that was given up begins anew.
pub(super) fn chance(waits: &[Wait], base_ms: u64, cap_ms: u64) -> f64 {
    let longest = waits.iter().map(|wait| wait.ms).max().unwrap_or(0).max(0) as f64;
    if longest >= base_ms.min(cap_ms) as f64 {
        return 1.0;
    }
    let one = |wait: &Wait| {
        let bound = base_ms.saturating_mul(1_u64.checked_shl(wait.before.min(32)).unwrap_or(u64::MAX)).min(cap_ms);
        ((longest + 1.0) / (bound as f64 + 1.0)).min(1.0)
    };
    waits.iter().map(one).product()
}

/// What is said of a run that made so many retries and waited for none of them.
pub(super) fn hardly_waited(run: usize, waits: &[Wait], base_ms: u64) -> String {
    let total: i64 = waits.iter().map(|wait| wait.ms).sum();
    let longest = waits.iter().map(|wait| wait.ms).max().unwrap_or(0);
    format!(
        "backoff: run {run} made {} retries with {total} ms of waiting in all, {longest} ms before any one at most; the contract's \
         waits are drawn from up to {base_ms} ms, and twice as much after each failure",
        waits.len()
    )
}

/// The first wait, where each of four or more is exactly that, doubled or kept: drawn waits are so in less than one of a
/// hundred million runs.
fn without_jitter(e: &Evidence<'_>, gaps: &[i64]) -> Option<i64> {
    let retry = &e.bench.plan.delivery.retry;
    // Probes of an open breaker keep their own time.
    let probe = e.bench.plan.delivery.breaker.map_or(i64::MAX, |b| i64::try_from(b.probe_every_ms).unwrap_or(i64::MAX));
    let gaps: Vec<i64> = gaps.iter().copied().filter(|gap| *gap < probe).collect();
    let first = *gaps.iter().min()?;
    let cap = i64::try_from(retry.cap_ms).unwrap_or(i64::MAX);
    if !retry.full_jitter || retry.base_ms < 100 || gaps.len() < 4 || first < 100 {
        return None;
    }
    let regular = |gap: &i64| *gap == cap || (0..16).any(|n| first.saturating_mul(1 << n) == *gap);
    gaps.iter().all(regular).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(of: &[(i64, u32)]) -> Vec<Wait> {
        of.iter().map(|(ms, before)| Wait { ms: *ms, before: *before }).collect()
    }

    #[test]
    fn waits_that_do_not_grow_are_no_chance_and_drawn_ones_are() {
        let same = |ms: i64| waits(&[(ms, 0), (ms, 1), (ms, 2), (ms, 3), (ms, 4)]);
        assert!(chance(&same(20), 500, 60_000) < BY_CHANCE);
        assert!(chance(&same(45), 500, 60_000) < BY_CHANCE);
        assert!(chance(&same(100), 500, 60_000) > BY_CHANCE);
        // One wait that is long enough speaks for all: none of the others need be.
        assert!(chance(&waits(&[(0, 0), (0, 1), (2_000, 2)]), 500, 60_000) > 0.9);
        // Ten requests that failed once each.
        assert!(chance(&waits(&[(10, 0); 10]), 500, 60_000) < BY_CHANCE);
        assert!(chance(&waits(&[(200, 0); 10]), 500, 60_000) > BY_CHANCE);
        // No wait can be longer than the cap.
        assert!(chance(&waits(&[(40, 9); 5]), 500, 50) > 0.1);
    }
}
