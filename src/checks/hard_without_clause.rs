//! A hard constraint that nothing in the contract honours.

use super::honour::{About, honoured};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::ConstraintKind;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "hard-without-clause",
    summary: "A hard constraint has no clause in the contract that honours it.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for c in subject.contract.constraints.iter().filter(|c| c.kind == ConstraintKind::Hard) {
        let found = honoured(subject.contract, &About::from(c));
        if !found.clauses.is_empty() {
            continue;
        }
        let message = format!("nothing in this contract honours {}: {}", c.id.value, quoted(&c.says, 160));
        let fix = match found.topics.first() {
            Some(&"rate") => {
                "give delivery.rate to the flows that write to this system, and every to those that read it".to_owned()
            }
            Some(&"natural-key") => "write by upsert with this field as match".to_owned(),
            Some(&"idempotency") => "give idempotency: {header: ...} to the write".to_owned(),
            Some(&"changes") => {
                "give incremental: {field: ..., param: ...} or feed: {token: ...} to the source".to_owned()
            }
            Some(&"deletes") => {
                "say at the source what becomes of deletions: deletes: ignore, tombstone or sweep".to_owned()
            }
            _ => "say which fields it is about, binds: {fields: [system.path]}, and map them as it demands".to_owned(),
        };
        out.push(subject.warning(&CHECK, c.id.at, message).fix(fix));
    }
}
