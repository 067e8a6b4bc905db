//! More requests than the target allows.

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Rate;
use crate::finding::{Finding, Severity};
use crate::model::{Basis, RateLimit};

pub(super) static CHECK: Check = Check {
    code: "rate-above-limit",
    summary: "The rate of a flow, or of all flows to one system together, is above the limit that the system states.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for name in subject.contract.systems.keys() {
        let mut sum = 0.0;
        let mut flows = 0;
        for flow in subject.contract.flows.values().filter(|f| &f.target.system.value == name) {
            let Some(rate) = &flow.delivery.rate else { continue };
            // Reading from the system that is written to counts against the same limit.
            let used = subject.used_by(flow);
            let Some((operation, limit)) = tightest(&used, name) else { continue };
            sum += per_second(rate.value);
            flows += 1;
            let alone = per_second(rate.value) > limit.per_second() * SLACK;
            if !alone && sum <= limit.per_second() * SLACK {
                continue;
            }
            let stated = format!("{} allows {} in {}", quoted(operation, 80), limit.requests, time(limit.window_ms));
            let message = if alone {
                format!("{} requests in {} are above the limit: {stated}", rate.requests, time(rate.window_ms))
            } else {
                format!("{flows} flows to {name} together are above the limit: {stated}")
            };
            let fix = format!("stay below {}/{}, over all flows to {name}", limit.requests, time(limit.window_ms));
            let finding = match &limit.basis {
                Basis::Stated { pointer } => subject.error(&CHECK, rate.at, message).because_of(pointer.clone()),
                Basis::Inferred { .. } => subject.warning(&CHECK, rate.at, message),
            };
            out.push(finding.fix(fix));
        }
    }
}

/// Rates are compared as fractions; this much is their rounding.
const SLACK: f64 = 1.000_001;

fn tightest<'a>(used: &[Used<'a>], system: &str) -> Option<(&'a str, &'a RateLimit)> {
    used.iter()
        .filter(|u| u.system_name.value == system && (u.role != Role::List || u.flow.target.system.value == system))
        .filter_map(|u| Some((u.operation.id.as_str(), u.operation.rate_limit.as_ref()?)))
        .min_by(|a, b| a.1.per_second().total_cmp(&b.1.per_second()))
}

fn per_second(rate: Rate) -> f64 {
    rate.requests as f64 * 1000.0 / rate.window_ms.max(1) as f64
}

/// `10s`, `500ms`, `1m`.
fn time(ms: u64) -> String {
    match ms {
        ms if ms > 0 && ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        ms if ms.is_multiple_of(1000) => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}
