//! The record does not lie where the contract looks for it.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};
use crate::model::TypeSet;

pub(super) static CHECK: Check = Check {
    code: "event-record-unknown",
    summary: "webhook.record names a part that the payload of the event does not have, or that is no object.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some((system, event, hook)) = subject.event(flow) else { continue };
        let (Some(record), Some(payload)) = (&hook.record, event.payload) else { continue };
        let (name, shown) = (quoted(&event.name, 60), quoted(record, 60));
        let found = Path::parse(record).map_err(|because| format!("write a path; this one {because}"));
        let (message, fix) = match found.and_then(|path| field(&system.schemas, payload, &path)) {
            Ok(kind) if kind.types.has(TypeSet::OBJECT) || kind.types.is_any() => continue,
            Ok(kind) => (
                format!("{shown} in the payload of {name} is {}, which is no record", kind.types),
                "choose the object that holds the fields of the record".to_owned(),
            ),
            Err(fix) => (format!("the payload of {name} has no part \"{shown}\""), fix),
        };
        out.push(subject.error(&CHECK, record.at, message).fix(fix).because_of(&event.pointer));
    }
}
