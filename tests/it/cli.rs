//! The command line as a person and as CI meet it: what is printed, where, and the exit code.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_platform-integration")
}

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A copy of an example in a directory of its own, so that stores and drafts stay out of the repository.
pub(crate) fn workspace(example: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = repository().join("examples").join(example);
    for entry in walkdir::WalkDir::new(&from).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let to = dir.path().join("examples").join(example).join(entry.path().strip_prefix(&from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(entry.path(), to).unwrap();
    }
    dir
}

pub(crate) fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(binary())
        .args(args)
        .current_dir(dir)
        .env_remove("PLATFORM_INTEGRATION_STORE")
        .env_remove("PLATFORM_INTEGRATION_SIGNERS")
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .env_remove("RUST_LOG")
        .env("COLUMNS", "110")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A server over pipes that has been greeted. Whoever started it ends it.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) to: ChildStdin,
    pub(crate) from: BufReader<ChildStdout>,
}

/// Starts `serve` in a directory, and says hello as this client.
pub(crate) fn serving(dir: &Path, client: &str) -> Serving {
    let mut child = Command::new(binary())
        .arg("serve")
        .current_dir(dir)
        .env_remove("PLATFORM_INTEGRATION_STORE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let hello = serde_json::json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": client, "version": "1"}}});
    writeln!(to, "{hello}").unwrap();
    assert!(from.read_line(&mut String::new()).unwrap() > 0, "the server ended");
    writeln!(to, "{}", serde_json::json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).unwrap();
    Serving { child, to, from }
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", stdout(output), stderr(output)))
}

/// Session ids, hashes, times and paths change from run to run.
pub(crate) fn steady(text: &str, dir: &Path) -> String {
    let mut out = text
        .replace(&dir.canonicalize().unwrap().display().to_string(), "@@DIR@@")
        .replace(&dir.display().to_string(), "@@DIR@@");
    for (pattern, name) in [
        (r"s-\d{8}-[a-z0-9]{6}", "@@SESSION@@"),
        (r"sha256:[0-9a-f]+", "@@DIGEST@@"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "@@TIME@@"),
    ] {
        out = regex::Regex::new(pattern).unwrap().replace_all(&out, name).into_owned();
    }
    out
}

const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";

#[test]
fn help_names_every_command() {
    let dir = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(stdout(&run(dir.path(), &["--help"])));
}

#[test]
fn no_arguments_show_help_and_wrong_ones_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let none = run(dir.path(), &[]);
    assert_eq!(none.status.code(), Some(2));
    assert!(stderr(&none).contains("Usage:"));
    let wrong = run(dir.path(), &["chekc", "x"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("check"), "the nearest command is named: {}", stderr(&wrong));
    assert!(!dir.path().join(".platform-integration").exists(), "nothing was made for a call that did nothing");
}

#[test]
fn the_demo_reports_in_json_what_other_programs_read() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["demo", "--format", "json", "--schedules", "5"]);
    let value = json(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(value["verdict"], "PASS");
    assert!(value["drills"]["run"].as_u64().unwrap() >= 10);
    assert_eq!(value["drills"]["run"], value["drills"]["passed"]);
    assert_eq!(value["drills"]["failed"], 0);
    let counts = &value["reconciliation"];
    assert!(counts["expected"].as_u64().unwrap() > 0);
    assert_eq!(counts["expected"], counts["unique"]);
    assert_eq!(
        counts["unique"].as_u64().unwrap(),
        counts["written"].as_u64().unwrap() + counts["unchanged"].as_u64().unwrap()
    );
    let confidence = &value["confidence"];
    assert!(confidence["value"].as_f64().unwrap() <= confidence["ceiling"].as_f64().unwrap());
    // Nobody confirmed the inferred constraints, so the demo may not claim an observation.
    assert_eq!(confidence["type"], "inference");
    assert!(confidence["line"].as_str().unwrap().starts_with("Confidence: 0."));
}

#[test]
fn the_demo_runs_alone_in_an_empty_directory() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["demo", "--schedules", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = stdout(&output);
    for part in [
        "System map: billing",
        "System map: crm",
        "Mapping",
        "Test matrix",
        "Reconciliation",
        "Readiness",
        "Confidence: ",
        "evidence:",
        "next:",
    ] {
        assert!(page.contains(part), "{part} is missing in:\n{page}");
    }
}

#[test]
fn a_contract_that_compiles_exits_0_and_says_so() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["check", CONTRACT, "--format", "json"]);
    let value = json(&output);
    assert_eq!(output.status.code(), Some(0), "{value:#}");
    assert_eq!(value["compiles"], true);
    assert!(value["findings"].is_array());
}

#[test]
fn a_broken_contract_exits_1_with_place_reason_and_fix() {
    let dir = workspace("billing-to-crm");
    let path = dir.path().join(CONTRACT);
    let text =
        std::fs::read_to_string(&path).unwrap().replace("      email: {from: email,", "      emial: {from: emali,");
    std::fs::write(&path, text).unwrap();
    let output = run(dir.path(), &["check", CONTRACT]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(steady(&stdout(&output), dir.path()));
    let sarif = json(&run(dir.path(), &["check", CONTRACT, "--format", "sarif"]));
    assert_eq!(sarif["version"], "2.1.0");
    assert!(sarif["runs"][0]["results"].as_array().unwrap().iter().any(|r| r["ruleId"] == "unknown-target-field"));
    let junit = stdout(&run(dir.path(), &["check", CONTRACT, "--format", "junit"]));
    assert!(junit.contains("<failure"), "{junit}");
}

#[test]
fn a_format_that_a_command_has_not_is_refused_before_any_work() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["map", "examples/billing-to-crm/apis/billing.openapi.yaml", "--format", "sarif"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).is_empty());
    assert!(!dir.path().join(".platform-integration").exists());
}

#[test]
fn a_map_reads_well() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["map", "examples/billing-to-crm/apis/billing.openapi.yaml"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(steady(&stdout(&output), dir.path()));
}

#[test]
fn a_large_description_is_read_once_for_all_commands_and_the_evidence_knows_nothing_of_it() {
    let dir = workspace("billing-to-crm");
    let api = dir.path().join("examples/billing-to-crm/apis/billing.openapi.yaml");
    let mut text = std::fs::read_to_string(&api).unwrap();
    text.extend((0..2_000).map(|n| format!("# A note at the end, number {n}, as generators write them.\n")));
    std::fs::write(&api, text).unwrap();
    let kept = || {
        let file = rusqlite::Connection::open(dir.path().join(".platform-integration/evidence.db.maps")).unwrap();
        file.query_row("SELECT count(*), max(id) FROM maps", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let map = ["map", "examples/billing-to-crm/apis/billing.openapi.yaml", "--format", "json"];
    let first = stdout(&run(dir.path(), &map));
    assert_eq!(kept(), (1, 1));
    assert_eq!(stdout(&run(dir.path(), &map)), first);
    let inspect = ["inspect", "./examples/billing-to-crm/apis/billing.openapi.yaml", "--operations"];
    for args in [&inspect[..], &["check", "examples/billing-to-crm/integration.yaml"]] {
        assert_eq!(run(dir.path(), args).status.code(), Some(0), "{args:?}");
    }
    assert_eq!(kept(), (1, 1), "read once");
    let proof = json(&run(dir.path(), &["evidence", "verify", "--format", "json"]));
    assert_eq!((proof["verdict"].as_str(), proof["records"].as_u64()), (Some("whole"), Some(4)), "{proof}");
}

#[test]
fn the_map_in_json_has_the_names_that_other_programs_read() {
    let dir = workspace("billing-to-crm");
    let value = json(&run(dir.path(), &["map", "examples/billing-to-crm/apis/crm.openapi.json", "--format", "json"]));
    for key in ["system", "format", "version", "origin", "facts", "findings"] {
        assert!(value.get(key).is_some(), "{key}");
    }
    for fact in value["facts"].as_array().unwrap() {
        for key in ["fact", "value", "basis", "confidence"] {
            assert!(fact.get(key).is_some(), "{key} in {fact}");
        }
        assert!(fact.get("pointer").is_some() || fact.get("rule").is_some(), "{fact}");
    }
    let operations = json(&run(
        dir.path(),
        &["inspect", "examples/billing-to-crm/apis/crm.openapi.json", "--operations", "--format", "json"],
    ));
    let create = operations["operations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|o| o["operation_id"] == "createContact")
        .unwrap()
        .clone();
    assert_eq!(
        (create["method"].as_str(), create["action"].as_str(), create["entity"].as_str()),
        (Some("POST"), Some("create"), Some("contact"))
    );
    assert!(create["pagination"].is_null());
    assert_eq!(create["auth"], serde_json::json!(["oauth2"]));
}

#[test]
fn drills_in_json_have_the_names_that_other_programs_read() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["drill", CONTRACT, "--schedules", "2", "--format", "json"]);
    let value = json(&output);
    assert_eq!(output.status.code(), Some(0), "{value:#}");
    assert_eq!(value["verdict"], "PASS");
    for drill in value["drills"].as_array().unwrap() {
        for key in ["code", "verdict", "schedules", "failures"] {
            assert!(drill.get(key).is_some(), "{key}");
        }
    }
    assert!(value["not_applicable"].is_array());
    let junit =
        stdout(&run(dir.path(), &["drill", CONTRACT, "--schedules", "1", "--only", "happy-path", "--format", "junit"]));
    assert!(junit.contains("failures=\"0\"") && junit.contains("happy-path"), "{junit}");
}

#[test]
fn the_same_seed_prints_the_same_trace() {
    let dir = workspace("billing-to-crm");
    let args = ["drill", CONTRACT, "--only", "committed-then-503", "--schedules", "1", "--seed", "5", "--trace"];
    let (first, second) = (run(dir.path(), &args), run(dir.path(), &args));
    assert_eq!(first.status.code(), Some(0), "{}{}", stdout(&first), stderr(&first));
    assert!(stdout(&first).lines().count() > 10);
    assert_eq!(stdout(&first), stdout(&second));
}

#[test]
fn one_drill_alone_speaks_of_itself_and_of_no_gap_that_others_fill() {
    let dir = workspace("billing-to-crm");
    let said = |only: &str| stdout(&run(dir.path(), &["drill", CONTRACT, "--only", only, "--schedules", "1"]));
    let (one, happy) = (said("committed-then-503"), said("happy-path"));
    assert!(one.contains("\ncommitted-then-503, 1 schedule: ") && !one.contains("happy path"), "{one}");
    assert!(happy.contains("\nhappy path, 1 schedule: "), "{happy}");
    assert!(!one.contains("no drill came to") && !happy.contains("no drill came to"), "{one}{happy}");
    let all = stdout(&run(dir.path(), &["drill", CONTRACT, "--schedules", "1"]));
    assert!(all.contains("\nhappy path, 1 schedule: ") && all.contains("no drill came to"), "{all}");
}

#[test]
fn a_drill_of_virtual_time_alone_is_refused_for_a_program_with_the_reason() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["drill", CONTRACT, "--only", "disable", "--command", "true"]);
    assert_eq!(output.status.code(), Some(2));
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(said.contains("virtual-time-only") && said.contains("disabled-midway is this drill"), "{said}");
}

#[test]
fn what_replays_a_failure_of_a_program_names_the_program_and_all_that_it_was_told() {
    let dir = workspace("billing-to-crm");
    let told = ["--command", "true # nothing", "--env", "PAGE=a b", "--env", "API_TOKEN=sesame", "--time-scale", "10"];
    let mut args = vec!["drill", CONTRACT, "--only", "happy-path", "--schedules", "1", "--format", "json"];
    args.extend(told);
    let answer = json(&run(dir.path(), &args));
    let replay = answer["drills"][0]["failures"][0]["replay"].as_str().unwrap();
    let again = "--seed 1 --schedules 1 --trace --command 'true # nothing' --env 'PAGE=a b' --env 'API_TOKEN=[redacted]' --time-scale 10";
    assert_eq!(replay, format!("platform-integration drill {CONTRACT} --only happy-path {again}"));
}

#[test]
fn evidence_is_queried_and_its_chain_proved() {
    let dir = workspace("billing-to-crm");
    let opened =
        json(&run(dir.path(), &["open", "billing-to-crm", "--goal", "keep contacts in step", "--format", "json"]));
    let session = opened["session"].as_str().unwrap();
    assert_eq!(opened["who"], format!("operations-platform-integration-{session}"));
    assert_eq!(opened["why"], "skill-execution");
    run(dir.path(), &["check", CONTRACT, "--session", session]);
    let sessions = json(&run(dir.path(), &["evidence", "--format", "json"]));
    assert_eq!(sessions["sessions"][0]["session"], session);
    let events =
        json(&run(dir.path(), &["evidence", session, "--kind", "contract-checked", "--verify", "--format", "json"]));
    assert_eq!(events["events"].as_array().unwrap().len(), 1);
    assert_eq!(events["chain"], "whole");
    assert!(events["head"].as_str().unwrap().starts_with("sha256:"));
    for args in [
        &["--who", &format!("operations-platform-integration-{session}")][..],
        &["--why", "skill-execution"],
        &["--phase", "contract"],
        &["--since", "2020-01-01"],
        &["--text", "integration.yaml"],
    ] {
        let mut all = vec!["evidence", "--format", "json"];
        all.extend(args);
        let found = json(&run(dir.path(), &all));
        assert!(!found["events"].as_array().unwrap().is_empty(), "{args:?}");
    }
    let until = json(&run(dir.path(), &["evidence", "--until", "2020-01-01", "--format", "json"]));
    assert!(until["events"].as_array().unwrap().is_empty());
}

#[test]
fn a_constraint_is_traced_to_clause_drill_and_runbook() {
    let dir = workspace("billing-to-crm");
    let opened = json(&run(dir.path(), &["open", "billing-to-crm", "--format", "json"]));
    let session = opened["session"].as_str().unwrap();
    run(dir.path(), &["check", CONTRACT, "--session", session]);
    run(dir.path(), &["drill", CONTRACT, "--session", session, "--schedules", "1", "--only", "rate-limited-seconds"]);
    let traced = run(dir.path(), &["evidence", "trace", "crm-rate", "--session", session]);
    assert_eq!(traced.status.code(), Some(0), "{}", stderr(&traced));
    insta::assert_snapshot!(steady(&stdout(&traced), dir.path()));
    let traced = json(&run(dir.path(), &["evidence", "trace", "crm-rate", "--session", session, "--format", "json"]));
    assert_eq!(traced["clauses"][0]["path"], "flows.contacts.delivery.rate");
    assert_eq!(traced["drills"][0]["verdict"], "PASS");
    let unknown = run(dir.path(), &["evidence", "trace", "crm-rat", "--session", session]);
    assert_eq!(unknown.status.code(), Some(2));
    insta::assert_snapshot!(steady(&stderr(&unknown), dir.path()));

    // A hard constraint that nothing honours makes CI stop.
    let file = dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("      rate: 90/10s", "      #")).unwrap();
    let lacking = run(dir.path(), &["evidence", "trace", "crm-rate", "--session", session]);
    assert_eq!(lacking.status.code(), Some(1), "{}", stdout(&lacking));
}

#[test]
fn a_human_who_is_not_there_parks_the_session_and_nothing_else() {
    let dir = workspace("billing-to-crm");
    let opened = json(&run(dir.path(), &["open", "billing-to-crm", "--format", "json"]));
    let session = opened["session"].as_str().unwrap();
    run(dir.path(), &["check", CONTRACT, "--session", session]);
    let parked = json(&run(dir.path(), &["confirm", "--session", session, "--format", "json"]));
    assert!(parked["parked"].is_string());
    assert!(!parked["pending"].as_array().unwrap().is_empty());
    let refused = run(dir.path(), &["scaffold", CONTRACT, "--out", "deploy", "--session", session]);
    assert_eq!(refused.status.code(), Some(2));
    insta::assert_snapshot!(steady(&stderr(&refused), dir.path()));
    assert!(!dir.path().join("deploy").exists());
    let drilled = run(dir.path(), &["drill", CONTRACT, "--session", session, "--schedules", "1", "--format", "json"]);
    assert_eq!(json(&drilled)["tally"]["failed"], 0, "drills go on: {}", stderr(&drilled));
}

#[test]
fn completions_are_a_script() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["completions", "bash"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("complete -F"), "{}", stdout(&output));
    assert!(!dir.path().join(".platform-integration").exists());
}

#[test]
fn our_own_skill_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("evidence.db");
    let output = run(
        &repository(),
        // What is run takes this build minutes; CI verifies the whole with a release build.
        &[
            "--store",
            store.to_str().unwrap(),
            "verify",
            "skill/platform-integration",
            "--profile",
            "sync",
            "--fail-on",
            "warning",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
}
