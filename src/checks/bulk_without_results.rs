//! A bulk write whose answer does not speak for each record.

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "bulk-without-results",
    summary: "target.bulk names an operation that takes no list of records, or does not answer with one result for each: \
              a failure within a batch could not be told.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used().into_iter().filter(|u| u.role == Role::Bulk) {
        if used.operation.bulk(&used.system.schemas).is_some() {
            continue;
        }
        let id = quoted(&used.operation.id, 80);
        let message = format!("{id} does not take one list of records and answer with one list of results");
        let fix = "use an operation that does, or write record by record with upsert, put or create";
        out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}
