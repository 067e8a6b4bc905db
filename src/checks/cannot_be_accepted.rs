//! An entry of `accepted` for what nobody can accept.

use super::accepted::never;
use super::{Check, Subject};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "cannot-be-accepted",
    summary: "accepted names what breaks a law of every integration, or what a person settles elsewhere: the finding stays as it is.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for entry in subject.contract.accepted.iter().filter(|a| never(&a.code)) {
        let message = format!("{} is not for anybody to accept", entry.code.value);
        let fix = "take the entry out, and do what the finding's fix says";
        out.push(subject.error(&CHECK, entry.code.at, message).fix(fix));
    }
}
