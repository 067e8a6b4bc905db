//! Records are to come from an operation that gives none.

use super::used::{Role, items_said};
use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::model::{Action, Operation};

pub(super) static CHECK: Check = Check {
    code: "not-a-list-operation",
    summary: "source.operation or upsert.find is not an operation that answers with many records.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        if !matches!(used.role, Role::List | Role::Find) {
            continue;
        }
        if used.finds_by_key() {
            continue;
        }
        let said = used.role == Role::List && items_said(used.flow);
        if reads_many(used.operation) || (said && used.operation.safe()) {
            continue;
        }
        let message = format!("{} does not answer with a list of records", quoted(&used.operation.id, 80));
        let others = used.system.operations.iter().filter(|o| reads_many(o)).map(|o| o.id.as_str());
        let fix = among(&used.operation.id, others);
        out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}

fn reads_many(operation: &Operation) -> bool {
    matches!(operation.action, Action::List | Action::Search) && operation.items.is_some()
}
