//! A record is to be sent where a list of changes is expected.
//!
//! RFC 6902: `application/json-patch+json` is an array of operations (`op`, `path`, `value`). The connector sends records; RFC
//! 7396, `application/merge-patch+json`, takes them.

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "patch-document-expected",
    summary: "A write takes JSON Patch alone, a list of operations, and the connector sends records: each is refused.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        if matches!(used.role, Role::List | Role::Find | Role::Delete) {
            continue;
        }
        let Some(body) = &used.operation.body else { continue };
        let patch = body
            .content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("application/json-patch+json");
        if !patch {
            continue;
        }
        let message = format!("{} takes a list of changes (JSON Patch), not a record", quoted(&used.operation.id, 80));
        let fix = "update by an operation that takes the record, or a merge patch of it (application/merge-patch+json); or write this connector in \
                   code";
        out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&body.pointer));
    }
}
