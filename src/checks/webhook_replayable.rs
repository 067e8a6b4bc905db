//! A captured delivery could be sent again for ever.

use super::{Check, Subject};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "webhook-replayable",
    summary: "The signature of a webhook holds a time, and no tolerance bounds it, so old deliveries are taken.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for verify in subject.contract.flows.values().filter_map(|f| f.source.webhook.as_ref()?.verify.as_ref()) {
        if verify.has_time() && verify.tolerance_ms.is_none() {
            let message =
                format!("{} signs the time, and any time is taken: there is no tolerance", verify.scheme.as_str());
            out.push(subject.error(&CHECK, verify.at, message).fix("add tolerance: 5m"));
        }
    }
}
