//! Attempts: bounded, and none where the answer was that the request is wrong.

use super::Evidence;
use crate::lab::bench::Purpose;
use crate::lab::trace::{Exchanged, Outcome};
use crate::model::Method;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let attempts = e.bench.plan.delivery.retry.attempts.max(1) as usize;
    let probe_after =
        e.bench.plan.delivery.breaker.map_or(i64::MAX, |b| i64::try_from(b.probe_every_ms).unwrap_or(i64::MAX));
    for seen in &e.runs {
        let all: Vec<&Exchanged> = e.trace.run(seen.run).filter(|x| x.purpose != Purpose::Elsewhere).collect();
        for (i, x) in all.iter().enumerate() {
            let first = !all[..i].iter().any(|before| before.asks_as(x));
            if !first {
                continue;
            }
            let same: Vec<&&Exchanged> = all[i..].iter().filter(|n| n.asks_as(x)).collect();
            let in_vain: Vec<&&&Exchanged> = same.iter().filter(|n| failed(n)).collect();
            // Probes of an open breaker come on top; what tells them is the time they keep.
            let failed = in_vain.len() - in_vain.windows(2).filter(|w| w[1].at.0 - w[0].at.0 >= probe_after).count();
            if failed > attempts * 2 {
                out.push(format!(
                    "attempts: run {} sent the same request {} times, {failed} of them in vain and too soon; the contract allows {attempts}",
                    seen.run,
                    same.len()
                ));
            }
            // Who begins a list anew, because its cursor is no longer taken, comes by the same places again.
            let anew = |place: usize| {
                let (told, next) = (same[place].nth, same[place + 1].nth);
                let listed = |n: &&&Exchanged| n.purpose == Purpose::List && n.nth > told && n.nth < next;
                x.purpose == Purpose::List
                    && matches!(same[place].status(), Some(400 | 410))
                    && all.iter().any(|n| listed(&n))
            };
            let wrong = (0..same.len().saturating_sub(1)).find(|p| refused(same[*p]) && !anew(*p));
            if let Some(place) = wrong {
                out.push(format!(
                    "attempts: run {} sent request {} again (request {}), though the answer was {}",
                    seen.run,
                    same[place].nth,
                    same[place + 1].nth,
                    same[place].status().unwrap_or_default()
                ));
            }
        }
    }
}

pub(super) fn failed(x: &Exchanged) -> bool {
    match &x.outcome {
        Outcome::Answered(r) => r.status >= 400,
        Outcome::Failed(_) | Outcome::Open => true,
    }
}

/// The request itself is wrong: sending it again cannot help.
pub(super) fn refused(x: &Exchanged) -> bool {
    // What is not there yet may be there later: a target that took a write with 202 is asked until it shows it.
    let lookup = match x.purpose {
        Purpose::Find => true,
        Purpose::Other => x.request.method == Method::Get,
        _ => false,
    } && x.status() == Some(404);
    !lookup && matches!(x.status(), Some(400 | 403 | 404 | 405 | 410 | 413 | 415 | 422))
}
