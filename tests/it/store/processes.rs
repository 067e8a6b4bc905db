//! Many processes on one store, and processes that are killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use platform_integration::evidence::{Ledger, LedgerError};

use super::*;

const ROLE: &str = "STORE_TEST_ROLE";
const PATH: &str = "STORE_TEST_PATH";

/// Runs this very test binary again, as the child below.
fn child(role: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["store::processes::a_child_of_another_test", "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_child_of_another_test() {
    let (Ok(role), Ok(path)) = (std::env::var(ROLE), std::env::var(PATH)) else { return };
    let store = SqliteStore::open(Path::new(&path)).unwrap();
    match role.as_str() {
        "append" => {
            for i in 0..40 {
                append(&store, event(i, "from a process"));
            }
        }
        "append-for-ever" => loop {
            let seq = append(&store, event(1, "answered")).seq;
            println!("seq={seq}");
        },
        "hold" => {
            store.acquire("contacts").unwrap();
            println!("held");
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
        other => panic!("no role {other}"),
    }
}

fn line_with(child: &mut Child, mark: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.as_mut().unwrap()).lines() {
        let line = line.unwrap();
        let found = line.contains(mark);
        lines.push(line);
        if found {
            break;
        }
    }
    lines
}

#[test]
fn processes_that_make_and_fill_one_store_keep_one_unbroken_chain() {
    let place = Place::new();
    // Not opened before: all of them find nothing and make it.
    let children: Vec<Child> = (0..3).map(|_| child("append", &place.path)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = place.open();
    assert_eq!(store.verify().unwrap().words(), "whole");
    assert_eq!(store.query(&Query { limit: 1000, ..Query::default() }).unwrap().events.len(), 120);
}

#[test]
fn what_was_answered_survives_a_kill() {
    let place = Place::new();
    let mut child = child("append-for-ever", &place.path);
    let lines = line_with(&mut child, "seq=25");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lines.last().unwrap().contains("seq=25"), "{lines:?}");
    let store = place.open();
    assert_eq!(store.verify().unwrap().words(), "whole");
    assert!(store.query(&Query { limit: 1000, ..Query::default() }).unwrap().events.len() >= 25);
}

#[test]
fn a_flow_is_run_by_one_process_and_a_killed_one_does_not_block_it() {
    let place = Place::new();
    let store = place.open();
    let mut child = child("hold", &place.path);
    line_with(&mut child, "held");
    let Err(LedgerError::Busy { flow, pid }) = store.acquire("contacts") else { panic!("taken twice") };
    assert_eq!((flow.as_str(), pid), ("contacts", child.id()));
    store.acquire("invoices").unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    store.acquire("contacts").unwrap();
    store.acquire("contacts").unwrap();
    let second = place.open();
    assert!(matches!(second.acquire("contacts"), Err(LedgerError::Busy { pid, .. }) if pid == std::process::id()));
    store.release("contacts");
    second.acquire("contacts").unwrap();
}
