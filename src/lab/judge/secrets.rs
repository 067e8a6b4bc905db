//! Secrets stay where they belong: in the header (or token request) to the system that they are for.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::Evidence;
use crate::lab::bench::{Bench, Purpose};

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let Some(forms) = Forms::of(e) else { return };
    for line in e.trace.logs() {
        for owner in forms.owners(line.to_string().as_bytes()) {
            out.push(format!("leak: a secret of {owner} is in the log"));
        }
    }
    for l in &e.letters {
        for owner in forms.owners(format!("{} {} {}", l.code, l.because, l.payload).as_bytes()) {
            out.push(format!("leak: a secret of {owner} is in a dead letter"));
        }
    }
    on_the_wire(e, out);
}

/// One look over a text for all secrets in all their forms.
struct Forms<'e> {
    secrets: &'e [(String, String)],
    all: AhoCorasick,
}

impl<'e> Forms<'e> {
    fn of(e: &'e Evidence<'_>) -> Option<Self> {
        let all = AhoCorasick::new(e.secrets.iter().map(|(_, secret)| secret.as_bytes())).ok()?;
        Some(Self { secrets: &e.secrets, all })
    }

    /// Whose secrets are in it.
    fn owners(&self, text: &[u8]) -> BTreeSet<&'e str> {
        let found = self.all.find_overlapping_iter(text).filter_map(|m| self.secrets.get(m.pattern().as_usize()));
        found.map(|(owner, _)| owner.as_str()).collect()
    }

    /// Two systems may be given one secret.
    fn shared(&self, owner: &str, with: &str) -> bool {
        let of = |name: &str| self.secrets.iter().filter(|(o, _)| o == name).map(|(_, s)| s.as_str()).collect();
        let (ours, theirs): (BTreeSet<&str>, BTreeSet<&str>) = (of(owner), of(with));
        !ours.is_disjoint(&theirs)
    }
}

/// What requests carry, and where they go.
pub(super) fn on_the_wire(e: &Evidence<'_>, out: &mut Vec<String>) {
    let Some(forms) = Forms::of(e) else { return };
    for x in &e.trace.exchanges {
        let in_url = forms.owners(x.request.url.as_bytes());
        for owner in in_url.iter().filter(|_| !in_query_by_plan(e.bench, &x.system)) {
            out.push(format!("leak: a secret of {owner} is in the URL of request {}", x.nth));
        }
        let mut carried = in_url;
        carried.extend(x.request.headers.iter().flat_map(|(_, v)| forms.owners(v.as_bytes())));
        carried.extend(forms.owners(&x.request.body));
        for owner in carried {
            if x.purpose == Purpose::Elsewhere {
                out.push(format!("leak: a secret of {owner} was sent to another host (request {})", x.nth));
            } else if x.system != owner && !forms.shared(owner, &x.system) {
                out.push(format!("leak: a secret of {owner} was sent to {} (request {})", x.system, x.nth));
            }
        }
    }
    for x in e.trace.exchanges.iter().filter(|x| x.purpose == Purpose::Elsewhere && !x.request.body.is_empty()) {
        out.push(format!("leak: a record was sent to another host (request {})", x.nth));
    }
}

fn in_query_by_plan(bench: &Bench, system: &str) -> bool {
    [(&bench.plan.source.system, &bench.plan.source.auth), (&bench.plan.target.system, &bench.plan.target.auth)]
        .iter()
        .any(|(name, auth)| name.as_str() == system && auth.in_query().is_some())
}
