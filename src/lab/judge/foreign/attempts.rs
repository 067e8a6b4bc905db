//! Attempts of a program: bounded, though its bound need not be that of the contract; and none where the answer was that the
//! request is wrong.

use crate::connector::WritePlan;
use crate::lab::bench::Purpose;
use crate::lab::judge::Evidence;
use crate::lab::judge::attempts::{failed, refused};
use crate::lab::trace::Exchanged;

/// Attempts that are not yet too many, whatever the contract says.
const FEW: usize = 20;

/// Answers 401 to one request under one credential that are not yet too many: who has no other may have looked for one.
const FEW_DENIED: usize = 4;

/// What a request shows to be let in, whatever its header is called.
fn shown(x: &Exchanged) -> Vec<&(String, String)> {
    const EACH_ITS_OWN: [&str; 6] =
        ["traceparent", "tracestate", "baggage", "date", "content-length", "idempotency-key"];
    let own = |name: &str| {
        EACH_ITS_OWN.contains(&name) || name.contains("request-id") || name.contains("trace") || name.contains("span")
    };
    x.request.headers.iter().filter(|(name, _)| !own(name)).collect()
}

/// The same create, without a key that would make it one, answered 409 so often in a row without a look at what is there: there is
/// something already, and asking again does not change that.
const FEW_CONFLICTS: usize = 3;

/// The first and the last of as many conflicts of these creates as are too many. `all`: what the run sent.
fn conflicts<'x>(all: &[&'x Exchanged], same: &[&&'x Exchanged]) -> Option<(u64, u64)> {
    let mut row: Vec<u64> = Vec::new();
    for x in same.iter().filter(|x| x.purpose == Purpose::Create) {
        let looked = |since: u64| all.iter().any(|n| n.purpose == Purpose::Find && (since..x.nth).contains(&n.nth));
        if x.status() != Some(409) || row.last().is_some_and(|last| looked(*last)) {
            row.clear();
        }
        if x.status() == Some(409) {
            row.push(x.nth);
        }
        if row.len() >= FEW_CONFLICTS {
            return Some((*row.first()?, x.nth));
        }
    }
    None
}

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let most = FEW.max(e.bench.plan.delivery.retry.attempts.max(1) as usize * 2);
    for seen in &e.runs {
        let ours = |x: &&Exchanged| !matches!(x.purpose, Purpose::Elsewhere | Purpose::Other);
        let all: Vec<&Exchanged> = e.trace.run(seen.run).filter(ours).collect();
        for (i, x) in all.iter().enumerate() {
            if all.iter().take(i).any(|before| before.asks_as(x)) {
                continue;
            }
            let same: Vec<&&Exchanged> = all.iter().skip(i).filter(|n| n.asks_as(x)).collect();
            let in_vain = same.iter().filter(|n| failed(n)).count();
            // A service asks for news again and again, whatever came of it before; how long it waits is judged elsewhere.
            let service = e.foreign.as_ref().is_some_and(|program| program.service);
            let polls = x.purpose == Purpose::List && service;
            if in_vain > most && !polls {
                out.push(format!(
                    "attempts: run {} sent the same request {} times, {in_vain} of them in vain",
                    seen.run,
                    same.len()
                ));
            }
            let denied: Vec<&&&Exchanged> = same.iter().filter(|n| n.status() == Some(401)).collect();
            let most_used = denied.iter().map(|n| denied.iter().filter(|o| shown(o) == shown(n)).count()).max();
            if let Some(times) = most_used.filter(|times| *times > FEW_DENIED && !service) {
                out.push(format!(
                    "attempts: run {} sent request {} {times} times under a credential that was refused each time (401)",
                    seen.run, x.nth
                ));
            }
            // Where creates have keys, 409 may say that the same one is in progress.
            let keyed = matches!(
                e.bench.plan.target.write,
                WritePlan::Upsert { idempotency: Some(_), .. } | WritePlan::Create { idempotency: Some(_), .. }
            );
            if let Some((first, last)) = conflicts(&all, &same).filter(|_| !keyed) {
                out.push(format!(
                    "attempts: run {} sent the same create again and again (requests {first} to {last}), each answered 409, and did not \
                     look up what is there",
                    seen.run
                ));
            }
            let wrong = same.iter().position(|n| n.purpose.writes() && refused(n));
            if let Some((first, again)) = wrong.and_then(|p| Some((same.get(p)?, same.get(p + 1)?))) {
                out.push(format!(
                    "attempts: run {} sent request {} again (request {}), though the answer was {}",
                    seen.run,
                    first.nth,
                    again.nth,
                    first.status().unwrap_or_default()
                ));
            }
        }
    }
}
