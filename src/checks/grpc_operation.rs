//! An operation is a method of gRPC, which this release maps and does not call.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "grpc-operation",
    summary: "The operation can be called by gRPC alone; this release maps such methods and does not call them.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used().into_iter().filter(|used| used.operation.is_grpc()) {
        let message =
            format!("{} is a method of gRPC, which this release does not call", quoted(&used.operation.id, 80));
        let fix = format!(
            "take an operation of {} that has an HTTP path, or a gateway's description",
            used.system_name.value
        );
        out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}
