//! The sections of the procedure; people and programs look for them by name.

use crate::base::text::nearest;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

/// In the order of the procedure.
const SECTIONS: [&str; 7] = [
    "Purpose",
    "Trigger Conditions",
    "Guardrails",
    "Required Artifacts",
    "Execution Phases",
    "Output Format",
    "Validation Checklist",
];

const RULE: Rule = Rule {
    code: "section-missing",
    id: "PI010",
    severity: Severity::Error,
    finds: "A section of the procedure is missing from SKILL.md.",
    source: "the procedure for platform integration, whose users look for its sections by name",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let main = skill.main();
    let titles: Vec<&str> = main.sections.iter().map(|s| s.title.as_str()).collect();
    let missing = SECTIONS.iter().filter(|want| !titles.iter().any(|t| t.eq_ignore_ascii_case(want)));
    missing
        .map(|want| {
            let near = nearest(want, titles.iter().copied()).and_then(|n| main.sections.iter().find(|s| s.title == n));
            let at = near.map_or(Span { line: 1, column: 1 }, |s| s.at);
            let hint = near.map_or_else(String::new, |s| format!(" (\"{}\" is near)", s.title));
            Finding::error(RULE.code, Location::at(&main.file, at), format!("no section \"{want}\"{hint}"))
                .fix(format!("add ## {want}"))
        })
        .collect()
}
