//! A write that is answered before it is done.
//!
//! RFC 9110 section 15.3.3: 202 is noncommittal; the request may be disallowed when it is processed. The connector counts a 2xx
//! answer as written, unless it is 202 and the record can be looked at: by the search of an upsert, or by the key of a put.

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "write-settles-later",
    summary: "A write is answered with 202 alone: taken, not done. What fails afterwards is counted as written, and nobody is told.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        if matches!(used.role, Role::List | Role::Find | Role::Delete) {
            continue;
        }
        let mut done = used.operation.responses.iter().filter(|r| r.status.starts_with('2'));
        let Some(taken) = done.next().filter(|r| r.status == "202" && done.next().is_none()) else { continue };
        if looked_at(&used) {
            continue;
        }
        let message = format!(
            "{} answers 202 and nothing else: the record is taken and may still fail, and the flow counts it as written, since nothing can look for it",
            quoted(&used.operation.id, 80)
        );
        let fix = "write by upsert, or by put where the description reads one record by its key: then the connector looks for what was taken; or use an operation that answers when the record is stored; else read the outcome of each job in a flow or check of its own, \
                   and take this one under accepted";
        out.push(subject.warning(&CHECK, used.name.at, message).fix(fix).because_of(&taken.pointer));
    }
}

/// The connector sees for itself whether the record is there, and makes a dead letter of it where it is not.
fn looked_at(used: &Used<'_>) -> bool {
    match &used.flow.target.write {
        Write::Upsert { .. } => true,
        Write::Put { .. } => used.system.back(None, Some(used.operation)).get.is_some(),
        Write::Bulk { .. } | Write::Create { .. } => false,
    }
}
