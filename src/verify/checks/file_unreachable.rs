//! A file that nothing names is one that no agent opens.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Severity};
use crate::skill::{Content, Skill};
use crate::verify::paths::{dir_of, name_of};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "file-unreachable",
    id: "PI012",
    severity: Severity::Warning,
    finds: "No document of the skill, and no file of it, names this file.",
    source: "progressive disclosure: an agent opens what it is told of; other files cost review and are never read",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

/// Names of files that tools and people look for unasked.
const KNOWN: [&str; 24] = [
    "license",
    "licence",
    "notice",
    "copying",
    "authors",
    "readme",
    "changelog",
    "contributing",
    "security",
    "makefile",
    "dockerfile",
    "containerfile",
    "justfile",
    "package",
    "package-lock",
    "pnpm-lock",
    "yarn",
    "requirements",
    "pyproject",
    "cargo",
    "tsconfig",
    "conftest",
    "metadata",
    "manifest",
];
/// Directories whose files are found by what runs them.
const RUN: [&str; 10] =
    ["tests", "test", "__tests__", "evals", "fixtures", "testdata", "agents", "schemas", "node_modules", "vendor"];
/// Files that make of their directory a program, whose files are reached by building it.
const BUILT: [&str; 5] = ["package.json", "pyproject.toml", "cargo.toml", "go.mod", "setup.py"];
/// Endings of texts that people read or run.
const TEXTS: [&str; 17] = [
    "md", "markdown", "txt", "json", "yaml", "yml", "toml", "py", "sh", "bash", "js", "mjs", "cjs", "ts", "rb", "html",
    "csv",
];

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    if tree.cut.is_some() {
        return Vec::new();
    }
    let main = &skill.main().path;
    let kept: Vec<&str> = skill
        .files(tree)
        .filter(|(p, f)| *p != main && matches!(f.content, Content::Text(_)) && is_kept(p))
        .map(|(p, _)| p)
        .collect();
    // Most skills are one file: their words need not be read.
    if kept.is_empty() {
        return Vec::new();
    }
    let top = tree.iter().filter(|(p, _)| !p.contains('/') && !skill.owns(p));
    let texts: Vec<(&str, &str)> = skill.files(tree).chain(top).filter_map(|(p, f)| Some((p, f.text()?))).collect();
    let names = Names::of(&texts);
    let built: BTreeSet<&str> = texts
        .iter()
        .filter(|(p, _)| BUILT.contains(&name_of(p).to_ascii_lowercase().as_str()))
        .map(|(p, _)| dir_of(p))
        .filter(|dir| *dir != skill.base && !dir.is_empty())
        .collect();
    let files: Vec<&str> = kept
        .into_iter()
        .filter(|p| !built.iter().any(|dir| p.strip_prefix(dir).is_some_and(|r| r.starts_with('/'))))
        .collect();
    let mut in_dir: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let named: Vec<bool> = files.iter().map(|p| names.file(p)).collect();
    for (path, named) in files.iter().zip(&named) {
        let (with, without) = in_dir.entry(dir_of(path)).or_default();
        *(if *named { with } else { without }) += 1;
    }
    files
        .iter()
        .zip(&named)
        .filter(|(path, named)| {
            let dir = dir_of(path);
            let (with, without) = in_dir.get(dir).copied().unwrap_or_default();
            // Where files of a directory are told of one by one, the others are left out; where the directory is, none is.
            let collection = names.directory(dir, &skill.base) && with + without > 4 && with * 2 < with + without;
            let whole = with == 0 && names.directory(dir, &skill.base);
            !(**named || whole || collection)
        })
        .map(|(path, _)| {
            let below = path.strip_prefix(&format!("{}/", skill.base)).unwrap_or(path);
            RULE.at(subject.top(path), format!("nothing names {below}"))
                .fix(format!("say in SKILL.md when to read {below}, or delete it"))
        })
        .collect()
}

fn is_kept(path: &str) -> bool {
    let name = name_of(path).to_ascii_lowercase();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    let last = name.rsplit_once('.').map_or("", |(_, e)| e);
    let hidden = path.split('/').any(|part| part.starts_with('.') || part.starts_with("__"));
    let run = path.split('/').rev().skip(1).any(|part| RUN.contains(&part));
    let index = matches!(stem, "index" | "main" | "mod" | "skill");
    let test = stem.starts_with("test_")
        || stem.ends_with("_test")
        || ending.starts_with("test.")
        || ending.starts_with("spec.");
    let lock = name.contains("lock") && last != "md";
    let trace = name.ends_with(".trace.jsonl");
    // Licences lie beside what they are for, under its name.
    let licence = ["license", "licence", "-ofl.", "notice"].iter().any(|part| name.contains(part));
    !(licence || hidden || run || index || test || lock || trace || KNOWN.contains(&stem)) && TEXTS.contains(&last)
}

/// What texts name.
struct Names {
    /// Words of paths, in lower case, with the file that has them; `*` for several files.
    words: BTreeMap<String, Option<usize>>,
    /// The texts in lower case with blanks for what is no letter or digit: titles stand for files by them.
    plain: Vec<String>,
    paths: BTreeMap<String, usize>,
}

impl Names {
    fn of(texts: &[(&str, &str)]) -> Self {
        let mut words: BTreeMap<String, Option<usize>> = BTreeMap::new();
        let mut plain = Vec::with_capacity(texts.len());
        let mut paths = BTreeMap::new();
        for (i, (path, text)) in texts.iter().enumerate() {
            paths.insert((*path).to_owned(), i);
            let lower = text.to_lowercase();
            for word in lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '*'))) {
                let word = word.trim_matches(['.', '-']).trim_start_matches('/');
                if word.is_empty() || word.len() > 200 {
                    continue;
                }
                let mut put = |word: &str| {
                    // Most words were there before: nothing is made for them.
                    match words.get_mut(word) {
                        Some(entry) if *entry != Some(i) => *entry = None,
                        Some(_) => {}
                        None => drop(words.insert(word.to_owned(), Some(i))),
                    }
                };
                put(word);
                // `a.b` is a module of a package, `a/b.md` a file.
                for part in word.split(['/', '.']).filter(|p| !p.is_empty() && *p != word) {
                    put(part);
                }
                if let Some((_, last)) = word.rsplit_once('/') {
                    put(last);
                }
            }
            let document = path.ends_with(".md") || path.ends_with(".markdown");
            plain.push(if document { folded(&lower) } else { String::new() });
        }
        Self { words, plain, paths }
    }

    /// Whether a text other than the file itself has this word.
    fn has(&self, word: &str, own: Option<usize>) -> bool {
        self.words.get(word).is_some_and(|by| by.is_none() || *by != own)
    }

    fn file(&self, path: &str) -> bool {
        let own = self.paths.get(path).copied();
        let name = name_of(path).to_lowercase();
        if self.has(&name, own) {
            return true;
        }
        let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
        let pattern = format!("*.{ending}");
        let dir = name_of(dir_of(path)).to_lowercase();
        if self.has(&format!("{dir}/{pattern}"), own)
            || self.has(&format!("{dir}/*"), own)
            || self.has(&format!("{dir}/**"), own)
        {
            return true;
        }
        // Scripts are imported and called by their stem; a template's stem is the name that it is asked for by.
        let code = matches!(ending, "py" | "js" | "mjs" | "cjs" | "ts" | "rb" | "sh" | "bash");
        if (code || stem.len() >= 6 || stem.contains(['-', '_'])) && self.has(stem, own) {
            return true;
        }
        // "Ocean Depths" stands for ocean-depths.md.
        let title = folded(stem);
        let several = title.trim().contains(' ');
        several && self.plain.iter().enumerate().any(|(i, text)| Some(i) != own && text.contains(&title))
    }

    /// Whether a directory is named, by its path below the skill or by its last part with a slash.
    fn directory(&self, dir: &str, base: &str) -> bool {
        if dir.is_empty() || dir == base {
            return false;
        }
        let below = dir.strip_prefix(&format!("{base}/")).unwrap_or(dir).to_lowercase();
        let last = name_of(&below);
        let end = format!("/{last}/");
        self.has(&format!("{below}/"), None)
            || self.has(&below, None) && below.contains('/')
            || self.has(&format!("{last}/"), None)
            || self.words.keys().any(|w| w.ends_with(&end))
    }
}

/// Letters and digits in lower case, all else as single blanks, one at each end.
fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    format!(" {} ", words.join(" ").to_lowercase())
}
