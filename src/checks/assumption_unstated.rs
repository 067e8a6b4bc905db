//! The flow rests on a fact that a rule inferred, and no constraint names it, so nobody will be asked.

use super::assumptions::assumptions;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "assumption-unstated",
    summary: "A flow relies on a fact that a rule inferred from the description, and no constraint puts it before a human.",
    // A note: the connector runs either way. What the agent then writes down as inferred is what waits for a person.
    severity: Severity::Note,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for a in assumptions(subject.contract, subject.systems).into_iter().filter(|a| a.inferred_fact) {
        let from = a.from.join(", ");
        let message = format!(
            "the flow relies on this: {}; no description states it, and no constraint does",
            quoted(&a.says, 200)
        );
        let fix = format!(
            "add to constraints: {{id: {}, kind: inferred, says: \"{}\", binds: {{systems: [{}], flows: [{}]}}}}; if it is wrong, {}",
            a.id,
            quoted(&a.says, 200).replace('"', "'"),
            a.system,
            a.flows.join(", "),
            a.if_wrong
        );
        out.push(subject.note(&CHECK, a.at, message).because_of(from).fix(fix));
    }
}
