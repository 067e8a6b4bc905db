//! A path that is named in code must be there, where it clearly is a path of the skill.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::command_missing::files;
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Change, Finding, Severity};
use crate::skill::{Document, Skill};
use crate::verify::paths::{
    OWN, dir_of, is_hedged, is_placeholder, lead_in, line_at, name_of, near, paragraph_at, resolve, there,
};
use crate::verify::{Check, Profile, Rule, Subject};

/// A path with a directory and a file with an ending, or a directory below a directory.
static PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\./)?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_. -]+)*(?:/|/[A-Za-z0-9_.-]+\.[A-Za-z0-9]{1,8})$")
        .expect("a constant pattern")
});
/// What clients put before paths of a skill.
static ROOTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\$\{?(?:CLAUDE_SKILL_DIR|SKILL_DIR|SKILL_ROOT)\}?|\{baseDir\}|\{skill_dir\})/")
        .expect("a constant pattern")
});
/// Words that send the reader to a file.
static SENDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:see|read|load|consult|refer to|open|run|execute|use)\b").expect("a constant pattern")
});

/// Words of a line before a list that tell the reader to make what the list names.
static MAKES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:create|make|move|split|extract|generate|write|scaffold|set up|will contain|should contain)\b")
        .expect("a constant pattern")
});
/// A possessive before a path: it belongs to what stands before.
static OF_ANOTHER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:['’]s?|\bits(?: own)?)\s+$").expect("a constant pattern"));

pub(super) const RULE: Rule = Rule {
    code: "path-missing",
    id: "PI011",
    severity: Severity::Error,
    finds: "Code names a path below a directory of the skill, and there is no such file.",
    source: "Agent Skills specification, \"File references\"; what is plainly of the user's own project is passed over",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

/// A word of code that may be a path.
struct Named<'d> {
    text: &'d str,
    at: Span,
    range: Range<usize>,
    /// Whether it is a span of its own, not a word of a command.
    span: bool,
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    if subject.project.tree.cut.is_some() {
        return Vec::new();
    }
    let mut out = Vec::new();
    for document in &skill.documents {
        let mut said = std::collections::BTreeSet::new();
        for named in words(document) {
            if let Some(finding) = one(skill, subject, document, &named)
                && said.insert(named.text)
            {
                out.push(finding);
            }
        }
    }
    out
}

/// Spans, and the words of spans and shell blocks that hold commands.
fn words(document: &Document) -> Vec<Named<'_>> {
    let mut out = Vec::new();
    for span in &document.spans {
        let whole = !span.text.contains(' ');
        let Some(text) = document.text.get(span.range.clone()) else { continue };
        push_words(document, text, span.range.start, whole, &mut out);
    }
    for block in
        document.blocks.iter().filter(|b| matches!(b.language.as_str(), "sh" | "bash" | "shell" | "zsh" | "console"))
    {
        for (start, line) in block.starts.iter().zip(block.text.lines()) {
            let line = line.split(" #").next().unwrap_or(line);
            if !line.trim_start().starts_with('#') {
                let start = *start;
                // Where a tab was cut, the line does not stand in the text as it is; then it is left alone.
                if document.text.get(start..start + line.len()) == Some(line) {
                    let kept = document.text.get(start..start + line.len()).unwrap_or_default();
                    push_words(document, kept, start, false, &mut out);
                }
            }
        }
    }
    out
}

fn push_words<'d>(document: &Document, text: &'d str, start: usize, span: bool, out: &mut Vec<Named<'d>>) {
    let mut from = 0;
    for word in text.split([' ', '\t', '"', '\'', '(', ')', '=', ',', ';']) {
        if word.contains('/') && !word.contains("://") {
            let begin = start + from;
            out.push(Named { text: word, at: document.place(begin), range: begin..begin + word.len(), span });
        }
        from += word.len() + 1;
    }
}

/// Whether a command of a block reads this file, from a directory of the project that holds files of its kind.
fn is_read(subject: &Subject<'_>, document: &Document, named: &Named<'_>, places: &[Option<String>]) -> bool {
    let line = line_at(document, named.range.start);
    if is_hedged(line) || !line.split(['|', ';', '&']).flat_map(files).any(|(file, input)| input && file == named.text)
    {
        return false;
    }
    let ending = |p: &str| p.rsplit_once('.').map(|(_, e)| e.to_owned());
    places.iter().flatten().any(|p| {
        let dir = dir_of(p);
        let kin = |o: &str| dir_of(o) == dir && ending(o) == ending(p);
        !dir.is_empty() && subject.project.covers(p) && subject.project.tree.below(dir).any(|(o, _)| kin(o))
    })
}

fn one(skill: &Skill, subject: &Subject<'_>, document: &Document, named: &Named<'_>) -> Option<Finding> {
    let tree = &subject.project.tree;
    let rooted = ROOTS.find(named.text);
    let text = named.text.get(rooted.map_or(0, |r| r.end())..)?;
    let text = text.split([':', '#']).next().unwrap_or(text);
    if !PATH.is_match(text) || is_placeholder(text) {
        return None;
    }
    let own = text.trim_start_matches("./");
    let first = own.split('/').next()?;
    let base = resolve(&skill.base, own)?;
    // From the skill, from the document, from the project: where any of them has it, it is there.
    let places = [Some(base.clone()), resolve(dir_of(&document.path), own), resolve("", own)];
    if places.iter().flatten().any(|p| there(tree, p)) || first == ".." {
        return None;
    }
    if is_of_another(skill, subject, document, named, own) {
        return None;
    }
    let made = lead_in(document, named.range.start).is_some_and(|line| MAKES.is_match(line));
    let has = tree.has_dir(&skill.path(first));
    let line = line_at(document, named.range.start);
    let hedged = made || is_hedged(line);
    let shown = quoted(named.text, 120);
    let found = near(skill, tree, &base);
    let close = found.as_ref().is_some_and(|n| n.sure);
    let main = document.path == skill.main().path;
    // Some take {baseDir} for the root of the plugin: eleven of eleven findings of one public collection were wrong there.
    let told = rooted.is_some_and(|r| has || !r.as_str().starts_with("{baseDir}"));
    // Elsewhere than in the main document, tests/ of a command is as often that of the reader's project.
    let theirs = !main && matches!(first, "test" | "tests" | "spec");
    let read = !named.span && !theirs && is_read(subject, document, named, &places);
    let kept = told
        || read
        || (has && (close || (OWN.contains(&first) && !hedged && (main || (named.span && found.is_some())))))
        || (has && !OWN.contains(&first) && main && !hedged && !text.ends_with('/'));
    if !kept {
        // A directory that the skill lacks as a whole: only where the reader is sent there.
        let sent = named.span && main && matches!(first, "references" | "reference") && text.ends_with(".md");
        if !(sent && SENDS.is_match(line) && !hedged) {
            return None;
        }
    }
    let way = found.as_ref().map(|n| n.path.strip_prefix(&format!("{}/", skill.base)).unwrap_or(&n.path).to_owned());
    let because = format!(
        "{shown} is named, and the skill has no such {}",
        if text.ends_with('/') { "directory" } else { "file" }
    );
    let fix = way.as_ref().map_or_else(|| format!("add {own}, or name a file that is there"), |w| format!("write {w}"));
    let mut finding = RULE.in_document(document, named.at, because).fix(fix).near(way.as_deref());
    // A command of an example may speak of a file that the reader has.
    if read && !has {
        finding.severity = Severity::Warning;
    }
    if let (true, Some(way)) = (close && rooted.is_none() && !way.as_ref().is_some_and(|w| name_of(w).is_empty()), way)
    {
        let dots = if named.text.starts_with("./") { "./" } else { "" };
        let to = named.range.start + text.len();
        let change = Change::Replace { from: named.range.start, to, with: format!("{dots}{way}") };
        finding = finding.edit(&document.path, change);
    }
    Some(finding)
}

/// Whether a path is one of another skill, which its paragraph names, or of whatever owns it in the words before it.
fn is_of_another(skill: &Skill, subject: &Subject<'_>, document: &Document, named: &Named<'_>, own: &str) -> bool {
    let (start, paragraph) = paragraph_at(document, named.range.start);
    let before = paragraph.get(..named.range.start.saturating_sub(start)).unwrap_or_default();
    // "its" may be this skill's; "'s" after a name is not.
    let owned = OF_ANOTHER.find(before.trim_end_matches('`')).map(|found| found.as_str());
    if owned.is_some_and(|by| by.starts_with(['\'', '’'])) {
        return true;
    }
    let has = |other: &Skill| other.base != skill.base && there(&subject.project.tree, &other.path(own));
    subject.skills().any(|other| paragraph.contains(other.name()) && has(other))
}
