//! Nothing tells one event from another.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::EventId;
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};

pub(super) static CHECK: Check = Check {
    code: "event-id-unknown",
    summary: "The id by which an event that is sent twice is known again is not stated, or not part of the payload.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some((system, event, hook)) = subject.event(flow) else { continue };
        let scheme = hook.verify.as_ref().map(|v| v.scheme);
        let name = quoted(&event.name, 60);
        let stated = match &hook.id {
            // Which headers come along, descriptions seldom say.
            Some(EventId::Header(_)) => continue,
            Some(EventId::Field(path)) => Some((path.value.as_str(), path.at)),
            None if scheme.is_none_or(|s| s.id_header().is_some()) => continue,
            None => scheme.and_then(|s| s.id_field()).map(|path| (path, hook.at)),
        };
        let Some((path, at)) = stated else {
            let message = format!("{name} may come twice, and nothing says what tells one event from another");
            let fix = "add id: a field of the payload, or id: {header: NAME}";
            out.push(subject.error(&CHECK, hook.at, message).fix(fix).because_of(&event.pointer));
            continue;
        };
        let Some(payload) = event.payload else { continue };
        let found = Path::parse(path).map_err(|because| format!("write a path; this one {because}"));
        if let Err(fix) = found.and_then(|path| field(&system.schemas, payload, &path)) {
            let message = format!("the payload of {name} has no id at \"{}\"", quoted(path, 60));
            out.push(subject.error(&CHECK, at, message).fix(fix).because_of(&event.pointer));
        }
    }
}
