//! Clients find a skill by its directory: another name, and it is silently not loaded.

use super::{Check, Subject};
use crate::base::text::quoted;
use crate::finding::{Finding, Location};

pub(super) const CHECK: Check =
    Check { code: "name-not-folder", finds: "The name is missing, malformed, or not that of the directory.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let Ok(front) = &subject.skill.front else { return Vec::new() };
    let folder = &subject.skill.folder;
    let at = Location::at(&subject.skill.main().file, front.at("name"));
    let wrong = |because: String| {
        vec![
            Finding::error(CHECK.code, at.clone(), because)
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
