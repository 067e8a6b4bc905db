//! Programs of their own, drilled from outside: correct ones pass, broken ones are caught by the drill meant for it, and nothing of
//! them is left. Python's are skipped where there is no Python; all of them are drilled by tests/clients/blackbox.py.

use std::path::{Path, PathBuf};

use platform_integration::base::stop::Stop;
use platform_integration::evidence::Verdict;
use platform_integration::lab::blackbox::{self, Program};
use platform_integration::lab::{DrillOptions, DrillRow, Matrix};

use super::plans::{self, Bench};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn has(program: &str) -> bool {
    let found = std::process::Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: there is no {program} on this machine");
    }
    found
}

fn program(line: &str, mutant: &str) -> Program {
    let (words, mut variables) = Program::parse(line, &[], &["billing", "crm"]).unwrap();
    variables.push(("MUT".to_owned(), mutant.to_owned()));
    Program {
        line: line.to_owned(),
        knows_switch: blackbox::mentions(&words, &root(), &["DISABLE_FILE"]),
        knows_lock: blackbox::mentions(&words, &root(), blackbox::drills::LOCKS),
        words,
        beside: Vec::new(),
        variables,
        directory: root(),
        contract: root().join("examples/billing-to-crm/integration.yaml"),
        service: false,
        scale: 1,
        deadline_s: 60,
    }
}

fn options(only: &str, seed: u64) -> DrillOptions {
    DrillOptions {
        seed,
        schedules: 1,
        only: Some(only.to_owned()),
        shrink: false,
        threads: None,
        stop: Stop::default(),
    }
}

fn drill(bench: &Bench, program: &Program, only: &str, seed: u64) -> Matrix {
    blackbox::run_drills(&bench.0, &bench.1, program, &options(only, seed), None, 1, &mut |_| {}).unwrap()
}

/// The row of one drill, and its first failure.
fn row(bench: &Bench, program: &Program, only: &str, seed: u64) -> (DrillRow, String) {
    let row = drill(bench, program, only, seed).rows.remove(0);
    let why = row.failures.first().map(|f| format!("{}\n{}", f.because, f.trace)).unwrap_or_default();
    (row, why)
}

const CONTACTS: &str = "python3 tests/clients/connectors/contacts.py";
const VOUCHERS: &str = "python3 tests/clients/connectors/vouchers.py";

#[test]
fn a_correct_job_passes_and_its_situations_come_about() {
    if !has("python3") {
        return;
    }
    let bench = plans::billing_to_crm();
    for code in [
        "happy-path",
        "committed-then-reset",
        "half-close",
        "odd-framing",
        "crash-anywhere",
        "poison-record",
        "started-twice",
    ] {
        let (row, why) = row(&bench, &program(CONTACTS, ""), code, 3);
        assert_eq!((row.verdict, row.fired), (Verdict::Pass, 1), "{code}: {why}");
    }
}

#[test]
fn a_correct_service_passes_and_ends_when_it_is_asked_to() {
    if !has("python3") {
        return;
    }
    let bench = plans::tills_to_books();
    let service = Program { service: true, ..program(VOUCHERS, "") };
    for code in ["happy-path", "webhook-forged"] {
        let (row, why) = row(&bench, &service, code, 3);
        assert_eq!((row.verdict, row.fired), (Verdict::Pass, 1), "{code}: {why}");
    }
    // A job receives nothing: the drills of webhooks say so, and the sweep alone is drilled.
    let matrix = drill(&bench, &program(VOUCHERS, ""), "webhook-forged", 3);
    assert!(matrix.rows.is_empty() && matrix.not_applicable[0].1.contains("--service"), "{matrix:?}");
    assert_eq!(matrix.verdict, Verdict::Unproven);
}

#[test]
fn a_broken_program_is_caught_by_the_drill_meant_for_it() {
    if !has("python3") {
        return;
    }
    let bench = plans::billing_to_crm();
    for (mutant, code, because) in [
        ("stops-at-short-page", "short-page", "lost: "),
        ("swallows-quietly", "poison-record", "dead letters: 1 should be told and is not"),
        ("follows-redirects", "redirect-elsewhere", "leak: a secret"),
        ("token-in-log", "happy-path", "leak: a secret of crm is in what it printed, line "),
        ("no-correlation", "uncorrelated-write", "writes carry no correlation id"),
        ("network-error-fatal", "half-close", "gave up: run 1 ended with exit code 1"),
        ("no-retry-after", "rate-limited-seconds", "said to wait 2 s"),
        ("token-in-baggage", "happy-path", "leak: a secret of billing is in baggage of request "),
        ("no-reason", "poison-record", " does not say why"),
        ("packed-as-is", "odd-framing", "gave up: run 1 ended with exit code 1"),
    ] {
        let (row, why) = row(&bench, &program(CONTACTS, mutant), code, 1);
        assert_eq!(row.verdict, Verdict::Fail, "{mutant} is not caught by {code}");
        assert!(why.contains(because), "{mutant}: {why}");
    }
}

#[cfg(unix)]
mod shells {
    use super::*;

    fn shell(script: &str) -> Program {
        Program { deadline_s: 1, ..program(&format!("sh -c '{script}'"), "") }
    }

    #[test]
    fn a_program_that_does_nothing_is_believed_nothing() {
        let bench = plans::billing_to_crm();
        let (row_, why) = row(&bench, &shell("exit 0"), "happy-path", 1);
        assert_eq!(row_.verdict, Verdict::Fail);
        assert!(why.contains("dishonest: run 1 ends with exit code 0 without"), "{why}");
        let (_, why) = row(&bench, &shell("echo no luck; exit 4"), "happy-path", 1);
        assert!(why.contains("gave up: run 1 ended with exit code 4 (no luck)"), "{why}");
        let (_, why) = row(&bench, &shell("kill -9 $$"), "happy-path", 1);
        assert!(why.contains("crash: run 1 was ended by signal 9"), "{why}");
    }

    #[test]
    fn a_drill_that_is_left_out_is_not_played_and_named() {
        let bench = plans::billing_to_crm();
        let but = |codes: &str| {
            let options = options("happy-path,poison-record", 1);
            blackbox::run_drills(&bench.0, &bench.1, &shell("exit 0"), &options, Some(codes), 1, &mut |_| {})
        };
        let matrix = but("poison-record").unwrap();
        assert_eq!(matrix.rows.iter().map(|r| r.code).collect::<Vec<_>>(), ["happy-path"]);
        assert_eq!(matrix.not_applicable, [("poison-record", "left out by --except".to_owned())]);
        let because = but("poison-recrod").unwrap_err();
        assert_eq!(because, "there is no drill poison-recrod; did you mean \"poison-record\"?");
    }

    #[test]
    fn what_hangs_is_killed_with_all_that_it_started() {
        let scratch = tempfile::tempdir().unwrap();
        let note = scratch.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", note.display());
        let (row, why) = row(&plans::billing_to_crm(), &shell(&script), "happy-path", 1);
        assert_eq!(row.verdict, Verdict::Fail);
        assert!(why.contains("hangs: run 1 was not over after 1 s"), "{why}");
        let pid = std::fs::read_to_string(note).unwrap();
        // Dead and not yet fetched by its parent is dead.
        let stat = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{pid} lives on: {stat}");
    }

    #[test]
    fn a_service_that_does_not_listen_to_sigterm_is_blamed() {
        let script = "trap \"\" TERM; while :; do sleep 0.1; done";
        let mute = Program { service: true, deadline_s: 30, ..shell(script) };
        let (_, why) = row(&plans::billing_to_crm(), &mute, "happy-path", 1);
        assert!(why.contains("drain: run 1 did not end when it was asked to"), "{why}");
    }

    #[test]
    fn a_situation_that_does_not_come_about_proves_nothing() {
        // A program without a switch is not drilled on it; one that does nothing never comes to where it would be set.
        let bench = plans::billing_to_crm();
        let ignorant = Program { knows_switch: false, ..shell("exit 1") };
        let matrix = drill(&bench, &ignorant, "disabled-midway", 1);
        assert!(matrix.rows.is_empty() && matrix.not_applicable[0].1.contains("{disable_file}"), "{matrix:?}");
        let stop = Stop::default().below();
        stop.set();
        let stopped = DrillOptions { stop, ..options("happy-path", 1) };
        let run = blackbox::run_drills(&bench.0, &bench.1, &shell("exit 1"), &stopped, None, 1, &mut |_| {});
        assert!(run.is_err(), "a part of a matrix is none");
    }

    #[test]
    fn a_program_that_cannot_be_started_is_no_failure_of_it() {
        let bench = plans::billing_to_crm();
        let nobody = program("no-such-program --here", "");
        let run = blackbox::run_drills(&bench.0, &bench.1, &nobody, &options("happy-path", 1), None, 1, &mut |_| {});
        let because = run.unwrap_err();
        assert!(because.contains("no-such-program does not start"), "{because}");
    }
}

#[test]
fn every_drill_of_its_own_is_described() {
    let text = std::fs::read_to_string(root().join("docs/black-box.md")).unwrap();
    for drill in blackbox::drills::ALL {
        assert!(text.contains(&format!("| `{}` |", drill.code())), "{} is not in docs/black-box.md", drill.code());
    }
}
