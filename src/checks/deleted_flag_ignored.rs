//! The source marks what is deleted, and nothing looks at the mark.

use super::honour::{About, topics};
use super::told::{binds, has_word};
use super::used::{Incoming, Role};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::{Deletes, Flow};
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "deleted-flag-ignored",
    summary: "A record of the source says that it is deleted or archived, and no rule reads it: it lives on in the target as if it were \
              not.",
    severity: Severity::Warning,
    run,
};

const GONE: [&str; 6] = ["deleted", "archived", "trashed", "removed", "tombstone", "deletion"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(mapping) = subject.mappings.get(&flow.name) else { continue };
        let read: Vec<Vec<String>> = mapping.reads().collect();
        let unread = |i: Incoming<'_>| {
            let (name, pointer) = i.system.schemas.deleted_flag(i.schema)?;
            let by_rule =
                mapping.reads_all() || read.iter().any(|path| path.first().is_some_and(|first| *first == name));
            (!by_rule && !asked(subject, flow)).then_some((name, pointer))
        };
        let Some((name, pointer)) = subject.incoming(flow).into_iter().find_map(unread) else { continue };
        if flow.source.deletes != Deletes::Ignore || said(subject, flow) {
            continue;
        }
        let left_out = flow.unmapped.iter().find(|u| u.value == name).map(|u| u.at);
        let at = flow.source.deletes_at.or(left_out).unwrap_or(flow.source.at);
        let (from, to) = (&flow.source.system.value, &flow.target.system.value);
        let name = quoted(&name, 60);
        let message =
            format!("{name} tells that a record of {from} is gone, and no rule reads it: it lives on in {to}");
        let fix = format!(
            "write deletes: {{by: tombstone, field: {name}}} and target.delete, or map {name} to a field of {to}; or say in a soft constraint that what is deleted in {from} need \
             not be deleted in {to}"
        );
        out.push(subject.warning(&CHECK, at, message).fix(fix).because_of(pointer));
    }
}

/// The list is asked for such records or for the others; or it leaves them out by itself, which a parameter to include them
/// tells.
fn asked(subject: &Subject<'_>, flow: &Flow) -> bool {
    let about = |name: &str| has_word(name, &GONE);
    let includes = |name: &str| about(name) && has_word(name, &["include", "with", "show", "including"]);
    let lists = subject.used_by(flow).into_iter().filter(|u| u.role == Role::List);
    let offered = lists.flat_map(|u| &u.operation.parameters).any(|p| includes(&p.name));
    offered || flow.source.params.iter().any(|(name, _)| about(name))
}

/// A constraint says what becomes of deleted records.
pub(super) fn said(subject: &Subject<'_>, flow: &Flow) -> bool {
    subject.contract.constraints.iter().any(|c| {
        let about = About::from(c);
        topics(&about).any(|t| t.code == "deletes")
            && binds(&about, flow, &flow.source.system, subject.contract.systems.keys())
    })
}
