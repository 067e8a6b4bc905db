//! The description is all that a client reads to decide whether to use the skill.

use crate::base::text::thousands;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

/// Longest description of the standard, in characters.
const MAX: usize = 1024;

const RULE: Rule = Rule {
    code: "description-unfit",
    id: "PI003",
    severity: Severity::Error,
    finds: "The description is missing, too long, or holds angle brackets.",
    source: "Agent Skills specification, \"description\": 1 to 1,024 characters; Codex refuses angle brackets",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let Ok(front) = &skill.front else { return Vec::new() };
    let at = Location::at(&skill.main().file, front.at("description"));
    let wrong = |because: String, fix: &str| vec![Finding::error(RULE.code, at.clone(), because).fix(fix)];
    let text = front.text("description").map(str::trim).unwrap_or_default();
    let length = text.chars().count();
    if length == 0 {
        return wrong(
            "description is missing, empty or not text".to_owned(),
            "say what the skill does and when to use it",
        );
    }
    if length > MAX {
        let because =
            format!("description has {} characters, more than {}", thousands(length as u64), thousands(MAX as u64));
        return wrong(because, "shorten it; details belong into the body");
    }
    if text.contains(['<', '>']) {
        return wrong(
            "description holds angle brackets, which clients take for markup".to_owned(),
            "write it without < and >",
        );
    }
    Vec::new()
}
