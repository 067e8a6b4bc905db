//! An example that SKILL.md does not name is one that no agent opens.

use super::{Check, Subject};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};

pub(super) const CHECK: Check =
    Check { code: "example-not-named", finds: "A directory under examples/ is not named in SKILL.md.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let main = subject.skill.main();
    subject
        .examples
        .iter()
        .filter(|name| !names(&main.text, name))
        .map(|name| {
            let at = Location::at(&main.file, Span { line: 1, column: 1 });
            Finding::error(CHECK.code, at, format!("examples/{name} is not named"))
                .fix(format!("say in SKILL.md what examples/{name} shows, or remove it"))
        })
        .collect()
}

/// Whether `text` has `name` as a whole, not as the beginning of a longer one.
pub(super) fn names(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices(name).any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}
