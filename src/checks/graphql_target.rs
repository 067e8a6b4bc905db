//! Records are to be written by GraphQL, which this release does not do.

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "graphql-target",
    summary: "The target is to be written by GraphQL; this release reads from GraphQL and does not write to it.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        if used.role == Role::List || used.operation.root_field.is_none() {
            continue;
        }
        let message = format!(
            "{} is a field of a GraphQL schema; this release reads from GraphQL and does not write to it",
            quoted(&used.operation.id, 80)
        );
        let fix = format!("write to {} by an HTTP API of it, described by OpenAPI", used.system_name.value);
        out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}
