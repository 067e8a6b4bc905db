//! What the full profile runs: each rule of PI030 to PI033 finds its fault, and a clean skill has none. The skills are on the
//! disk and the shipped program verifies them.

use std::collections::BTreeMap;
use std::path::Path;

use platform_integration::base::yaml::Span;
use platform_integration::verify::runs::{Mutant, Ran, Runs, Suite};
use platform_integration::verify::{Profile, facts::Facts};
use serde_json::Value;

use super::{found, line, project};

const MAIN: &str = "---
name: demo
description: Adds two numbers. Use when two numbers must be added.
---

# Demo

See [the script](scripts/add.py) and the tests of it.

```sh run
python3 scripts/add.py 1 2 > sum
```

```python run
assert open('sum').read() == '3\\n'
```

```sh run exit=3
exit 3
```

```js run
console.log(require('fs').readFileSync('sum', 'utf8'))
```

```sh skip=needs-network
curl https://example.com
```
";
const ADD: &str = "import sys\n\n\ndef add(a, b):\n    return a + b\n\n\nif __name__ == '__main__':\n    print(add(int(sys.argv[1]), int(sys.argv[2])))\n";
const UNIT: &str = "import os, subprocess, unittest\n\n\nclass Add(unittest.TestCase):\n    def test_add(self):\n        out = subprocess.run(['python3', 'scripts/add.py', '1', '2'], capture_output=True, text=True)\n        self.assertEqual(out.stdout, '3\\n')\n";
const MATRIX: &str = "rows:
  - {id: a, integration: one, kind: happy, run: python3 scripts/add.py 1 2, expect: {exit: 0, stdout: \"3\"}}
  - {id: b, integration: one, kind: boundary, run: python3 scripts/add.py 0 0, expect: {stdout: \"0\"}}
  - {id: c, integration: one, kind: failure, run: python3 scripts/add.py x y, expect: {exit: 1}}
  - {id: d, integration: one, kind: rollback, run: platform-integration --version}
";

/// A clean skill with these files in place of its own.
fn verified(changed: &[(&str, &str)]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("demo");
    let mut files: BTreeMap<&str, &str> = BTreeMap::from([
        ("SKILL.md", MAIN),
        ("scripts/add.py", ADD),
        ("tests/test_add.py", UNIT),
        ("tests/matrix.yaml", MATRIX),
    ]);
    files.extend(changed.iter().copied());
    for (path, text) in files.into_iter().filter(|(_, text)| !text.is_empty()) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    verify(&root)
}

fn verify(root: &Path) -> Value {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_platform-integration"))
        .args(["verify", "demo", "--profile", "full", "--format", "json"])
        .current_dir(root.parent().unwrap())
        .output()
        .unwrap();
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
}

/// The findings of what is run, one a line.
fn of_runs(answer: &Value) -> String {
    let ours = ["code-block", "tests-", "matrix-", "mutant-"];
    let findings = answer["findings"].as_array().unwrap().iter();
    let lines = findings.filter(|f| ours.iter().any(|o| f["code"].as_str().unwrap().starts_with(o))).map(|f| {
        let at = |key: &str| f[key].as_str().unwrap_or_default().to_owned();
        format!("{}:{} {}: {}", at("file"), f["line"], at("code"), at("message"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_a_clean_skill_shows_runs_and_its_mutants_are_noticed() {
    let answer = verified(&[]);
    assert_eq!(of_runs(&answer), "", "{answer:#}");
    let ran = &answer["ran"];
    assert_eq!(
        (&ran["blocks"], &ran["tests"], &ran["cases"], &ran["rows"]),
        (&4.into(), &1.into(), &1.into(), &4.into()),
        "{answer:#}"
    );
    let mutants = ran["mutants"].as_array().unwrap();
    let noticed = |what: &str| {
        let mutant = mutants.iter().find(|m| m["what"].as_str().unwrap().contains(what));
        mutant.unwrap_or_else(|| panic!("{what} was not tried: {mutants:#?}"))["killed_by"].clone()
    };
    assert_eq!(noticed("the link to scripts/add.py was broken"), "broken-link");
    assert_eq!(noticed("row a was removed"), "matrix-kind-missing");
    assert_eq!(noticed("replaced by rubbish"), "tests/test_add.py");
}

#[test]
fn blocks_that_fail_loop_delete_or_fork_are_found_within_bounds() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("kept"), "x").unwrap();
    let text = format!(
        "{MAIN}\n```sh run\nfalse\necho not reached\n```\n\n```bash run\nf() {{ f | f & }}; f; sleep 20\n```\n\n```sh run\nrm -rf {} ./*\nexit 1\n```\n\n```sh run\nls SKILL.md\n```\n\n```python run\nimport socket; socket.create_connection(('127.0.0.1', 9))\n```\n\n```python\nprint(1)\n```\n\n```sh run\nwhile :; do :; done\n```\n",
        outside.path().display()
    );
    let answer = verified(&[("SKILL.md", &text)]);
    let said = of_runs(&answer);
    let said = said.replace(&outside.path().display().to_string(), "@@OUTSIDE@@");
    assert!(outside.path().join("kept").exists());
    let codes: Vec<&str> = said.lines().filter_map(|l| l.split(' ').nth(1)).collect();
    let fails = "code-block-fails:";
    assert_eq!(codes, [fails, fails, fails, fails, fails, "code-block-unmarked:", fails], "{said}");
    // Which of its bounds the fork bomb meets first is the machine's: processes or time.
    for expected in [
        "exited with 1",
        "the sh block exited with 2: ls: cannot access 'SKILL.md'",
        "Network is down",
        "a python block says not whether it is run",
        "was not done within 15 s",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn tests_that_fail_hang_or_hold_nothing_are_found() {
    let answer = verified(&[
        ("tests/test_add.py", &UNIT.replace("'3\\n'", "'4\\n'")),
        (
            "tests/test_none.py",
            "import unittest\n\n\nclass None_(unittest.TestCase):\n    def add(self):\n        self.assertEqual(add(1), 1)\n",
        ),
        (
            "tests/test_true.py",
            "import unittest\n\n\nclass True_(unittest.TestCase):\n    def test_it(self):\n        self.assertTrue(True)\n",
        ),
        ("tests/hang_test.sh", "sleep 600 || exit 1\n"),
        (
            "tests/a.test.js",
            "const test = require('node:test');\ntest('a', () => { throw new Error('broken on purpose'); });\n",
        ),
        ("tests/b.test.js", "it('b', () => { expect(f()).toBe(1); });\n"),
        ("tests/test_style.py", "from somewhere_else import f\n\n\ndef test_f():\n    assert f() == 1\n"),
        ("tests/c.bats", "@test 'c' { true; }\n"),
    ]);
    let said = of_runs(&answer);
    let of = |file: &str| {
        said.lines().filter(|l| l.starts_with(&format!("demo/tests/{file}:"))).collect::<Vec<_>>().join("; ")
    };
    assert!(of("test_add.py").contains("tests-fail") && of("test_add.py").contains("exited with 1"), "{said}");
    assert!(of("test_none.py").contains("tests-empty"), "{said}");
    assert!(
        of("test_true.py").contains("tests-assert-nothing") && !of("test_true.py").contains("tests-fail"),
        "{said}"
    );
    assert!(of("hang_test.sh").contains("was not done within 15 s"), "{said}");
    assert!(of("a.test.js").contains("tests-fail"), "{said}");
    for quiet in ["b.test.js", "test_style.py", "c.bats"] {
        assert_eq!(of(quiet), "", "{said}");
        let not_verified = answer["not_verified"].as_array().unwrap();
        assert!(not_verified.iter().any(|n| n.as_str().unwrap().contains(quiet)), "{quiet}: {not_verified:#?}");
    }
}

#[test]
fn a_matrix_that_lacks_repeats_fails_or_is_rubbish_is_found() {
    let matrix = MATRIX
        .replace("stdout: \"3\"", "stdout: \"4\"")
        .replace("kind: failure", "kind: failing")
        .replace("id: b", "id: a")
        .replace(", run: platform-integration --version", "")
        + "  - {id: e, integration: one, kind: happy, gap: nobody had time}\n";
    let answer = verified(&[("tests/matrix.yaml", &matrix)]);
    insta::assert_snapshot!(of_runs(&answer));
    let answer = verified(&[("tests/matrix.yaml", "rows:\n  - 5\n  - [a]\n  - {id: {}}\n")]);
    assert!(of_runs(&answer).contains("matrix-malformed"), "{answer:#}");
}

#[test]
fn each_fault_of_a_run_is_one_finding() {
    let demo = project(&[("SKILL.md", MAIN), ("scripts/add.py", ADD), ("tests/t.sh", "x")]);
    let at = Span { line: 11, column: 1 };
    let ran = |name: &str, fault: Option<&str>| Ran {
        file: "demo/SKILL.md".to_owned(),
        at,
        name: name.to_owned(),
        fault: fault.map(str::to_owned),
        said: String::new(),
    };
    let suite = |fault: Option<&str>, cases| Suite {
        path: "tests/t.sh".to_owned(),
        command: "bash tests/t.sh".to_owned(),
        fault: fault.map(str::to_owned),
        said: "expected 1".to_owned(),
        cases,
    };
    let mutant = |killed_by: Option<&str>| Mutant {
        path: "SKILL.md".to_owned(),
        at,
        what: "tool a was renamed to as".to_owned(),
        ought: "tool-unknown".to_owned(),
        killed_by: killed_by.map(str::to_owned),
    };
    let runs = Runs {
        blocks: vec![ran("sh", None), ran("sh", Some("exited with 1"))],
        suites: vec![suite(None, Some(2)), suite(None, None), suite(Some("exited with 1"), None), suite(None, Some(0))],
        rows: vec![ran("a", None), ran("b", Some("exited with 0, not 1"))],
        mutants: vec![
            mutant(Some("tool-unknown")),
            mutant(None),
            Mutant { ought: "tests/t.sh".to_owned(), what: "it was replaced by rubbish".to_owned(), ..mutant(None) },
        ],
    };
    let facts = Facts { runs, ..Facts::default() };
    let ours = [
        "code-block-fails",
        "tests-fail",
        "tests-empty",
        "matrix-row-fails",
        "mutant-survives",
        "mutant-survives-gate",
    ];
    let lines: Vec<String> =
        found(&demo, &facts, Profile::Full).iter().filter(|f| ours.contains(&f.code)).map(line).collect();
    insta::assert_snapshot!(lines.join("\n"));
}
