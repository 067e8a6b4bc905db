//! Confidence never exceeds the ceiling of its type, and the ceiling is the table's (law 5).

use super::confidence_malformed::claims;
use crate::finding::{Change, Confidence, Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "confidence-over-ceiling",
    id: "PI040",
    severity: Severity::Error,
    finds: "A confidence line claims more than its type allows, or gives its type another ceiling.",
    source: "docs/confidence.md: the table of ceilings, bounds included",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &skill.documents {
        for claim in claims(document) {
            let kind = claim.kind;
            let because = if (claim.ceiling - kind.value()).abs() > 0.001 {
                format!("the ceiling of {} is {:.2}, not {:.2}", kind.as_str(), kind.value(), claim.ceiling)
            } else if claim.value > kind.value() + 0.001 {
                format!("{:.2} is more than the ceiling of {}, {:.2}", claim.value, kind.as_str(), kind.value())
            } else {
                continue;
            };
            let with = Confidence::capped(claim.value, kind).to_string();
            let finding = RULE.in_document(document, document.place(claim.range.start), because);
            let finding = finding.fix(format!("write {with}"));
            let change = Change::Replace { from: claim.range.start, to: claim.range.end, with };
            out.push(finding.edit(&document.path, change));
        }
    }
    out
}
