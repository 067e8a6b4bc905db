//! An integration that is built on what is going away.
//!
//! OpenAPI: `deprecated` says that consumers should refrain from using the operation; RFC 8594 (Sunset) and RFC 9745
//! (Deprecation) say when it ends.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "deprecated-operation",
    summary: "A flow uses an operation that its description marks as deprecated.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used().into_iter().filter(|u| u.operation.deprecated) {
        let o = used.operation;
        let message =
            format!("{} is marked as deprecated: {} may take it away", quoted(&o.id, 80), used.system_name.value);
        let heir = used.system.operations.iter().find(|other| {
            !other.deprecated && other.action == o.action && other.entity.is_some() && other.entity == o.entity
        });
        let fix = heir.map_or_else(
            || format!("use what stands in for it; ask {} when it ends", used.system_name.value),
            |heir| format!("use {}, which does the same and is not deprecated", quoted(&heir.id, 80)),
        );
        out.push(subject.warning(&CHECK, used.name.at, message).fix(fix).because_of(&o.pointer));
    }
}
