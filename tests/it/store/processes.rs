//! Many processes on one store, and processes that are killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use platform_integration::evidence::{Ledger, LedgerError, SessionQuery};

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
        "session" => {
            let id = format!("s-{}", std::process::id());
            open(&store, &id, 0);
            for i in 0..25 {
                append(&store, NewEvent { session: Some(id.clone()), ..event(i, &format!("step {i}")) });
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
fn eight_processes_at_once_keep_the_order_of_each_session_and_none_is_turned_away() {
    let place = Place::new();
    let children: Vec<Child> = (0..8).map(|_| child("session", &place.path)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success(), "no busy error reached it");
    }
    let store = place.open();
    let proof = store.verify().unwrap();
    assert_eq!((proof.words().as_str(), proof.head.seq, proof.sessions), ("whole", 8 * 26, 8));
    let all = SessionQuery { limit: 10, ..SessionQuery::default() };
    for session in store.sessions(&all).unwrap() {
        let summaries: Vec<String> =
            store.events_of(&session.id).unwrap().into_iter().map(|e| e.event.summary).collect();
        let expected: Vec<String> =
            std::iter::once(format!("opened {}", session.id)).chain((0..25).map(|i| format!("step {i}"))).collect();
        assert_eq!(summaries, expected);
    }
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
