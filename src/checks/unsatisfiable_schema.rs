//! A record, a body or an answer of an operation in use that its own description rules out.

use std::collections::BTreeSet;

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::model::{Direction, impossible};

pub(super) static CHECK: Check = Check {
    code: "unsatisfiable-schema",
    summary: "A description asks for something of a record, a body or an answer and rules it out at once: no value fits, so nothing can \
        be made, sent or checked by it.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    for flow in subject.contract.flows.values() {
        for used in subject.used_by(flow) {
            let op = used.operation;
            let body = if matches!(used.role, Role::List | Role::Find) { None } else { used.body() };
            let whole = op.body.as_ref().filter(|b| b.required).and_then(|b| b.schema);
            if op.root_field.is_some() {
                // Types of a graph may lead to each other without end: of a record only the fields asked for are read.
                continue;
            }
            let asked = [
                (op.record, Direction::Response, "gives no record"),
                (op.success().and_then(|r| r.schema), Direction::Response, "has no answer"),
                (body.or(whole), Direction::Request, "takes no body"),
            ];
            for (schema, direction, what) in asked {
                let Some(why) = schema.and_then(|id| impossible(&used.system.schemas, id, direction)) else { continue };
                if !told.insert((used.name.at, why.pointer.clone())) {
                    continue;
                }
                let message = format!("{} {what}: {why}", quoted(&op.id, 80));
                let fix = "mend the description, by an overlay where it is not yours: no request and no answer can be as it says";
                out.push(subject.error(&CHECK, used.name.at, message).fix(fix).because_of(&why.pointer));
            }
        }
        // What an event brings is named by no operation.
        if let Some(hook) = &flow.source.webhook {
            for record in subject.incoming(flow) {
                let Some(why) = impossible(&record.system.schemas, record.schema, Direction::Response) else {
                    continue;
                };
                if told.insert((hook.at, why.pointer.clone()))
                    && !flow.source.operation.iter().any(|op| told.contains(&(op.at, why.pointer.clone())))
                {
                    let message = format!("{} brings no record: {why}", quoted(record.from, 80));
                    let fix = "mend the description, by an overlay where it is not yours: no event can be as it says";
                    out.push(subject.error(&CHECK, hook.at, message).fix(fix).because_of(&why.pointer));
                }
            }
        }
    }
}
