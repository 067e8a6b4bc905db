//! `probe`, with the binary: it asks no real system without a person, and keeps no value of what it was answered.

use crate::cli::{json, run, stderr, workspace};
use crate::operate::Bench;
use crate::run::CONTRACT;

#[test]
fn a_system_beyond_this_machine_is_not_asked_without_a_person() {
    let dir = workspace("billing-to-crm");
    let refused = run(dir.path(), &["probe", CONTRACT]);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert!(said.starts_with("refused: live-run-not-approved") && said.contains("api.billing.example"), "{said}");
    assert!(said.contains("next: a person types: platform-integration approve"), "{said}");
}

#[test]
fn what_a_probe_was_answered_is_told_in_shapes_and_nowhere_kept_as_values() {
    let bench = Bench::with("3");
    let asked = bench.reach(&["probe", CONTRACT, "--format", "json"]).output().unwrap();
    assert_eq!(asked.status.code(), Some(0), "{}", stderr(&asked));
    let answer = json(&asked);
    insta::assert_snapshot!("probe-answer", serde_json::to_string_pretty(&answer["observed"]).unwrap());
    let (_, page) = bench.billing("/v1/customers?limit=3");
    let customers = page["data"].as_array().unwrap();
    assert_eq!(customers.len(), 3, "{page}");
    let store = std::fs::read(bench.path().join(".platform-integration/evidence.db")).unwrap();
    for value in customers.iter().flat_map(|c| [c["id"].as_str().unwrap(), c["email"].as_str().unwrap()]) {
        let holds = |bytes: &[u8]| bytes.windows(value.len()).any(|w| w == value.as_bytes());
        assert!(!holds(&store) && !holds(&asked.stdout) && !holds(&asked.stderr), "{value}");
    }
    let kept = json(&run(bench.path(), &["evidence", "--kind", "connector-run", "--format", "json"]));
    assert_eq!(kept["events"].as_array().unwrap().len(), 1, "{kept:#}");
}
