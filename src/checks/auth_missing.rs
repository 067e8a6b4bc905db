//! An operation wants authentication, and the contract has none.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "auth-missing",
    summary: "An operation in use requires authentication, and its system has no auth.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        let open = used.operation.security.is_empty() || used.operation.security.iter().any(Vec::is_empty);
        if used.system_use.auth.is_some() || open {
            continue;
        }
        let schemes: Vec<String> = used.operation.security.iter().flatten().map(|s| quoted(&s.scheme, 60)).collect();
        let message = format!(
            "{} requires authentication, {} has no auth",
            quoted(&used.operation.id, 80),
            used.system_name.value
        );
        let fix = format!("add auth: {{scheme: …, secret: env:NAME}} with one of {}", schemes.join(", "));
        out.push(subject.error(&CHECK, used.system_use.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}
