//! Paths that documents name: what they lead to, and what is near where they lead nowhere.

use std::sync::LazyLock;

use regex::Regex;

pub(super) use crate::skill::resolve;
use crate::skill::{Document, Skill, Tree};

/// Directories that a skill keeps its own files in.
pub(super) const OWN: [&str; 10] =
    ["references", "reference", "scripts", "examples", "assets", "resources", "templates", "tests", "evals", "agents"];

/// What stands for something else in a path: `<name>`, `{lang}`, `$DIR`, `YYYY-MM-DD`, `path/to/x`, `your-file`,
/// `script_name.py`, `partN.md`.
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)[<>{}$%…|]|\.\.\.|\byyyy|\bXX|\bNNN?\b|path/to|\b(?:your|my|some|foo|bar|baz)[-_./]|[-_/](?:foo|bar|baz)\.|(?:^|/)(?:your|my|example|new|name|file|filename|skill-name|topic)\.[a-z]+$|(?:^|/)x+\.|(?:^|/)(?:file|script|module|skill|tool|template|test|class|component|package)[-_]?name\.|(?-i:[a-z]N)\.[a-z]+$",
    )
    .expect("a constant pattern")
});

/// Words that make of a path an example of one.
static HEDGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\bexamples?\W{0,3}:|\b(?:e\.g|i\.e|for example|for instance|such as|like|could|would|might|may|optional(?:ly)?|if (?:it |they )?(?:exists?|present)|create[sd]?|creating|generate[sd]?|generating|writes?|written|saves?|saved|output|add|adding|produces?|target|project'?s?|repo(?:sitory)?|codebase|user's|named|naming|instead of|rather than|not|don't|never)\b",
    )
    .expect("a constant pattern")
});

/// Whether a path is a pattern for paths rather than one.
pub(super) fn is_placeholder(path: &str) -> bool {
    PLACEHOLDER.is_match(path)
}

/// Whether a line speaks of paths that need not be there.
pub(super) fn is_hedged(line: &str) -> bool {
    HEDGE.is_match(line)
}

/// The directory of a path; empty at the root.
pub(super) fn dir_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a file or a directory is there.
pub(super) fn there(tree: &Tree, path: &str) -> bool {
    path.is_empty() || tree.has(path) || tree.has_dir(path)
}

/// The way from a directory to a path.
pub(super) fn relative(dir: &str, path: &str) -> String {
    let from: Vec<&str> = dir.split('/').filter(|p| !p.is_empty()).collect();
    let to: Vec<&str> = path.split('/').collect();
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let ups = std::iter::repeat_n("..", from.len() - same);
    ups.chain(to.iter().skip(same).copied()).collect::<Vec<_>>().join("/")
}

/// A path near one that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Near {
    /// Below the project's root.
    pub(super) path: String,
    /// Whether it is so near, and alone in that, that it was meant beyond doubt.
    pub(super) sure: bool,
}

/// The file of the skill that was probably meant.
pub(super) fn near(skill: &Skill, tree: &Tree, wanted: &str) -> Option<Near> {
    let owned: Vec<&str> = skill.files(tree).map(|(p, _)| p).collect();
    let name = name_of(wanted);
    let extension = |p: &str| name_of(p).rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    // The same name in another place.
    let same: Vec<&str> = owned.iter().copied().filter(|p| name_of(p).eq_ignore_ascii_case(name)).collect();
    if let [one] = same.as_slice() {
        return Some(Near { path: (*one).to_owned(), sure: name.contains('.') });
    }
    let mut best: Vec<(usize, &str)> = owned
        .iter()
        .copied()
        .filter(|p| extension(p) == extension(wanted) || dir_of(p) == dir_of(wanted))
        .map(|p| (strsim::osa_distance(&p.to_lowercase(), &wanted.to_lowercase()), p))
        .collect();
    best.sort_unstable();
    let (distance, path) = *best.first()?;
    let alone = best.get(1).is_none_or(|(second, _)| *second > distance);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).chars().count();
    if distance <= 2 && stem > 3 {
        return Some(Near { path: path.to_owned(), sure: alone });
    }
    let close = distance * 3 <= name.chars().count().max(6);
    close.then(|| Near { path: path.to_owned(), sure: false })
}

/// The line that leads a list in, seen from a byte of one of its items: the last one above that is neither an item, nor
/// indented, nor blank; nothing where the byte is in no list.
pub(super) fn lead_in(document: &Document, byte: usize) -> Option<&str> {
    let text = document.text.get(..byte.min(document.text.len()))?;
    let item = |line: &str| {
        let plain = line.trim_start();
        let number = plain.trim_start_matches(|c: char| c.is_ascii_digit());
        ['-', '*', '+'].iter().any(|m| plain.strip_prefix(*m).is_some_and(|r| r.starts_with(' ')))
            || plain.starts_with('|')
            || number.len() < plain.len() && number.starts_with(['.', ')'])
    };
    let mut above = text.rsplit('\n');
    let own = above.next()?;
    item(own).then(|| above.find(|l| !l.trim().is_empty() && !item(l) && !l.starts_with([' ', '\t'])))?
}

/// The paragraph of a document that a byte is in, as it is written.
pub(super) fn paragraph_at(document: &Document, byte: usize) -> (usize, &str) {
    let text = document.text.as_str();
    let byte = byte.min(text.len());
    let start = text.get(..byte).and_then(|t| t.rfind("\n\n")).map_or(0, |at| at + 2);
    let end = text.get(byte..).and_then(|t| t.find("\n\n")).map_or(text.len(), |at| byte + at);
    (start, text.get(start..end).unwrap_or_default())
}

/// The line of a document that a byte is in.
pub(super) fn line_at(document: &Document, byte: usize) -> &str {
    let text = document.text.as_str();
    let byte = byte.min(text.len());
    let start = text.get(..byte).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    rest.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_where_they_say() {
        assert_eq!(resolve("a/b", "../c.md").as_deref(), Some("a/c.md"));
        assert_eq!(resolve("a", "../../c.md"), None);
        assert_eq!(relative("a/b", "a/c.md"), "../c.md");
        assert_eq!(relative("", "a/c.md"), "a/c.md");
        for (dir, path) in [("a/b/c", "a/x/y"), ("", "x"), ("q", "x/y")] {
            assert_eq!(resolve(dir, &relative(dir, path)).as_deref(), Some(path));
        }
    }

    #[test]
    fn patterns_are_told_from_paths() {
        for path in [
            "references/<topic>.md",
            "docs/YYYY-MM-DD-x.md",
            "path/to/x.md",
            "{lang}/README.md",
            "scripts/your-script.py",
            "scripts/foo.py",
            "scripts/script_name.py",
            "parts/ComponentName.tsx",
            "prompts/stepN.md",
        ] {
            assert!(is_placeholder(path), "{path}");
        }
        for path in [
            "references/contract.md",
            "scripts/recalc.py",
            "assets/logo.png",
            "examples/myth.md",
            "a/food.md",
            "a/rename.py",
        ] {
            assert!(!is_placeholder(path), "{path}");
        }
    }
}
