//! A search whose answer does not show what records are matched by.
//!
//! The connector compares each hit with the record's own natural key, exactly, because searches match parts, fold case or ignore
//! filters that they do not know. Where hits do not show it, nobody can tell which one is meant.

use super::told::Field;
use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::model::Additional;

pub(super) static CHECK: Check = Check {
    code: "match-not-shown",
    summary: "What upsert.find answers with does not have upsert.match, so no hit can be told from another, and records are dead-lettered.",
    severity: Severity::Error,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used() {
        let (Role::Find, Write::Upsert { matching, .. }) = (used.role, &used.flow.target.write) else { continue };
        let Some(record) = used.operation.record else { continue };
        let schemas = &used.system.schemas;
        let open = schemas.properties(record).is_empty() || matches!(schemas.get(record).additional, Additional::Of(_));
        if open {
            continue;
        }
        let field = Field::of(used.system, record, matching);
        let hidden = |f: &Field<'_>| f.kind.schema.is_some_and(|id| schemas.get(id).write_only);
        let because = match &field {
            None => "does not have",
            Some(f) if hidden(f) => "never shows, since it is write-only,",
            Some(_) => continue,
        };
        let (id, key) = (quoted(&used.operation.id, 80), quoted(matching, 60));
        let message = format!("a hit of {id} {because} {key}, by which it would be told from others");
        let fix =
            "match by a field that the search answers with, or search by an operation that answers with whole records";
        out.push(subject.error(&CHECK, matching.at, message).fix(fix).because_of(&schemas.get(record).pointer));
    }
}
