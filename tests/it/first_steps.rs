//! What somebody meets who has never seen the program: where a command begins, what it says when it is stopped or nobody can
//! be asked, and whether what it says of the work is true.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::{binary, json, run, stderr, stdout, workspace};

const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";
const SKILL: &str =
    "---\nname: demo\ndescription: Adds two numbers. Use when two numbers must be added.\n---\n\n# Demo\n\nAdd them.\n";

fn put(dir: &Path, path: &str, text: &str) {
    let to = dir.join(path);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::write(to, text).unwrap();
}

#[test]
fn verify_and_lock_begin_with_the_project_that_one_stands_in() {
    let dir = tempfile::tempdir().unwrap();
    for made in [".git", "src/deep"] {
        std::fs::create_dir_all(dir.path().join(made)).unwrap();
    }
    put(dir.path(), "skills/demo/SKILL.md", SKILL);
    for (from, shown) in [(".", "."), ("src/deep", "../.."), ("skills/demo", ".")] {
        let found = run(&dir.path().join(from), &["verify", "--profile", "spec", "--format", "json"]);
        assert_eq!(found.status.code(), Some(0), "{from}: {}", stderr(&found));
        assert_eq!(json(&found)["skill"], shown);
    }
    let locked = run(&dir.path().join("src/deep"), &["lock"]);
    assert_eq!(locked.status.code(), Some(0), "{}", stderr(&locked));
    assert!(stdout(&locked).contains("../../skills/demo/"), "{}", stdout(&locked));
    let empty = tempfile::tempdir().unwrap();
    for command in ["verify", "lock"] {
        let none = run(empty.path(), &[command]);
        assert_eq!(none.status.code(), Some(2));
        insta::allow_duplicates! { insta::assert_snapshot!(stderr(&none), @r"
        refused: no-skill: . holds no SKILL.md, and no directory below it does
        next: start it in a project that has a skill, or name one: platform-integration verify DIR, where DIR holds SKILL.md or has skills below it
        "); }
    }
}

#[test]
fn the_help_of_a_command_lists_the_formats_that_it_prints() {
    let dir = workspace("billing-to-crm");
    let all = ["text", "json", "sarif", "junit", "github", "in-toto"];
    for (args, prints) in [
        (vec!["verify"], 6),
        (vec!["check", CONTRACT], 4),
        (vec!["drill", CONTRACT], 3),
        (vec!["map", "examples/billing-to-crm/apis/crm.openapi.json"], 2),
        (vec!["evidence", "verify"], 2),
    ] {
        let mut asked: Vec<&str> = args.iter().copied().take_while(|a| a.chars().all(char::is_alphabetic)).collect();
        asked.push("--help");
        let help = stdout(&run(dir.path(), &asked));
        let listed: Vec<&str> = all.into_iter().filter(|f| help.contains(&format!("- {f}:"))).collect();
        assert_eq!(listed.len(), prints, "{args:?}: {listed:?}: {help}");
        // What is listed is taken, what is not is refused before anything is done.
        for format in all.into_iter().filter(|_| args[0] == "check" || args[0] == "map") {
            let said = run(dir.path(), &[&args[..], &["--format", format]].concat());
            assert_eq!(
                said.status.code() == Some(2),
                !listed.contains(&format),
                "{args:?} {format}: {}",
                stderr(&said)
            );
        }
    }
    // Before the command it means the same.
    assert!(json(&run(dir.path(), &["--format", "json", "check", CONTRACT]))["findings"].is_array());
    assert_eq!(run(dir.path(), &["--format", "sarif", "map", "x.json"]).status.code(), Some(2));
}

#[test]
fn the_help_speaks_of_commands_and_not_of_tools() {
    let mut command = platform_integration::cli::command();
    command.build();
    for sub in command.get_subcommands_mut() {
        let name = sub.get_name().to_owned();
        let help = sub.render_long_help().to_string();
        for tool in platform_integration::mcp::names() {
            assert!(!help.contains(tool), "{name}: {tool} in {help}");
        }
    }
}

#[test]
fn where_a_rule_comes_from_can_be_looked_up_or_is_the_reason_itself() {
    for rule in platform_integration::verify::rules_of(platform_integration::verify::Profile::Full) {
        for hidden in ["its origin", "own collection", "measured:", "planted", "linter of"] {
            assert!(!rule.source.contains(hidden), "{}: nobody can look up \"{}\"", rule.code, rule.source);
        }
    }
}

#[test]
fn what_verify_did_not_look_at_is_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "skills/demo/SKILL.md", SKILL);
    put(dir.path(), ".mcp.json", r#"{"mcpServers": {"far": {"command": "npx", "args": ["-y", "far@1.0.0"]}}}"#);
    for format in ["text", "json", "sarif", "junit", "github"] {
        let output = run(dir.path(), &["verify", "--profile", "sync", "--format", format]);
        assert!(stdout(&output).contains("needs the network to start it"), "{format}: {}", stdout(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_says_what_was_stopped_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let rooms = tempfile::tempdir().unwrap();
    put(dir.path(), "skills/demo/SKILL.md", SKILL);
    put(dir.path(), "hang.sh", "echo $$ > started.part && mv started.part started && exec sleep 600\n");
    for command in ["verify", "lock"] {
        let _ = std::fs::remove_file(dir.path().join("started"));
        let running = Command::new(binary())
            .args([command, "--server", "sh hang.sh"])
            .current_dir(dir.path())
            .env_remove("PLATFORM_INTEGRATION_STORE")
            .env("TMPDIR", rooms.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let server = loop {
            if let Ok(id) = std::fs::read_to_string(dir.path().join("started")) {
                break id;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        let id = rustix::process::Pid::from_raw(i32::try_from(running.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        let output = running.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(said.contains(&format!("{command} . was stopped while the servers were asked")), "{said}");
        assert!(said.contains("nothing was written") && said.contains("next: start it again"), "{said}");
        assert_eq!(stdout(&output), "");
        assert_eq!(std::fs::read_dir(rooms.path()).unwrap().count(), 0, "a room is left");
        assert!(!Path::new("/proc").join(server.trim()).exists(), "the server is left");
        assert!(!dir.path().join("skills/demo/skill.lock.json").exists());
    }
}

fn opened(dir: &Path) -> String {
    let opened = json(&run(dir, &["open", "billing-to-crm", "--format", "json"]));
    let session = opened["session"].as_str().unwrap().to_owned();
    run(dir, &["check", CONTRACT, "--session", &session]);
    session
}

#[test]
fn a_question_that_nobody_can_be_asked_was_not_answered() {
    let dir = workspace("billing-to-crm");
    let session = opened(dir.path());
    let confirm = run(dir.path(), &["confirm", "--session", &session]);
    assert_eq!(confirm.status.code(), Some(2), "what was asked for was not done");
    let page = stdout(&confirm);
    assert!(page.starts_with("nothing was decided: this was not started at a terminal"), "{page}");
    assert!(page.contains(&format!("platform-integration confirm --session {session}")), "{page}");
}

#[test]
fn to_ask_again_does_not_begin_the_waiting_anew() {
    let dir = workspace("billing-to-crm");
    let session = opened(dir.path());
    let since = || -> Vec<Value> {
        let inbox = json(&run(dir.path(), &["inbox", "--format", "json"]));
        inbox["waiting"].as_array().unwrap().iter().map(|w| w["since"].clone()).collect()
    };
    let first = since();
    assert!(!first.is_empty());
    run(dir.path(), &["confirm", "--session", &session]);
    run(dir.path(), &["check", CONTRACT, "--session", &session]);
    run(dir.path(), &["confirm", "--session", &session]);
    assert_eq!(since(), first);
}

#[test]
fn after_an_export_what_a_person_has_to_settle_comes_first() {
    let dir = workspace("billing-to-crm");
    let session = opened(dir.path());
    run(dir.path(), &["drill", CONTRACT, "--session", &session, "--schedules", "1"]);
    let exported = run(dir.path(), &["export", "--session", &session, "--format", "json"]);
    let answer = json(&exported);
    let next = answer["next"].as_str().unwrap_or_else(|| panic!("{}", stderr(&exported)));
    assert!(next.starts_with("a person still has to settle 2 inferred constraints"), "{next}");
    assert!(next.contains(&format!("platform-integration confirm --session {session}")), "{next}");
    let out = dir.path().join(answer["out"].as_str().unwrap());
    let read = |file: &str| std::fs::read_to_string(out.join(file)).unwrap();
    let pages = [
        "integration-specification.md",
        "data-mapping.md",
        "test-matrix.md",
        "deployment-runbook.md",
        "risk-rollback.md",
    ];
    let all = pages.map(read).join("\n");
    // It is written: it cannot say of itself that it is missing.
    assert!(!all.contains("dossier-exported"), "the dossier speaks of itself");
    assert!(!all.replace("null-", "").contains("null"), "{all}");
    assert!(!read("dossier.html").contains("at most unset"));
    let matrix = read("test-matrix.md");
    assert!(matrix.contains("## Drills that do not apply\n\n| flow | drill | because |"), "{matrix}");
}

#[test]
fn a_key_that_is_too_long_is_not_to_be_cut() {
    let dir = workspace("billing-to-crm");
    let api = dir.path().join("examples/billing-to-crm/apis/crm.openapi.json");
    let text = std::fs::read_to_string(&api).unwrap();
    // The key, and a field that is none.
    let shorter =
        text.replace("\"maxLength\": 254", "\"maxLength\": 20").replace("\"maxLength\": 100", "\"maxLength\": 5");
    std::fs::write(&api, shorter).unwrap();
    let findings = json(&run(dir.path(), &["check", CONTRACT, "--format", "json"]))["findings"].clone();
    let fix = |field: &str| -> String {
        let found = findings
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["code"] == "too-long" && f["message"].as_str().unwrap().contains(field));
        found.unwrap_or_else(|| panic!("{field}: {findings:#}"))["fix"].as_str().unwrap().to_owned()
    };
    assert!(fix("email").contains("must not be cut") && !fix("email").contains("truncate"), "{}", fix("email"));
    assert!(fix("first_name").contains("truncate"), "{}", fix("first_name"));
}
