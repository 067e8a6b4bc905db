//! What a run takes: requests in flight, requests in a window of the contract's rate, records read ahead.

use super::Evidence;
use crate::lab::bench::Purpose;
use crate::lab::trace::Exchanged;

/// More than any sensible pool of connections.
const IN_FLIGHT: usize = 32;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    for seen in &e.runs {
        let all: Vec<&Exchanged> = e.trace.run(seen.run).collect();
        in_flight(seen.run, &all, out);
        rate(e, seen.run, &all, out);
    }
}

fn in_flight(run: usize, all: &[&Exchanged], out: &mut Vec<String>) {
    if all.len() <= IN_FLIGHT {
        return;
    }
    // Requests come in the order in which they were sent.
    let mut open: Vec<&Exchanged> = Vec::new();
    for x in all {
        open.retain(|o| o.ended.is_some_and(|end| end > x.at));
        open.push(x);
        if open.len() > IN_FLIGHT {
            let count = open.len();
            out.push(format!("resources: run {run} had {count} requests in flight at request {}", x.nth));
            return;
        }
    }
}

/// A bucket that is full at the start lets twice the rate through in its first window, and so does a window that begins
/// with each interval: more than that no limiter does.
fn rate(e: &Evidence<'_>, run: usize, all: &[&Exchanged], out: &mut Vec<String>) {
    let Some(rate) = e.bench.plan.delivery.rate.as_ref().map(|r| r.value) else { return };
    let (most, window) = (rate.requests.saturating_mul(2) + 1, i64::try_from(rate.window_ms).unwrap_or(i64::MAX));
    let Ok(most) = usize::try_from(most) else { return };
    let target = &e.bench.plan.target.system;
    if all.len() <= most {
        return;
    }
    let sent: Vec<&&Exchanged> = all
        .iter()
        .filter(|x| x.system == *target && !matches!(x.purpose, Purpose::Token | Purpose::Elsewhere))
        .collect();
    for (first, over) in sent.iter().zip(sent.iter().skip(most)) {
        if over.at.0 - first.at.0 < window {
            out.push(format!(
                "resources: run {run} sent {} requests to {target} within {} ms, from request {} to request {}; the contract allows {}",
                most + 1,
                over.at.0 - first.at.0,
                first.nth,
                over.nth,
                rate.requests
            ));
            return;
        }
    }
}

/// The most records that were read and not yet written, of a run that writes each; with the number of the request that
/// brought it there.
pub(in crate::lab) fn read_ahead(e: &Evidence<'_>) -> (u64, u64) {
    let mut most = (0, 0);
    for seen in &e.runs {
        let mut events: Vec<(i64, i64, u64)> = Vec::new();
        for x in e.trace.run(seen.run) {
            let (Some(at), Some(200..300)) = (x.ended, x.status()) else { continue };
            let records = match &x.effect {
                Some(crate::lab::mock::Effect::Read { keys, .. }) if x.purpose == Purpose::List => {
                    i64::try_from(keys.len()).unwrap_or(0)
                }
                _ if x.purpose == Purpose::Bulk => -i64::try_from(x.batch.len()).unwrap_or(0),
                _ if x.purpose.writes() => -1,
                _ => continue,
            };
            events.push((at.0, records, x.nth));
        }
        events.sort_by_key(|(at, records, _)| (*at, *records));
        let mut ahead = 0;
        for (_, records, nth) in events {
            ahead += records;
            if ahead > i64::try_from(most.0).unwrap_or(0) {
                most = (ahead.unsigned_abs(), nth);
            }
        }
    }
    most
}
