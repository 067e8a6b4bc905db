//! A hard constraint that no drill would see broken.

use super::honour::{About, honoured};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::ConstraintKind;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "hard-without-drill",
    summary: "A hard constraint has a clause that honours it, but no drill that would show a breach.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for c in subject.contract.constraints.iter().filter(|c| c.kind == ConstraintKind::Hard) {
        let found = honoured(subject.contract, &About::from(c));
        let (Some(clause), true) = (found.clauses.first(), found.drills.is_empty()) else { continue };
        let message = format!("no drill would show a breach of {}: {}", c.id.value, quoted(&c.says, 160));
        let fix = format!(
            "line {} is all that honours it; rehearse it by hand, or bind it to mapped fields, binds: {{fields: [system.path]}}, which the happy path compares",
            clause.at.line
        );
        out.push(subject.warning(&CHECK, c.id.at, message).fix(fix));
    }
}
