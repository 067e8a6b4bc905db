//! After an outage it goes on: no silence between two requests to a system is longer than the longest pause that the
//! contract knows or the system asked for.

use super::Evidence;
use super::pacing::wait_ms;
use crate::lab::bench::Purpose;
use crate::lab::trace::Exchanged;

/// Beside that, in milliseconds.
const SLACK_MS: i64 = 5_000;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let delivery = &e.bench.plan.delivery;
    let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX / 8);
    let rates = [e.bench.plan.target.rate, e.bench.plan.source.rate, delivery.rate.as_ref().map(|r| r.value)];
    let pause = [ms(delivery.retry.cap_ms), delivery.breaker.map_or(0, |b| ms(b.probe_every_ms))]
        .into_iter()
        // A service that stays up is silent between two polls.
        .chain(e.bench.plan.every_ms.map(ms))
        .chain(rates.into_iter().flatten().map(|r| ms(r.window_ms)))
        .max()
        .unwrap_or(0);
    let longest = pause + ms(delivery.timeout_ms) + SLACK_MS;
    for seen in &e.runs {
        let mut last: Option<&Exchanged> = None;
        // What the systems asked for, until when.
        let mut told = i64::MIN;
        for x in e.trace.run(seen.run).filter(|x| x.purpose != Purpose::Elsewhere) {
            if let Some(before) = last {
                let since = before.ended.unwrap_or(before.at).0.max(told).max(before.at.0);
                let silence = x.at.0 - since;
                if silence > longest {
                    out.push(format!(
                        "recovery: run {} was silent for {silence} ms between request {} and request {}; the contract's longest pause is {pause} ms",
                        seen.run, before.nth, x.nth
                    ));
                    break;
                }
            }
            if let (Some(answer), Some(ended)) = (x.answer(), x.ended) {
                told = told.max(wait_ms(answer).map_or(i64::MIN, |wait| ended.0.saturating_add(wait)));
            }
            last = Some(x);
        }
    }
}
