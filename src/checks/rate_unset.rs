//! The target states a limit, and the flow has no rate.

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "rate-unset",
    summary: "The target states a rate limit, and the flow sets no rate, so it learns the limit from 429 answers.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values().filter(|f| f.delivery.rate.is_none()) {
        let used = subject.used_by(flow);
        let limits =
            used.iter().filter(|u| u.role != Role::List).filter_map(|u| Some((u, u.operation.rate_limit.as_ref()?)));
        let Some((used, limit)) = limits.min_by(|a, b| a.1.per_second().total_cmp(&b.1.per_second())) else { continue };
        let seconds = limit.window_ms as f64 / 1000.0;
        let id = quoted(&used.operation.id, 80);
        let message = format!("{id} allows {} requests in {seconds} s, and the flow has no rate", limit.requests);
        let at = if flow.delivery.at.line > 0 { flow.delivery.at } else { flow.at };
        let finding = subject.warning(&CHECK, at, message).because_of(&used.operation.pointer);
        out.push(finding.fix("add rate to delivery, below that limit"));
    }
}
