//! An entry of `accepted` that covers no finding: mended since, or never right.

use std::collections::{BTreeMap, BTreeSet};

use super::accepted::{Entries, never, of_samples};
use super::{Check, Subject};
use crate::base::text::{nearest, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "accepted-nothing",
    summary: "An entry of accepted covers no finding: what it took is gone, or code or place are not what they should be.",
    severity: Severity::Warning,
    run,
};

/// Looks at what all other checks have found: it stands last.
fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let contract = subject.contract;
    if contract.accepted.is_empty() {
        return;
    }
    let entries = Entries::of(contract, subject.text);
    let taken: BTreeSet<Span> = out.iter().filter_map(|f| entries.covering(f)).map(|(entry, _)| entry.at).collect();
    let mut first: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in out.iter() {
        first.entry(finding.code).or_insert(finding);
    }
    let mut found: Vec<Finding> = Vec::new();
    let judged = |code: &str| !never(code) && !of_samples(code);
    for entry in contract.accepted.iter().filter(|a| judged(&a.code) && !taken.contains(&a.at)) {
        let (code, place) = (&entry.code.value, quoted(&entry.place, 120));
        let elsewhere = first.get(code.as_str()).and_then(|f| entries.place(f));
        let fix = match elsewhere {
            Some(path) => format!("there is one at {}; or take the entry out", quoted(path, 120)),
            None => {
                let near = nearest(code, first.keys().copied());
                let near = near.map_or_else(String::new, |n| format!("did you mean {n}? "));
                format!("{near}take the entry out: it would hide the next one")
            }
        };
        found.push(subject.warning(&CHECK, entry.at, format!("there is no {code} at {place} to accept")).fix(fix));
    }
    out.extend(found);
}
