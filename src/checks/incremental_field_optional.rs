//! Records without the mark of change.

use super::told::Field;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::model::{SchemaId, Schemas};

pub(super) static CHECK: Check = Check {
    code: "incremental-field-optional",
    summary: "incremental.field may be null or missing: a record without it is in no answer to a question for changes.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(clause) = &used.flow.source.incremental else { continue };
        let Some(field) = used.operation.record.and_then(|r| Field::of(used.system, r, &clause.field)) else {
            continue;
        };
        // Many descriptions require nothing at all; one that requires some fields means that others may be missing.
        let careful = !used.system.schemas.get(field.record).required.is_empty();
        let nullable = field.kind.nullable;
        if !(nullable || field.kind.optional && careful) {
            continue;
        }
        let how = if nullable { "null" } else { "missing" };
        let name = quoted(&clause.field, 60);
        let message = format!(
            "{name} may be {how}, and a record without it is never read again once {} is sent",
            quoted(&clause.param, 60)
        );
        let fix = "use a field that every record has; or leave incremental out, so that every pass reads all";
        // Null is said on purpose, unless it is said of nearly all; that a field is not required is often said of all that
        // nobody looked at.
        let finding = if nullable && !all_nullable(&used.system.schemas, field.record) {
            subject.warning(&CHECK, clause.field.at, message)
        } else {
            Finding::note(CHECK.code, subject.location(clause.field.at), message)
        };
        out.push(finding.fix(fix).because_of(field.pointer()));
    }
}

/// Most of the fields may be null: a description that says so of everything says nothing of one.
fn all_nullable(schemas: &Schemas, record: SchemaId) -> bool {
    let fields = schemas.properties(record);
    let nullable = fields.values().filter(|id| schemas.get(*id).nullable()).count();
    fields.len() >= 4 && nullable * 10 >= fields.len() * 8
}
