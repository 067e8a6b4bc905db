//! Secrets stay where they belong: in the header (or token request) to the system that they are for.

use std::collections::BTreeMap;

use super::Evidence;
use crate::connector::AuthPlan;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::trace::Exchanged;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let logs: Vec<String> = e.trace.logs().map(ToString::to_string).collect();
    let letters: Vec<String> = e.letters.iter().map(|l| format!("{} {} {}", l.code, l.because, l.payload)).collect();
    // Nearly always there is nothing to find: one look at everything where a secret must not be, and only a hit is looked
    // at closer.
    let mut elsewhere: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for (owner, secret) in &e.secrets {
        let all = elsewhere.entry(owner).or_insert_with(|| everything(e, owner, &logs, &letters));
        if memchr::memmem::find(all, secret.as_bytes()).is_none() {
            continue;
        }
        if logs.iter().any(|l| l.contains(secret.as_str())) {
            out.push(format!("leak: a secret of {owner} is in the log"));
        }
        if letters.iter().any(|l| l.contains(secret.as_str())) {
            out.push(format!("leak: a secret of {owner} is in a dead letter"));
        }
        for x in &e.trace.exchanges {
            if x.request.url.contains(secret.as_str()) && !in_query_by_plan(e.bench, &x.system) {
                out.push(format!("leak: a secret of {owner} is in the URL of request {}", x.nth));
            }
            if foreign(x, owner) && carries(x, secret) {
                let to = if x.purpose == Purpose::Elsewhere { "another host" } else { x.system.as_str() };
                out.push(format!("leak: a secret of {owner} was sent to {to} (request {})", x.nth));
            }
        }
    }
    for x in e.trace.exchanges.iter().filter(|x| x.purpose == Purpose::Elsewhere && !x.request.body.is_empty()) {
        out.push(format!("leak: a record was sent to another host (request {})", x.nth));
    }
}

/// All that was logged or laid aside, every URL, and what was sent to others than the owner.
fn everything(e: &Evidence<'_>, owner: &str, logs: &[String], letters: &[String]) -> Vec<u8> {
    let mut all = Vec::with_capacity(16 * 1024);
    let mut add = |bytes: &[u8]| {
        all.extend_from_slice(bytes);
        all.push(b'\n');
    };
    logs.iter().chain(letters).for_each(|text| add(text.as_bytes()));
    for x in &e.trace.exchanges {
        add(x.request.url.as_bytes());
        if foreign(x, owner) {
            add(&x.request.body);
            x.request.headers.iter().for_each(|(_, value)| add(value.as_bytes()));
        }
    }
    all
}

fn foreign(x: &Exchanged, owner: &str) -> bool {
    x.purpose == Purpose::Elsewhere || x.system != owner
}

fn carries(x: &Exchanged, secret: &str) -> bool {
    x.request.headers.iter().any(|(_, v)| v.contains(secret))
        || x.request.url.contains(secret)
        || String::from_utf8_lossy(&x.request.body).contains(secret)
}

fn in_query_by_plan(bench: &Bench, system: &str) -> bool {
    [(&bench.plan.source.system, &bench.plan.source.auth), (&bench.plan.target.system, &bench.plan.target.auth)]
        .iter()
        .any(|(name, auth)| name.as_str() == system && matches!(auth, AuthPlan::QueryKey { .. }))
}
