//! A key outside the standard makes clients refuse the whole skill.

use crate::base::text::nearest;
use crate::finding::{Finding, Location, Severity};
use crate::skill::{KEYS, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "key-not-portable",
    id: "PI004",
    severity: Severity::Error,
    finds: "The front matter has a key that the standard does not know.",
    source: "Agent Skills specification: six keys; skills-ref and uploads refuse others",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let Ok(front) = &skill.front else { return Vec::new() };
    let unknown = front.node.entries().unwrap_or_default().iter().filter(|e| !KEYS.contains(&e.key.as_str()));
    unknown
        .map(|e| {
            let near = nearest(&e.key, KEYS);
            let at = Location::at(&skill.main().file, e.key_at);
            Finding::error(RULE.code, at, format!("key {} is not one of {}", e.key, KEYS.join(", ")))
                .fix(near.map_or_else(|| format!("move {} under metadata, as text", e.key), |n| format!("write {n}")))
        })
        .collect()
}
