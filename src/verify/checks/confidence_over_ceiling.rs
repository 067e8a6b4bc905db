//! Confidence never exceeds the ceiling of its type, and the ceiling is the table's (law 5).

use super::confidence_malformed::claim;
use crate::finding::{Ceiling, Confidence, Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "confidence-over-ceiling",
    id: "PI040",
    severity: Severity::Error,
    finds: "A confidence line claims more than its type allows.",
    source: "the procedure's table of ceilings, bounds included",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &skill.documents {
        for line in &document.confidence {
            let Some(claim) = claim(&line.text) else { continue };
            let Some(kind) = Ceiling::parse(claim.kind) else { continue };
            let because = if (claim.ceiling - kind.value()).abs() > 0.001 {
                format!("the ceiling of {} is {:.2}, not {:.2}", kind.as_str(), kind.value(), claim.ceiling)
            } else if claim.value > kind.value() + 0.001 {
                format!("{:.2} is more than the ceiling of {}, {:.2}", claim.value, kind.as_str(), kind.value())
            } else {
                continue;
            };
            let fix = format!("write {}", Confidence::capped(claim.value, kind));
            out.push(Finding::error(RULE.code, Location::at(&document.file, line.at), because).fix(fix));
        }
    }
    out
}
