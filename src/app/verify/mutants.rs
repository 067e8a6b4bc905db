//! Mutants: the skill is made worse in memory, one change at a time, and the gate must turn red. Of each kind one is tried,
//! where the skill has something to change.

use std::collections::BTreeSet;

use super::bench::Bench;
use super::tests::{Started, fault, start};
use crate::app::{App, No};
use crate::base::yaml::Span;
use crate::skill::{LinkKind, Project, Tree};
use crate::verify::facts::Facts;
use crate::verify::matrix::parse;
use crate::verify::runs::Mutant;
use crate::verify::{Profile, Subject, matrix_files};

/// Tests that are run once more with a resource spoilt: the quick ones, and so many.
const TRIED: usize = 4;
/// Milliseconds that tests may take to be tried again.
const QUICK: u64 = 2_000;

/// A change that is to be tried.
struct Change {
    path: String,
    at: Span,
    what: String,
    ought: &'static str,
    tree: Tree,
}

/// What the static gate notices.
pub(super) fn of_documents(project: &Project, facts: &Facts) -> Vec<Mutant> {
    let said = |project: &Project| -> BTreeSet<(&'static str, String, String)> {
        let found = crate::verify::run(&Subject { project, facts }, Profile::Sync);
        found.into_iter().map(|f| (f.code, f.location.file, f.message)).collect()
    };
    let before = said(project);
    changes(project, facts)
        .into_iter()
        .map(|change| {
            let after = said(&project.with_tree(change.tree));
            let new = after.difference(&before).map(|(code, ..)| *code).collect::<BTreeSet<_>>();
            // The one that ought to have noticed, else whoever did.
            let killed_by = new.get(change.ought).or_else(|| new.first()).map(|code| (*code).to_owned());
            Mutant { path: change.path, at: change.at, what: change.what, ought: change.ought.to_owned(), killed_by }
        })
        .collect()
}

fn changes(project: &Project, facts: &Facts) -> Vec<Change> {
    let mut out = Vec::new();
    let tree = &project.tree;
    let mut add = |path: &str, at: Span, what: String, ought: &'static str, text: String| {
        // A mutant that changes nothing proves nothing.
        if tree.text(path) == Some(text.as_str()) {
            return;
        }
        let mut tree = tree.clone();
        tree.put(path, text.as_bytes());
        out.push(Change { path: path.to_owned(), at, what, ought, tree });
    };
    let documents = || project.skills.iter().flat_map(|s| &s.documents);
    let spliced = |text: &str, from: usize, to: usize, with: &str| {
        Some(format!("{}{with}{}", text.get(..from)?, text.get(to..)?))
    };

    // A tool is renamed where a document names it.
    let tools: BTreeSet<&str> =
        facts.answered().flat_map(|(_, surface)| surface.tools.iter().map(|t| t.name.as_str())).collect();
    let named = documents().flat_map(|d| d.spans.iter().map(move |s| (d, s))).find(|(_, s)| tools.contains(&*s.text));
    if let Some((document, span)) = named
        && let Some(at) = document.text.get(span.range.clone()).and_then(|t| t.find(&span.text))
    {
        let from = span.range.start + at;
        let other = misspelt(&span.text, &tools);
        if let Some(text) = spliced(&document.text, from, from + span.text.len(), &other) {
            let what = format!("tool {} was renamed to {other}", span.text);
            add(&document.path, span.at, what, "tool-unknown", text);
        }
    }
    // And in a call that an example shows.
    let calls = documents().flat_map(|d| d.blocks.iter().map(move |b| (d, b)));
    let called = calls.into_iter().find_map(|(document, block)| {
        let (tool, at) = tools.iter().find_map(|t| Some((*t, block.text.find(&format!("\"tool\": \"{t}\""))?)))?;
        let from = document.text.get(block.range.clone())?.find(&format!("\"tool\": \"{tool}\""))? + block.range.start;
        let _ = at;
        let other = misspelt(tool, &tools);
        let with = format!("\"tool\": \"{other}\"");
        let text = spliced(&document.text, from, from + format!("\"tool\": \"{tool}\"").len(), &with)?;
        Some((document.path.clone(), block.at, format!("the call of {tool} in a block was renamed to {other}"), text))
    });
    if let Some((path, at, what, text)) = called {
        add(&path, at, what, "tool-unknown", text);
    }
    // A link leads nowhere.
    let inner = |target: &str| !target.is_empty() && !target.contains(':') && !target.starts_with('#');
    let link = documents()
        .flat_map(|d| d.links.iter().map(move |l| (d, l)))
        .find(|(_, l)| matches!(l.kind, LinkKind::Inline) && !l.image && inner(&l.target) && l.written.is_some());
    if let Some((document, link)) = link
        && let Some(written) = &link.written
        && let Some(text) = spliced(&document.text, written.start, written.start, "no-such-directory/")
    {
        add(&document.path, link.at, format!("the link to {} was broken", link.target), "broken-link", text);
    }
    // A confidence is raised.
    let claim = documents().flat_map(|d| d.confidence.iter().map(move |c| (d, c))).find_map(|(document, claim)| {
        let value = claim.text.strip_prefix("Confidence:")?.trim_start();
        let digits: String = value.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let whole = document.text.find(&claim.text)?;
        let from = whole + claim.text.find(&digits).filter(|_| !digits.is_empty())?;
        // What claims as much already is no change: then more is claimed than there is.
        let more = if digits == "0.99" { "1.00" } else { "0.99" };
        let text = spliced(&document.text, from, from + digits.len(), more)?;
        Some((document.path.clone(), claim.at, format!("confidence {digits} was raised to {more}"), text))
    });
    if let Some((path, at, what, text)) = claim {
        add(&path, at, what, "confidence-over-ceiling", text);
    }
    // A data file loses its end; of a list of records, the last one is cut in two.
    for (ending, ought) in
        [(".json", "resource-malformed"), (".yaml", "resource-malformed"), (".trace.jsonl", "resource-malformed")]
    {
        let fits = |path: &str, text: &str| {
            // What is a template need not parse as it is.
            let other = ["fixtures/", "matrix.", "template", "integration.yaml"];
            path.ends_with(ending) && text.trim().len() > 20 && !other.iter().any(|o| path.contains(o))
        };
        let files = project.skills.iter().flat_map(|s| s.files(tree));
        let file = files.filter_map(|(path, file)| Some((path, file.text()?))).find(|(path, text)| fits(path, text));
        let Some((path, text)) = file else { continue };
        let at = Span { line: 1, column: 1 };
        if ending == ".yaml" {
            add(path, at, "a line was put in that is no YAML".to_owned(), ought, format!("{text}\n]: [unclosed\n"));
        } else {
            let mut half = text.trim_end().len() - 3;
            while !text.is_char_boundary(half) {
                half -= 1;
            }
            add(path, at, "its end was cut off".to_owned(), ought, text.get(..half).unwrap_or_default().to_owned());
        }
    }
    // A row is taken out of the matrix: the only one of its kind.
    let subject = Subject { project, facts };
    for path in project.skills.iter().flat_map(|s| matrix_files(s, &subject)) {
        let text = tree.text(&path).unwrap_or_default();
        let rows = parse(text).rows;
        let only = rows
            .iter()
            .position(|r| rows.iter().filter(|o| (&o.integration, &o.kind) == (&r.integration, &r.kind)).count() == 1);
        let Some(i) = only else { continue };
        let (row, next) = (&rows[i], rows.get(i + 1).map(|n| n.at.line));
        let kept = text.split_inclusive('\n').enumerate().filter(|(n, _)| {
            let line = u32::try_from(n + 1).unwrap_or(u32::MAX);
            line < row.at.line || next.is_some_and(|next| line >= next)
        });
        let what = format!("row {} was removed", row.id);
        add(&path, row.at, what, "matrix-kind-missing", kept.map(|(_, l)| l).collect());
        break;
    }
    out
}

/// What an example's contract loses, and the compiler and the drills notice: how its writes are made safe to repeat.
pub(super) fn of_contracts(app: &App, bench: &Bench<'_>) -> Result<Vec<Mutant>, No> {
    let tree = &bench.project.tree;
    let mut files = bench.project.skills.iter().flat_map(|s| s.files(tree));
    let found = files.find_map(|(path, file)| {
        let name = path.strip_suffix("/integration.yaml")?.rsplit('/').next()?;
        let (text, line) = without(file.text()?, "idempotency")?;
        path.contains("examples/").then(|| (path.to_owned(), name.to_owned(), text, line))
    });
    let Some((path, name, text, line)) = found else { return Ok(Vec::new()) };
    let mut spoilt = tree.clone();
    spoilt.put(&path, text.as_bytes());
    let Some(room) = bench.room(&spoilt) else { return Ok(Vec::new()) };
    let findings = super::examples::example(app, &name, &room.work().join(&path))?;
    Ok(vec![Mutant {
        path,
        at: Span { line, column: 1 },
        what: "the idempotency key was taken out of the contract".to_owned(),
        ought: "example-fails-drill".to_owned(),
        killed_by: findings.first().map(|f| f.code.to_owned()),
    }])
}

/// A YAML text without the first entry of this key, in a block or in braces, and the line where it was.
fn without(text: &str, key: &str) -> Option<(String, u32)> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let in_braces = format!(", {key}: {{");
    if let Some((i, line)) = lines.iter().enumerate().find(|(_, l)| l.contains(&in_braces)) {
        let (before, rest) = line.split_once(&in_braces)?;
        let (_, after) = rest.split_once('}')?;
        let whole: String =
            lines.iter().take(i).chain([&before, &after]).chain(lines.iter().skip(i + 1)).copied().collect();
        return Some((whole, u32::try_from(i + 1).ok()?));
    }
    let at = lines.iter().position(|l| l.trim_start().starts_with(&format!("{key}:")))?;
    let depth = indent(lines.get(at)?);
    let more = lines.iter().skip(at + 1).take_while(|l| !l.trim().is_empty() && indent(l) > depth).count();
    let kept = lines.iter().enumerate().filter(|(i, _)| !(at..=at + more).contains(i));
    Some((kept.map(|(_, l)| *l).collect(), u32::try_from(at + 1).ok()?))
}

/// A name that no tool has.
fn misspelt(name: &str, tools: &BTreeSet<&str>) -> String {
    let mut out = name.to_owned();
    loop {
        out.push('s');
        if !tools.contains(out.as_str()) {
            return out;
        }
    }
}

/// What tests notice: a file that they name is spoilt, and they are run again.
pub(super) fn of_runs(bench: &Bench<'_>, suites: &[Started]) -> Vec<Mutant> {
    let tree = &bench.project.tree;
    let passed = suites.iter().filter(|s| s.suite.fault.is_none() && s.suite.cases != Some(0));
    let mut todo: Vec<(&Started, String)> = Vec::new();
    for started in passed {
        let Some(text) = tree.text(&started.suite.path) else { continue };
        let Some(resource) = resource(tree, &started.suite.path, text) else { continue };
        if started.millis > QUICK || todo.len() >= TRIED {
            bench.skip("tests that take long, or beyond the first few, were not run again with a file spoilt");
            continue;
        }
        todo.push((started, resource));
    }
    let tried = bench.each(&todo, |(started, resource)| {
        let mut spoilt = tree.clone();
        spoilt.put(resource, b"}{ spoilt on purpose\n");
        let room = bench.room(&spoilt)?;
        let outcome = start(bench, &room, &started.argv, &started.cwd)?;
        let killed_by = fault(&outcome).map(|_| started.suite.path.clone());
        Some(Mutant {
            path: resource.clone(),
            at: Span { line: 1, column: 1 },
            what: "it was replaced by rubbish".to_owned(),
            ought: started.suite.path.clone(),
            killed_by,
        })
    });
    tried.into_iter().flatten().collect()
}

/// A file of the skill that tests name by its path: a script, a resource, an example.
fn resource(tree: &Tree, test: &str, text: &str) -> Option<String> {
    let dirs = ["resources", "scripts", "templates", "examples", "assets", "src", "lib"];
    let files = tree.iter().filter(|(path, file)| {
        *path != test && file.text().is_some() && path.split('/').any(|part| dirs.contains(&part))
    });
    // Two parts at least: a bare name is too easily a word.
    let mut named = files.filter_map(|(path, _)| {
        let mut parts = path.rsplit('/');
        let (name, dir) = (parts.next()?, parts.next()?);
        text.contains(&format!("{dir}/{name}")).then(|| path.to_owned())
    });
    named.next()
}
