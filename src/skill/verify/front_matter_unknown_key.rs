//! A key outside the standard makes clients refuse the whole skill.

use super::{Check, Subject};
use crate::base::text::nearest;
use crate::finding::{Finding, Location};
use crate::skill::KEYS;

pub(super) const CHECK: Check = Check {
    code: "front-matter-unknown-key",
    finds: "The front matter has a key that the standard does not know.",
    run,
};

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let Ok(front) = &subject.skill.front else { return Vec::new() };
    let unknown = front.node.entries().unwrap_or_default().iter().filter(|e| !KEYS.contains(&e.key.as_str()));
    unknown
        .map(|e| {
            let near = nearest(&e.key, KEYS);
            let at = Location::at(&subject.skill.main().file, e.key_at);
            Finding::error(CHECK.code, at, format!("key {} is not one of {}", e.key, KEYS.join(", ")))
                .fix(near.map_or_else(|| format!("move {} under metadata, as text", e.key), |n| format!("write {n}")))
        })
        .collect()
}
