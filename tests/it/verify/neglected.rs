//! What reviewers planted and linters passed over: neutralised tests, names that are imported and gone, data that its schema
//! refuses, commands that are not there, ledgers that leave things open, evidence that no log has.

use platform_integration::finding::{Finding, Severity};
use platform_integration::skill::load;
use platform_integration::verify::facts::Facts;
use platform_integration::verify::{Profile, Subject, run};

use super::{line, listing, project};

/// Codes that are tripped here. Those of PI031 are exempt from the list of all, and are here all the same.
pub(crate) const TRIPPED: [&str; 12] = [
    "test-outcome-ignored",
    "tests-skipped",
    "tests-assert-nothing",
    "import-name-missing",
    "instance-refused",
    "command-missing",
    "script-argument-unknown",
    "script-not-executable",
    "constraint-unlabelled",
    "constraint-without-owner",
    "constraint-unconfirmed",
    "constraint-unknown",
];

const MAIN: &str = "---\nname: demo\ndescription: Demo of a skill. Use when demonstrating.\nmetadata:\n  version: \"1.0.0\"\n---\n\n# Demo\n";
const SCHEMA: &str = "{\"type\": \"array\", \"items\": {\"properties\": {\"kind\": {\"enum\": [\"text\", \"date\"]}}, \"required\": [\"kind\"]}}";
const PARSER: &str = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--limit')\np.add_argument('file')\np.parse_args()\n";
const LEDGER: &str =
    "constraints:\n  - {id: one-way, kind: hard, origin: crm docs}\n  - {id: fast, kind: soft, owner: sales}\n";

fn of(files: &[(&str, &str)], facts: &Facts) -> Vec<Finding> {
    let texts = if files.iter().any(|(path, _)| *path == "SKILL.md") {
        files.to_vec()
    } else {
        [&[("SKILL.md", MAIN)], files].concat()
    };
    let project = project(&texts);
    let mut found = run(&Subject { project: &project, facts }, Profile::Sync);
    found.retain(|f| TRIPPED.contains(&f.code) || f.code == "evidence-unknown" || f.code == "manifest-version-differs");
    found
}

const ERROR: Severity = Severity::Error;
const WARNING: Severity = Severity::Warning;

#[test]
fn each_neglect_is_found_and_no_other() {
    let ledger_unconfirmed = format!("{LEDGER}  - {{id: stable, kind: inferred, status: implemented}}\n");
    let ledger_unowned = LEDGER.replace(", owner: sales", "");
    let ledger_unlabelled = LEDGER.replace("kind: soft, ", "");
    let flagged = format!("{MAIN}\n```sh\npython3 scripts/a.py --fast in.csv\n```\n");
    let cites = format!("{MAIN}\nConstraint `one-waz` holds, see `resources/constraints.yaml`.\n");
    type Case<'a> = (&'a str, Severity, Vec<(&'a str, &'a str)>);
    let cases: Vec<Case<'_>> = vec![
        ("test-outcome-ignored", ERROR, vec![("tests/run", "#!/bin/sh\nset -eu\nexit 0\nexec python3 -m unittest\n")]),
        ("test-outcome-ignored", ERROR, vec![("tests/run", "#!/bin/sh\nset -eu\npython3 -m unittest || true\n")]),
        ("test-outcome-ignored", ERROR, vec![("package.json", "{\"scripts\": {\"test\": \"node --test || true\"}}\n")]),
        (
            "test-outcome-ignored",
            WARNING,
            vec![(
                ".github/workflows/ci.yml",
                "jobs:\n  a:\n    steps:\n      - run: pytest -q\n        continue-on-error: true\n",
            )],
        ),
        (
            "tests-skipped",
            ERROR,
            vec![(
                "tests/test_a.py",
                "import unittest\n\n\n@unittest.skip('later')\nclass A(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(), 1)\n",
            )],
        ),
        (
            "tests-skipped",
            WARNING,
            vec![(
                "tests/a.test.js",
                "test('a', () => { assert.ok(f()) });\ntest.skip('b', () => { assert.ok(g()) });\n",
            )],
        ),
        (
            "tests-assert-nothing",
            ERROR,
            vec![("tests/test_a.py", "def test_a():\n    assert f()\n\n\ndef test_b():\n    pass\n")],
        ),
        (
            "import-name-missing",
            ERROR,
            vec![
                ("scripts/a.mjs", "import { table } from './b.mjs';\n"),
                ("scripts/b.mjs", "export function tables() {}\n"),
            ],
        ),
        (
            "import-name-missing",
            ERROR,
            vec![("scripts/a.py", "from rules import repaired\n"), ("scripts/rules.py", "def repair():\n    pass\n")],
        ),
        (
            "instance-refused",
            ERROR,
            vec![
                ("resources/a.json", "[{\"kind\": \"text\"}, {\"kind\": \"number\"}]\n"),
                ("resources/a.schema.json", SCHEMA),
            ],
        ),
        (
            "instance-refused",
            ERROR,
            vec![
                ("resources/a.yaml", "# yaml-language-server: $schema=forms/b.schema.json\n- kind: text\n- {}\n"),
                ("resources/forms/b.schema.json", SCHEMA),
            ],
        ),
        (
            "command-missing",
            ERROR,
            vec![
                ("skills/demo/SKILL.md", MAIN),
                ("SKILL.md", ""),
                ("README.md", "# Demo\n\n```sh\nnpm run tests\n```\n"),
                ("package.json", "{\"scripts\": {\"test\": \"node --test\"}}\n"),
            ],
        ),
        (
            "command-missing",
            ERROR,
            vec![
                ("skills/demo/SKILL.md", MAIN),
                ("SKILL.md", ""),
                ("skills/demo/scripts/a.py", "print(1)\n"),
                ("README.md", "# Demo\n\n```sh\npython3 skills/demo/scripts/b.py\n```\n"),
            ],
        ),
        ("script-argument-unknown", ERROR, vec![("SKILL.md", &flagged), ("scripts/a.py", PARSER)]),
        ("constraint-unlabelled", ERROR, vec![("resources/constraints.yaml", &ledger_unlabelled)]),
        ("constraint-without-owner", ERROR, vec![("resources/constraints.yaml", &ledger_unowned)]),
        ("constraint-unconfirmed", ERROR, vec![("resources/constraints.yaml", &ledger_unconfirmed)]),
        ("constraint-unknown", ERROR, vec![("SKILL.md", &cites), ("resources/constraints.yaml", LEDGER)]),
    ];
    let mut page = Vec::new();
    for (code, severity, files) in &cases {
        // An empty SKILL.md at the root stands for none.
        let files: Vec<(&str, &str)> = files.to_vec();
        let files = if files.iter().any(|(p, t)| *p == "SKILL.md" && t.is_empty()) { beside(&files) } else { files };
        let found = if files.iter().any(|(p, _)| p.starts_with("skills/")) {
            plain(&files)
        } else {
            of(&files, &Facts::default())
        };
        let codes: Vec<(&str, Severity)> = found.iter().map(|f| (f.code, f.severity)).collect();
        assert_eq!(codes, [(*code, *severity)], "{files:?}\n{found:#?}");
        page.extend(found.iter().map(line));
    }
    insta::assert_snapshot!(page.join("\n"));
}

fn beside<'a>(files: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    files.iter().copied().filter(|(p, _)| *p != "SKILL.md").collect()
}

fn plain(files: &[(&str, &str)]) -> Vec<Finding> {
    let facts = Facts::default();
    let project = project(files);
    let mut found = run(&Subject { project: &project, facts: &facts }, Profile::Sync);
    found.retain(|f| TRIPPED.contains(&f.code));
    found
}

#[test]
fn what_is_like_neglect_is_none() {
    let told = format!("{MAIN}\n```sh\npython3 scripts/a.py --limit 5 in.csv\nother --fast\n```\n");
    let good: &[&[(&str, &str)]] = &[
        &[("tests/run", "#!/bin/sh\nset -eu\ncommand -v python3 || exit 0\nexec python3 -m unittest -v\n")],
        &[(
            "tests/test_a.py",
            "import sys, pytest\n\n\n@pytest.mark.skipif(sys.platform == 'win32', reason='x')\ndef test_a():\n    assert f()\n",
        )],
        &[
            ("scripts/a.py", "from rules import *\nfrom rules import made\n"),
            ("scripts/rules.py", "globals()['made'] = 1\n"),
        ],
        &[
            ("scripts/a.mjs", "import { b } from './b.mjs';\n"),
            ("scripts/b.mjs", "export * from './c.mjs';\n"),
            ("scripts/c.mjs", "export const b = 1;\n"),
        ],
        &[("resources/a.json", "[{\"kind\": \"text\"}]\n"), ("resources/a.schema.json", SCHEMA)],
        &[("resources/a.json", "{\"$schema\": \"https://example.com/a.json\", \"kind\": 5}\n")],
        &[("SKILL.md", &told), ("scripts/a.py", PARSER)],
        &[("resources/constraints.yaml", LEDGER)],
        &[(
            "resources/constraints.yaml",
            "constraints:\n  - {field: age, type: range, min: 0}\n  - {field: name, type: length}\n",
        )],
    ];
    for files in good {
        let found = of(files, &Facts::default());
        assert!(found.is_empty(), "{files:?}\n{found:#?}");
    }
}

#[cfg(unix)]
#[test]
fn a_script_that_is_called_by_its_path_may_be_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let skill = dir.path().join("demo");
    std::fs::create_dir_all(skill.join("scripts")).unwrap();
    std::fs::write(
        skill.join("SKILL.md"),
        format!("{MAIN}\n```sh\nscripts/a.sh x\nbash scripts/b.sh\nscripts/c.sh\n```\n"),
    )
    .unwrap();
    for name in ["a", "b", "c"] {
        std::fs::write(skill.join(format!("scripts/{name}.sh")), "#!/bin/sh\necho $1\n").unwrap();
    }
    let found = || {
        let project = load(&skill, "demo").unwrap();
        let facts = Facts::default();
        let found = run(&Subject { project: &project, facts: &facts }, Profile::Sync);
        found.into_iter().filter(|f| f.code == "script-not-executable").map(|f| f.message).collect::<Vec<_>>()
    };
    assert_eq!(found(), [""; 0], "where no file may be run, modes were not kept");
    std::fs::set_permissions(skill.join("scripts/c.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(found(), ["scripts/a.sh is called by its path, and is not executable"]);
}

#[test]
fn a_session_that_is_cited_is_in_the_store() {
    let text = format!("{MAIN}\nSeen in session s-20261101-abcdef, evidence below.\n");
    let facts = |sessions: &[&str]| Facts {
        recorded: Some(sessions.iter().map(|s| (*s).to_owned()).collect()),
        ..Facts::default()
    };
    let codes =
        |facts: &Facts| of(&[("SKILL.md", &text)], facts).iter().map(|f| (f.code, f.severity)).collect::<Vec<_>>();
    assert_eq!(codes(&Facts::default()), [], "no log, no verdict");
    assert_eq!(codes(&facts(&["s-20261101-abcdef"])), []);
    assert_eq!(codes(&facts(&["s-20261101-abcdeg"])), [("evidence-unknown", ERROR)]);
    assert_eq!(codes(&facts(&["s-20250101-zzzzzz"])), [("evidence-unknown", WARNING)]);
}

#[test]
fn a_server_says_the_version_of_its_package() {
    let manifest = "{\"name\": \"demo\", \"version\": \"1.0.0\", \"description\": \"Demo.\"}\n";
    let mut server = listing(&["map_system"]);
    server.command = vec!["python3".to_owned(), "server/server.py".to_owned()];
    if let Ok(surface) = &mut server.answered {
        surface.version = "1.1.0".to_owned();
    }
    let named = |server| {
        let facts = Facts { servers: vec![server], ..Facts::default() };
        of(&[("SKILL.md", &format!("{MAIN}\nCall `map_system`.\n")), (".claude-plugin/plugin.json", manifest)], &facts)
            .iter()
            .map(|f| (f.code, f.severity))
            .collect::<Vec<_>>()
    };
    assert_eq!(named(server.clone()), [("manifest-version-differs", WARNING)]);
    if let Ok(surface) = &mut server.answered {
        surface.name = "another".to_owned();
    }
    assert_eq!(named(server), [], "another program has versions of its own");
}
