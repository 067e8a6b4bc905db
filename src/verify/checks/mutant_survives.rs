//! A gate that nothing turns red proves nothing: changes for the worse must be noticed.

use crate::finding::{Finding, Location, Severity};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "mutant-survives",
    id: "PI033",
    severity: Severity::Warning,
    finds: "A file that tests name was spoilt on purpose, in a copy, and the tests passed all the same.",
    source: "mutation testing; a passing test that cannot fail is no evidence",
};

const GATE: Rule = Rule {
    code: "mutant-survives-gate",
    id: "PI033",
    severity: Severity::Note,
    finds: "A document or a data file was made wrong on purpose, in memory, and no check noticed: the verifier is weak there.",
    source: "mutation testing; what no check sees must be read by a person",
};

pub(super) const CHECK: Check = Check { rules: &[RULE, GATE], profile: Profile::Full, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let survivors = subject.facts.runs.mutants.iter().filter(|m| m.killed_by.is_none());
    survivors
        .map(|m| {
            let at = Location::at(subject.project.show(&m.path), m.at);
            let message = format!("{}, and nothing noticed; {} ought to have", m.what, m.ought);
            // A check is not the author's to strengthen.
            if crate::verify::rule(&m.ought).is_some() {
                GATE.at(at, message).fix("read this file by hand; and tell us what was missed")
            } else {
                RULE.at(at, message).fix(format!("let {} depend on what this file says", m.ought))
            }
        })
        .collect()
}
