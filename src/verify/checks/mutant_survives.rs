//! A gate that nothing turns red proves nothing: changes for the worse must be noticed.

use crate::finding::{Finding, Location, Severity};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "mutant-survives",
    id: "PI033",
    severity: Severity::Warning,
    finds: "Something was made wrong on purpose, in memory, and no check and no test noticed.",
    source: "mutation testing; a passing test that cannot fail is no evidence",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Full, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let survivors = subject.facts.runs.mutants.iter().filter(|m| m.killed_by.is_none());
    survivors
        .map(|m| {
            RULE.at(
                Location::at(subject.project.show(&m.path), m.at),
                format!("{}, and nothing noticed; {} ought to have", m.what, m.ought),
            )
            .fix(format!("strengthen {}", m.ought))
        })
        .collect()
}
