//! A list that is read by POST, over real sockets: two mocks on loopback, the real binary, several pages.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::{binary, json, run, stderr, stdout};
use crate::run::Mock;

const PAGES: &str =
    "paginate: {style: cursor, param: page.cursor, limit_param: page.size, limit: 4, next: page.next_cursor}";

/// The fixture of the lab in a directory of its own, with pages as the contract has them.
fn place(pages: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lab/search");
    for file in ["directory.yaml", "roll.yaml", "integration.yaml"] {
        let text = std::fs::read_to_string(from.join(file)).unwrap();
        let text = text.replace("      key: id\n", &format!("      key: id\n      {pages}\n"));
        std::fs::write(dir.path().join(file), text.replace("base: 500ms, cap: 30s", "base: 5ms, cap: 50ms")).unwrap();
    }
    dir
}

fn connector(dir: &Path, directory: &str, roll: &str) -> Command {
    let mut command = Command::new(binary());
    command
        .args(["run", "integration.yaml", "--format", "json"])
        .args(["--base-url", &format!("directory={directory}"), "--base-url", &format!("roll={roll}")])
        .current_dir(dir)
        .env("DIRECTORY_TOKEN", "planted-token")
        .env("ROLL_KEY", "planted-key")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_search_is_read_page_by_page_and_a_second_run_writes_nothing() {
    for pages in [PAGES, "paginate: auto"] {
        let dir = place(pages);
        let directory = Mock::start(dir.path(), "directory.yaml", "25");
        let roll = Mock::start(dir.path(), "roll.yaml", "0");
        let first = connector(dir.path(), &directory.url, &roll.url).output().unwrap();
        let value = json(&first);
        assert_eq!(value["verdict"], "PASS", "{value:#}\n{}", stderr(&first));
        let counts = &value["flows"][0]["reconciliation"];
        assert_eq!((counts["unique"].as_u64(), counts["written"].as_u64()), (Some(25), Some(25)), "{value:#}");
        let logs = stderr(&first);
        let read = logs.lines().filter(|l| l.contains("\"page-read\"")).count();
        // Of a hundred, which the description allows, one page is enough.
        assert_eq!(read, if pages == PAGES { 7 } else { 1 }, "{logs}");
        let again = json(&connector(dir.path(), &directory.url, &roll.url).output().unwrap());
        assert_eq!(again["verdict"], "PASS", "{again:#}");
        assert_eq!(again["flows"][0]["reconciliation"]["written"], 0, "{again:#}");
    }
}

#[test]
fn the_mock_the_check_and_the_card_know_a_search() {
    let dir = place("paginate: auto");
    let check = json(&run(dir.path(), &["check", "integration.yaml", "--format", "json"]));
    assert_eq!(check["compiles"], true, "{check:#}");
    let codes: Vec<&str> = check["findings"].as_array().unwrap().iter().filter_map(|f| f["code"].as_str()).collect();
    assert!(codes.iter().all(|c| *c == "assumption-unstated"), "{codes:?}");
    let card = stdout(&run(dir.path(), &["inspect", "directory.yaml", "--operation", "searchMembers"]));
    let paging = card.lines().find(|l| l.contains("paging:")).unwrap_or_default();
    assert!(
        paging.contains("cursor in page.cursor of the body") && paging.contains("size in page.size of the body"),
        "{card}"
    );
}

#[test]
fn what_leads_to_pages_in_a_body_must_be_one_value_that_it_has() {
    let said = |pages: &str| {
        let dir = place(pages);
        let check = json(&run(dir.path(), &["check", "integration.yaml", "--format", "json"]));
        assert_eq!(check["compiles"], false, "{check:#}");
        let all = check["findings"].as_array().unwrap().clone();
        let errors = all.into_iter().filter(|f| f["severity"] == "error");
        errors
            .map(|f| format!("{}: {}\n", f["code"].as_str().unwrap(), f["message"].as_str().unwrap()))
            .collect::<String>()
    };
    insta::assert_snapshot!(
        said("paginate: {style: cursor, param: page, next: page.next_cursor}")
            + &said("paginate: {style: cursor, param: page.curser, next: page.next_cursor}")
    );
    // What the body requires and nobody gives.
    let dir = place("paginate: auto");
    let path = dir.path().join("integration.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("      params: {filter.status: active}\n", "");
    std::fs::write(&path, text).unwrap();
    let check: Value = json(&run(dir.path(), &["check", "integration.yaml", "--format", "json"]));
    let missing = check["findings"].as_array().unwrap().iter().find(|f| f["code"] == "missing-required-parameter");
    assert!(missing.expect("it is told")["message"].as_str().unwrap().contains("filter.status"), "{check:#}");
}
