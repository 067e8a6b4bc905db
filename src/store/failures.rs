//! What the machine does to a store: full, locked, read-only, damaged. Each time the error names the file and the
//! reason, what was answered is still there, and the store goes on once the cause is gone.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use super::SqliteStore;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::evidence::{Blob, EventKind, NewEvent, Outcome, Phase, Provenance, Recorded, Store, StoreError};

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> (Place, SqliteStore) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("evidence.db");
    let store = SqliteStore::open(&path).expect("a store");
    (Place { _dir: dir, path }, store)
}

fn append(store: &SqliteStore, number: u64) -> Result<u64, StoreError> {
    let none = Digest::of_bytes(b"");
    let event = NewEvent {
        session: None,
        at: Timestamp(1),
        phase: Phase::Map,
        kind: EventKind::SystemMapped,
        tool: "map_system".to_owned(),
        client: "cli".to_owned(),
        outcome: Outcome::Ok,
        input: none.clone(),
        output: none,
        summary: format!("event {number}"),
        data: json!({"number": number}),
        provenance: Provenance::default(),
    };
    // Text that does not compress, so that room is really taken.
    let noise: String =
        (0..60).map(|i| Digest::of_bytes(format!("{number} {i}").as_bytes()).as_str().to_owned()).collect();
    let events = store.append(vec![Recorded::new(event, Blob::of(&json!(number)), Blob::of(&json!(noise)))])?;
    Ok(events.first().map_or(0, |e| e.seq))
}

fn said(result: Result<u64, StoreError>, place: &Place) -> String {
    let text = result.expect_err("a refusal to write").to_string();
    text.replace(&place.path.display().to_string(), "@@STORE@@")
}

/// Everything answered is there, and the store goes on.
fn goes_on(place: &Place, answered: u64) {
    let store = SqliteStore::open(&place.path).expect("opens again");
    let proof = store.verify().expect("readable");
    assert_eq!((proof.words().as_str(), proof.head.seq), ("whole", answered));
    assert_eq!(append(&store, answered + 1).expect("goes on"), answered + 1);
}

#[test]
fn a_full_disk_loses_nothing_that_was_answered() {
    let (place, store) = place();
    let pages: i64 = store.synced().pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
    store.synced().pragma_update(None, "max_page_count", pages + 20).expect("a limit");
    let mut answered = 0;
    let refused = loop {
        match append(&store, answered + 1) {
            Ok(seq) => answered = seq,
            no => break no,
        }
    };
    assert!(answered > 1, "some found room");
    insta::assert_snapshot!(said(refused, &place), @"the evidence store @@STORE@@ cannot be written: the disk is full");
    assert_eq!(store.verify().expect("readable").words(), "whole");
    assert_eq!(store.head().expect("readable").seq, answered, "nothing of the refused record is left");
    drop(store);
    goes_on(&place, answered);
}

#[test]
fn a_lock_that_is_not_let_go_is_an_error_and_reading_goes_on() {
    let (place, store) = place();
    append(&store, 1).expect("written");
    store.synced().busy_timeout(Duration::from_millis(40)).expect("a timeout");
    let other = Connection::open(&place.path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    insta::assert_snapshot!(said(append(&store, 2), &place), @"the evidence store @@STORE@@ cannot be written: another process has been writing to it for more than 30 seconds");
    assert_eq!(store.head().expect("reading needs no lock").seq, 1);
    other.execute_batch("ROLLBACK").expect("let go");
    assert_eq!(append(&store, 2).expect("written"), 2);
    drop((store, other));
    goes_on(&place, 2);
}

#[test]
fn a_store_that_became_read_only_says_so() {
    let (place, store) = place();
    append(&store, 1).expect("written");
    store.synced().pragma_update(None, "query_only", true).expect("read-only");
    insta::assert_snapshot!(said(append(&store, 2), &place), @"the evidence store @@STORE@@ cannot be written: the file or its directory is read-only");
    assert_eq!(store.verify().expect("readable").words(), "whole");
    drop(store);
    goes_on(&place, 1);
}

#[test]
fn a_damaged_page_is_found_and_named_and_what_is_before_it_is_still_read() {
    let (place, store) = place();
    for number in 1..=60 {
        append(&store, number).expect("written");
    }
    let page: i64 = store
        .synced()
        .query_row("SELECT max(pageno) FROM dbstat WHERE name = 'events' AND pagetype = 'leaf'", [], |row| row.get(0))
        .expect("the last page of the log");
    drop(store);
    let mut bytes = std::fs::read(&place.path).expect("readable");
    let start = usize::try_from(page - 1).expect("a page") * 4096;
    bytes[start..start + 4096].fill(0xa5);
    crate::base::fs::write_atomic(&place.path, &bytes).expect("written");
    let store = SqliteStore::open(&place.path).expect("opens");
    let proof = store.verify().expect("is looked at");
    let fault = proof.fault.clone().expect("is found");
    assert!(fault.seq > 1 && fault.because == "cannot be read: the database file is damaged", "{fault:?}");
    let first = store.event(1).expect("readable").expect("there");
    assert_eq!(first.event.summary, "event 1");
}

#[test]
fn the_triggers_stand_again_after_a_compaction_and_after_one_that_failed() {
    let (place, store) = place();
    append(&store, 1).expect("written");
    let guards = |path: &std::path::Path| -> Vec<String> {
        let raw = Connection::open(path).expect("opens");
        ["UPDATE events SET data = ''", "DELETE FROM events", "DELETE FROM blobs", "UPDATE blobs SET size = 0"]
            .iter()
            .map(|sql| raw.execute(sql, []).expect_err("refused").to_string())
            .collect()
    };
    let before = guards(&place.path);
    let pages: i64 = store.synced().pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
    store.synced().pragma_update(None, "max_page_count", pages).expect("a limit");
    let none = Digest::of_bytes(b"");
    let mut record = |_: &crate::evidence::Dropped| {
        let event = NewEvent {
            session: None,
            at: Timestamp(9),
            phase: Phase::Validate,
            kind: EventKind::EvidenceCompacted,
            tool: "evidence compact".to_owned(),
            client: "cli".to_owned(),
            outcome: Outcome::Ok,
            input: none.clone(),
            output: none.clone(),
            summary: "x".repeat(200_000),
            data: json!({"before_ms": 5}),
            provenance: Provenance::default(),
        };
        Recorded::new(event, Blob::of(&json!(1)), Blob::of(&json!(2)))
    };
    assert!(store.compact(Timestamp(5), &mut record).is_err(), "the disk is full");
    assert_eq!(guards(&place.path), before);
    assert_eq!(store.verify().expect("readable").words(), "whole", "nothing was dropped");
    store.synced().pragma_update(None, "max_page_count", pages + 10_000).expect("a limit");
    let (dropped, _) = store.compact(Timestamp(5), &mut record).expect("compacted");
    assert_eq!((dropped.data, dropped.blobs), (0, 2));
    assert_eq!(guards(&place.path), before);
    let proof = store.verify().expect("readable");
    assert_eq!((proof.words().as_str(), proof.thinned), ("whole", 1));
}
