//! The flow relies on something that no constraint says. It waits for a person all the same; stated, it has a place.

use super::assumptions::assumptions;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "assumption-unstated",
    summary: "A flow relies on something that no constraint says, so that whoever reads the contract does not see it.",
    // A warning: checking and drilling are safe, and the gate before Connect waits for a person as if it were listed.
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for a in assumptions(subject.contract, subject.systems) {
        if subject.confirmed.is_some_and(|confirmed| confirmed(&a.id)) {
            continue;
        }
        let from = a.from.join(", ");
        let unstated =
            if a.inferred_fact { "it was inferred, and no constraint says so" } else { "no constraint says so" };
        let message = format!("the flow relies on this: {}; {unstated}", quoted(&a.says, 200));
        let fix = format!(
            "add to constraints: {{id: {}, kind: inferred, says: \"{}\", binds: {{systems: [{}], flows: [{}]}}}}; if it is wrong, {}",
            a.id,
            quoted(&a.says, 200).replace('"', "'"),
            a.system,
            a.flows.join(", "),
            a.if_wrong
        );
        out.push(subject.warning(&CHECK, a.at, message).because_of(from).fix(fix));
    }
}
