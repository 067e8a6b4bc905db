//! Clients find a skill by its directory: another name, and it is silently not loaded.

use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::skill::{MAIN, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

/// Longest name of the standard, in characters.
const MAX: usize = 64;

const NAME: Rule = Rule {
    code: "name-not-folder",
    id: "PI002",
    severity: Severity::Error,
    finds: "The name is missing, malformed, or not that of the directory.",
    source: "Agent Skills specification, \"name\"; VS Code silently does not load a skill whose name is not its directory's",
};

const FILE: Rule = Rule {
    code: "skill-file-misnamed",
    id: "PI002",
    severity: Severity::Warning,
    finds: "The skill's document is not called SKILL.md to the letter.",
    source: "Agent Skills specification, \"Directory structure\": SKILL.md; file systems tell cases apart, and clients with them",
};

pub(super) const CHECK: Check = Check { rules: &[NAME, FILE], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| [file(skill, subject), name(skill)].into_iter().flatten()).collect()
}

fn file(skill: &Skill, subject: &Subject<'_>) -> Option<Finding> {
    let main = skill.main();
    let called = main.path.rsplit('/').next().unwrap_or_default();
    (called != MAIN).then(|| {
        FILE.at(subject.top(&main.path), format!("the file is called {called}, and clients look for {MAIN}"))
            .fix(format!("rename it to {MAIN}"))
            .near(Some(MAIN))
    })
}

fn name(skill: &Skill) -> Option<Finding> {
    let front = skill.front.as_ref().ok()?;
    let folder = &skill.folder;
    let wrong = |because: String| {
        let finding = NAME.in_document(skill.main(), front.at("name"), because);
        let finding = finding.fix(format!("write name: {folder}, or rename the directory"));
        Some(if is_name(folder) { finding.near(Some(folder)) } else { finding })
    };
    let Some(name) = front.text("name") else {
        // A number or a boolean is said to be one elsewhere.
        let there = front.node.get("name").is_some_and(|n| n.items().is_none() && n.entries().is_none());
        return if there && front.node.get("name").is_some_and(|n| n.kind_name() != "null") {
            None
        } else {
            wrong("name is missing or not text".to_owned())
        };
    };
    if !is_name(name) {
        return wrong(format!(
            "name \"{}\" is not 1 to {MAX} lower-case letters, digits and single hyphens",
            quoted(name, MAX)
        ));
    }
    if name != folder { wrong(format!("name {name} is not the directory's, {folder}")) } else { None }
}

fn is_name(name: &str) -> bool {
    (1..=MAX).contains(&name.len())
        && name.split('-').all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}
