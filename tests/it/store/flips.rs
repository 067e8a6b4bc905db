//! One byte of a small store is altered, and then another, over the whole file. Each time the store refuses to open, or
//! `verify` says what is wrong, or the byte belongs to no evidence: then all that is kept still reads as it did.
//!
//! A part of the bytes by default, all of them with `STORE_FLIPS=all cargo test --test it -- store::flips`.

use std::path::Path;

use platform_integration::evidence::KeptBundle;

use super::*;

/// A store with some of everything.
fn small(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let by = |e: NewEvent| NewEvent {
        provenance: Provenance {
            principal: Some("mira".to_owned()),
            protocol: Some("2026-07-28".to_owned()),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            parent: Some(1),
        },
        ..e
    };
    open(&store, "s-1", 1);
    append(&store, by(opening("s-2", 2)));
    for i in 3..=12 {
        let of = NewEvent {
            session: Some(if i % 2 == 0 { "s-1" } else { "s-2" }.to_owned()),
            ..event(i, &format!("event {i}"))
        };
        let record =
            Recorded::new(of, Blob::of(&json!({"call": i})), Blob::of(&json!({"answer": "x".repeat(300), "to": i})));
        store.append(vec![record]).unwrap();
    }
    let bytes = b"as it came".to_vec();
    let digest = Digest::of_bytes(&bytes);
    let data = json!({"bundle": digest.as_str(), "origin": "sha256:of another log"});
    let imported = NewEvent { kind: EventKind::EvidenceImported, data, ..event(13, "took in") };
    let bundle = Some(KeptBundle { digest, origin: "sha256:of another log".to_owned(), bytes });
    store
        .append(vec![Recorded { bundle, ..Recorded::new(imported, Blob::of(&json!(1)), Blob::of(&json!(2))) }])
        .unwrap();
    let queried = NewEvent { kind: EventKind::EvidenceQueried, ..event(14, "queried") };
    append(&store, queried);
    let mut record = |_: &_| {
        let compacted =
            NewEvent { kind: EventKind::EvidenceCompacted, data: json!({"before_ms": 6}), ..event(15, "compacted") };
        Recorded::new(compacted, Blob::of(&json!(3)), Blob::of(&json!(4)))
    };
    store.compact(Timestamp(6), &mut record).unwrap();
    assert_eq!(store.verify().unwrap().words(), "whole");
}

/// Everything that is evidence, as text.
fn content(path: &Path) -> Option<String> {
    let raw = Connection::open(path).ok()?;
    let mut out = String::new();
    for table in ["events", "sessions", "blobs", "bundles", "spans"] {
        // Without an index: what the rows themselves say.
        let mut statement = raw.prepare(&format!("SELECT * FROM {table} NOT INDEXED ORDER BY 1")).ok()?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).ok()?;
        while let Some(row) = rows.next().ok()? {
            for column in 0..columns {
                out.push_str(&format!("{:?}|", row.get_ref(column).ok()?));
            }
            out.push('\n');
        }
    }
    Some(out)
}

#[test]
fn no_byte_of_the_evidence_is_altered_unnoticed() {
    let place = Place::new();
    small(&place.path);
    let whole = std::fs::read(&place.path).unwrap();
    let before = content(&place.path).unwrap();
    let all = std::env::var("STORE_FLIPS").is_ok_and(|v| v == "all");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("evidence.db");
    let (mut refused, mut noticed, mut harmless) = (0, 0, 0);
    for at in 0..whole.len() {
        // The header whole, of what holds something every 47th byte, of the empty rest a few.
        let stride = if whole[at] != 0 { 47 } else { 1499 };
        if !all && at >= 100 && at % stride != 0 {
            continue;
        }
        let mut bytes = whole.clone();
        bytes[at] ^= if at % 2 == 0 { 0xff } else { 0x01 };
        for beside in ["evidence.db-wal", "evidence.db-shm"] {
            let _ = std::fs::remove_file(dir.path().join(beside));
        }
        std::fs::write(&path, &bytes).unwrap();
        match SqliteStore::open(&path) {
            Err(e) => {
                assert!(e.to_string().contains("evidence.db"), "byte {at}: {e}");
                refused += 1;
            }
            Ok(store) => match store.verify() {
                Ok(proof) if proof.holds() => {
                    drop(store);
                    assert_eq!(content(&path).as_deref(), Some(before.as_str()), "byte {at} of {}", whole.len());
                    harmless += 1;
                }
                Ok(_) | Err(_) => noticed += 1,
            },
        }
    }
    println!("{} bytes: {refused} refused to open, {noticed} noticed, {harmless} in no evidence", whole.len());
    assert!(noticed > 100 && refused > 10, "{refused} {noticed} {harmless}");
}
