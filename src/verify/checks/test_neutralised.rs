//! Tests that cannot turn anything red: what they end with is thrown away, or they are all skipped.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::quoted;
use crate::base::yaml::{Node, Span};
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::checks::tests_assert_nothing::{Tongue, test_file};
use crate::verify::{Check, Profile, Rule, Subject, formats, texts};

/// A command that runs tests.
static RUNNER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:^|[\s;&|(])(?:pytest|unittest|bats|jest|vitest|mocha|rspec|phpunit|tox|nox|node\s+--test|deno\s+test|bun\s+test|(?:npm|pnpm|yarn)\s+(?:run\s+)?test|cargo\s+(?:nextest|test)|go\s+test|dotnet\s+test|(?:mvn|gradle|gradlew)\s+\S*test|make\s+(?:test|check))\b|(?:^|[\s/])test[_-][\w.-]+\.(?:py|sh|js|mjs)\b|\S[_.-]tests?\.(?:py|sh|[mc]?[jt]s)\b|(?:^|\s)(?:\./|sh\s+|bash\s+)\S*tests?/\S+|\bplatform-integration\s+(?:verify|drill)\b",
    )
    .expect("a constant pattern")
});
/// What makes of any end a good one.
static FORGIVES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\|\||;)\s*(?:true|:|/bin/true|exit\s+0|echo\b[^|;&]*)\s*$").expect("a constant pattern")
});
static EXIT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^exit(?:\s+0)?\s*(?:#.*)?$").expect("a constant pattern"));
/// `set -e` in any of its forms.
static STRICT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^set\s+(?:-[a-zA-Z]*e|-o\s+errexit)|^#!.*\s-[a-z]*e").expect("a constant pattern"));
static LAX: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^set\s+(?:\+[a-zA-Z]*e|\+o\s+errexit)").expect("a constant pattern"));
/// What skips all that follows it in a module or class; conditions are no skipping.
static PY_SKIP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*@(?:unittest\.)?skip(?:\(|$)|^\s*@(?:pytest\.)?mark\.skip(?:\(|\s*$)").expect("a constant pattern")
});
static PY_MODULE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^pytestmark\s*=\s*\[?\s*pytest\.mark\.skip\b(?:\(|\s*\]?\s*$)|^raise\s+(?:unittest\.)?SkipTest\b|^pytest\.skip\(.*allow_module_level\s*=\s*True")
        .expect("a constant pattern")
});
/// A test under a name that no runner collects.
static RENAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:async )?def ((?:_+|x_?|no_?|skip_?|disabled_?|off_?|dont_?)test_\w+)\s*\(")
        .expect("a constant pattern")
});
static JS_SKIP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:x(?:it|test|describe)|(?:it|test|describe|suite)\.skip)\s*\(|^\s*(?:it|test|describe|suite)\s*\(.*\{[^}]*\bskip:\s*(?:true|['\x22])")
        .expect("a constant pattern")
});
static JS_CASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*x?(?:it|test|describe|suite)(?:\.(?:skip|only|each|concurrent))?\s*[(`]")
        .expect("a constant pattern")
});
static RUST_IGNORE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*#\[ignore\b").expect("a constant pattern"));
static RUST_CASE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*#\[(?:\w+::)?test\b").expect("a constant pattern"));

const IGNORED: Rule = Rule {
    code: "test-outcome-ignored",
    id: "PI031",
    severity: Severity::Error,
    finds: "Tests are started so that it is the same whether they pass: their exit code is thrown away, or they are not reached.",
    source: "the procedure: no success without counts; a gate that is always green guards nothing",
};
const SKIPPED: Rule = Rule {
    code: "tests-skipped",
    id: "PI031",
    severity: Severity::Error,
    finds: "Every test of a file is skipped without a condition; a warning where only some are.",
    source: "the procedure: no success without counts; runners end with 0 where all is skipped",
};

pub(super) const CHECK: Check = Check { rules: &[IGNORED, SKIPPED], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out: Vec<Finding> = subject.skills().flat_map(|skill| of(skill, subject)).collect();
    for (path, file) in subject.project.tree.iter() {
        let Some(text) = file.text() else { continue };
        if is_pipeline(path) {
            out.extend(pipeline(subject, path, text));
        } else if path == "package.json" || path.ends_with("/package.json") {
            out.extend(package(subject, path, text));
        }
    }
    out
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    for (path, file) in skill.dirs(tree, "tests").iter().flat_map(|d| tree.below(d)) {
        let Some(text) = file.text().filter(|_| !texts::is_fixture(path)) else { continue };
        let shell = path.ends_with(".sh") || path.ends_with(".bash") || text.lines().next().is_some_and(is_shell);
        if shell {
            let at = |line: usize| Location::at(subject.project.show(path), Span { line: number(line), column: 1 });
            out.extend(script(text, path.ends_with("/run")).map(|(line, because)| {
                IGNORED.at(at(line), because).fix("let the tests' own exit code be the last word")
            }));
        }
        let skipped = match test_file(path) {
            Some(Tongue::Python) => python(text),
            Some(Tongue::JavaScript) => javascript(text),
            Some(Tongue::Shell) => None,
            None if path.ends_with(".rs") => rust(text),
            None => None,
        };
        if let Some(skipped) = skipped {
            let at = Location::at(subject.project.show(path), Span { line: number(skipped.line), column: 1 });
            let because = if skipped.all {
                "every test of this file is skipped, whatever happens".to_owned()
            } else {
                "a test is skipped, whatever happens".to_owned()
            };
            let found = SKIPPED.at(at, because).fix("let it run, or take the test out and say what is not tested");
            out.push(if skipped.all { found } else { Finding { severity: Severity::Warning, ..found } });
        }
    }
    out
}

fn number(line: usize) -> u32 {
    u32::try_from(line + 1).unwrap_or(u32::MAX)
}

fn is_shell(first: &str) -> bool {
    first.starts_with("#!") && (first.contains("sh ") || first.trim_end().ends_with("sh"))
}

/// What a script does with the end of its tests: the line, from 0, and what is wrong. `any` takes every program for a test.
fn script(text: &str, any: bool) -> impl Iterator<Item = (usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<(usize, String)> = Vec::new();
    let top = |line: &str| !line.starts_with([' ', '\t']);
    let starts = |line: &str| {
        let line = line.trim_start();
        let asks = ["which ", "command ", "type ", "hash ", "pip", "echo ", "printf ", "apt", "uv pip", "npm install"];
        !line.starts_with('#') && RUNNER.is_match(line) && !asks.iter().any(|a| line.starts_with(a))
            || any && line.starts_with("exec ") && !line.starts_with("exec <") && !line.starts_with("exec >")
    };
    let runners: Vec<usize> = lines.iter().enumerate().filter(|(_, l)| starts(l)).map(|(i, _)| i).collect();
    let code = |l: &str| !l.trim().is_empty() && !l.trim_start().starts_with('#');
    for &i in &runners {
        let line = lines.get(i).copied().unwrap_or_default();
        if let Some(found) = FORGIVES.find(line.split(" #").next().unwrap_or(line)) {
            // Said and then ended with something else than 0 is no forgiving.
            let after = line.get(found.start()..).unwrap_or_default();
            out.push((i, format!("the tests may fail: `{}` takes their place", quoted(after.trim(), 60))));
        }
    }
    // An `exit 0` that stands before all of them.
    if let (Some(first), Some(last)) = (runners.first(), runners.last()) {
        let blocks = |upto: usize| {
            // Inside a function, a loop or a condition it is another matter.
            lines
                .iter()
                .take(upto)
                .filter(|l| ["if ", "case ", "for ", "while "].iter().any(|w| l.starts_with(w)))
                .count()
                <= lines.iter().take(upto).filter(|l| ["fi", "esac", "done"].contains(&l.trim_end())).count()
        };
        if let Some(i) = lines.iter().take(*first).position(|l| top(l) && EXIT.is_match(l))
            && blocks(i)
        {
            out.push((i, format!("it ends here, before the tests in line {}", first + 1)));
        }
        let strict = lines
            .iter()
            .take(*last)
            .fold(false, |strict, l| (strict || STRICT.is_match(l)) && !LAX.is_match(l.trim_start()));
        let after = lines.get(last + 1..).unwrap_or_default();
        let kept =
            lines.get(*last).is_some_and(|l| l.contains("||") || l.contains("&&") || l.trim_start().starts_with("if "))
                || after.iter().any(|l| l.contains("$?") || l.contains("PIPESTATUS"));
        let end = after.iter().position(|l| top(l) && EXIT.is_match(l));
        let exec = lines.get(*last).is_some_and(|l| l.trim_start().starts_with("exec "));
        let held = lines.get(*last).is_some_and(|l| l.trim_end().ends_with('\\'));
        if let Some(i) = end.filter(|_| !strict && !kept && !exec && !held)
            && after.iter().take(i).filter(|l| code(l)).all(|l| top(l) && !l.contains("exit"))
        {
            out.push((last + 1 + i, format!("it ends with 0 whatever the tests in line {} ended with", last + 1)));
        }
    }
    out.into_iter()
}

/// Skipping that was found.
struct Skipped {
    line: usize,
    all: bool,
}

fn python(text: &str) -> Option<Skipped> {
    let lines: Vec<&str> = text.lines().collect();
    if let Some(line) = lines.iter().position(|l| PY_MODULE.is_match(l)) {
        return Some(Skipped { line, all: true });
    }
    let indent = |l: &str| l.len() - l.trim_start().len();
    let is_test = |l: &str| {
        let l = l.trim_start();
        l.starts_with("def test") || l.starts_with("async def test")
    };
    // What each mark covers: the next definition, and all that is indented below it.
    let mut covered = vec![false; lines.len()];
    let mut first = None;
    for (i, _) in lines.iter().enumerate().filter(|(_, l)| PY_SKIP.is_match(l)) {
        let Some(at) = (i..lines.len()).find(|j| {
            let l = lines[*j].trim_start();
            l.starts_with("def ") || l.starts_with("async def ") || l.starts_with("class ")
        }) else {
            continue;
        };
        let depth = indent(lines[at]);
        let end = (at + 1..lines.len())
            .find(|j| !lines[*j].trim().is_empty() && indent(lines[*j]) <= depth)
            .unwrap_or(lines.len());
        if (at..end).any(|j| is_test(lines[j])) {
            first = first.or(Some(i));
            covered.iter_mut().take(end).skip(at).for_each(|c| *c = true);
        }
    }
    // One that is called by another is a helper.
    let renamed = lines.iter().position(|l| {
        RENAMED.captures(l).and_then(|c| c.get(1)).is_some_and(|name| text.matches(name.as_str()).count() == 1)
    });
    if first.is_none()
        && let Some(line) = renamed
    {
        return Some(Skipped { line, all: false });
    }
    let line = first?;
    let all = lines.iter().zip(&covered).filter(|(l, _)| is_test(l)).all(|(_, covered)| *covered);
    Some(Skipped { line, all })
}

fn javascript(text: &str) -> Option<Skipped> {
    let lines: Vec<&str> = text.lines().collect();
    let line = lines.iter().position(|l| JS_SKIP.is_match(l))?;
    let group = |l: &str| l.contains("describe") || l.trim_start().starts_with("suite");
    let outer = |l: &str| !l.starts_with([' ', '\t']);
    // All cases by themselves, or all groups that stand at the top with no case beside them.
    let cases: Vec<&&str> = lines.iter().filter(|l| JS_CASE.is_match(l) && !group(l)).collect();
    let tops: Vec<&&str> = lines.iter().filter(|l| JS_CASE.is_match(l) && outer(l)).collect();
    let all = !cases.is_empty() && cases.iter().all(|l| JS_SKIP.is_match(l))
        || !tops.is_empty() && tops.iter().all(|l| JS_SKIP.is_match(l));
    Some(Skipped { line, all })
}

fn rust(text: &str) -> Option<Skipped> {
    let count = |pattern: &Regex| text.lines().filter(|l| pattern.is_match(l)).count();
    let (cases, ignored) = (count(&RUST_CASE), count(&RUST_IGNORE));
    let line = text.lines().position(|l| RUST_IGNORE.is_match(l))?;
    // Some are ignored because they are slow: that is what the attribute is for.
    (cases > 0 && ignored >= cases).then_some(Skipped { line, all: true })
}

fn is_pipeline(path: &str) -> bool {
    let yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    yaml && (path.starts_with(".github/workflows/")
        || matches!(path, ".gitlab-ci.yml" | "azure-pipelines.yml" | ".travis.yml" | "bitbucket-pipelines.yml"))
}

/// Steps of a pipeline that run tests and may fail.
fn pipeline(subject: &Subject<'_>, path: &str, text: &str) -> Vec<Finding> {
    let Ok(documents) = formats::yaml(text) else { return Vec::new() };
    let mut out = Vec::new();
    let mut todo: Vec<&Node> = documents.iter().collect();
    let warn = |at: Span, because: String| {
        let found = IGNORED
            .at(Location::at(subject.project.show(path), at), because)
            .fix("let the tests' own exit code be the last word");
        Finding { severity: Severity::Warning, ..found }
    };
    while let Some(node) = todo.pop() {
        todo.extend(node.items().unwrap_or_default());
        todo.extend(node.entries().unwrap_or_default().iter().map(|e| &e.value));
        let scripts: Vec<&Node> = ["run", "script", "bash"]
            .into_iter()
            .filter_map(|k| node.get(k))
            .flat_map(|n| n.items().map_or_else(|| vec![n], |items| items.iter().collect()))
            .filter(|n| n.as_str().is_some())
            .collect();
        let mut tests = false;
        for script in &scripts {
            let line = script.as_str().unwrap_or_default();
            tests |= line.lines().any(|l| RUNNER.is_match(l) && !l.trim_start().starts_with('#'));
            // A step stops at the first failure, unless it says otherwise.
            let strict = format!("set -e\n{line}");
            out.extend(self::script(&strict, false).map(|(at, because)| {
                let below = u32::try_from(at).unwrap_or(0);
                let block = u32::from(line.contains('\n'));
                let at = Span {
                    line: script.at.line.saturating_add(below).saturating_sub(1).saturating_add(block),
                    ..script.at
                };
                let because = because.split(" in line ").next().unwrap_or_default().to_owned();
                warn(at, because)
            }));
        }
        if !tests {
            continue;
        }
        for key in ["continue-on-error", "allow_failure", "continueOnError"] {
            if let Some(value) = node.get(key).filter(|v| v.to_value() == serde_json::Value::Bool(true)) {
                out.push(warn(value.at, format!("this step runs tests, and {key} says that they may fail")));
            }
        }
        if let Some(value) = node.get("if").filter(|v| {
            let value = v.to_value();
            value == serde_json::Value::Bool(false)
                || value.as_str().is_some_and(|s| matches!(s.trim(), "false" | "${{ false }}"))
        }) {
            out.push(warn(value.at, "this step runs tests, and is never run".to_owned()));
        }
    }
    out
}

/// The test script of a package that throws its end away, or runs nothing.
fn package(subject: &Subject<'_>, path: &str, text: &str) -> Option<Finding> {
    let documents = formats::yaml(text).ok()?;
    let test = documents.first()?.get("scripts")?.get("test")?;
    let line = test.as_str()?;
    let forgives = FORGIVES.is_match(line) && !line.trim_start().starts_with("echo");
    forgives.then(|| {
        IGNORED
            .at(
                Location::at(subject.project.show(path), test.at),
                format!("the test script `{}` ends with 0 whatever its tests do", quoted(line, 80)),
            )
            .fix("let the tests' own exit code be the last word")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, any: bool) -> Vec<usize> {
        script(text, any).map(|(line, _)| line + 1).collect()
    }

    #[test]
    fn a_script_that_throws_the_end_of_its_tests_away_is_told_from_one_that_keeps_it() {
        for (text, want) in [
            ("#!/bin/sh\nset -eu\nexec python3 -m unittest -v\n", vec![]),
            ("#!/bin/sh\nset -eu\npython3 -m unittest\nexit 0\n", vec![]),
            ("#!/bin/sh\npython3 -m unittest\nexit $?\n", vec![]),
            ("#!/bin/sh\nif [ -z \"$X\" ]; then\nexit 0\nfi\npytest\n", vec![]),
            ("#!/bin/sh\nset -e\ncd tests || exit 1\npytest -q\necho done\n", vec![]),
            ("#!/bin/sh\nset -e\nwhich pytest || true\npytest -q\n", vec![]),
            ("#!/bin/sh\nset -eu\nexit 0\nexec python3 -m unittest\n", vec![3]),
            ("#!/bin/sh\npython3 -m unittest || true\n", vec![2]),
            ("#!/bin/sh\nset -e\nnpm test; true\n", vec![3]),
            ("#!/bin/sh\npytest || echo \"some tests failed\"\n", vec![2]),
            ("#!/bin/sh\npython3 -m unittest\nexit 0\n", vec![3]),
            ("#!/bin/sh\nset -eu\nset +e\npytest\nexit 0\n", vec![5]),
        ] {
            assert_eq!(lines(text, false), want, "{text}");
        }
        assert_eq!(lines("#!/bin/sh\nexit 0\nexec ./check-everything\n", true), [2]);
    }

    #[test]
    fn skipping_everything_is_told_from_skipping_something_and_from_a_condition() {
        let skipped = |s: Option<Skipped>| s.map(|s| (s.line + 1, s.all));
        for (text, want) in [
            (
                "import unittest\n@unittest.skip('later')\nclass A(unittest.TestCase):\n    def test_a(self):\n        f()\n",
                Some((2, true)),
            ),
            ("pytestmark = pytest.mark.skip\ndef test_a():\n    f()\n", Some((1, true))),
            ("@pytest.mark.skip\ndef test_a():\n    f()\n\ndef test_b():\n    f()\n", Some((1, false))),
            ("def test_a():\n    f()\n\ndef _test_b():\n    f()\n", Some((4, false))),
            ("def test_a():\n    _test_b()\n\ndef _test_b():\n    f()\n", None),
            (
                "@unittest.skipIf(sys.platform == 'win32', 'x')\nclass A(unittest.TestCase):\n    def test_a(self): f()\n",
                None,
            ),
            ("@pytest.mark.skipif(not HAS, reason='x')\ndef test_a():\n    f()\n", None),
        ] {
            assert_eq!(skipped(python(text)), want, "{text}");
        }
        for (text, want) in [
            ("test.skip('a', () => {});\nxit('b', () => {});\n", Some((1, true))),
            ("describe.skip('a', () => {\n  it('b', () => {});\n});\n", Some((1, true))),
            ("test('a', () => {});\nxit('b', () => {});\n", Some((2, false))),
            ("test('a', { skip: true }, () => {});\n", Some((1, true))),
            ("test('a', { skip: !process.env.X }, () => {});\n", None),
        ] {
            assert_eq!(skipped(javascript(text)), want, "{text}");
        }
        assert_eq!(skipped(rust("#[test]\n#[ignore]\nfn a() {}\n")), Some((2, true)));
        assert_eq!(skipped(rust("#[test]\n#[ignore = \"slow\"]\nfn a() {}\n#[test]\nfn b() {}\n")), None);
    }
}
