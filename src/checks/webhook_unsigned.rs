//! Events that anybody could have sent.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "webhook-unsigned",
    summary: "A webhook has no verify, so whoever knows its address could write into the target.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(hook) = flow.source.webhook.as_ref().filter(|h| h.verify.is_none()) else { continue };
        let message = format!("events at {} are taken from anybody: nothing verifies them", quoted(&hook.path, 60));
        let fix = "add verify: {scheme: standard-webhooks, secret: env:NAME, tolerance: 5m}, or the scheme that the sender signs with";
        out.push(subject.error(&CHECK, hook.at, message).fix(fix));
    }
}
