//! The sections of the procedure; people and programs look for them by name.

use crate::base::text::nearest;
use crate::base::yaml::Span;
use crate::finding::{Finding, Severity};
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
/// A skill that has so many of them follows the procedure.
const FOLLOWS: usize = 4;

const RULE: Rule = Rule {
    code: "section-missing",
    id: "PI010",
    severity: Severity::Error,
    finds: "A skill follows the standard operating procedure, and lacks one of its seven sections.",
    source: "the procedure, whose users look for its sections by name",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let main = skill.main();
    let titles: Vec<&str> = main.sections.iter().map(|s| s.title.trim_end_matches(':')).collect();
    let has = |want: &&&str| titles.iter().any(|t| t.get(..want.len()).is_some_and(|t| t.eq_ignore_ascii_case(want)));
    let present = SECTIONS.iter().filter(has).count();
    if present < FOLLOWS {
        return Vec::new();
    }
    let level =
        main.sections.iter().find(|s| SECTIONS.iter().any(|t| s.title.eq_ignore_ascii_case(t))).map_or(2, |s| s.level);
    let missing = SECTIONS.iter().filter(|want| !has(want));
    missing
        .map(|want| {
            let near = nearest(want, titles.iter().copied());
            let section = near.and_then(|n| main.sections.iter().find(|s| s.title.starts_with(n)));
            let at = section.map_or(Span { line: 1, column: 1 }, |s| s.at);
            let hint = near.map_or_else(String::new, |n| format!(" (\"{n}\" is near)"));
            let mut finding = RULE.in_document(main, at, format!("no section \"{want}\"{hint}"));
            if present + 1 < SECTIONS.len() {
                // Who left out more than one may follow another procedure, which is like it.
                finding.severity = Severity::Warning;
            }
            finding.fix(format!("add {} {want}", "#".repeat(level))).near(near)
        })
        .collect()
}
