//! `runbook verify` and `scaffold` twice, with the binary: what a team does with the project that it was given.

use std::path::Path;

use crate::cli::{json, repository, run, stderr, workspace};

const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";

fn scaffolded() -> tempfile::TempDir {
    let dir = workspace("billing-to-crm");
    let out = run(dir.path(), &["scaffold", CONTRACT, "--out", "p"]);
    assert!(out.status.success(), "{}", stderr(&out));
    dir
}

fn verified(dir: &Path, text: &str) -> serde_json::Value {
    std::fs::write(dir.join("p/STEPS.md"), text).unwrap();
    let out = run(dir, &["--format", "json", "runbook", "verify", "p/STEPS.md"]);
    let answer = json(&out);
    let passed = answer["verdict"] == "PASS";
    assert_eq!(out.status.code(), Some(i32::from(!passed)));
    answer
}

fn verdicts(answer: &serde_json::Value) -> Vec<String> {
    let steps = answer["steps"].as_array().unwrap();
    let word = |s: &serde_json::Value, key: &str| s[key].as_str().unwrap().to_owned();
    steps.iter().map(|s| format!("{} {}: {}", word(s, "verdict"), word(s, "step"), word(s, "because"))).collect()
}

#[test]
fn steps_are_executed_against_systems_that_stand_for_the_real_ones() {
    let dir = scaffolded();
    let answer = verified(
        dir.path(),
        "# R\n\n\
         ```sh step=first expect=exit:0,delivered\nplatform-integration run integration.yaml\n```\n\n\
         ```sh step=start background=connector\nplatform-integration run integration.yaml --watch\n```\n\n\
         ```sh step=stop\nkill -TERM $connector\n```\n\n\
         ```sh step=back-up\ncp -a $MEMORY backup\n```\n\n\
         ```sh step=restore lab=lose-store,change:billing\ncp -a backup $MEMORY\nplatform-integration run integration.yaml\n```\n\n\
         ```sh step=refused lab=change:billing,revoke:crm expect=exit:1,out:auth-failed\nplatform-integration run integration.yaml\n```\n\n\
         ```sh step=renewed lab=renew:crm expect=exit:0,delivered\nplatform-integration run integration.yaml\n```\n\n\
         ```sh step=poisoned lab=poison:billing expect=exit:1,delivered\nplatform-integration run integration.yaml\n```\n\n\
         ```sh step=listed expect=out:waiting\nplatform-integration dead-letters\n```\n",
    );
    insta::assert_snapshot!("runbook-verified", verdicts(&answer).join("\n"));
}

#[test]
fn the_runbook_of_a_generated_project_holds_step_by_step() {
    // One that looks records up, one that is sent its records, one that writes in bulk.
    for example in ["billing-to-crm", "tills-to-books", "stock-to-market"] {
        let dir = workspace(example);
        let contract = format!("examples/{example}/integration.yaml");
        let out = run(dir.path(), &["scaffold", &contract, "--out", "p"]);
        assert!(out.status.success(), "{}", stderr(&out));
        // The whole matrix is what other tests run.
        let path = dir.path().join("p/RUNBOOK.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let whole = "platform-integration drill integration.yaml\n";
        assert!(text.contains(whole), "{text}");
        std::fs::write(&path, text.replace(whole, &format!("{} --only happy-path\n", whole.trim_end()))).unwrap();
        let answer = json(&run(dir.path(), &["--format", "json", "runbook", "verify", "p/RUNBOOK.md"]));
        assert_eq!(answer["verdict"], "PASS", "{example}: {}", verdicts(&answer).join("\n"));
        assert!(verdicts(&answer).len() > 20, "{example}: {}", verdicts(&answer).join("\n"));
    }
}

#[test]
fn a_step_that_does_not_hold_fails_and_one_that_is_not_executed_is_unproven() {
    let dir = scaffolded();
    let answer = verified(
        dir.path(),
        "# R\n\n\
         ```sh\nplatform-integration undo integration.yaml\nsystemctl stop x\n```\n\n\
         ```sh step=no-command\nplatform-integration unpause integration.yaml\n```\n\n\
         ```sh step=no-flag\nplatform-integration run integration.yaml --wtach\n```\n\n\
         ```sh step=no-argument\nplatform-integration run integration.yaml more\n```\n\n\
         ```sh step=other-code expect=exit:3\nplatform-integration check integration.yaml\n```\n\n\
         ```sh step=not-said expect=\"out:no such words\"\nplatform-integration check integration.yaml\n```\n\n\
         ```sh step=not-delivered lab=change:billing expect=delivered\nplatform-integration check integration.yaml\n```\n\n\
         ```sh step=ends-at-once background=x\nplatform-integration check integration.yaml\n```\n\n\
         ```sh step=nothing-runs\nkill -TERM $x\n```\n\n\
         ```sh step=climbs\ncp -a ../secret here\n```\n\n\
         ```sh step=shell\nplatform-integration check integration.yaml | tee log\n```\n\n\
         ```sh step=no-system lab=down:erp\nplatform-integration check integration.yaml\n```\n\n\
         ```sh step=foreign\ncurl https://example.com\n```\n",
    );
    assert_eq!(answer["verdict"], "FAIL");
    let said = answer.to_string();
    assert!(!said.contains("planted"), "{said}");
    let verdicts = verdicts(&answer).join("\n");
    // A key of the mock is drawn, and says nothing.
    let key = regex::Regex::new(r"no target, \S+ among").unwrap();
    insta::assert_snapshot!("runbook-failed", key.replace(&verdicts, "no target, KEY among"));
}

#[test]
fn a_runbook_without_steps_proves_nothing() {
    let dir = scaffolded();
    let answer = verified(dir.path(), "# R\n\nCall somebody.\n");
    assert_eq!(answer["verdict"], "UNPROVEN");
}

/// The file of the project, its text changed by hand.
fn edit(dir: &Path, file: &str, from: &str, to: &str) {
    let path = dir.join("p").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file}: {from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

fn states(answer: &serde_json::Value) -> Vec<(String, String)> {
    let word = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    let files = answer["files"].as_array().unwrap();
    files.iter().map(|f| (word(&f["path"]), word(&f["state"]))).filter(|(_, s)| s != "unchanged").collect()
}

#[test]
fn scaffolding_again_touches_nothing_that_people_changed() {
    let dir = scaffolded();
    let again = |extra: &[&str]| {
        let args = [&["--format", "json", "scaffold", CONTRACT, "--out", "p"], extra].concat();
        run(dir.path(), &args)
    };
    assert_eq!(states(&json(&again(&[]))), []);
    // People change one file, delete another, and the contract's owner changes: their file and two others would follow.
    edit(dir.path(), "RUNBOOK.md", "## Secrets", "## Secrets and keys");
    edit(dir.path(), "README.md", "Owner: revenue-platform.", "Owner: Rita.");
    std::fs::remove_file(dir.path().join("p/docker-compose.yaml")).unwrap();
    let contract = dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&contract).unwrap();
    std::fs::write(&contract, text.replace("owner: revenue-platform", "owner: crm-team")).unwrap();

    let shown = again(&["--dry-run"]);
    let diff = json(&shown)["diff"].as_str().unwrap().to_owned();
    assert!(diff.contains("-owner: revenue-platform") && diff.contains("+owner: crm-team"), "{diff}");
    assert!(std::fs::read_to_string(dir.path().join("p/RUNBOOK.md")).unwrap().contains("Owner: revenue-platform."));

    let out = again(&[]);
    assert_eq!(out.status.code(), Some(1), "a conflict is for a person to settle");
    let answer = json(&out);
    let state = |file: &str| states(&answer).into_iter().find(|(p, _)| p == file).map(|(_, s)| s).unwrap_or_default();
    assert_eq!(state("integration.yaml"), "updated");
    assert_eq!(state("RUNBOOK.md"), "merged");
    assert_eq!(state("README.md"), "conflict");
    assert_eq!(state("docker-compose.yaml"), "deleted");
    let read = |file: &str| std::fs::read_to_string(dir.path().join("p").join(file)).unwrap();
    let runbook = read("RUNBOOK.md");
    assert!(runbook.contains("## Secrets and keys") && runbook.contains("Owner: crm-team."));
    assert!(read("README.md").contains("Owner: Rita."));
    assert!(read("README.md.scaffold-new").contains("Owner: crm-team."));
    assert!(!dir.path().join("p/docker-compose.yaml").exists());
    assert!(answer["next"].as_str().unwrap().contains("README.md.scaffold-new"));

    // What was shown once is not shown again; what was deleted comes back when it is asked for.
    let answer = json(&again(&["--restore"]));
    let mut all = states(&answer);
    all.sort();
    let kept = |p: &str| (p.to_owned(), "kept".to_owned());
    assert_eq!(all, [kept("README.md"), kept("RUNBOOK.md"), ("docker-compose.yaml".to_owned(), "new".to_owned())]);
}

#[test]
fn a_directory_of_which_nothing_is_known_loses_nothing() {
    let dir = workspace("billing-to-crm");
    std::fs::create_dir(dir.path().join("p")).unwrap();
    std::fs::write(dir.path().join("p/README.md"), "mine\n").unwrap();
    let out = run(dir.path(), &["scaffold", CONTRACT, "--out", "p"]);
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(dir.path().join("p/README.md")).unwrap(), "mine\n");
    assert!(dir.path().join("p/README.md.scaffold-new").exists());
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_directory_is_not_followed() {
    let dir = workspace("billing-to-crm");
    std::fs::create_dir(dir.path().join("p")).unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("p/deploy")).unwrap();
    let out = run(dir.path(), &["scaffold", CONTRACT, "--out", "p"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(stderr(&out).contains("file-outside"), "{}", stderr(&out));
}

#[test]
fn samples_are_held_against_what_is_expected_of_them() {
    let dir = scaffolded();
    let check = || {
        let samples =
            ["--samples", "tests/samples/contacts.jsonl", "--expect", "tests/samples/contacts.expected.jsonl"];
        run(&dir.path().join("p"), &[&["check", "integration.yaml"], samples.as_slice()].concat())
    };
    let out = check();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    // The mapping changes its mind about one field.
    edit(dir.path(), "integration.yaml", "origin: {const: billing}", "origin: {const: invoicing}");
    let out = check();
    assert_eq!(out.status.code(), Some(1));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("sample-not-as-expected") && text.contains("/mapped/origin"), "{text}");
    assert!(!text.contains("@example.com"), "{text}");
}

#[test]
fn every_example_gives_a_project_that_checks_itself() {
    for example in std::fs::read_dir(repository().join("examples")).unwrap() {
        let example = example.unwrap();
        if !example.path().is_dir() {
            continue;
        }
        let name = example.file_name().into_string().unwrap();
        let dir = workspace(&name);
        let contract = format!("examples/{name}/integration.yaml");
        let out = run(dir.path(), &["scaffold", &contract, "--out", "p"]);
        assert!(out.status.success(), "{name}: {}", stderr(&out));
        let project = dir.path().join("p");
        let readme = std::fs::read_to_string(project.join("README.md")).unwrap();
        let mut ran = 0;
        for line in readme.lines().filter(|l| l.starts_with("platform-integration check ")) {
            let args: Vec<&str> = line.split(' ').skip(1).collect();
            let out = run(&project, &args);
            assert!(out.status.success(), "{name}: {line}\n{}", String::from_utf8_lossy(&out.stdout));
            ran += 1;
        }
        assert!(ran > 1, "{name} has no samples");
    }
}
