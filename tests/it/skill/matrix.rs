//! The test matrix: complete, of its schema, and true.

use std::process::Command;

use serde_json::Value;

use super::{integrations, misfits, root, yaml};

fn rows() -> Vec<Value> {
    yaml("tests/matrix.yaml")["rows"].as_array().unwrap().clone()
}

#[test]
fn it_is_of_its_schema_and_covers_every_example() {
    let matrix = yaml("tests/matrix.yaml");
    let misfits = misfits("resources/schemas/test-matrix.schema.json", &matrix);
    assert!(misfits.is_empty(), "{misfits:#?}");
    let rows = rows();
    let mut ids: Vec<&str> = rows.iter().map(|r| r["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|w| w[0] != w[1]), "an id is there twice");
    for integration in integrations() {
        for kind in ["happy", "boundary", "failure", "rollback"] {
            let has = rows.iter().any(|r| r["integration"] == integration.as_str() && r["kind"] == kind);
            assert!(has, "{integration} has no row of kind {kind}");
        }
    }
}

#[test]
fn a_row_that_is_neither_run_nor_gap_misfits() {
    let row = |more: Value| {
        let mut row = serde_json::json!({"id": "a", "integration": "x", "kind": "happy"});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        misfits("resources/schemas/test-matrix.schema.json", &serde_json::json!({"rows": [row]}))
    };
    assert!(row(serde_json::json!({"gap": "not yet"})).is_empty());
    assert!(row(serde_json::json!({"phase": "map", "run": "true", "expect": {"exit": 0}})).is_empty());
    assert!(!row(serde_json::json!({})).is_empty());
    assert!(!row(serde_json::json!({"gap": "not yet", "phase": "map", "run": "true"})).is_empty());
    assert!(!row(serde_json::json!({"gap": "not yet", "kind": "sunny"})).is_empty());
}

#[test]
fn every_row_does_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    crate::skill::walks::copy(&root().join("examples"), &dir.path().join("examples"));
    let mut wrong = Vec::new();
    for row in rows() {
        let Some(line) = row["run"].as_str() else { continue };
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("platform-integration"), "{line}");
        let done = Command::new(env!("CARGO_BIN_EXE_platform-integration"))
            .args(words)
            .current_dir(dir.path())
            .stdin(std::process::Stdio::null())
            .env_remove("PLATFORM_INTEGRATION_STORE")
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
        let exit = row["expect"]["exit"].as_i64().unwrap_or(0);
        let wanted = row["expect"]["stdout"].as_str().unwrap_or_default();
        if done.status.code() != Some(i32::try_from(exit).unwrap()) || !stdout.contains(wanted) {
            wrong.push(format!("{line}: {}\n{stdout}{}", done.status, String::from_utf8_lossy(&done.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
