//! The flow relies on something that nobody has said.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::ConstraintKind;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "inferred-unconfirmed",
    // A warning: checking and drilling are safe, and the gate before Connect is what waits for the human.
    summary: "An inferred constraint has not been confirmed by a human.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for constraint in subject.contract.constraints.iter().filter(|c| c.kind == ConstraintKind::Inferred) {
        let id = &constraint.id;
        let message = format!("nobody has confirmed that {}", quoted(&constraint.says, 160));
        let finding = match subject.confirmed {
            Some(confirmed) if confirmed(id) => continue,
            Some(_) => {
                subject.warning(&CHECK, id.at, message).fix(format!("call confirm_constraints for {}", id.value))
            }
            None => subject
                .warning(&CHECK, id.at, message)
                .fix(format!("open a session and confirm {}, or give its origin and make it hard", id.value)),
        };
        out.push(finding);
    }
}
