//! Asked to stop, a run comes to its end within the time of one request, and begins nothing new.

use super::Evidence;
use crate::lab::trace::Event;

/// Beside the time that one request may take, in milliseconds.
const GRACE_MS: i64 = 5_000;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let longest = i64::try_from(e.bench.plan.delivery.timeout_ms).unwrap_or(i64::MAX / 4);
    for event in &e.trace.events {
        let Event::Asked { at, run } = event else { continue };
        let late: Vec<u64> = e.trace.run(*run).filter(|x| x.at.0 > at.0 + longest + GRACE_MS).map(|x| x.nth).collect();
        if let Some(first) = late.first() {
            out.push(format!(
                "stop: run {run} sent {} requests, from request {first} on, more than {} ms after it was asked to stop",
                late.len(),
                longest + GRACE_MS
            ));
        }
        let ended = e.trace.events.iter().find_map(|x| match x {
            Event::Ended { at, run: of, .. } if of == run => Some(*at),
            _ => None,
        });
        if let Some(ended) = ended.filter(|end| end.0 - at.0 > longest + GRACE_MS) {
            out.push(format!("stop: run {run} ended {} ms after it was asked to stop", ended.0 - at.0));
        }
    }
}
