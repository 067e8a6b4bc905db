//! The time of creation as the mark of what changed: a change does not move it.

use super::told::{BIRTH, CHANGE, SETTLED, has_word, leaf, says};
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::{ConstraintKind, Write};
use crate::finding::{Finding, Severity};
use crate::model::Action;

pub(super) static CHECK: Check = Check {
    code: "incremental-by-creation",
    summary: "incremental.field tells when a record was created, and records change: after it was read once, no change is seen.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(clause) = &used.flow.source.incremental else { continue };
        let name = leaf(&clause.field);
        // What is only created in the target has one form there.
        let once = matches!(used.flow.target.write, Write::Create { .. });
        if once || !has_word(name, &BIRTH) || has_word(name, &CHANGE) {
            continue;
        }
        let Some(because) = changes(&used) else { continue };
        if settled(subject, &used) {
            continue;
        }
        let message = format!("{} does not move when a record changes, and {because}", quoted(&clause.field, 60));
        let fix = "use the field and the parameter for the time of the last change; or leave incremental out, so that every pass reads \
                   all; or, where records never change, say so in an inferred constraint";
        out.push(subject.warning(&CHECK, clause.field.at, message).fix(fix).because_of(&used.operation.pointer));
    }
}

/// What tells that records change.
fn changes(used: &Used<'_>) -> Option<String> {
    let schemas = &used.system.schemas;
    let record = used.operation.record?;
    let moved = schemas.properties(record).into_iter().map(|(name, _)| name).find(|name| {
        has_word(name, &CHANGE)
            && has_word(name, &["at", "on", "date", "time", "timestamp", "updated", "modified", "lastmodified"])
    });
    if let Some(name) = moved {
        return Some(format!("the record has {}", quoted(name, 60)));
    }
    let entity = used.operation.entity.as_ref()?;
    let writes = |o: &&crate::model::Operation| {
        matches!(o.action, Action::Update | Action::Upsert) && o.entity.as_ref() == Some(entity)
    };
    used.system.operations.iter().find(writes).map(|o| format!("{} changes it", quoted(&o.id, 80)))
}

fn settled(subject: &Subject<'_>, used: &Used<'_>) -> bool {
    let record = used.operation.record.map_or("", |r| used.system.schemas.get(r).description.as_str());
    let by_constraint = subject.contract.constraints.iter().any(|c| {
        // That ids never change says nothing about records.
        let about_ids = says(&c.says, &["id never", "ids never", "'s id ", "the id of"]);
        !about_ids && c.kind != ConstraintKind::Soft && says(&c.says, &SETTLED)
    });
    says(record, &SETTLED) || says(&used.operation.summary, &SETTLED) || by_constraint
}
