//! Correlation of a program: by whichever header it uses, the same over the attempts at one write.

use std::collections::BTreeSet;

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

/// Every id that a request carries.
pub(in crate::lab) fn ids(x: &Exchanged) -> BTreeSet<String> {
    let named = HEADERS.iter().filter_map(|name| x.request.header(name)).map(str::trim).filter(|v| !v.is_empty());
    let mut out: BTreeSet<String> = named.map(str::to_owned).collect();
    out.extend(x.request.header("traceparent").and_then(tracing::trace_id).map(str::to_owned));
    out
}

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    for seen in &e.runs {
        let writes: Vec<&Exchanged> = e.trace.run(seen.run).filter(|x| x.purpose.writes()).collect();
        for (i, x) in writes.iter().enumerate().filter(|(_, x)| x.status().is_none_or(|s| s >= 400)) {
            let Some(again) = writes.iter().skip(i + 1).find(|n| n.asks_as(x)) else { continue };
            let (first, second) = (ids(x), ids(again));
            if !first.is_empty() && first.is_disjoint(&second) {
                let lost = if second.is_empty() { "without the" } else { "under another" };
                out.push(format!("trace: request {} is a retry of request {} {lost} correlation id", again.nth, x.nth));
                return;
            }
        }
    }
}
