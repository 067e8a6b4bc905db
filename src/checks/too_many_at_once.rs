//! More requests under way than the target serves at once.

use super::account::host;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Order;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "too-many-at-once",
    summary: "The target serves few requests at a time, as its description says, and the flow sends up to eight: the others are refused.",
    severity: Severity::Warning,
    run,
};

/// Records under way at once where their order allows it, as `delivery.order` has it.
const AT_ONCE: u64 = 8;

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values().filter(|f| f.delivery.order != Order::Total) {
        let to = flow.target.system.as_str();
        let Some((_, system)) = subject.system(to) else { continue };
        // A slow rate keeps requests apart by itself.
        let slow = flow.delivery.rate.as_ref().is_some_and(|r| r.requests * 1000 <= r.window_ms);
        let Some(fact) = system.facts_named("concurrency_limit").next().filter(|_| !slow) else { continue };
        let Some(most) = fact.value.get("requests").and_then(serde_json::Value::as_u64).filter(|n| *n < AT_ONCE) else {
            continue;
        };
        let at = if flow.delivery.at.line > 0 { flow.delivery.at } else { flow.at };
        let message = format!(
            "up to {AT_ONCE} records are under way at once, and {} serves {most}",
            quoted(host(subject.url(to).unwrap_or(to)).unwrap_or(to), 80)
        );
        let fix = "write order: total, one at a time; or a rate so low that requests do not meet";
        out.push(
            subject.warning(&CHECK, at, message).sure(0.7).fix(fix).because_of(fact.pointer().unwrap_or_default()),
        );
    }
}
