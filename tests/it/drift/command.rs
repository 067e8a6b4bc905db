//! The command: what one integration feels, in every format, with the exit codes of the other commands.

use serde_json::Value;

use crate::cli::{run, workspace};

const OLD: &str = "examples/billing-to-crm/apis/billing.openapi.yaml";
const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";

/// The example with a newer description beside the one that it uses.
fn drifted(edits: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = workspace("billing-to-crm");
    let mut text = std::fs::read_to_string(dir.path().join(OLD)).unwrap();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    std::fs::write(dir.path().join("new.yaml"), text).unwrap();
    dir
}

fn drift(dir: &tempfile::TempDir, more: &[&str]) -> (i32, String) {
    let args: Vec<&str> = ["drift", OLD, "new.yaml"].iter().chain(more).copied().collect();
    let out = run(dir.path(), &args);
    let said = String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap();
    (out.status.code().unwrap(), said)
}

/// An enumeration with a new value, a field gone that is mapped, one gone that is not, a new operation.
const EDITS: &[(&str, &str)] = &[
    ("active, trialing", "paused, active, trialing"),
    ("        email:", "        mail:"),
    ("        phone:", "        telephone:"),
];

#[test]
fn an_integration_is_told_its_own_lines_and_no_others() {
    let dir = drifted(EDITS);
    let (code, said) = drift(&dir, &["--integration", CONTRACT]);
    assert_eq!(code, 1);
    insta::assert_snapshot!("felt_by_an_integration", said);
    assert!(!said.contains("phone"), "what no flow reads is nothing to it");
}

#[test]
fn without_an_integration_everything_is_told() {
    let dir = drifted(EDITS);
    let (code, said) = drift(&dir, &[]);
    assert_eq!(code, 1);
    insta::assert_snapshot!("told_to_everybody", said);
}

#[test]
fn every_format_says_the_same() {
    let dir = drifted(EDITS);
    let format = |format: &str| drift(&dir, &["--integration", CONTRACT, "--format", format]);
    let (code, json) = format("json");
    assert_eq!(code, 1);
    let json: Value = serde_json::from_str(&json).unwrap();
    let changes = json["changes"].as_array().unwrap();
    let (_, sarif) = format("sarif");
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), changes.len());
    for (result, change) in results.iter().zip(changes) {
        assert_eq!(result["ruleId"], change["code"]);
        assert_eq!(result["partialFingerprints"]["platformIntegration/v1"], change["fingerprint"]);
    }
    insta::assert_snapshot!("drift_as_json", serde_json::to_string_pretty(&json).unwrap());
    let sarif = serde_json::to_string_pretty(&sarif).unwrap();
    insta::assert_snapshot!("drift_as_sarif", sarif.replace(env!("CARGO_PKG_VERSION"), "@@VERSION@@"));
    insta::assert_snapshot!("drift_as_junit", format("junit").1);
    insta::assert_snapshot!("drift_for_github", format("github").1);
}

#[test]
fn what_breaks_nobody_is_no_failure() {
    let dir = drifted(&[("title:", "description: The same again.\n  title:")]);
    let (code, said) = drift(&dir, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("0 of 0 changes break"), "{said}");
}

#[test]
fn an_integration_of_other_systems_is_refused_with_the_call_that_gets_further() {
    let dir = drifted(EDITS);
    std::fs::copy(dir.path().join("new.yaml"), dir.path().join("a.yaml")).unwrap();
    std::fs::copy(dir.path().join("new.yaml"), dir.path().join("b.yaml")).unwrap();
    let out = run(dir.path(), &["drift", "a.yaml", "b.yaml", "--integration", CONTRACT]);
    assert_eq!(out.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(out.stderr).unwrap());
}
