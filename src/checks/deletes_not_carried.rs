//! Deletions are to be carried over, and cannot be; or an operation deletes that nobody asks to.
//!
//! A sweep compares with a whole list (RFC 9110 has no other way to learn of what is not there), and a tombstone needs a mark.

use super::used::Role;
use super::{Check, Subject, among};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::contract::{Deletes, Flow};
use crate::finding::{Finding, Severity};
use crate::model::Action;

use super::not_a_write_operation::deletes;

pub(super) static CHECK: Check = Check {
    code: "deletes-not-carried",
    summary: "source.deletes asks for deletions that cannot be known or done with what the contract says, or target.delete is never used.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let at = flow.source.deletes_at.unwrap_or(flow.source.at);
        let mut say = |at: Span, message: String, fix: String| out.push(subject.error(&CHECK, at, message).fix(fix));
        if let (Deletes::Ignore, Some(delete)) = (&flow.source.deletes, &flow.target.delete) {
            let message = format!("{} is never called: source.deletes is ignore", quoted(&delete.operation, 80));
            say(delete.at, message, "write source.deletes: tombstone or sweep, or take target.delete out".to_owned());
        }
        if flow.source.deletes == Deletes::Ignore {
            continue;
        }
        operation(subject, flow, at, &mut say);
        match &flow.source.deletes {
            Deletes::Sweep { .. } if flow.source.operation.is_none() => {
                let message = "a sweep compares with a whole list, and only a webhook brings records".to_owned();
                say(at, message, "add operation and every to the source, or write deletes: tombstone".to_owned());
            }
            Deletes::Sweep { .. } if flow.source.incremental.is_some() => {
                let message =
                    "a sweep compares with a whole list, and source.incremental reads what changed alone".to_owned();
                say(at, message, "take incremental out, or write deletes: tombstone".to_owned());
            }
            Deletes::Sweep { .. } if flow.source.feed.is_some() => {
                let message = "a sweep compares with a whole list, and source.feed reads what changed alone".to_owned();
                say(at, message, "write deletes: tombstone, or take feed out".to_owned());
            }
            Deletes::Tombstone { field, .. } => {
                mark(subject, flow, field.as_ref().map(|f| f.value.as_str()), at, &mut say)
            }
            Deletes::Sweep { .. } | Deletes::Ignore => {}
        }
    }
}

fn operation(subject: &Subject<'_>, flow: &Flow, at: Span, say: &mut dyn FnMut(Span, String, String)) {
    let to = &flow.target.system.value;
    let Some(clause) = &flow.target.delete else {
        let others = subject.system(to).map(|(_, s)| s.operations.iter().filter(|o| o.action == Action::Delete));
        let names: Vec<&str> = others.into_iter().flatten().map(|o| o.id.as_str()).take(5).collect();
        let fix = if names.is_empty() {
            format!(
                "{to} has no operation that deletes: write delete: {{operation: …, set: {{archived: true}}}} to the target, or deletes: ignore"
            )
        } else {
            format!("write delete: to the target, with one of {}", quoted(&names.join(", "), 200))
        };
        say(at, format!("nothing deletes in {to}: the target of {} has no delete", flow.name), fix);
        return;
    };
    let Some(used) = subject.used_by(flow).into_iter().find(|u| u.role == Role::Delete) else { return };
    let o = used.operation;
    let because = if o.path_params().is_empty() {
        "has no place in its path for the key of the record"
    } else if clause.set.is_empty() && !deletes(o) {
        "does not delete, and sets nothing"
    } else if !clause.set.is_empty() && (o.body.is_none() || o.method.safe()) {
        "takes no body, and fields are to be set"
    } else {
        return;
    };
    let fitting = used.system.operations.iter().filter(|o| !o.path_params().is_empty());
    let wanted = if clause.set.is_empty() { Action::Delete } else { Action::Update };
    let fix = among(&o.id, fitting.filter(|o| o.action == wanted).map(|o| o.id.as_str()));
    say(clause.operation.at, format!("{} {because}", quoted(&o.id, 80)), fix);
}

fn mark(subject: &Subject<'_>, flow: &Flow, field: Option<&str>, at: Span, say: &mut dyn FnMut(Span, String, String)) {
    let incoming = subject.incoming(flow);
    let from = &flow.source.system.value;
    // Where nothing is known of the records, a field that is named may be there.
    let missing = match field {
        None => !incoming.iter().any(|i| i.system.schemas.deleted_flag(i.schema).is_some()),
        Some(field) => {
            let first = field.split(['.', '[']).next().unwrap_or_default();
            let lacks = |i: &super::used::Incoming<'_>| {
                let mut names = i.system.schemas.properties(i.schema).into_iter().map(|(name, _)| name).peekable();
                names.peek().is_some() && names.all(|name| name != first)
            };
            !incoming.is_empty() && incoming.iter().all(lacks)
        }
    };
    if !missing {
        return;
    }
    match field {
        Some(field) => say(
            at,
            format!("a record of {from} has no {}, which is to mark what is deleted", quoted(field, 60)),
            format!("name the field that the description has for it{}", or_sweep(flow)),
        ),
        None => say(
            at,
            format!("no field of a record of {from} looks like a mark of what is deleted"),
            format!("write deletes: {{by: tombstone, field: …}}, with is: VALUE where it is no flag{}", or_sweep(flow)),
        ),
    }
}

/// The other way, where it is one: what is read in changes alone is no whole list.
fn or_sweep(flow: &Flow) -> &'static str {
    let changes = flow.source.feed.is_some() || flow.source.incremental.is_some();
    if changes { "" } else { ", or write deletes: sweep" }
}
