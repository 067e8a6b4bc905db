//! Skills and the servers that they speak of: a server that is probed, names, calls, restated tables, recorded traces.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use platform_integration::base::yaml::Span;
use platform_integration::finding::{Change, Finding};
use platform_integration::probe::{Limits, NoServer, ServedSkill, Session, Surface, Tool};
use platform_integration::skill::Project;
use platform_integration::verify::Profile;
use platform_integration::verify::facts::{Facts, Program, Replay, Replayed, Server};
use platform_integration::verify::restated::{TOOLS_BEGIN, TOOLS_END, tools_markdown};
use serde_json::{Value, json};

use super::{found, line, project};

/// Codes that have an example here.
pub(crate) const TRIPPED: [&str; 10] = [
    "example-call-invalid",
    "replay-differs",
    "trace-malformed",
    "server-not-started",
    "server-not-protocol",
    "generated-block-stale",
    "restated-schema-wrong",
    "tool-name-too-long",
    "tool-name-unportable",
    "served-skill-differs",
];

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/probe/server.py")
}

/// The server in a mode; the second path is where it writes the ids of its processes.
fn probed(mode: &str, limits: &Limits) -> (Result<Surface, NoServer>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let ids = dir.path().join("ids");
    let start = || {
        let mut command = Command::new("python3");
        command.arg(fixture()).arg(mode).arg(&ids);
        Ok(command)
    };
    let answered = Session::open(start, limits).and_then(|mut session| session.surface());
    let ids = std::fs::read_to_string(&ids).unwrap_or_default();
    (answered, ids.lines().map(str::to_owned).collect())
}

/// Patient with what answers, short with what does not; what is quoted must have been written by then on a busy machine.
fn limits(mode: &str) -> Limits {
    let (first, era) = match mode {
        "hang" | "half-line" => (1_000, 500),
        "rubbish" => (8_000, 500),
        _ => (30_000, 20_000),
    };
    Limits {
        first: Duration::from_millis(first),
        era: Duration::from_millis(era),
        answer: Duration::from_secs(30),
        whole: Duration::from_secs(60),
        bytes: 2 * 1024 * 1024,
        line: 1024 * 1024,
        ..Limits::default()
    }
}

#[cfg(target_os = "linux")]
fn is_gone(id: &str) -> bool {
    // One that nobody has waited for yet has no command line.
    for _ in 0..500 {
        if std::fs::read(format!("/proc/{id}/cmdline")).map_or(true, |line| line.is_empty()) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[cfg(target_os = "linux")]
#[test]
fn every_kind_of_server_is_asked_within_bounds_and_leaves_nothing() {
    let mut page = Vec::new();
    for mode in [
        "good-old",
        "good-new",
        "slow",
        "noise",
        "asks",
        "ends-on-discover",
        "forks",
        "hang",
        "half-line",
        "rubbish",
        "exit",
        "flood",
        "giant",
    ] {
        let (answered, ids) = probed(mode, &limits(mode));
        let short = ["hang", "half-line"].contains(&mode);
        assert!(short || !ids.is_empty(), "{mode}: it was started");
        for id in ids {
            assert!(is_gone(&id), "{mode}: process {id} is left");
        }
        page.push(match answered {
            Ok(s) => {
                let tools: Vec<&str> = s.tools.iter().map(|t| t.name.as_str()).collect();
                let skills: Vec<_> = s.skills.iter().map(|k| (k.uri.as_str(), k.read.len())).collect();
                format!("{mode}: {} {} MCP {} {tools:?} {skills:?} {:?}", s.name, s.version, s.protocol, s.noise)
            }
            Err(e) => format!("{mode}: {e}"),
        });
    }
    let missing = || Ok(Command::new("no-such-program-here"));
    page.push(format!("missing: {}", Session::open(missing, &Limits::default()).unwrap_err()));
    insta::assert_snapshot!(page.join("\n"));
}

const GOOD: &str = "---
name: demo
description: Opens boxes and closes them. Use when a box must be opened.
allowed-tools: Read mcp__boxes__open_box mcp__plugin_demo_boxes__close_box
---

# Demo

Call `open_box`, then `close_box`; `box_name` is a field. The whole name is `mcp__boxes__open_box`.

```jsonl
{\"tool\": \"open_box\", \"arguments\": {\"name\": \"BOX\", \"count\": 2}}
{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\", \"params\": {\"name\": \"close_box\", \"arguments\": {}}}
```

This is refused:

```json
{\"tool\": \"open_box\", \"arguments\": {\"count\": \"two\"}}
```

### open_box

| Parameter | Type | Required |
|---|---|---|
| `name` | string | yes |
| `count` | integer | no |
| `kind` | string | no |

<!-- generated: tools -->
@@TOOLS@@<!-- /generated -->

```sh
boxer open --dry-run
boxer store list --all
```
";

const TRACE: &str = r#"{"trace": 1, "server": "boxes", "masks": ["/at"], "captures": {"BOX": "/box"}}
{"tool": "open_box", "arguments": {"name": "a"}, "result": {"box": "box-1234", "name": "a", "at": 1}, "is_error": false}
{"tool": "close_box", "arguments": {"name": "${BOX}"}, "result": "box-1234 is closed", "is_error": false}
"#;

fn surface() -> Surface {
    let tool = |name: &str, input: Value, annotations: Value| Tool {
        name: name.to_owned(),
        description: "Does it.".to_owned(),
        input,
        annotations,
        ..Tool::default()
    };
    let open = json!({
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string"}, "count": {"type": "integer", "minimum": 1},
            "kind": {"type": "string", "enum": ["paper", "wood"]}, "box_name": {"type": "string"},
        },
    });
    Surface {
        name: "boxer".to_owned(),
        tools: vec![
            tool("open_box", open, json!({"readOnlyHint": true})),
            tool("close_box", json!({"type": "object"}), json!({"destructiveHint": true})),
        ],
        ..Surface::default()
    }
}

fn server(answered: Result<Surface, NoServer>) -> Server {
    Server {
        declared_in: Some(".mcp.json".to_owned()),
        at: Span { line: 2, column: 5 },
        key: "boxes".to_owned(),
        command: vec!["boxer".to_owned(), "serve".to_owned()],
        answered,
    }
}

fn facts_of(surface: Surface) -> Facts {
    let answer = |result: Value| Replayed { result, is_error: false };
    let flags = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let program = Program {
        name: "boxer".to_owned(),
        commands: flags(&["open", "store"]),
        flags: [
            (String::new(), flags(&["format"])),
            ("open".to_owned(), flags(&["format", "dry-run"])),
            ("store".to_owned(), flags(&["format"])),
            ("store list".to_owned(), flags(&["format", "all"])),
        ]
        .into(),
    };
    Facts {
        servers: vec![server(Ok(surface))],
        program: Some(program),
        replays: vec![Replay {
            path: "examples/boxes.trace.jsonl".to_owned(),
            answers: Ok(vec![
                answer(json!({"box": "box-9876", "name": "a", "at": 2})),
                answer(json!("box-9876 is closed")),
            ]),
        }],
        ..Facts::default()
    }
}

fn written(main: &str, trace: &str) -> Project {
    let main = main.replace("@@TOOLS@@", &tools_markdown(&surface()));
    project(&[("SKILL.md", &main), (".mcp.json", "{}"), ("examples/boxes.trace.jsonl", trace)])
}

/// What the checks of this file's rules say; the others have their own examples.
fn said(project: &Project, facts: &Facts) -> Vec<Finding> {
    let mut all = found(project, facts, Profile::Sync);
    all.retain(|f| {
        TRIPPED.contains(&f.code) || ["tool-unknown", "tool-undocumented", "command-unknown"].contains(&f.code)
    });
    all
}

#[test]
fn a_skill_that_says_what_its_server_does_has_no_findings() {
    let found = said(&written(GOOD, TRACE), &facts_of(surface()));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_drift_from_the_server_is_found_where_it_is() {
    let cases: &[(&str, &str, &str)] = &[
        ("tool-unknown", "Call `open_box`", "Call `open_bocks`, or `open_box`"),
        ("tool-unknown", "Call `open_box`", "Call `tie_box`, or `open_box`"),
        ("tool-unknown", "Call `open_box`", "With the `tie_ribbon` tool and `open_box`"),
        ("tool-unknown", "is `mcp__boxes__open_box`", "is `mcp__boxes__open_lid`"),
        ("tool-unknown", "is `mcp__boxes__open_box`", "is `mcp__boxs__open_box`"),
        ("tool-unknown", "is `mcp__boxes__open_box`", "is `boxes:open_lid`"),
        ("tool-unknown", "Read mcp__boxes__open_box", "Read mcp__boxes__open_boxes"),
        ("tool-unknown", "\"name\": \"close_box\"", "\"name\": \"shut_box\""),
        ("example-call-invalid", "\"name\": \"BOX\", ", ""),
        ("example-call-invalid", "\"count\": 2", "\"count\": \"two\""),
        ("example-call-invalid", "\"count\": 2", "\"count\": 0"),
        ("example-call-invalid", "\"count\": 2", "\"cuont\": 2"),
        ("example-call-invalid", "\"count\": 2", "\"kind\": \"WOOD\""),
        ("generated-block-stale", "### Does", ""),
        ("restated-schema-wrong", "| `kind` | string |", "| `knid` | string |"),
        ("restated-schema-wrong", "| `count` | integer |", "| `count` | string |"),
        ("restated-schema-wrong", "| `name` | string | yes |", "| `name` | string | no |"),
        ("restated-schema-wrong", "| `name` | string | yes |\n", ""),
        ("command-unknown", "boxer open", "boxer opne"),
        ("command-unknown", "--dry-run", "--dryrun"),
        ("command-unknown", "store list --all", "store list --everything"),
    ];
    let mut page = Vec::new();
    for (code, from, to) in cases {
        let main = if *code == "generated-block-stale" {
            GOOD.replace("@@TOOLS@@", &tools_markdown(&surface()).replace("Does it.", "Did it."))
        } else {
            assert!(GOOD.contains(from), "{from}");
            GOOD.replacen(from, to, 1)
        };
        let found = said(&written(&main, TRACE), &facts_of(surface()));
        let codes: Vec<&str> = found.iter().map(|f| f.code).collect();
        assert_eq!(codes, [*code], "{to}: {found:#?}");
        page.extend(found.iter().map(line));
    }
    insta::assert_snapshot!(page.join("\n"));
}

#[test]
fn what_became_of_the_server_is_told_by_its_declaration() {
    let mut page = Vec::new();
    let mut case = |code: &str, facts: Facts| {
        let found = said(&written(GOOD, TRACE), &facts);
        let codes: Vec<&str> = found.iter().map(|f| f.code).collect();
        assert_eq!(codes, [code], "{found:#?}");
        page.extend(found.iter().map(line));
    };
    let none = |no: NoServer| Facts { servers: vec![server(Err(no))], ..Facts::default() };
    case("server-not-started", none(NoServer::NoProgram { program: "boxer".to_owned() }));
    case("server-not-started", none(NoServer::Silent { seconds: 5, said: ": \"no database\"".to_owned() }));
    case("server-not-protocol", none(NoServer::Rubbish { line: "\"Hello\"".to_owned() }));
    case("server-not-protocol", facts_of(Surface { noise: Some("\"Hello\"".to_owned()), ..surface() }));
    let mut undocumented = surface();
    undocumented.tools.push(Tool { name: "burn_box".to_owned(), input: json!({"type": "object"}), ..Tool::default() });
    let main = GOOD.replace(TOOLS_BEGIN, "").replace(TOOLS_END, "");
    let renamed = |from: &str, to: &str| {
        let mut surface = surface();
        for tool in surface.tools.iter_mut().filter(|t| t.name == from) {
            to.clone_into(&mut tool.name);
        }
        surface
    };
    let served = |digest: &str| ServedSkill {
        uri: "skill://demo/SKILL.md".to_owned(),
        frontmatter: json!({
            "name": "demo", "description": "Opens boxes and closes them. Use when a box must be opened.",
            "allowed-tools": "Read mcp__boxes__open_box mcp__plugin_demo_boxes__close_box",
        }),
        resources: Some(vec![("skill://demo/SKILL.md".to_owned(), digest.to_owned(), 1)]),
        read: Vec::new(),
    };
    case("served-skill-differs", facts_of(Surface { skills: vec![served("sha256:00")], ..surface() }));
    let found = said(&written(&main, TRACE), &facts_of(undocumented));
    page.extend(found.iter().map(line));
    assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), ["tool-undocumented"]);
    for (code, name) in
        [("tool-name-too-long", "open_a_box_".repeat(6)), ("tool-name-unportable", "open.box".to_owned())]
    {
        let text = main.replace("open_box", &name);
        let found = said(&written(&text, &TRACE.replace("open_box", &name)), &facts_of(renamed("open_box", &name)));
        assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), [code], "{found:#?}");
        page.extend(found.iter().map(line));
    }
    insta::assert_snapshot!(page.join("\n"));
}

#[test]
fn a_recorded_result_is_held_against_the_one_of_today() {
    let answers = |first: Value, second: Value, is_error: bool| Facts {
        replays: vec![Replay {
            path: "examples/boxes.trace.jsonl".to_owned(),
            answers: Ok(vec![Replayed { result: first, is_error: false }, Replayed { result: second, is_error }]),
        }],
        ..facts_of(surface())
    };
    let good = json!({"box": "box-9876", "name": "a", "at": 2});
    let mut page = Vec::new();
    for (code, trace, facts) in [
        ("replay-differs", TRACE, answers(good.clone(), json!("box-9876 is shut"), false)),
        ("replay-differs", TRACE, answers(good, json!("box-9876 is closed"), true)),
        (
            "replay-differs",
            TRACE,
            answers(json!({"box": "box-9", "name": "b", "lid": true, "x": 1, "y": 2}), json!(1), false),
        ),
        ("trace-malformed", "{\"trace\": 2}\n", Facts::default()),
    ] {
        let found = said(&written(GOOD, trace), &facts);
        assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), [code], "{found:#?}");
        page.extend(found.iter().map(line));
    }
    insta::assert_snapshot!(page.join("\n"));
}

#[test]
fn a_slip_of_the_pen_is_mended_in_its_place() {
    for (from, to) in [
        ("Call `open_box`", "Call `open_bx`"),
        ("\"count\": 2", "\"cuont\": 2"),
        ("Read mcp__boxes__open_box ", "Read mcp__boxes__open_bxo "),
        ("--dry-run", "--dry-rnu"),
    ] {
        let project = written(&GOOD.replacen(from, to, 1), TRACE);
        let found = said(&project, &facts_of(surface()));
        let mut text = project.tree.text("SKILL.md").unwrap().to_owned();
        for edit in found.iter().flat_map(|f| &f.edits) {
            let Change::Replace { from, to, with } = &edit.change else { panic!("{edit:?}") };
            text.replace_range(*from..*to, with);
        }
        assert!(text == written(GOOD, TRACE).tree.text("SKILL.md").unwrap(), "{to}: {found:#?}");
    }
}

#[test]
fn the_command_line_asks_a_server_replays_its_traces_and_records_them_anew() {
    let dir = tempfile::tempdir().unwrap();
    let skill = dir.path().join("demo");
    std::fs::create_dir_all(skill.join("examples")).unwrap();
    let main = "---\nname: demo\ndescription: Shows. Use when shown.\n---\n# Demo\n\n`open_box`, `close_box`.\n\n```json\n{\"tool\": \"open_box\", \"arguments\": {\"nmae\": \"a\"}}\n```\n";
    let trace = r#"{"trace": 1, "server": "fake", "masks": ["/at"], "captures": {"BOX": "/box"}}
{"tool": "open_box", "arguments": {"name": "a"}, "result": {"box": "box-1", "name": "b", "at": 1}, "is_error": false}
{"tool": "close_box", "arguments": {"name": "${BOX}"}, "result": "it is closed", "is_error": true}
"#;
    std::fs::write(skill.join("SKILL.md"), main).unwrap();
    std::fs::write(skill.join("examples/boxes.trace.jsonl"), trace).unwrap();
    let run = |more: &[&str]| {
        let server = format!("python3 '{}' good-old", fixture().display());
        let output = Command::new(env!("CARGO_BIN_EXE_platform-integration"))
            .current_dir(dir.path())
            .args(["verify", "demo", "--format", "json", "--server", &server])
            .args(more)
            .output()
            .unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings: Vec<(String, String)> = answer["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| (f["code"].as_str().unwrap().to_owned(), f["message"].as_str().unwrap().to_owned()))
            .filter(|(code, _)| TRIPPED.contains(&code.as_str()))
            .collect();
        (answer["servers"].clone(), findings)
    };
    let (servers, findings) = run(&[]);
    assert_eq!(servers, json!(["fake 1.0.0, MCP 2025-06-18, 2 tools"]));
    let codes: Vec<&str> = findings.iter().map(|(c, _)| c.as_str()).collect();
    assert_eq!(codes, ["example-call-invalid", "replay-differs"], "{findings:?}");
    assert!(findings[1].1.contains("/name was \"b\", is \"a\""), "{findings:?}");
    let (_, findings) = run(&["--accept", "--fix"]);
    assert_eq!(findings, []);
    assert!(
        std::fs::read_to_string(skill.join("examples/boxes.trace.jsonl")).unwrap().contains("\"name\":\"a\",\"at\"")
    );
    assert_eq!(std::fs::read_to_string(skill.join("SKILL.md")).unwrap(), main.replace("nmae", "name"));
}

/// What a manifest may say to this program is `serve` and no more: any other command or option of ours could write files or
/// start programs, and this one is not started in the sandbox.
#[test]
fn a_manifest_starts_nothing_through_us() {
    let dir = tempfile::tempdir().unwrap();
    let skill = dir.path().join("skills/demo");
    std::fs::create_dir_all(&skill).unwrap();
    std::fs::write(skill.join("SKILL.md"), "---\nname: demo\ndescription: Shows it. Use when asked.\n---\n\n# Demo\n")
        .unwrap();
    let touched = dir.path().join("touched");
    let start = format!("touch {}", touched.display());
    let store = format!("--store={}", touched.display());
    let there = skill.display().to_string();
    for arguments in [
        vec!["verify", there.as_str(), "--server", start.as_str()],
        vec!["--format", "json", "verify", there.as_str(), "--profile", "sync", "--server", start.as_str()],
        vec![store.as_str(), "lock", there.as_str()],
        vec!["serve", "--store", touched.to_str().unwrap()],
    ] {
        let manifest = serde_json::json!({"mcpServers": {"a": {"command": "platform-integration", "args": arguments}}});
        std::fs::write(dir.path().join(".mcp.json"), manifest.to_string()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_platform-integration"))
            .args(["verify", ".", "--profile", "sync"])
            .current_dir(dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("its first argument is") || said.contains("may say `serve` to this program"), "{said}");
        assert!(!touched.exists() && !skill.join("skill.lock.json").exists(), "{arguments:?}");
    }
}
