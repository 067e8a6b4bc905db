//! The tests of a skill: a script `tests/run`, the test script of `package.json`, unittest or pytest, `node --test`, shell.
//! What needs more than is here (packages, a network, cargo, bats) is not run, and that is said.

use super::bench::{Bench, limits, said, wants_network};
use crate::sandbox::{End, Outcome, Room};
use crate::skill::{Skill, Tree};
use crate::verify::runs::Suite;
use crate::verify::{Facts, Subject, Tongue, own_module, test_file};

/// The most test files that are run.
const MOST: usize = 60;

/// Tests, and how they were started.
pub(super) struct Started {
    pub(super) suite: Suite,
    pub(super) argv: Vec<String>,
    pub(super) cwd: String,
    /// Milliseconds.
    pub(super) millis: u64,
}

/// Something to start.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    path: String,
    argv: Vec<String>,
    cwd: String,
}

/// Runs them, each in its own copy.
pub(super) fn run(bench: &Bench<'_>) -> Vec<Started> {
    let tree = &bench.project.tree;
    let mut plans: Vec<Plan> = Vec::new();
    for skill in &bench.project.skills {
        plans.extend(of(bench, skill, tree));
    }
    plans.dedup();
    if plans.len() > MOST {
        bench.skip(format!("{} test files beyond the first {MOST}", plans.len() - MOST));
        plans.truncate(MOST);
    }
    let ran = bench.each(&plans, |plan| {
        let room = bench.room(tree)?;
        let outcome = start(bench, &room, &plan.argv, &plan.cwd)?;
        let fault = fault(&outcome);
        if fault.is_some()
            && let Some(missing) = missing(bench, tree.text(&plan.path).unwrap_or_default(), &outcome)
        {
            bench.skip(format!("{}: {missing}", plan.path));
            return None;
        }
        let said = if fault.is_some() { said(&room, &outcome) } else { String::new() };
        let suite =
            Suite { path: plan.path.clone(), command: plan.argv.join(" "), fault, said, cases: cases(&outcome) };
        Some(Started { suite, argv: plan.argv.clone(), cwd: plan.cwd.clone(), millis: outcome.millis })
    });
    ran.into_iter().flatten().collect()
}

/// Starts tests in a room.
pub(super) fn start(bench: &Bench<'_>, room: &Room, argv: &[String], cwd: &str) -> Option<Outcome> {
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    bench.run(room, &argv, cwd)
}

/// What tests did instead of passing.
pub(super) fn fault(outcome: &Outcome) -> Option<String> {
    // unittest and pytest end with 5 where there was nothing to run: that is told apart by the count.
    let nothing = outcome.end == End::Itself && outcome.exit == Some(5) && cases(outcome) == Some(0);
    (!outcome.exited(0) && !nothing).then(|| outcome.how(&limits()))
}

/// What to start for a skill.
fn of(bench: &Bench<'_>, skill: &Skill, tree: &Tree) -> Vec<Plan> {
    let mut out = Vec::new();
    for dir in skill.dirs(tree, "tests") {
        let base = dir.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        let below = |path: &str| if base.is_empty() { path.to_owned() } else { format!("{base}/{path}") };
        let own = format!("{dir}/run");
        if let Some(file) = tree.get(&own) {
            let argv = if file.executable { vec!["tests/run".to_owned()] } else { words(&["sh", "tests/run"]) };
            let argv = if file.executable { vec![format!("./{}", argv[0])] } else { argv };
            out.push(Plan { path: own, argv, cwd: base.clone() });
            continue;
        }
        if let Some(plan) = package(bench, tree, &below("package.json"), &base) {
            out.push(plan);
            continue;
        }
        for (path, file) in tree.below(&dir) {
            if path.ends_with(".bats") {
                bench.skip(format!("{path}: bats is not run"));
            }
            let (Some(tongue), Some(text)) = (test_file(path), file.text()) else { continue };
            let inner = path.strip_prefix(&base).map_or(path, |p| p.trim_start_matches('/'));
            let argv = match tongue {
                Tongue::Python => python(bench, path, inner, text),
                Tongue::JavaScript => node(bench, path, inner, text),
                Tongue::Shell => Some(words(&["bash", inner])),
            };
            if let Some(argv) = argv {
                out.push(Plan { path: path.to_owned(), argv, cwd: base.clone() });
            }
        }
        if base.is_empty() && tree.below(&dir).any(|(p, _)| p.ends_with(".rs")) {
            bench.skip(format!("{dir}: tests in Rust are for `cargo test`"));
        }
    }
    out
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&w| w.to_owned()).collect()
}

/// The test script of a package, where it needs nothing that would have to be installed.
fn package(bench: &Bench<'_>, tree: &Tree, path: &str, base: &str) -> Option<Plan> {
    let value: serde_json::Value = serde_json::from_str(tree.text(path)?).ok()?;
    let script = value.pointer("/scripts/test")?.as_str()?;
    if script.contains("no test specified") {
        return None;
    }
    let needs = ["dependencies", "devDependencies"];
    if needs.iter().any(|k| value.get(k).and_then(|d| d.as_object()).is_some_and(|d| !d.is_empty())) {
        bench.skip(format!("{path}: its test script needs packages that are not installed"));
        return None;
    }
    if !bench.sandbox.has("node") {
        bench.skip(format!("{path}: there is no node"));
        return None;
    }
    Some(Plan { path: path.to_owned(), argv: words(&["sh", "-c", script]), cwd: base.to_owned() })
}

fn python(bench: &Bench<'_>, path: &str, inner: &str, text: &str) -> Option<Vec<String>> {
    if !bench.sandbox.has("python3") {
        bench.skip(format!("{path}: there is no python3"));
        return None;
    }
    let unittest = text.contains("unittest");
    let functions = text.lines().any(|l| l.starts_with("def test") || l.starts_with("async def test"));
    if !unittest && (functions || text.contains("import pytest") || text.contains("class Test")) {
        // Whether pytest is there is known only by asking for it.
        let argv = ["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", inner];
        return Some(words(&argv));
    }
    if unittest {
        let (dir, name) = inner.rsplit_once('/').unwrap_or((".", inner));
        return Some(words(&["python3", "-m", "unittest", "discover", "-s", dir, "-p", name, "-v"]));
    }
    Some(words(&["python3", inner]))
}

fn node(bench: &Bench<'_>, path: &str, inner: &str, text: &str) -> Option<Vec<String>> {
    if !bench.sandbox.has("node") {
        bench.skip(format!("{path}: there is no node"));
        return None;
    }
    let own = text.contains("node:test");
    let of_a_runner = ["describe(", "it(", "test(", "suite("];
    if !own && of_a_runner.iter().any(|call| text.lines().any(|l| l.trim_start().starts_with(call))) {
        bench.skip(format!("{path}: it needs a test runner that is not installed"));
        return None;
    }
    Some(if own { words(&["node", "--test", inner]) } else { words(&["node", inner]) })
}

/// What was not there that tests need, where that is why they failed: their own files are not meant.
fn missing(bench: &Bench<'_>, script: &str, outcome: &Outcome) -> Option<String> {
    if wants_network(outcome) {
        return Some("it needs a network".to_owned());
    }
    let said = format!("{}\n{}", outcome.stdout, outcome.stderr);
    if said.contains("No module named pytest") || said.contains("No module named 'pytest'") {
        return Some("there is no pytest".to_owned());
    }
    // Of node: a package, and no file of the skill.
    let package = said.split("Cannot find module '").nth(1).and_then(|rest| rest.split('\'').next());
    if let Some(package) = package.filter(|p| !p.starts_with('.') && !p.starts_with('/')) {
        return Some(format!("the package {} is not installed", crate::base::text::quoted(package, 60)));
    }
    let package = said.split("Cannot find package '").nth(1).and_then(|rest| rest.split('\'').next());
    if let Some(package) = package {
        return Some(format!("the package {} is not installed", crate::base::text::quoted(package, 60)));
    }
    let module = said.split("No module named '").nth(1).and_then(|rest| rest.split('\'').next())?;
    // What the skill itself brings along, or ought to, is not installed by anybody.
    let facts = Facts::default();
    let tests =
        script.starts_with("#!") && script.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == module);
    if tests || own_module(&Subject { project: bench.project, facts: &facts }, module) {
        return None;
    }
    Some(format!("the Python module {} is not installed", crate::base::text::quoted(module, 60)))
}

/// How many cases ran, by the words of the runner.
fn cases(outcome: &Outcome) -> Option<u64> {
    let said = || outcome.stdout.lines().chain(outcome.stderr.lines()).map(str::trim);
    for line in said() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let count = match words.as_slice() {
            // unittest
            ["Ran", n, "tests" | "test", ..] => n.parse().ok(),
            // node --test
            ["#" | "ℹ", "tests", n] => n.parse().ok(),
            // pytest
            ["no", "tests", "ran", ..] => Some(0),
            [n, "passed", "in", ..] => n.parse().ok(),
            _ => None,
        };
        if count.is_some() {
            return count;
        }
    }
    None
}
