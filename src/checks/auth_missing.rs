//! An operation wants authentication, and the contract has none.

use super::used::Used;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "auth-missing",
    summary: "An operation in use requires authentication, or answers 401 although its description requires none, and its system has no auth.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        if used.system_use.auth.is_some() {
            continue;
        }
        if used.operation.security.is_empty() {
            refusal(subject, &used, out);
            continue;
        }
        if used.operation.security.iter().any(Vec::is_empty) {
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

/// No requirement is stated, but the description has schemes and the operation an answer for whom it does not know: many
/// descriptions forget `security`.
fn refusal(subject: &Subject<'_>, used: &Used<'_>, out: &mut Vec<Finding>) {
    let answers = used.operation.responses.iter().any(|r| r.status == "401");
    let told = out.iter().any(|f| f.code == CHECK.code && f.location.at == used.system_use.at);
    let Some(scheme) = used.system.schemes.keys().next().filter(|_| answers && !told) else { return };
    let (id, system) = (quoted(&used.operation.id, 80), &used.system_name.value);
    let message = format!("{id} can answer 401, its description has security schemes, and {system} has no auth");
    let fix = format!("add auth: {{scheme: {}, …}} to {system}", quoted(scheme, 60));
    out.push(
        subject.warning(&CHECK, used.system_use.at, message).sure(0.7).fix(fix).because_of(&used.operation.pointer),
    );
}
