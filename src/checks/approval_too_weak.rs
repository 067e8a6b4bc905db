//! A live run or a risk that could be decided where nobody may have been.

use super::{Check, Subject};
use crate::contract::Bar;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "approval-too-weak",
    summary: "approvals lets a channel decide on a live run or a risk that cannot tell a person from a program.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for (key, bar) in subject.contract.approvals.written() {
        if key == "inferred_constraints" || bar.value >= Bar::Terminal {
            continue;
        }
        let message = format!(
            "approvals.{key} is {}: a client can answer a form by itself, so a form decides nothing that is live",
            bar.as_str()
        );
        out.push(subject.error(&CHECK, bar.at, message).fix("write terminal or signature"));
    }
}
