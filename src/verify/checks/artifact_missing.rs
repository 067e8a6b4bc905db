//! What a skill promises under "Required Artifacts" must be there.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::skill::{Content, Document, Skill};
use crate::verify::paths::{is_placeholder, near, resolve};
use crate::verify::{Check, Profile, Rule, Subject};

/// Titles under which artifacts are promised.
const TITLES: [&str; 2] = ["Required Artifacts", "Required Files"];

/// A path in the words of that section, with a slash: a bare file name may be one that the skill makes elsewhere.
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s`(\[*,;])((?:\./)?(?:[A-Za-z0-9_.-]+/)+[A-Za-z0-9_.*-]*)").expect("a constant pattern")
});

const MISSING: Rule = Rule {
    code: "artifact-missing",
    id: "PI010",
    severity: Severity::Error,
    finds: "A file or directory that is promised under \"Required Artifacts\" is not there.",
    source: "the procedure: SKILL.md, examples, tests and resources stay aligned",
};

const EMPTY: Rule = Rule {
    code: "artifact-empty",
    id: "PI010",
    severity: Severity::Error,
    finds: "A file that is promised under \"Required Artifacts\" is empty.",
    source: "the procedure: an artifact without content is none",
};

pub(super) const CHECK: Check = Check { rules: &[MISSING, EMPTY], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let main = skill.main();
    let mut out = Vec::new();
    let mut said = std::collections::BTreeSet::new();
    for section in main.titled(&TITLES).collect::<Vec<_>>() {
        let range = main.below(section);
        let text = main.text.get(range.clone()).unwrap_or_default();
        for found in WORD.captures_iter(text) {
            let Some(word) = found.get(1) else { continue };
            let start = range.start + word.start();
            // Links are held to what they lead to elsewhere.
            let linked = main.links.iter().any(|l| l.written.as_ref().is_some_and(|w| w.contains(&start)));
            let word = word.as_str().trim_end_matches(['.', ',']);
            if !linked && !is_placeholder(word) && said.insert(word.to_owned()) {
                out.extend(one(skill, subject, main, word, start));
            }
        }
    }
    out
}

/// Whether `a/b` in the middle of a sentence stands for two words: without an ending, in no code, and not what its line
/// begins with.
fn is_either(main: &Document, word: &str, start: usize) -> bool {
    let words = word.split('/').all(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphabetic() || c == '-'));
    let text = main.text.get(..start).unwrap_or_default();
    let before = text.rsplit('\n').next().unwrap_or_default();
    words && !before.ends_with('`') && before.contains(char::is_alphabetic)
}

fn one(skill: &Skill, subject: &Subject<'_>, main: &Document, word: &str, start: usize) -> Option<Finding> {
    let tree = &subject.project.tree;
    if tree.cut.is_some() {
        return None;
    }
    let plain = word.trim_start_matches("./").trim_end_matches('/');
    let plain = plain.split('*').next().unwrap_or(plain).trim_end_matches('/');
    if plain.is_empty() {
        return None;
    }
    let places = [resolve(&skill.base, plain)?, plain.to_owned()];
    let shown = quoted(word, 80);
    let file = places.iter().find_map(|p| tree.get(p));
    if let Some(file) = file {
        let empty = file.text().is_some_and(|t| t.trim().is_empty())
            || matches!(&file.content, Content::Binary(b) if b.is_empty());
        return empty.then(|| {
            EMPTY
                .in_document(main, main.place(start), format!("{shown} is promised, and empty"))
                .fix(format!("write {shown}, or take the promise out"))
        });
    }
    let dir = places.iter().find(|p| tree.has_dir(p));
    if let Some(dir) = dir {
        let full = tree.below(dir).any(|(_, f)| f.text().is_none_or(|t| !t.trim().is_empty()));
        return (!full).then(|| {
            EMPTY
                .in_document(main, main.place(start), format!("{shown} is promised, and holds nothing"))
                .fix(format!("put into {shown} what is promised, or take the promise out"))
        });
    }
    if is_either(main, word, start) {
        return None;
    }
    let found = near(skill, tree, &places[0]).map(|n| n.path);
    let because = format!("{shown} is promised here, and does not exist");
    let fix = format!("make {shown}, or take the promise out");
    Some(MISSING.in_document(main, main.place(start), because).fix(fix).near(found.as_deref()))
}
