//! What is wrong with files: trees that are hostile, data that does not parse, scripts that lean on what is not there, locks.

use platform_integration::base::yaml::Span;
use platform_integration::finding::{Finding, Severity};
use platform_integration::probe::{Surface, Tool};
use platform_integration::skill::{LoadError, Project, Tree, load};
use platform_integration::verify::facts::{Base, Facts, Syntax};
use platform_integration::verify::lock::Lock;
use platform_integration::verify::scripts::suspects;
use platform_integration::verify::{Profile, Subject, run};

use super::{line, listing, project};

/// Codes that are tripped here.
pub(crate) const TRIPPED: [&str; 20] = [
    "resource-malformed",
    "block-malformed",
    "resource-not-strict",
    "rows-uneven",
    "template-malformed",
    "placeholder-undeclared",
    "schema-invalid",
    "link-leads-out",
    "link-leads-nowhere",
    "file-too-large",
    "file-unreadable",
    "file-name-unportable",
    "tree-cut",
    "import-unresolved",
    "package-entry-missing",
    "script-malformed",
    "lock-stale",
    "lock-malformed",
    "version-not-bumped",
    "tool-contract-broken",
];

const MAIN: &str = "---\nname: demo\ndescription: Demo of a skill. Use when demonstrating.\nmetadata:\n  version: \"1.0.0\"\n---\n\n# Demo\n";

/// Only what this file is about: other checks have their own examples.
fn ours(project: &Project, facts: &Facts) -> Vec<Finding> {
    let mut found = run(&Subject { project, facts }, Profile::Sync);
    found.retain(|f| TRIPPED.contains(&f.code) || f.code == "lock-behind");
    found
}

fn of_files(files: &[(&str, &str)]) -> Vec<Finding> {
    let texts = [&[("SKILL.md", MAIN)], files].concat();
    ours(&project(&texts), &Facts::default())
}

fn codes(found: &[Finding]) -> Vec<(&'static str, Severity)> {
    found.iter().map(|f| (f.code, f.severity)).collect()
}

const ERROR: Severity = Severity::Error;
const WARNING: Severity = Severity::Warning;

#[test]
fn every_fault_of_a_file_is_found_and_no_other() {
    let schema = "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"type\": \"object\", \"properties\": {\"name\": {\"type\": \"string\"}, \"due\": {\"$ref\": \"#/$defs/date\"}}, \"$defs\": {\"date\": {\"type\": \"string\"}}}";
    let wrong_type = schema.replace("\"object\"", "\"list\"");
    let wrong_ref = schema.replace("#/$defs/date", "#/$defs/dates");
    type Case<'a> = (&'a str, Severity, Vec<(&'a str, &'a str)>);
    let cases: Vec<Case<'_>> = vec![
        ("resource-malformed", ERROR, vec![("resources/a.json", "{\n  \"a\": 1\n  \"b\": 2\n}\n")]),
        ("resource-malformed", ERROR, vec![("resources/a.json", "")]),
        ("resource-malformed", ERROR, vec![("resources/a.jsonl", "{\"a\": 1}\n{\"a\": \n")]),
        ("resource-malformed", ERROR, vec![("resources/a.yaml", "a: 1\n---\nb: [1, 2\nc: 3\n")]),
        ("resource-malformed", ERROR, vec![("resources/a.toml", "[a]\nb = \n")]),
        // As the original of the procedure has it.
        (
            "resource-malformed",
            ERROR,
            vec![("resources/templates/hooks.yaml", "id: {{id}}\nfull_name: {{org}}/{{repo}}\n")],
        ),
        (
            "resource-malformed",
            ERROR,
            vec![("resources/hooks.yaml", "id: \"{{id}}\"\nname: \"{{n}}\"\norg: {{org}}\n")],
        ),
        (
            "resource-malformed",
            ERROR,
            vec![("resources/a.template.json", "{\"a\": \"{{a}}\", \"b\": {{b}}, \"c\": [1, }\n")],
        ),
        ("resource-malformed", WARNING, vec![("resources/a.yaml", "{% if x %}\na: [1\n{% endif %}\n")]),
        ("resource-not-strict", WARNING, vec![("resources/a.json", "{\n  // no comment\n  \"a\": [1, 2,],\n}\n")]),
        ("resource-not-strict", WARNING, vec![("resources/a.json", "\u{feff}{}\n")]),
        ("resource-not-strict", WARNING, vec![("resources/a.yaml", "a:\n  b: 1\n  c: 2\n  b: 3\n")]),
        ("rows-uneven", WARNING, vec![("resources/a.csv", "a,b\n1,2\n3,4,5\n6\n")]),
        ("template-malformed", ERROR, vec![("resources/a.md.j2", "Dear {{ name },\n\n{{ text }}\n")]),
        (
            "placeholder-undeclared",
            ERROR,
            vec![
                ("resources/params.schema.json", schema),
                ("resources/report.template.md", "{{ name }} is due on {{ due | date }}, says {{ nam }}\n"),
            ],
        ),
        (
            "placeholder-undeclared",
            ERROR,
            vec![
                ("resources/mail.params.yaml", "- subject\n- body\n"),
                ("resources/mail.txt.j2", "{{ subject }}\n{{ boddy }}\n"),
            ],
        ),
        (
            "placeholder-undeclared",
            ERROR,
            vec![("resources/mail.md.j2", "---\nparams: [to]\n---\n{{ to }} {{ cc }}\n")],
        ),
        ("schema-invalid", ERROR, vec![("resources/a.schema.json", &wrong_type)]),
        ("schema-invalid", ERROR, vec![("resources/a.json", &wrong_ref)]),
        (
            "import-unresolved",
            ERROR,
            vec![("tests/a.test.js", "const a = require('../scripts/connector');\n"), ("scripts/connectors.js", "")],
        ),
        (
            "import-unresolved",
            ERROR,
            vec![("scripts/a.mjs", "import { b } from './lib/b.mjs';\n"), ("scripts/lib/bb.mjs", "")],
        ),
        ("import-unresolved", ERROR, vec![("scripts/a.ts", "import { b } from './b';\n")]),
        ("import-unresolved", ERROR, vec![("scripts/a.py", "from .rules import check\n"), ("scripts/rule.py", "")]),
        (
            "import-unresolved",
            ERROR,
            vec![
                ("tests/test_a.py", "from resources.scripts.trainer import run\n"),
                ("resources/scripts/train.py", ""),
            ],
        ),
        (
            "import-unresolved",
            ERROR,
            vec![
                ("tests/test_a.py", "import sys\nsys.path.insert(0, 'scripts')\nimport summariser\n"),
                ("scripts/summarise.py", ""),
            ],
        ),
        (
            "import-unresolved",
            ERROR,
            vec![("tests/test_a.py", "import summary_maker\n"), ("scripts/summary-maker.py", "")],
        ),
        ("import-unresolved", WARNING, vec![("scripts/a.py", "import nobody_knows_this\n")]),
        (
            "import-unresolved",
            ERROR,
            vec![("scripts/a.sh", "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"\n"), ("scripts/libs.sh", "")],
        ),
        ("import-unresolved", WARNING, vec![("scripts/a.sh", "#!/bin/sh\nsource ./lib.sh\n")]),
        ("package-entry-missing", ERROR, vec![("package.json", "{\"main\": \"index.js\"}\n")]),
        (
            "package-entry-missing",
            ERROR,
            vec![("package.json", "{\"scripts\": {\"test\": \"node tests/run.js --all\"}}\n"), ("tests/runs.js", "")],
        ),
        ("script-malformed", WARNING, vec![("scripts/a.py", "def f(a:\n    return a\n")]),
        ("lock-malformed", ERROR, vec![("skill.lock.json", "{\"lock_version\": 1}\n")]),
        ("file-name-unportable", WARNING, vec![("references/A.md", "# A\n"), ("references/a.md", "# A\n")]),
        ("file-name-unportable", WARNING, vec![("references/what?.txt", "x")]),
    ];
    let mut page = Vec::new();
    for (code, severity, files) in &cases {
        let found = of_files(files);
        assert_eq!(codes(&found), [(*code, *severity)], "{files:?}\n{found:#?}");
        page.extend(found.iter().map(line));
    }
    insta::assert_snapshot!(page.join("\n"));
}

#[test]
fn what_people_write_is_no_fault() {
    let good: &[&[(&str, &str)]] = &[
        &[("tsconfig.json", "{\n // fine here\n \"a\": 1,\n}\n"), (".vscode/settings.json", "{ /* and here */ }\n")],
        &[("resources/a.jsonc", "{ \"a\": 1, }\n")],
        &[("resources/a.yaml", "%YAML 1.2\n---\na: !Ref b\n---\nb: &x {c: 1}\nd: *x\n...\n")],
        &[("resources/empty.yaml", "# nothing yet\n")],
        &[("resources/a.csv", "name\nSmith, John\n")],
        &[("resources/a.template.yaml", "name: {{ name }}\nreplicas: {{ n }}\n")],
        &[("resources/a.yaml.j2", "{% for x in xs %}\n- {{ x }}\n{% endfor %}\n")],
        &[("resources/templates/a.yaml", "id: {{id}}\nwhen: {{when}}\n")],
        &[
            ("chart/Chart.yaml", "name: a\n"),
            ("chart/templates/a.yaml", "{{- if .Values.a }}\na: {{ .Values.a }}/{{ .Values.b }}\n{{- end }}\n"),
        ],
        &[("resources/a.md.j2", "{{ a }}\n{{ b\n | upper }}\n")],
        &[("resources/instance.json", "{\"$schema\": \"https://json.schemastore.org/package\", \"type\": \"list\"}\n")],
        &[("tests/fixtures/invalid.json", "{"), ("tests/fixtures/broken/a.py", "def (")],
        &[
            (
                "scripts/a.js",
                "import './b';\nimport x from './c.js';\nimport y from '../dist/z.js';\nlet o;\ntry { o = require('./optional') } catch {}\n",
            ),
            ("scripts/b/index.js", ""),
            ("scripts/c.ts", ""),
        ],
        &[
            (
                "scripts/a.py",
                "import os, yaml, requests\nfrom lib import b\nfrom lib.c import D\nimport b\ntry:\n    import fast\nexcept ImportError:\n    fast = None\n",
            ),
            ("scripts/lib/b.py", ""),
            ("scripts/lib/c.py", ""),
        ],
        &[("scripts/a.py", "# /// script\n# dependencies = [\"rare-thing\"]\n# ///\nimport rare_thing\n")],
        &[("scripts/pkg/__init__.py", "from .a import b\n"), ("scripts/pkg/a.py", "from . import b\nb = 1\n")],
        &[
            (
                "scripts/a.sh",
                "#!/bin/bash\nHERE=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\nsource \"$HERE/lib.sh\"\n[ -f ./local.sh ] && source ./local.sh\nsource .venv/bin/activate\n. \"$OTHER/x.sh\"\n",
            ),
            ("scripts/lib.sh", ""),
        ],
        &[(
            "package.json",
            "{\"main\": \"dist/index.js\", \"scripts\": {\"build\": \"tsc\", \"test\": \"node --test\", \"lint\": \"eslint .\"}}\n",
        )],
    ];
    for files in good {
        let found = of_files(files);
        assert!(found.is_empty(), "{files:?}\n{found:#?}");
    }
}

#[test]
fn a_skill_that_is_named_after_a_library_is_no_package() {
    let of = |more: &[(&str, &str)]| {
        let script = "from demolib import Thing\nfrom demolib.core.solve import solve\n";
        let main = MAIN.replace("name: demo\n", "name: demolib\n");
        let mut files = vec![("skills/demolib/SKILL.md", main.as_str()), ("skills/demolib/scripts/run.py", script)];
        files.extend(more);
        ours(&Project::of_tree("x", Tree::of_texts(&files), None), &Facts::default())
    };
    assert_eq!(of(&[]), []);
    let package = [("skills/demolib/__init__.py", "class Thing: pass\n")];
    assert_eq!(codes(&of(&package)), [("import-unresolved", ERROR)], "its own package lacks core.solve");
}

#[test]
fn a_block_that_shows_choices_or_is_filled_in_later_is_no_document() {
    let block = |path: &str, text: &str| of_files(&[(path, text)]).iter().map(|f| f.code).collect::<Vec<_>>();
    for text in [
        "```json\n\"ttl\": {\"a\": 1}   // short\n\"ttl\": {\"a\": 2}   // long\n```\n",
        "```toml\n# Option 1: fast\n[run]\na = 1\n\n# Option 2: safe\n[run]\na = 2\n```\n",
    ] {
        assert_eq!(block("references/a.md", text), Vec::<&str>::new(), "{text}");
    }
    let hole = "```json\n{WHOLE_RECORD}\n```\n";
    assert_eq!(block("references/a.md", hole), ["block-malformed"]);
    assert_eq!(block("assets/report_template.md", hole), Vec::<&str>::new());
    let double = "```toml\n[run]\na = 1\n[run]\na = 2\n```\n";
    assert_eq!(block("references/a.md", double), ["block-malformed"]);
}

#[test]
fn a_block_of_data_parses_unless_it_is_a_sketch() {
    let found = |block: &str| {
        let main = format!("{MAIN}\nA call and its answer:\n\n{block}\n");
        codes(&ours(&project(&[("SKILL.md", &main)]), &Facts::default()))
    };
    assert_eq!(found("```json\n{\"a\": 1\n \"b\": 2}\n```"), [("block-malformed", WARNING)]);
    assert_eq!(found("```json static\n{\"a\": 1, ...}\n```"), [("block-malformed", ERROR)]);
    assert_eq!(found("```yaml\na: [1\nb: 2\n```"), [("block-malformed", WARNING)]);
    assert_eq!(found("```toml\n[a\n```"), [("block-malformed", WARNING)]);
    for sketch in [
        "```json\n{\"a\": 1} {\"b\": 2}\n```",
        "```json\n{\n  // how many\n  \"a\": 1,\n}\n```",
        "```json\n{\"a\": ...}\n```",
        "```json\n\"a\": 1,\n\"b\": [2]\n```",
        "```json\n{\"a\": <name>}\n```",
        "```yaml\n---\nname: a\n---\n# Body: it is\n```",
        "```yaml\na: {{ b }}/{{ c }}\n```",
        "```json skip=not-json\n{\n```",
        "Not valid:\n\n```json\n{\"a\": 1,,}\n```",
        "```text\n{\n```",
    ] {
        assert!(found(sketch).is_empty(), "{sketch}");
    }
}

#[test]
fn the_interpreter_has_the_last_word_on_syntax() {
    let texts = [("SKILL.md", MAIN), ("scripts/a.py", "def f(a:\n    return a\n"), ("scripts/b.sh", "if true; then\n")];
    let project = project(&texts);
    let found = suspects(&project);
    assert_eq!(found.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(), ["scripts/a.py", "scripts/b.sh"]);
    let wrong = Syntax::Wrong { at: Span { line: 1, column: 6 }, because: "'(' was never closed".to_owned() };
    let facts = Facts {
        suspects: Some(found),
        syntax: [("scripts/a.py".to_owned(), wrong), ("scripts/b.sh".to_owned(), Syntax::Fine)].into(),
        ..Facts::default()
    };
    let found = ours(&project, &facts);
    assert_eq!(codes(&found), [("script-malformed", ERROR)]);
    assert_eq!(found[0].location.to_string(), "demo/scripts/a.py:1:6");
}

fn tool(name: &str, input: &serde_json::Value) -> Tool {
    Tool {
        name: name.to_owned(),
        input: input.clone(),
        output: Some(
            serde_json::json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}),
        ),
        annotations: serde_json::json!({"destructiveHint": false, "idempotentHint": true}),
        ..Tool::default()
    }
}

fn input() -> serde_json::Value {
    serde_json::json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "count": {"type": "number"},
            "mode": {"enum": ["fast", "safe"]},
            "filter": {"$ref": "#/$defs/filter"},
        },
        "required": ["name"],
        "$defs": {"filter": {"type": "object", "properties": {"since": {"type": ["string", "null"]}}}},
    })
}

fn surface(version: &str, tools: Vec<Tool>) -> Facts {
    let mut server = listing(&[]);
    server.answered = Ok(Surface { name: "demo".to_owned(), version: version.to_owned(), tools, ..Surface::default() });
    Facts { servers: vec![server], ..Facts::default() }
}

/// The skill with the lock that these facts make.
fn locked(facts: &Facts, files: &[(&str, &str)]) -> Project {
    let before = project(&[&[("SKILL.md", MAIN)], files].concat());
    let surfaces = facts.servers.iter().filter_map(|s| s.answered.as_ref().ok());
    let lock = Lock::of(&before, &before.skills[0], surfaces).text();
    project(&[&[("SKILL.md", MAIN), ("skill.lock.json", lock.as_str())], files].concat())
}

#[test]
fn a_lock_that_was_just_written_has_nothing_to_say() {
    let facts = surface("1.0.0", vec![tool("map", &input())]);
    let project = locked(&facts, &[("scripts/a.sh", "echo a\n")]);
    assert!(ours(&project, &facts).is_empty());
    insta::assert_snapshot!(project.tree.text("skill.lock.json").unwrap());
}

#[test]
fn what_changed_since_the_lock_is_named() {
    let files = [("scripts/a.sh", "echo a\n"), ("scripts/b.sh", "echo b\n")];
    let project = locked(&Facts::default(), &files);
    let mut tree = project.tree.clone();
    tree.put("scripts/a.sh", b"echo A\n");
    tree.remove("scripts/b.sh");
    tree.put("scripts/c.sh", b"echo c\n");
    tree.put("SKILL.md", MAIN.replace("1.0.0", "1.1.0").as_bytes());
    let found = ours(&project.with_tree(tree.clone()), &Facts::default());
    insta::assert_snapshot!(found.iter().map(line).collect::<Vec<_>>().join("\n"));
    for n in 0..30 {
        tree.put(&format!("more/{n}.txt"), b"x");
    }
    let found = ours(&project.with_tree(tree), &Facts::default());
    assert_eq!(found.len(), 11, "ten files and the version, not thirty-four");
    assert!(found.iter().any(|f| f.message.ends_with("; so were 24 more")), "{found:#?}");
}

#[test]
fn a_skill_that_differs_from_its_base_has_another_version() {
    let project = project(&[("SKILL.md", MAIN), ("scripts/a.sh", "echo a\n")]);
    let base = |main: &str, changed: &[&str]| Base {
        reference: "v1".to_owned(),
        main: main.to_owned(),
        changed: changed.iter().map(|c| (*c).to_owned()).collect(),
    };
    let found = |base: Base| ours(&project, &Facts { bases: [(String::new(), base)].into(), ..Facts::default() });
    assert!(found(base(MAIN, &[])).is_empty());
    assert!(found(base(&MAIN.replace("1.0.0", "0.9.0"), &["scripts/a.sh"])).is_empty());
    let found = found(base(MAIN, &["scripts/a.sh", "SKILL.md"]));
    insta::assert_snapshot!(line(&found[0]));
    assert_eq!(codes(&found), [("version-not-bumped", ERROR)]);
}

#[test]
fn a_promise_is_taken_back_only_with_a_major_version() {
    let before = surface("1.2.0", vec![tool("map", &input()), tool("draw", &input())]);
    let project = locked(&before, &[]);
    type Change = fn(&mut Vec<Tool>);
    let breaking: &[Change] = &[
        |t| t[1].name = "drew".to_owned(),
        |t| drop(t[0].input["properties"].as_object_mut().unwrap().remove("count")),
        |t| t[0].input["required"] = serde_json::json!(["name", "mode"]),
        |t| t[0].input["properties"]["count"]["type"] = "integer".into(),
        |t| t[0].input["properties"]["mode"]["enum"] = serde_json::json!(["fast", "safest"]),
        |t| t[0].input["$defs"]["filter"]["properties"]["since"]["type"] = "string".into(),
        |t| {
            t[0].input["properties"]["who"] = serde_json::json!({"type": "string"});
            t[0].input["required"] = serde_json::json!(["name", "who"]);
        },
        |t| t[0].input["additionalProperties"] = false.into(),
        |t| t[0].annotations["destructiveHint"] = true.into(),
        |t| t[0].annotations["idempotentHint"] = false.into(),
        |t| drop(t[0].output.as_mut().unwrap()["properties"].as_object_mut().unwrap().remove("id")),
        |t| t[0].output.as_mut().unwrap()["properties"]["id"]["type"] = "integer".into(),
    ];
    let mut page = Vec::new();
    for change in breaking {
        let mut tools = vec![tool("map", &input()), tool("draw", &input())];
        change(&mut tools);
        let found = ours(&project, &surface("1.3.0", tools.clone()));
        assert!(found.iter().any(|f| f.code == "tool-contract-broken"), "{found:#?}");
        page.extend(found.iter().map(line));
        let found = ours(&project, &surface("2.0.0", tools));
        assert!(found.iter().all(|f| f.code == "lock-behind" && f.severity == Severity::Note), "{found:#?}");
    }
    let additive: &[Change] = &[
        |t| t.push(tool("more", &input())),
        |t| t[0].input["properties"]["who"] = serde_json::json!({"type": "string"}),
        |t| t[0].input["properties"]["name"]["type"] = serde_json::json!(["string", "null"]),
        |t| t[0].input["required"] = serde_json::json!([]),
        |t| t[0].output.as_mut().unwrap()["properties"]["at"] = serde_json::json!({"type": "string"}),
        |t| t[0].annotations["readOnlyHint"] = true.into(),
    ];
    for change in additive {
        let mut tools = vec![tool("map", &input()), tool("draw", &input())];
        change(&mut tools);
        let found = ours(&project, &surface("1.3.0", tools));
        assert!(found.iter().all(|f| f.code == "lock-behind"), "{found:#?}");
        page.extend(found.iter().map(line));
    }
    insta::assert_snapshot!(page.join("\n"));
}

#[cfg(unix)]
#[test]
fn a_hostile_tree_is_read_within_bounds_and_nothing_of_it_is_followed() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let skill = dir.path().join("demo");
    std::fs::create_dir_all(skill.join("refs/deep")).unwrap();
    std::fs::write(dir.path().join("secret.md"), "# Secret\n").unwrap();
    std::fs::write(skill.join("SKILL.md"), MAIN).unwrap();
    symlink("../../secret.md", skill.join("refs/out.md")).unwrap();
    symlink("/etc/hostname", skill.join("refs/absolute.md")).unwrap();
    symlink("nothing.md", skill.join("refs/nowhere.md")).unwrap();
    symlink("b.md", skill.join("refs/a.md")).unwrap();
    symlink("a.md", skill.join("refs/b.md")).unwrap();
    symlink("..", skill.join("refs/up")).unwrap();
    symlink("../SKILL.md", skill.join("refs/inside.md")).unwrap();
    std::fs::File::create(skill.join("refs/large.txt")).unwrap().set_len(10 * 1024 * 1024).unwrap();
    std::fs::File::create(skill.join("refs/large.png")).unwrap().set_len(2 * 1024 * 1024).unwrap();
    std::fs::write(skill.join("refs/binary.json"), b"\x00\xff\xfe").unwrap();
    std::fs::write(skill.join("refs/line\nbreak.md"), "x").unwrap();
    std::fs::write(skill.join(std::ffi::OsStr::from_bytes(b"refs/not-\xff-utf8.md")), "x").unwrap();
    std::fs::write(skill.join("refs/crlf.json"), "\u{feff}{\r\n}\r\n").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(skill.join("refs/socket")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        skill.join("refs/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let loaded = load(&skill, "demo").unwrap();
    assert_eq!(loaded.tree.get("refs/out.md").unwrap().text(), None);
    assert!(loaded.tree.digest("refs/large.txt").is_some(), "digested, not kept");
    assert!(!loaded.tree.has("refs/up/SKILL.md"));
    let found = ours(&loaded, &Facts::default());
    insta::assert_snapshot!(found.iter().map(line).collect::<Vec<_>>().join("\n"));
    // The argument itself may be a link, or SKILL.md; a directory of links says which to name.
    let links = dir.path().join("links");
    std::fs::create_dir(&links).unwrap();
    symlink("../demo", links.join("demo")).unwrap();
    assert_eq!(load(&links.join("demo"), "links/demo").unwrap().skills[0].folder, "demo");
    assert_eq!(load(&skill.join("SKILL.md"), "demo/SKILL.md").unwrap().skills[0].main().file, "demo/SKILL.md");
    let only = load(&links, "links").unwrap_err();
    assert!(matches!(&only, LoadError::OnlyLinks { link, .. } if link == "links/demo"), "{only}");
}

#[test]
fn a_flood_of_files_is_cut_and_the_skill_is_still_found() {
    let dir = tempfile::tempdir().unwrap();
    let skill = dir.path().join("demo");
    std::fs::create_dir_all(skill.join("A")).unwrap();
    for n in 0..10_050 {
        std::fs::File::create(skill.join(format!("A/{n}"))).unwrap();
    }
    std::fs::write(skill.join("SKILL.md"), MAIN).unwrap();
    let loaded = load(&skill, "demo").unwrap();
    assert_eq!(loaded.tree.len(), 10_000);
    let found = ours(&loaded, &Facts::default());
    assert_eq!(codes(&found), [("tree-cut", WARNING)]);
    insta::assert_snapshot!(line(&found[0]));
}

#[test]
fn files_of_a_skill_beside_its_project_are_locked_by_where_they_lie() {
    let texts = [("skill/demo/SKILL.md", MAIN), ("examples/a/x.txt", "x"), ("skill/demo/examples/y.txt", "y")];
    let project = Project::of_tree("", Tree::of_texts(&texts), None);
    let lock = Lock::of(&project, &project.skills[0], []);
    assert_eq!(
        lock.files.keys().map(String::as_str).collect::<Vec<_>>(),
        ["../../examples/a/x.txt", "SKILL.md", "examples/y.txt"]
    );
}
