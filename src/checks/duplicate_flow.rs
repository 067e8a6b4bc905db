//! The same flow twice.

use std::collections::BTreeSet;

use super::between::Ends;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Spanned;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "duplicate-flow",
    summary: "Two flows read the same list and write it by the same operation: each record is written twice.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let flows = subject.ends();
    for (i, ends) in flows.iter().enumerate() {
        let Some(first) = flows.iter().take(i).find(|f| twice(f, ends)) else { continue };
        let at = ends.flow.at;
        let message =
            format!("{} reads and writes the same as {}", quoted(&ends.flow.name, 60), quoted(&first.flow.name, 60));
        let finding = if ends.creates() {
            subject.error(&CHECK, at, format!("{message}: each record is made twice"))
        } else {
            subject.warning(&CHECK, at, message)
        };
        out.push(finding.fix("remove one of them, or read another part of the list in each by source.params"));
    }
}

/// Same records in by the same way, same operations out, and a field that both write.
fn twice(a: &Ends<'_>, b: &Ends<'_>) -> bool {
    let plain = |o: &Option<Spanned<String>>| o.as_ref().map(|o| o.value.clone());
    let source = |e: &Ends<'_>| {
        let s = &e.flow.source;
        let params: Vec<(String, String)> = s.params.iter().map(|(n, v)| (n.value.clone(), v.to_string())).collect();
        (plain(&s.operation), s.webhook.as_ref().map(|w| w.event.value.clone()), params)
    };
    let target = |e: &Ends<'_>| -> Vec<String> {
        e.flow.target.write.operations().iter().map(|(_, o)| o.value.clone()).collect()
    };
    let fields =
        |e: &Ends<'_>| -> BTreeSet<String> { e.rules.keys().filter(|t| e.key != Some(t.as_str())).cloned().collect() };
    if a.from != b.from || a.to != b.to || target(a) != target(b) || source(a) != source(b) {
        return false;
    }
    let (first, second) = (fields(a), fields(b));
    !first.is_disjoint(&second) || (first.is_empty() && second.is_empty())
}
