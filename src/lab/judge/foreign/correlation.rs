//! Correlation of a program: by whichever header it uses, the same over the attempts at one write.

use std::collections::{BTreeMap, BTreeSet};

use crate::lab::judge::{Evidence, tracing};
use crate::lab::trace::Exchanged;

/// Headers by which a request is known again; `traceparent` beside them.
const HEADERS: [&str; 7] = [
    "x-correlation-id",
    "x-request-id",
    "correlation-id",
    "request-id",
    "x-trace-id",
    "x-client-request-id",
    "x-amzn-trace-id",
];

/// Of these, those that many take for the name of one HTTP request.
const OF_ONE_REQUEST: [&str; 3] = ["x-request-id", "request-id", "x-client-request-id"];

/// Every id that a request carries.
pub(in crate::lab) fn ids(x: &Exchanged) -> BTreeSet<String> {
    let named = HEADERS.iter().filter_map(|name| x.request.header(name)).map(str::trim).filter(|v| !v.is_empty());
    let mut out: BTreeSet<String> = named.map(str::to_owned).collect();
    out.extend(x.request.header("traceparent").and_then(tracing::trace_id).map(str::to_owned));
    out
}

/// By what it carries it is known as one request, and not as one piece of work: each attempt may have another such id.
fn by_request_alone(x: &Exchanged) -> bool {
    let carries = |name: &&&str| x.request.header(name).is_some_and(|v| !v.trim().is_empty());
    x.request.header("traceparent").is_none()
        && HEADERS.iter().filter(carries).all(|name| OF_ONE_REQUEST.contains(name))
}

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    for seen in &e.runs {
        let all: Vec<&Exchanged> = e.trace.run(seen.run).collect();
        let writes: Vec<&Exchanged> = all.iter().copied().filter(|x| x.purpose.writes()).collect();
        // By what is asked: retries that kept an id, and the first that did not.
        let mut kept: BTreeMap<u64, usize> = BTreeMap::new();
        let mut lost: BTreeMap<u64, (usize, String)> = BTreeMap::new();
        // After a credential was refused nothing is an attempt at the same: it is another credential, or another round.
        let failed = |x: &Exchanged| x.status().is_none_or(|s| s >= 400 && !matches!(s, 401 | 403));
        for (i, x) in writes.iter().enumerate().filter(|(_, x)| failed(x)) {
            let Some(again) = writes.iter().skip(i + 1).find(|n| n.asks_as(x)) else { continue };
            let (first, second) = (ids(x), ids(again));
            if first.is_empty() || (!second.is_empty() && by_request_alone(x)) {
                continue;
            }
            // A round may go on with a look-up, and end with it.
            let went_on = || {
                let between = all.iter().filter(|n| n.nth > x.nth && n.nth < again.nth && !n.purpose.writes());
                between.into_iter().any(|n| !first.is_disjoint(&ids(n)))
            };
            if !first.is_disjoint(&second) || went_on() {
                *kept.entry(x.asks).or_default() += 1;
                continue;
            }
            let how = if second.is_empty() { "without the" } else { "under another" };
            let why = format!("trace: request {} is a retry of request {} {how} correlation id", again.nth, x.nth);
            lost.entry(x.asks).or_insert((0, why)).0 += 1;
        }
        // Who gave up and begins anew, with an id for each round, keeps it more often than not.
        let torn = lost.into_iter().find(|(asks, (times, _))| kept.get(asks).copied().unwrap_or(0) < *times);
        if let Some((_, (_, why))) = torn {
            out.push(why);
            return;
        }
    }
}
