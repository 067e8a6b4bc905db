//! Clients find a skill by its directory: another name, and it is silently not loaded.

use crate::base::text::quoted;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "name-not-folder",
    id: "PI002",
    severity: Severity::Error,
    finds: "The name is missing, malformed, or not that of the directory.",
    source: "Agent Skills specification, \"name\"; VS Code silently does not load a skill whose name is not its directory's",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let Ok(front) = &skill.front else { return Vec::new() };
    let folder = &skill.folder;
    let at = Location::at(&skill.main().file, front.at("name"));
    let wrong = |because: String| {
        vec![
            Finding::error(RULE.code, at.clone(), because)
                .fix(format!("write name: {folder}, or rename the directory")),
        ]
    };
    let Some(name) = front.text("name") else { return wrong("name is missing or not text".to_owned()) };
    let kebab = (1..=64).contains(&name.len())
        && name.split('-').all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if !kebab {
        return wrong(format!(
            "name \"{}\" is not 1 to 64 lower-case letters, digits and single hyphens",
            quoted(name, 64)
        ));
    }
    if name != folder {
        return wrong(format!("name {name} is not the directory's, {folder}"));
    }
    Vec::new()
}
