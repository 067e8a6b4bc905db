//! The same flow twice.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::{Flow, Write};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "duplicate-flow",
    summary: "Two flows read the same list and write it by the same operation: each record is written twice.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let flows: Vec<&Flow> = subject.contract.flows.values().take(200).collect();
    for (i, flow) in flows.iter().enumerate() {
        let Some(first) = flows.iter().take(i).find(|f| twice(subject, f, flow)) else { continue };
        let new = matches!(flow.target.write, Write::Create { .. });
        let message = format!("{} reads and writes the same as {}", quoted(&flow.name, 60), quoted(&first.name, 60));
        let finding = if new {
            subject.error(&CHECK, flow.at, format!("{message}: each record is made twice"))
        } else {
            subject.warning(&CHECK, flow.at, message)
        };
        out.push(finding.fix("remove one of them, or read another part of the list in each by source.params"));
    }
}

/// Same records in by the same way, same operations out, and a field that both write.
fn twice(subject: &Subject<'_>, a: &Flow, b: &Flow) -> bool {
    let source = |f: &Flow| {
        let params: Vec<(String, String)> =
            f.source.params.iter().map(|(n, v)| (n.value.clone(), v.to_string())).collect();
        (
            subject.account(&f.source.system),
            f.source.operation.as_ref().map(|o| o.value.clone()),
            f.source.webhook.as_ref().map(|w| w.event.value.clone()),
            params,
        )
    };
    let target = |f: &Flow| {
        let operations: Vec<String> = f.target.write.operations().iter().map(|(_, o)| o.value.clone()).collect();
        (subject.account(&f.target.system), operations)
    };
    let fields = |f: &Flow| -> Vec<String> {
        let rules = subject.mappings.get(&f.name).map(|m| m.rules()).unwrap_or_default();
        let key = super::used::natural_key(&f.target.write).map(|k| k.value.clone());
        rules.iter().map(|r| r.target.to_string()).filter(|t| Some(t) != key.as_ref()).collect()
    };
    let overlap = || {
        let (first, second) = (fields(a), fields(b));
        first.iter().any(|f| second.contains(f)) || (first.is_empty() && second.is_empty())
    };
    source(a) == source(b) && target(a) == target(b) && overlap()
}
