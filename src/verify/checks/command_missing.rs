//! What the README of a project tells people to type: its paths, its npm scripts, its make targets and its program's commands
//! are there.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Node, Span};
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Document, LinkKind, Tree, resolve};
use crate::verify::paths::{dir_of, is_hedged, is_placeholder, line_at, there};
use crate::verify::{Check, Profile, Rule, Subject, formats};

const RULE: Rule = Rule {
    code: "command-missing",
    id: "PI020",
    severity: Severity::Error,
    finds: "The README tells to run a file, an npm script or a make target that the project does not have.",
    source: "the first thing that a newcomer does is to type what the README says",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

/// `npm run x`, `pnpm x` is too many things to judge.
static NPM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s;&|])(?:npm|pnpm|yarn|bun)\s+run\s+([A-Za-z][\w:.-]*)").expect("a constant pattern")
});
static MAKE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|[;&|]\s*)make\s+([a-z][\w.-]*)\s*(?:$|[;&|#])").expect("a constant pattern"));
static TARGET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^([A-Za-z0-9_.][\w. /-]*?)\s*::?(?:[^=]|$)").expect("a constant pattern"));
/// A word that names a file of the project: a directory, and a name with an ending.
static FILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:\./)?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*\.[A-Za-z0-9]{1,6}$|^\./[A-Za-z0-9_-]+(?:/[A-Za-z0-9_.-]+)*$",
    )
    .expect("a constant pattern")
});

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    // Of other documents the check of paths has what lies in the skill; npm and make there may be the user's.
    let readme = ["README.md", "readme.md", "Readme.md"].into_iter().find_map(|n| Some((n, tree.text(n)?)));
    let parsed = readme.map(|(name, text)| Document::parse(&subject.project.show(name), name, text));
    if let Some(readme) = &parsed {
        of(subject, readme, &mut out);
        out.extend(links(subject, readme));
    }
    out
}

fn of(subject: &Subject<'_>, document: &Document, out: &mut Vec<Finding>) {
    let tree = &subject.project.tree;
    let shell = |l: &str| matches!(l, "sh" | "bash" | "shell" | "zsh" | "console");
    let blocks = document.blocks.iter().filter(|b| shell(&b.language)).flat_map(|b| {
        b.text
            .lines()
            .enumerate()
            .map(|(i, line)| (line, Span { line: b.at.line.saturating_add(u32::try_from(i).unwrap_or(0)), column: 1 }))
    });
    // A block that goes elsewhere first speaks of another directory.
    let leaves = document.blocks.iter().filter(|b| shell(&b.language)).any(|b| {
        b.text.lines().any(|l| {
            let l = l.trim_start().trim_start_matches("$ ");
            l.starts_with("cd ") || l.contains("&& cd ") || l.contains("git clone") || l.contains("pushd ")
        })
    });
    let spans = document.spans.iter().filter(|s| s.text.contains(' ')).map(|s| (s.text.as_str(), s.at));
    let scripts = scripts(tree);
    let targets = targets(tree);
    let mut said = BTreeSet::new();
    for (line, at) in blocks.chain(spans) {
        let line = line.trim_start().trim_start_matches("$ ");
        if line.starts_with('#') {
            continue;
        }
        let line = line.split(" #").next().unwrap_or(line);
        let mut say = |because: String, fix: String, near: Option<&str>, out: &mut Vec<Finding>| {
            if said.insert(because.clone()) {
                out.push(RULE.at(Location::at(&document.file, at), because).fix(fix).near(near));
            }
        };
        if let Some(scripts) = &scripts {
            for name in NPM.captures_iter(line).filter_map(|c| c.get(1)).map(|m| m.as_str()) {
                if !scripts.iter().any(|s| s == name) {
                    let near = nearest(name, scripts.iter().map(String::as_str));
                    let fix = near.map_or_else(|| "name a script of package.json".to_owned(), |n| format!("write {n}"));
                    say(format!("package.json has no script {}", quoted(name, 60)), fix, near, out);
                }
            }
        }
        if let Some(targets) = &targets {
            for name in MAKE.captures_iter(line).filter_map(|c| c.get(1)).map(|m| m.as_str()) {
                if !targets.iter().any(|t| t == name) && !tree.has(name) && !tree.has_dir(name) {
                    let near = nearest(name, targets.iter().map(String::as_str));
                    let fix = near.map_or_else(|| "name a target of the Makefile".to_owned(), |n| format!("write {n}"));
                    say(format!("the Makefile has no target {}", quoted(name, 60)), fix, near, out);
                }
            }
        }
        for part in line.split(['|', ';', '&']) {
            for (named, _) in files(part) {
                let own = named.trim_start_matches("./");
                if leaves && !own.contains('/') || is_placeholder(named) || line.contains("<<") {
                    continue;
                }
                let places = [resolve("", own), resolve(dir_of(&document.path), own)];
                let skills = subject.skills().filter_map(|s| resolve(&s.base, own));
                let all: Vec<String> = places.into_iter().flatten().chain(skills).collect();
                // There must be such a directory with files in it: else it is the reader's own.
                let dir = |p: &String| !dir_of(p).is_empty() && tree.has_dir(dir_of(p)) && subject.project.covers(p);
                if all.iter().any(|p| there(tree, p)) || !all.iter().any(dir) {
                    continue;
                }
                let stems: Vec<&str> =
                    all.iter().filter(|p| dir(p)).flat_map(|p| tree.below(dir_of(p)).map(|(o, _)| o)).collect();
                let near = all.iter().find_map(|p| nearest(p, stems.iter().copied()));
                let fix =
                    near.map_or_else(|| format!("add {own}, or name a file that is there"), |n| format!("write {n}"));
                say(format!("{} is not there", quoted(named, 100)), fix, near, out);
            }
        }
    }
}

/// The words of a command that name files which are read; whether each is an argument of a program that reads it.
pub(super) fn files(part: &str) -> Vec<(&str, bool)> {
    let mut out = Vec::new();
    let mut before = "";
    let mut program = "";
    for word in part.split_whitespace() {
        let plain = word.trim_matches(['"', '\'', '`', '(', ')', ',']);
        let writes = before.starts_with('>')
            || matches!(
                before,
                "-o" | "-O" | "--out" | "--output" | "--into" | "--to" | "--out-dir" | "--report" | "--save"
            )
            || word.starts_with('>')
            || before.ends_with("-out")
            || before.contains("output");
        let makes = matches!(
            program,
            "touch"
                | "mkdir"
                | "cp"
                | "mv"
                | "tee"
                | "vim"
                | "vi"
                | "nano"
                | "code"
                | "rm"
                | "cd"
                | "echo"
                | "git"
                | "curl"
                | "wget"
                | "unzip"
                | "tar"
                | "source"
                | "."
        );
        if !writes && !makes && FILE.is_match(plain) && plain.contains('/') && !plain.contains("://") {
            out.push((plain, !program.is_empty()));
        }
        if program.is_empty() && !word.contains('=') {
            program = plain;
        }
        before = word;
    }
    out
}

/// The names of the scripts of the package at the root.
fn scripts(tree: &Tree) -> Option<Vec<String>> {
    let documents = formats::yaml(tree.text("package.json")?).ok()?;
    let scripts = documents.first()?.get("scripts").and_then(Node::entries).unwrap_or_default();
    Some(scripts.iter().map(|e| e.key.clone()).collect())
}

/// The targets of the Makefile at the root; nothing where some are made by a pattern or lie in another file.
fn targets(tree: &Tree) -> Option<Vec<String>> {
    let text = tree.text("Makefile")?;
    if text
        .lines()
        .any(|l| l.starts_with("include ") || l.starts_with("-include ") || l.contains('%') || l.starts_with("$("))
    {
        return None;
    }
    let mut out: Vec<String> = Vec::new();
    for names in TARGET.captures_iter(text).filter_map(|c| c.get(1)) {
        out.extend(names.as_str().split_whitespace().map(str::to_owned));
    }
    for line in text.lines().filter_map(|l| l.strip_prefix(".PHONY:")) {
        out.extend(line.split_whitespace().map(str::to_owned));
    }
    Some(out)
}

/// Links of the README that lead to nothing.
fn links<'a>(subject: &'a Subject<'_>, readme: &'a Document) -> impl Iterator<Item = Finding> + 'a {
    let project = subject.project;
    // Where a skill holds it, the check of links has it.
    let owned = subject.skills().any(|s| s.documents.iter().any(|d| d.path == readme.path));
    readme.links.iter().filter(move |l| !owned && matches!(l.kind, LinkKind::Inline)).filter_map(move |link| {
        let target = link.target.split(['#', '?']).next().unwrap_or_default();
        if target.is_empty() || target.contains(':') || target.starts_with('/') || is_placeholder(target) {
            return None;
        }
        let target = percent_encoding::percent_decode_str(target).decode_utf8_lossy().into_owned();
        let path = resolve("", &target)?;
        if there(&project.tree, &path) || !project.covers(&path) || !path.contains('/') {
            return None;
        }
        let byte = link.written.as_ref().map_or(0, |w| w.start);
        if is_hedged(line_at(readme, byte)) && !link.image && link.written.is_none() {
            return None;
        }
        let because = format!("{} leads to no file of the project", quoted(&target, 100));
        Some(
            super::broken_link::BROKEN
                .at(Location::at(&readme.file, link.at), because)
                .fix("write where it lies, or take the link out"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_read_are_told_from_files_that_are_written() {
        let of = |part| files(part).into_iter().map(|(f, input)| (f.to_owned(), input)).collect::<Vec<_>>();
        assert_eq!(
            of("python3 scripts/a.py data/in.csv"),
            [("scripts/a.py".to_owned(), true), ("data/in.csv".to_owned(), true)]
        );
        assert_eq!(of("./scripts/a.sh --out out/x.json"), [("./scripts/a.sh".to_owned(), false)]);
        assert_eq!(of("mkdir -p a/b.d"), []);
        assert_eq!(of("scripts/a.sh > out/x.txt"), [("scripts/a.sh".to_owned(), false)]);
    }

    #[test]
    fn targets_of_a_makefile_are_read() {
        let tree =
            Tree::of_texts(&[("Makefile", ".PHONY: all test\nX := 1\nall: build\n\ttrue\nbuild lint: src\n\tcc\n")]);
        let targets = targets(&tree).expect("a plain Makefile");
        for name in ["all", "test", "build", "lint"] {
            assert!(targets.iter().any(|t| t == name), "{name}");
        }
        assert!(!targets.iter().any(|t| t == "X"), "{targets:?}");
        assert_eq!(super::targets(&Tree::of_texts(&[("Makefile", "%.o: %.c\n")])), None);
    }
}
