//! The texts of a skill, for checks that look at all of them and not at documents alone.

use super::Subject;
use crate::skill::Skill;

/// Every text file that belongs to a skill, by path.
pub(super) fn of<'a>(skill: &'a Skill, subject: &Subject<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let tree = &subject.project.tree;
    tree.iter().filter(|(path, _)| skill.owns(path)).filter_map(|(path, file)| Some((path, file.text()?)))
}

/// Lines with the byte at which each begins.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// The ending of a file's name, in lower case.
pub(super) fn ending(path: &str) -> String {
    path.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map_or_else(String::new, |(_, e)| e.to_ascii_lowercase())
}

/// Whether a file is a script.
pub(super) fn is_script(path: &str) -> bool {
    matches!(ending(path).as_str(), "py" | "sh" | "bash" | "zsh" | "js" | "mjs" | "cjs" | "ts" | "rb" | "pl" | "ps1")
}
