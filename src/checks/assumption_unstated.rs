//! The flow relies on something that no constraint says. It waits for a person all the same; stated, it has a place.

use super::assumptions::{Assumption, assumptions};
use super::prose::{Told, of_operation, of_system};
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
        let unstated = match (evidence(subject, &a), a.inferred_fact) {
            (Some(said), _) => format!("its description says \"{}\", and no constraint does", quoted(&said, 120)),
            (None, true) => "no description states it, and no constraint does".to_owned(),
            (None, false) => "no constraint says so".to_owned(),
        };
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

/// What the description says in words of the thing that a rule inferred: of the operations that the flows use, then of all.
fn evidence(subject: &Subject<'_>, a: &Assumption) -> Option<String> {
    let (_, system) = subject.system(&a.system).filter(|_| a.inferred_fact)?;
    let phrases = super::topics::TOPICS.iter().find(|t| t.code == a.topic)?.says;
    let used = subject.used().into_iter().filter(|u| u.system_name.value == a.system && a.flows.contains(&u.flow.name));
    let own = used.flat_map(|u| of_operation(u.system, u.operation));
    // A word or two ("One page.") say nothing.
    let sentence = |t: &Told<'_>| t.text.split_whitespace().count() >= 5 && t.says(phrases);
    own.chain(of_system(system)).find(sentence).map(|t| t.text.to_owned())
}
