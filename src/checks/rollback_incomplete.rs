//! What a rollback of the flow would leave behind.
//!
//! A rollback works by the journal of a run and by operations that no flow names: reading one record by its key, and deleting it.
//! What they are lacking is known before the first run, and is told in the words of the rollback's dry run.

use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::model::Operation;
use crate::model::back::{NO_BEFORE, NO_DELETE, NO_GET};

pub(super) static CHECK: Check = Check {
    code: "rollback-incomplete",
    summary: "A rollback could not take back all that the flow writes: nothing deletes or reads a record by its key, or nobody knows \
              what was there before.",
    severity: Severity::Note,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let used = subject.used_by(flow);
        let of = |role: Role| used.iter().find(|u| u.role == role);
        let (many, one) = match &flow.target.write {
            Write::Upsert { .. } => (of(Role::Create), of(Role::Update)),
            Write::Put { .. } => (None, of(Role::Put)),
            Write::Bulk { .. } => (of(Role::Bulk), None),
            Write::Create { .. } => (of(Role::Create), None),
        };
        // What could not be read is not judged.
        let whole = flow.target.write.operations().len() == used.iter().filter(|u| writes(u)).count();
        let Some(first) = many.or(one).filter(|_| whole) else { continue };
        let back = first.system.back(many.map(|u| u.operation), one.map(|u| u.operation));
        let (get, delete) = (reached(first, back.get), reached(first, back.delete));
        let id = quoted(&first.operation.id, 80);
        let stays = match &flow.target.write {
            Write::Upsert { .. } => (!delete).then(|| format!("what {id} makes stays: {NO_DELETE}")),
            Write::Create { .. } if !get => Some(format!("what {id} makes stays: not-readable: {NO_GET}")),
            Write::Create { .. } => (!delete).then(|| format!("what {id} makes stays: {NO_DELETE}")),
            Write::Put { .. } | Write::Bulk { .. } if !get => {
                Some(format!("what {id} writes stays: not-readable: {NO_GET}"))
            }
            Write::Put { .. } => Some(put(first.operation, &id, delete)),
            Write::Bulk { .. } => Some(format!("what {id} replaces stays: {NO_BEFORE}")),
        };
        let Some(stays) = stays else { continue };
        let message = format!("a rollback of {} is not complete: {stays}", quoted(&flow.name, 60));
        let fix = "agree who takes these records back by hand before the first live run; or, where the target has what is missing, \
                   describe it in an overlay (systems.NAME.overlays)";
        out.push(
            Finding::note(CHECK.code, subject.location(first.name.at), message)
                .fix(fix)
                .because_of(&first.operation.pointer),
        );
    }
}

const fn writes(used: &Used<'_>) -> bool {
    !matches!(used.role, Role::List | Role::Delete)
}

/// 201 and only 201 says that there was none before (RFC 9110 section 9.3.4).
fn put(operation: &Operation, id: &str, delete: bool) -> String {
    match (operation.responses.iter().any(|r| r.status == "201"), delete) {
        (false, _) => {
            format!("all that {id} writes stays, since it does not answer 201 for what it makes: {NO_BEFORE}")
        }
        (true, false) => format!("all that {id} writes stays: {NO_DELETE}; {NO_BEFORE}"),
        (true, true) => format!("what {id} replaces stays: {NO_BEFORE}"),
    }
}

/// The connector can call it: each placeholder of its path but the last, which takes the key, has a fixed value.
fn reached(used: &Used<'_>, operation: Option<&Operation>) -> bool {
    let Some(operation) = operation else { return false };
    let fixed = &used.flow.target.params;
    let mut placeholders = operation.path_params();
    placeholders.pop().is_some() && placeholders.iter().all(|p| fixed.iter().any(|(name, _)| name.value == *p))
}
