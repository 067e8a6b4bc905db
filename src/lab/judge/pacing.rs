//! Waits: as long as the server says; and where it says nothing, longer with every failure.

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
                "pacing: {} said to wait {wait} ms (request {}), request {} came after {} ms",
                told.system,
                told.nth,
                early.nth,
                early.at.0 - ended.0
            ));
        }
    }
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

/// With full jitter a single wait may be as good as none, several in a row may not: the bounds below are met by less
/// than one correct run in a million.
fn backoff(e: &Evidence<'_>, out: &mut Vec<String>) {
    let base = i64::try_from(e.bench.plan.delivery.retry.base_ms).unwrap_or(i64::MAX);
    for seen in &e.runs {
        let mut gaps = Vec::new();
        let all: Vec<&Exchanged> = e.trace.run(seen.run).collect();
        for (i, x) in all.iter().enumerate() {
            let Some(ended) = worth_another_try(x) else { continue };
            if let Some(next) = all[i + 1..].iter().find(|n| n.asks_as(x)) {
                gaps.push(next.at.0 - ended.0);
            }
        }
        if let Some(gap) = without_jitter(e, &gaps) {
            out.push(format!(
                "jitter: run {} waited exactly {gap} ms times a power of two before each of {} retries; the contract wants full jitter",
                seen.run,
                gaps.len()
            ));
        }
        let total: i64 = gaps.iter().sum();
        let least = match gaps.len() {
            0..=2 => 0,
            3 => base / 64,
            4 => base / 16,
            _ => base / 8,
        };
        if total < least {
            out.push(format!(
                "backoff: run {} made {} retries with {total} ms of waiting in all",
                seen.run,
                gaps.len()
            ));
        }
    }
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
