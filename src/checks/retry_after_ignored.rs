//! The target says how long to wait, and the flow does not listen.

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "retry-after-ignored",
    summary: "retry.honor_retry_after is false, and an operation in use answers 429 or with Retry-After: attempts are spent while it refuses, \
              and keys get blocked.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let retry = &flow.delivery.retry;
        if retry.honor_retry_after || retry.attempts <= 1 {
            continue;
        }
        let used = subject.used_by(flow);
        let asks = used.iter().filter(|u| u.role != Role::List).find_map(|u| {
            let waits = u
                .operation
                .responses
                .iter()
                .find(|r| r.status == "429" || r.headers.iter().any(|h| h.eq_ignore_ascii_case("retry-after")))?;
            Some((u, waits))
        });
        let Some((used, answer)) = asks else { continue };
        let id = quoted(&used.operation.id, 80);
        let message = format!(
            "{id} answers {} and says how long to wait, and the flow does not honour it",
            quoted(&answer.status, 10)
        );
        let fix = "remove honor_retry_after: false";
        let finding = subject.warning(&CHECK, retry.at, message).fix(fix).because_of(&answer.pointer);
        out.push(finding.word("honor_retry_after: false", "honor_retry_after: true"));
    }
}
