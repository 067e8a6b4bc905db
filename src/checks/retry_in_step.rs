//! Many records that are sent again at one moment.

use super::{Check, Subject};
use crate::contract::Order;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "retry-in-step",
    summary: "retry.jitter is none, and several records are on their way at once: all that failed together are sent again together.",
    severity: Severity::Note,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let retry = &flow.delivery.retry;
        // One at a time has nobody to be in step with.
        if retry.full_jitter || retry.attempts <= 2 || flow.delivery.order == Order::Total {
            continue;
        }
        let message = "retries wait exactly as long as each other, so what failed together is sent again together";
        let location = subject.location(retry.at);
        let finding = Finding::note(CHECK.code, location, message).fix("remove jitter: none; full is the default");
        out.push(finding.word("jitter: none", "jitter: full"));
    }
}
