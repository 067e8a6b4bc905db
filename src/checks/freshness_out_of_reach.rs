//! A promise of freshness that the flow's own clauses break.

use std::cell::LazyCell;

use super::budget::{shown, worst_case_ms};
use super::places::Places;
use super::{Check, Subject};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "freshness-out-of-reach",
    summary: "slo.freshness is shorter than the time between two reads, or than the time until a record that cannot be delivered is given \
              up: the promise is broken before anybody is told.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let places = LazyCell::new(|| Places::of(subject.text));
    for flow in subject.contract.flows.values() {
        let Some(freshness) = flow.slo.and_then(|s| s.freshness_ms) else { continue };
        let place = |path: &str| places.value(&format!("flows.{}.{path}", flow.name)).unwrap_or(flow.at);
        // With events the reads only find what was never sent.
        let every = flow.source.every_ms.filter(|every| flow.source.webhook.is_none() && *every > freshness);
        if let Some(every) = every {
            let message =
                format!("changes are read every {}, and slo promises them within {}", shown(every), shown(freshness));
            let fix = "read more often, or promise less";
            out.push(subject.warning(&CHECK, place("source.every"), message).fix(fix));
            continue;
        }
        let worst = worst_case_ms(&flow.delivery);
        if worst > freshness {
            let message = format!(
                "a record that cannot be delivered is tried for up to {} before it is a dead letter, and slo promises it within {}: nobody is told in \
                 time",
                shown(worst),
                shown(freshness)
            );
            let at = place("slo.freshness");
            out.push(
                subject
                    .warning(&CHECK, at, message)
                    .fix("take fewer attempts, or a lower cap or timeout; or promise less"),
            );
        }
    }
}
