//! Operating the real binary, told from what a person sees: what is advised, what is refused, how it ends.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::cli::{binary, json, run, stderr, stdout, workspace};
use crate::operate::Bench;
use crate::run::CONTRACT;

const FLOW: &str = "billing-to-crm/contacts";

/// The contract's own pace, so that a run is in the middle of its work for minutes.
fn slow(bench: &Bench) {
    let contract = bench.path().join(CONTRACT);
    let text = std::fs::read_to_string(&contract).unwrap().replace("rate: 90000/1000s", "rate: 90/10s");
    std::fs::write(contract, text).unwrap();
}

/// Waits until a run has written something.
fn at_work(child: &mut Child) -> std::thread::JoinHandle<()> {
    let mut logs = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("page-read") {
        line.clear();
        assert!(logs.read_line(&mut line).unwrap() > 0, "it ended before it read a page");
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::thread::spawn(move || drop(std::io::copy(&mut logs, &mut std::io::sink())))
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_changed_mapping_is_told_and_reaches_what_was_delivered_when_somebody_says_so() {
    let bench = Bench::with("9");
    assert_eq!(json(&bench.run(&[]))["verdict"], "PASS");
    let contract = bench.path().join(CONTRACT);
    let text = std::fs::read_to_string(&contract).unwrap();
    let changed = text.replace("first, {truncate: 100}", "first, upper, {truncate: 100}");
    assert_ne!(text, changed);
    std::fs::write(&contract, changed).unwrap();

    let later = json(&bench.run(&["--verify"]));
    let flow = &later["flows"][0];
    let earlier = flow["earlier_mapping"].as_u64().unwrap();
    assert!(earlier > 0, "{later:#}");
    let counts = &flow["verified"]["counts"];
    assert_eq!((&later["verdict"], &counts["mapping_changed"]), (&"PARTIAL".into(), &earlier.into()), "{later:#}");
    assert_eq!((&counts["since_changed"], &counts["missing"]), (&0.into(), &0.into()), "{later:#}");
    let next = later["next"].as_str().unwrap();
    assert!(next.contains(&format!("run {CONTRACT} --base-url billing=")) && next.contains("--full-refresh"), "{next}");

    let dry = json(&bench.run(&["--full-refresh", "--dry-run"]));
    assert_eq!(dry["flows"][0]["would_update"], earlier, "{dry:#}");
    let anew = json(&bench.run(&["--full-refresh", "--verify"]));
    assert_eq!((&anew["verdict"], &anew["flows"][0]["reconciliation"]["written"]), (&"PASS".into(), &earlier.into()));
    assert_eq!(anew["flows"][0].get("earlier_mapping"), None, "{anew:#}");
    assert_eq!(json(&bench.run(&["--full-refresh"]))["flows"][0]["reconciliation"]["written"], 0, "only once");
    // It is in the journal as any other write.
    let handle = anew["flows"][0]["run"].as_str().unwrap();
    let back = json(&bench.reach(&["rollback", handle, CONTRACT, "--quiet", "--format", "json"]).output().unwrap());
    assert_eq!(back["runs"][0]["counts"]["restored"], earlier, "{back:#}");
}

#[test]
fn what_only_reads_makes_no_store_and_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let left = || std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    for args in [
        &["status"][..],
        &["runs"],
        &["dead-letters"],
        &["dead-letters", "list"],
        &["dead-letters", "show", "1"],
        &["dead-letters", "replay", "--all"],
        &["rollback", "last", "integration.yaml"],
        &["resume"],
        &["pause", "--because", "incident 42"],
        &["evidence"],
        &["evidence", "verify"],
    ] {
        for store in [&[][..], &["--store", "elsewhere/e.db"]] {
            let output = run(dir.path(), &[args, store].concat());
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
            assert!(said.contains("refused: no-store: there is no evidence store"), "{args:?}: {said}");
            assert!(said.contains("next: ") && said.contains("--store"), "{args:?}: {said}");
            assert_eq!(said.contains("elsewhere/e.db"), !store.is_empty(), "{said}");
            assert!(left().is_empty(), "{args:?} left {:?}", left());
        }
    }
    let nothing = run(dir.path(), &["verify", "--store", "elsewhere/e.db", "--profile", "spec"]);
    assert!(nothing.status.code().is_some() && left().is_empty(), "{:?} {}", left(), stderr(&nothing));
    // Where nothing was ever asked, nothing waits: that is an answer, and needs no store.
    let inbox = run(dir.path(), &["inbox", "--store", "elsewhere/e.db"]);
    assert_eq!((inbox.status.code(), stdout(&inbox).as_str()), (Some(0), "nothing waits for a person\n"));
    assert!(left().is_empty(), "{:?}", left());
}

#[test]
fn what_is_advised_has_the_flags_that_were_given() {
    let bench = Bench::with("6");
    let contract = bench.path().join(CONTRACT);
    let text = std::fs::read_to_string(&contract).unwrap();
    let strict =
        text.replace("active: customer, trialing: lead, canceled: churned, past_due: at_risk", "active: customer");
    std::fs::write(&contract, strict).unwrap();
    let at = ["--store", "my place/e.db"];
    let said = |args: &[&str]| {
        let output = run(bench.path(), &[args, &at, &["--format", "json"]].concat());
        json(&output)["next"].as_str().unwrap_or_else(|| panic!("{args:?} {}", stderr(&output))).to_owned()
    };
    let first = json(&bench.run(&at));
    let named = "platform-integration --store 'my place/e.db'";
    let reach = format!(" --contract {CONTRACT} --base-url billing=http://127.0.0.1:");
    let next = first["next"].as_str().unwrap();
    assert!(next.starts_with(&format!("{named} dead-letters shows")), "{next}");
    assert!(next.contains(&format!("{named} dead-letters replay --all{reach}")), "{next}");
    let next = said(&["dead-letters"]);
    assert!(next.contains(&format!("{named} dead-letters replay ID{reach}")), "{next}");
    let list = json(&run(bench.path(), &[&["dead-letters", "--format", "json"][..], &at].concat()));
    let id = list["dead_letters"][0]["id"].to_string();
    let next = said(&["dead-letters", "show", &id]);
    assert!(next.contains(&format!("{named} dead-letters replay {id}{reach}")), "{next}");
    let next = said(&["runs"]);
    let rollback = format!("{named} rollback {} {CONTRACT} --base-url", first["flows"][0]["run"].as_str().unwrap());
    assert!(next.contains(&rollback), "{next}");
    // On paper too, and in a refusal.
    let text = stdout(&run(bench.path(), &[&["status"][..], &at].concat()));
    assert!(text.contains(&format!("next: {named} dead-letters")), "{text}");
    let refused = stderr(&run(bench.path(), &[&["dead-letters", "show", "999"][..], &at].concat()));
    assert!(refused.contains(&format!("next: {named} dead-letters")), "{refused}");
}

#[test]
#[cfg(unix)]
fn a_run_that_is_under_way_is_shown_so_and_is_not_taken_back() {
    let bench = Bench::with("2000");
    slow(&bench);
    let mut child = bench.start(&[]);
    let logs = at_work(&mut child);
    let runs = json(&run(bench.path(), &["runs", "--format", "json"]));
    assert_eq!(runs["runs"][0]["state"], "running", "{runs:#}");
    let handle = runs["runs"][0]["run"].as_str().unwrap().to_owned();
    let status = stdout(&run(bench.path(), &["status"]));
    assert!(status.contains(" running ") && !status.contains("UNPROVEN"), "{status}");
    for args in [&["rollback", "last", CONTRACT, "--apply"][..], &["rollback", &handle, CONTRACT]] {
        let refused = bench.reach(args).output().unwrap();
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("run-under-way: run {handle} of {FLOW} is under way in process")), "{said}");
        assert!(said.contains(&format!("platform-integration pause {FLOW} --because TEXT")), "{said}");
    }
    let status = json(&run(bench.path(), &["status", "--format", "json"]));
    assert_eq!(status["flows"][0].get("paused"), None, "nothing was switched off for it: {status:#}");
    child.kill().unwrap();
    child.wait().unwrap();
    logs.join().unwrap();
    let status = stdout(&run(bench.path(), &["status"]));
    let again = format!("next: run {handle} was killed: platform-integration run PATH goes on from its checkpoint");
    assert!(status.contains(" killed ") && status.contains(&again), "{status}");
}

#[test]
#[cfg(unix)]
fn a_connector_that_was_to_go_on_ends_well_when_it_is_stopped_in_the_middle() {
    let bench = Bench::with("2000");
    slow(&bench);
    for name in ["-INT", "-TERM"] {
        let mut child = bench.start(&["--watch"]);
        let logs = at_work(&mut child);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        logs.join().unwrap();
        let value = json(&output);
        assert_eq!((output.status.code(), &value["drained"]), (Some(0), &Value::Bool(true)), "{name} {value:#}");
    }
    let mut once = connector_in_words(&bench).spawn().unwrap();
    let logs = at_work(&mut once);
    signal(&once, "-INT");
    let output = once.wait_with_output().unwrap();
    logs.join().unwrap();
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("  stopped: asked to stop; the next run goes on where this one ended"), "{said}");
}

/// A run that answers in words.
fn connector_in_words(bench: &Bench) -> Command {
    let mut command = bench.reach(&["run", CONTRACT, "--plain"]);
    command.stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[test]
fn a_second_pass_is_asked_for_once() {
    let bench = Bench::with("3");
    assert_eq!(json(&bench.run(&[]))["next"], "run it again: a second pass must write nothing");
    assert_eq!(json(&bench.run(&[]))["next"], "");
}

#[test]
fn a_pause_of_all_flows_is_shown_at_each() {
    let bench = Bench::with("1");
    bench.run(&[]);
    let paused = stdout(&run(bench.path(), &["pause", "--because", "incident 42", "--as", "Ada"]));
    let row = paused.lines().find(|line| line.contains(FLOW)).unwrap();
    assert!(row.contains("Ada") && !row.contains(" no "), "{paused}");
    let status = json(&run(bench.path(), &["status", "--format", "json"]));
    assert_eq!(status["flows"][0]["paused"]["flow"], "*", "{status:#}");
}

#[test]
fn log_lines_begin_with_the_time_in_utc() {
    let bench = Bench::with("1");
    let logs = stderr(&bench.run(&[]));
    let mut before = String::new();
    for line in logs.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let at = line["time"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned();
        assert!(at.len() == 24 && at.ends_with('Z') && at >= before, "{before} {at}");
        before = at;
    }
    assert!(logs.starts_with(r#"{"time":"20"#), "{logs}");
}

fn limited(dir: &Path, blocks: u32, args: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", &format!("ulimit -f {blocks}; exec \"$0\" \"$@\""), binary()])
        .args(args)
        .current_dir(dir)
        .env_remove("PLATFORM_INTEGRATION_STORE")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_may_not_grow_is_told_and_ends_nobody_without_a_word() {
    let dir = workspace("billing-to-crm");
    let output = limited(dir.path(), 8, &["check", CONTRACT]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "no signal ended it: {:?} {said}", output.status);
    assert!(said.contains("failed: ") && said.contains("evidence.db"), "{said}");
}

#[test]
fn a_page_of_no_records_is_refused() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["mock", "examples/billing-to-crm/apis/crm.openapi.json", "--page", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--page"), "{}", stderr(&output));
}
