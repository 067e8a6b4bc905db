//! Records are to be written by an operation that writes none.
//!
//! RFC 9110 section 9.2.1: GET and HEAD are for reading, and whoever sends them again, prefetches or caches them is right to do
//! so. DELETE removes what an update was to change.

use super::used::Role;
use super::{Check, Subject, among};
use crate::base::text::{quoted, words};
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::model::{Action, Method, Operation};

pub(super) static CHECK: Check = Check {
    code: "not-a-write-operation",
    summary: "A key of target that writes names an operation that reads or deletes, that takes no body, or that has no place for the id of a record.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        if matches!(used.role, Role::List | Role::Find | Role::Delete)
            || used.operation.root_field.is_some()
            || used.operation.is_grpc()
        {
            continue;
        }
        let o = used.operation;
        // PUT of a record that carries its own key (RFC 9110 section 9.3.4 leaves the resource to the server).
        let by_body = matches!(&used.flow.target.write, Write::Put { key: Some(_), .. })
            && (o.method == Method::Put || o.action == Action::Upsert);
        let because = if o.method.safe() {
            format!("is {}, which only reads", o.method.as_str())
        } else if deletes(o) {
            "deletes".to_owned()
        } else if matches!(used.role, Role::Update | Role::Put) && o.path_params().is_empty() && !by_body {
            "has no place in its path for the id of the record".to_owned()
        } else if o.body.is_none() {
            "takes no body, so that nothing of a record would be written".to_owned()
        } else {
            continue;
        };
        let message = format!("{} {because}", quoted(&o.id, 80));
        let wanted: &[Action] = match used.role {
            Role::Create => &[Action::Create],
            Role::Update => &[Action::Update],
            _ => &[Action::Upsert, Action::Update],
        };
        let others = used
            .system
            .operations
            .iter()
            .filter(|o| wanted.contains(&o.action) && o.body.is_some())
            .map(|o| o.id.as_str());
        let fix = among(&o.id, others);
        let keyed = by_body || !matches!(used.role, Role::Update | Role::Put) || !o.path_params().is_empty();
        let taken = keyed && !o.method.safe() && o.body.is_none() && !deletes(o);
        // Some descriptions forget to state a body.
        let finding = if taken {
            subject.warning(&CHECK, used.name.at, message)
        } else {
            subject.error(&CHECK, used.name.at, message)
        };
        out.push(finding.fix(fix).because_of(&o.pointer));
    }
}

/// By its method, or by the first word of its id or summary: a request to remove something may be a thing of its own.
pub(super) fn deletes(o: &Operation) -> bool {
    const GONE: [&str; 8] = ["delete", "deletes", "remove", "removes", "destroy", "erase", "purge", "trash"];
    let first = |text: &str| words(text).first().is_some_and(|w| GONE.contains(&w.as_str()));
    o.method == Method::Delete || (o.action == Action::Delete && (first(&o.id) || first(&o.summary)))
}
