//! An example that SKILL.md does not name is one that no agent opens.

use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "example-not-named",
    id: "PI012",
    severity: Severity::Error,
    finds: "A directory under examples/ is not named in SKILL.md.",
    source: "progressive disclosure: an agent opens what SKILL.md names",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let main = skill.main();
    examples(skill, subject)
        .into_iter()
        .filter(|name| !names(&main.text, name))
        .map(|name| {
            let at = Location::at(&main.file, Span { line: 1, column: 1 });
            Finding::error(RULE.code, at, format!("examples/{name} is not named"))
                .fix(format!("say in SKILL.md what examples/{name} shows, or remove it"))
        })
        .collect()
}

/// Whether `text` has `name` as a whole, not as the beginning of a longer one.
pub(super) fn names(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.match_indices(name).any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}

/// The names of directories below `examples/`.
pub(super) fn examples(skill: &Skill, subject: &Subject<'_>) -> std::collections::BTreeSet<String> {
    let tree = &subject.project.tree;
    let below = |dir: &String| {
        let dir = dir.clone();
        tree.below(&dir)
            .filter_map(|(path, _)| {
                let (name, _) = path.strip_prefix(&dir)?.strip_prefix('/')?.split_once('/')?;
                Some(name.to_owned())
            })
            .collect::<Vec<_>>()
    };
    skill.dirs(tree, "examples").iter().flat_map(below).collect()
}
