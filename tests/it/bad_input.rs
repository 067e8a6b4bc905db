//! Bad input gets a clear error with a next step: no panic, no hang, no partial file, nothing recorded is lost.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::cli::{binary, run, stderr, stdout, steady, workspace};

#[test]
fn files_that_are_no_description_are_named_for_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    write("empty.yaml", b"");
    write("binary.bin", b"\x7fELF\x00\x01\x02\xff\xfe");
    write("page.html", b"<!DOCTYPE html><html><body>login</body></html>");
    write("broken.json", b"{\"openapi\": \"3.1.0\", ");
    write(
        "swagger.json",
        b"{\"swaggerVersion\": \"1.2\", \"info\": {\"title\": \"x\", \"version\": \"1\"}, \"paths\": {}}",
    );
    write("future.json", b"{\"openapi\": \"9.0.0\", \"info\": {\"title\": \"x\", \"version\": \"1\"}, \"paths\": {}}");
    write("list.json", b"[1, 2, 3]");
    let mut page = String::new();
    for name in [
        "none.yaml",
        ".",
        "empty.yaml",
        "binary.bin",
        "page.html",
        "broken.json",
        "swagger.json",
        "future.json",
        "list.json",
    ] {
        let output = run(dir.path(), &["map", name]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}{}", stdout(&output), stderr(&output));
        page.push_str(&format!("$ map {name}\n{}\n", steady(&stderr(&output), dir.path())));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn a_directory_is_refused_and_the_contract_in_it_is_named() {
    let dir = workspace("billing-to-crm");
    let output = run(dir.path(), &["check", "examples/billing-to-crm"]);
    assert_eq!(output.status.code(), Some(2));
    let words = steady(&stderr(&output), dir.path());
    let named = "the contract that lies in it is @@DIR@@/examples/billing-to-crm/integration.yaml";
    assert!(words.trim_end().ends_with(named), "{words}");
}

#[test]
fn a_description_of_200_mb_is_refused_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(dir.path().join("huge.json")).unwrap();
    file.set_len(200 * 1024 * 1024).unwrap();
    let output = run(dir.path(), &["map", "huge.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("209715200 bytes, more than the limit of 67108864 bytes"), "{}", stderr(&output));
}

#[test]
fn a_bomb_of_aliases_and_a_tower_of_brackets_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut bomb = "openapi: 3.1.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let p = i - 1;
        bomb.push_str(&format!("a{i}: &a{i} [*a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}]\n"));
    }
    std::fs::write(dir.path().join("bomb.yaml"), bomb).unwrap();
    std::fs::write(dir.path().join("tower.json"), "[".repeat(200_000)).unwrap();
    std::fs::write(dir.path().join("tower.yaml"), format!("openapi: {}", "[".repeat(200_000))).unwrap();
    for name in ["bomb.yaml", "tower.json", "tower.yaml"] {
        for command in ["map", "check"] {
            let output = run(dir.path(), &[command, name]);
            assert!(
                matches!(output.status.code(), Some(1 | 2)),
                "{command} {name}: {:?} {}",
                output.status,
                stderr(&output)
            );
            assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        }
    }
}

#[test]
fn a_store_that_cannot_be_written_is_a_fault_with_a_way_out() {
    let dir = workspace("billing-to-crm");
    std::fs::write(dir.path().join("taken"), "a file, not a directory").unwrap();
    let output =
        run(dir.path(), &["--store", "taken/evidence.db", "check", "examples/billing-to-crm/integration.yaml"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("--store PATH"), "{}", stderr(&output));
    assert!(stdout(&output).is_empty(), "no answer without its record");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["open", "one"]);
    let path = dir.path().join(".platform-integration/evidence.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    drop(db);
    let output = run(dir.path(), &["open", "two"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("schema version 999"), "{}", stderr(&output));
    assert!(stderr(&output).contains("newer platform-integration"), "{}", stderr(&output));
}

#[test]
fn a_file_that_is_no_database_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("notes.txt"),
        "my notes, kept for years, longer than a page header of a database would be, and then some more",
    )
    .unwrap();
    let output = run(dir.path(), &["--store", "notes.txt", "open", "one"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(std::fs::read_to_string(dir.path().join("notes.txt")).unwrap().starts_with("my notes"));
}

#[test]
fn eight_processes_write_one_unbroken_chain() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["open", "first"]);
    let children: Vec<_> = (0..8)
        .map(|i| {
            Command::new(binary())
                .args(["open", &format!("process-{i}")])
                .current_dir(dir.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let output = run(dir.path(), &["evidence", "--verify", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["chain"], "whole");
    assert_eq!(value["sessions"].as_array().unwrap().len(), 9);
}

#[test]
fn rubbish_on_the_protocol_is_answered_or_dropped_and_the_server_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(binary())
        .arg("serve")
        .current_dir(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines = [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        "this is no JSON",
        r#"{"jsonrpc":"2.0","id":2,"method":"no/such/method"}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"no_such_tool","arguments":{}}}"#,
        r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"open_session","arguments":{"nmae":"x"}}}"#,
        r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"assess_readiness","arguments":{"session":"s-20200101-zzzzzz"}}}"#,
        r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"open_session","arguments":{"name":"billing-to-crm"}}}"#,
    ];
    for line in lines {
        writeln!(stdin, "{line}").unwrap();
    }
    stdin.flush().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: std::collections::BTreeMap<u64, serde_json::Value> = text
        .lines()
        .map(|l| {
            serde_json::from_str::<serde_json::Value>(l)
                .unwrap_or_else(|e| panic!("stdout carries the protocol alone, {e}: {l}"))
        })
        .filter_map(|v| Some((v["id"].as_u64()?, v)))
        .collect();
    assert_eq!(answers[&2]["error"]["code"], -32601);
    assert!(answers[&3]["error"]["message"].as_str().unwrap().contains("the tools are: open_session"));
    let text_of = |id: u64| answers[&id]["result"]["content"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(answers[&4]["result"]["isError"], true);
    assert!(text_of(4).contains("did you mean \"name\"?"), "{}", text_of(4));
    assert_eq!(answers[&5]["result"]["isError"], true);
    assert!(text_of(5).contains("unknown-session") && text_of(5).contains("open_session"), "{}", text_of(5));
    assert!(answers[&6]["result"]["structuredContent"]["session"].as_str().unwrap().starts_with("s-"));
}
