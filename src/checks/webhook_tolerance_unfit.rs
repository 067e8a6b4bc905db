//! A tolerance for the time of signing that keeps out what is honest, or lets in what is old.
//!
//! Five minutes is what Stripe's libraries take, and what Standard Webhooks 1.0 gives as the common choice: clocks differ by
//! seconds, and a delivery takes some; hours let a captured delivery be sent again for as long.

use super::budget::shown;
use super::{Check, Subject};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "webhook-tolerance-unfit",
    summary: "verify.tolerance is shorter than clocks and networks allow, or so long that a captured delivery can be sent again.",
    severity: Severity::Error,
    run,
};

/// Below this, clocks that are kept by NTP and a slow delivery are refused.
const LEAST_MS: u64 = 30_000;
/// Above this, a replay is no longer kept out by time.
const MOST_MS: u64 = 30 * 60_000;

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for verify in subject.contract.flows.values().filter_map(|f| f.source.webhook.as_ref()?.verify.as_ref()) {
        let Some(tolerance) = verify.tolerance_ms.filter(|_| verify.has_time()) else { continue };
        let finding = if tolerance < 1000 {
            let message = format!(
                "a tolerance of {} refuses nearly every delivery: times of signing are whole seconds",
                shown(tolerance)
            );
            subject.error(&CHECK, verify.at, message)
        } else if tolerance < LEAST_MS {
            let message = format!(
                "a tolerance of {} refuses deliveries that were slow, or whose sender's clock is a little off",
                shown(tolerance)
            );
            subject.warning(&CHECK, verify.at, message)
        } else if tolerance > MOST_MS {
            let message =
                format!("with a tolerance of {}, a captured delivery can be sent again for as long", shown(tolerance));
            subject.warning(&CHECK, verify.at, message)
        } else {
            continue;
        };
        out.push(finding.fix("write tolerance: 5m"));
    }
}
