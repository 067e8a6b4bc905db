//! Secrets stay where they belong: in the header (or token request) to the system that they are for.

use super::Evidence;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::trace::Exchanged;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let logs: Vec<String> = e.trace.logs().map(ToString::to_string).collect();
    let letters: Vec<String> = e.letters.iter().map(|l| format!("{} {} {}", l.code, l.because, l.payload)).collect();
    for (owner, secret) in &e.secrets {
        if logs.iter().any(|l| l.contains(secret.as_str())) {
            out.push(format!("leak: a secret of {owner} is in the log"));
        }
        if letters.iter().any(|l| l.contains(secret.as_str())) {
            out.push(format!("leak: a secret of {owner} is in a dead letter"));
        }
    }
    on_the_wire(e, out);
}

/// What requests carry, and where they go.
pub(super) fn on_the_wire(e: &Evidence<'_>, out: &mut Vec<String>) {
    for (owner, secret) in &e.secrets {
        for x in &e.trace.exchanges {
            if x.request.url.contains(secret.as_str()) && !in_query_by_plan(e.bench, &x.system) {
                out.push(format!("leak: a secret of {owner} is in the URL of request {}", x.nth));
            }
            let foreign = x.purpose == Purpose::Elsewhere || x.system != *owner;
            if foreign && carries(x, secret) {
                let to = if x.purpose == Purpose::Elsewhere { "another host" } else { x.system.as_str() };
                out.push(format!("leak: a secret of {owner} was sent to {to} (request {})", x.nth));
            }
        }
    }
    for x in e.trace.exchanges.iter().filter(|x| x.purpose == Purpose::Elsewhere && !x.request.body.is_empty()) {
        out.push(format!("leak: a record was sent to another host (request {})", x.nth));
    }
}

fn carries(x: &Exchanged, secret: &str) -> bool {
    x.request.headers.iter().any(|(_, v)| v.contains(secret))
        || x.request.url.contains(secret)
        || String::from_utf8_lossy(&x.request.body).contains(secret)
}

fn in_query_by_plan(bench: &Bench, system: &str) -> bool {
    [(&bench.plan.source.system, &bench.plan.source.auth), (&bench.plan.target.system, &bench.plan.target.auth)]
        .iter()
        .any(|(name, auth)| name.as_str() == system && auth.in_query().is_some())
}
