//! What retention drops, and what it may not.

use platform_integration::evidence::{Dropped, compactions, may_lack};

use super::*;

fn of(kind: EventKind, at: i64, text: &str) -> Recorded {
    let data = json!({"said": text});
    let event = NewEvent { kind, data, ..event(at, &format!("{} {text}", kind.as_str())) };
    Recorded::new(event, Blob::of(&json!({"in": text})), Blob::of(&json!({"out": text})))
}

fn compact(store: &dyn Store, before: i64) -> Dropped {
    let mut record = |_: &Dropped| {
        let data = json!({"before_ms": before});
        let event = NewEvent { kind: EventKind::EvidenceCompacted, data, ..event(1000, "compacted") };
        Recorded::new(event, Blob::of(&json!({"before": before})), Blob::of(&json!("done")))
    };
    store.compact(Timestamp(before), &mut record).unwrap().0
}

fn mixed(store: &dyn Store) {
    open(store, "s-1", 1);
    let records = vec![
        of(EventKind::Approved, 2, "approved"),
        of(EventKind::DrillsRun, 3, "drilled"),
        of(EventKind::EvidenceQueried, 4, "secretive question"),
        of(EventKind::EvidenceQueried, 50, "young question"),
        of(EventKind::SystemInspected, 5, "young question"),
    ];
    store.append(records).unwrap();
}

#[test]
fn what_is_old_and_computes_nothing_goes_and_the_log_still_proves() {
    both(|store| {
        mixed(store);
        let before = store.query(&Query { limit: 10, ..Query::default() }).unwrap().events;
        let dropped = compact(store, 10);
        assert_eq!((dropped.data, dropped.blobs), (2, 4), "the young question keeps what it shares with an old record");
        let after = store.query(&Query { limit: 10, ..Query::default() }).unwrap().events;
        for (old, new) in before.iter().zip(&after) {
            assert_eq!((old.seq, &old.hash, &old.prev), (new.seq, &new.hash, &new.prev));
            let dropped = matches!(old.seq, 4 | 6);
            assert_eq!(new.dropped, dropped, "{}", old.event.summary);
            assert_eq!(new.event.data, if dropped { json!(null) } else { old.event.data.clone() });
        }
        let kept = |seq: usize| store.blob(&after[seq - 1].event.output).unwrap().is_some();
        assert!(kept(1) && kept(2), "what opened a session and what was approved stays whole");
        assert!(!kept(3) && !kept(4), "the answers of old drills and questions are gone");
        assert!(kept(5) && kept(6));
        let proof = store.verify().unwrap();
        assert_eq!((proof.words().as_str(), proof.thinned), ("whole", 3));
        assert_eq!(
            compact(store, 10),
            Dropped { data: 0, blobs: 0, bytes: 0 },
            "a second time there is nothing to drop"
        );
        assert_eq!(store.verify().unwrap().words(), "whole");
    });
}

#[test]
fn what_was_dropped_is_in_the_file_no_more() {
    let place = Place::new();
    let store = place.open();
    mixed(&store);
    for i in 0..40 {
        append(&store, event(60 + i, "fills the index of letters"));
    }
    let holds = || std::fs::read(&place.path).unwrap().windows(18).any(|w| w == b"secretive question");
    place.raw().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    assert!(holds(), "it was there");
    compact(&store, 10);
    // The summary is part of the record and stays; the data repeats its words, so it is looked for with its quotes.
    drop(store);
    let bytes = std::fs::read(&place.path).unwrap();
    assert!(!bytes.windows(21).any(|w| w == b"\"secretive question\"}"), "data");
    assert_eq!(place.open().verify().unwrap().words(), "whole");
}

#[test]
fn what_goes_missing_without_a_compaction_on_record_is_noticed() {
    type Case = (&'static str, &'static str);
    let cases: &[Case] = &[
        ("UPDATE events SET data = '' WHERE seq = 4", "broken at record 4: its data was removed"),
        (
            "DELETE FROM blobs WHERE digest = (SELECT output FROM events WHERE seq = 3)",
            "broken at record 3: its answer was removed",
        ),
        (
            "DELETE FROM blobs WHERE digest = (SELECT input FROM events WHERE seq = 2)",
            "broken at record 2: its input was removed",
        ),
        (
            "UPDATE blobs SET body = x'00' WHERE digest = (SELECT input FROM events WHERE seq = 2)",
            "broken at record 2: altered: its input is not what the digest says",
        ),
        ("INSERT INTO blobs VALUES ('sha256:x', 1, x'31')", "damaged: no record names the blob sha256:x"),
        (
            "UPDATE sessions SET goal = 'another'",
            "broken at record 1: altered: the session is not the one that this record opened",
        ),
        ("INSERT INTO sessions VALUES ('s-9', 'n', 'g', 1, 'cli', NULL)", "damaged: no record opened the session s-9"),
        (
            "UPDATE events SET owner = 'mira' WHERE seq = 2",
            "broken at record 2: altered: its owner is not that of its session",
        ),
        ("UPDATE spans SET most = 1", "damaged: the spans of time are not those of the records"),
        ("DROP VIEW log", "damaged: the view log is missing"),
        (
            "CREATE TRIGGER sly AFTER INSERT ON events BEGIN DELETE FROM events WHERE kind = 'refused'; END",
            "damaged: the trigger sly is not ours",
        ),
    ];
    let guards: Vec<String> =
        ["events_are_not_changed", "blobs_are_not_changed", "blobs_are_not_removed", "sessions_are_not_changed"]
            .iter()
            .map(|g| (*g).to_owned())
            .collect();
    for (sql, expected) in cases {
        let place = Place::new();
        let store = place.open();
        mixed(&store);
        // Whoever alters a file takes the guards down and puts them up again.
        let raw = place.raw();
        let words: Vec<String> = guards
            .iter()
            .map(|g| raw.query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [g], |r| r.get(0)).unwrap())
            .collect();
        guards.iter().for_each(|g| raw.execute_batch(&format!("DROP TRIGGER {g}")).unwrap());
        raw.execute_batch(sql).unwrap();
        words.iter().for_each(|w| raw.execute_batch(w).unwrap());
        assert_eq!(store.verify().unwrap().words(), *expected, "{sql}");
    }
}

#[test]
fn a_judgement_about_a_session_sees_an_alteration_of_it_at_once() {
    let place = Place::new();
    let store = place.open();
    open(&store, "s-1", 1);
    for i in 2..=20 {
        append(&store, NewEvent { session: Some("s-1".to_owned()), ..event(i, "of the session") });
    }
    assert_eq!(store.verify_session("s-1").unwrap(), None);
    append(&store, event(21, "after it was walked"));
    assert_eq!(store.verify_session("s-1").unwrap(), None);
    let raw = place.raw();
    raw.execute_batch("DROP TRIGGER events_are_not_changed; UPDATE events SET summary = 'x' WHERE seq = 5").unwrap();
    let fault = store.verify_session("s-1").unwrap().unwrap();
    assert_eq!((fault.seq, fault.because.as_str()), (5, "altered"));
}

#[test]
fn a_compaction_that_claims_a_time_later_than_its_own_accounts_for_nothing() {
    let store = MemoryStore::default();
    store.append(vec![of(EventKind::EvidenceQueried, 500, "old question")]).unwrap();
    for before in [1001, 1000] {
        let data = json!({"before_ms": before});
        append(&store, NewEvent { kind: EventKind::EvidenceCompacted, data, ..event(1000, "compacted") });
    }
    let events = store.query(&Query { limit: 10, ..Query::default() }).unwrap().events;
    let mut known = Vec::new();
    compactions(&events[1], &mut known);
    assert!(!may_lack(&events[0], false, &known), "it says more than it could know");
    compactions(&events[2], &mut known);
    assert!(may_lack(&events[0], false, &known));
}
