//! The texts of a skill, for checks that look at all of them and not at documents alone.

use super::Subject;
use crate::skill::Skill;

/// Whether a file is input of a test, and may be bad on purpose.
pub(super) fn is_fixture(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "fixtures" | "testdata" | "__fixtures__" | "snapshots"))
}

/// Whether a file is the source of a test: what it names and holds is made up.
pub(super) fn is_test(path: &str) -> bool {
    let code = is_script(path) || matches!(ending(path).as_str(), "rs" | "go" | "java" | "kt" | "cs" | "tsx" | "jsx");
    code && path.split('/').rev().skip(1).any(|part| matches!(part, "tests" | "test" | "__tests__" | "spec"))
}

/// Every text file that belongs to a skill, by path; inputs of tests left out.
pub(super) fn of<'a>(skill: &'a Skill, subject: &Subject<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    skill
        .files(&subject.project.tree)
        .filter(|(path, _)| !is_fixture(path))
        .filter_map(|(path, file)| Some((path, file.text()?)))
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
