//! A write that is sent again and counts twice (law 2).

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "retried-write-without-idempotency",
    summary: "A write is retried and nothing keeps a second one from counting twice: a target that commits and then \
              answers 503 gets duplicates.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        // PUT is idempotent at the address of a record (RFC 9110, section 9.3.4); at that of a collection it may add one each time.
        let collection = used.role == Role::Create && used.operation.path_params().is_empty();
        if used.flow.delivery.retry.attempts <= 1 || (used.operation.method.idempotent() && !collection) {
            continue;
        }
        let (id, attempts) = (quoted(&used.operation.id, 80), used.flow.delivery.retry.attempts);
        let (message, fix) = match (used.role, &used.flow.target.write) {
            (Role::Create, Write::Create { idempotency: None, duplicates_accepted_by: None, .. }) => {
                (format!("{id} is tried up to {attempts} times, and a second success is a second record"), fix(&used))
            }
            (Role::Bulk, _) => {
                // What takes no list at all is reported as that.
                if used.operation.bulk(&used.system.schemas).is_none_or(|b| b.upserts) {
                    continue;
                }
                (
                    format!(
                        "{id} is tried up to {attempts} times, and its description does not say that a record that is \
                         there is updated: a batch sent again is written again"
                    ),
                    "use an operation whose summary says that it creates or updates; or retry: {attempts: 1}"
                        .to_owned(),
                )
            }
            (Role::Put, _) => {
                let method = used.operation.method.as_str();
                (
                    format!("{id} is {method}, which is not idempotent, and is tried up to {attempts} times"),
                    "use an operation with PUT, or upsert".to_owned(),
                )
            }
            _ => continue,
        };
        out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}

fn fix(used: &Used<'_>) -> String {
    match &used.operation.idempotency {
        Some(known) => format!("add idempotency: {{header: {}}}, which the target honours", quoted(&known.header, 60)),
        None => "use upsert with a natural key; or add idempotency: {header: …} where the target honours one; or \
                 accept_duplicates: {by: name, because: …}; or retry: {attempts: 1}"
            .to_owned(),
    }
}
