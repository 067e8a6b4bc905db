//! What every backend must do.

use std::sync::Arc;

use platform_integration::base::clock::Timestamp;
use platform_integration::evidence::{
    EventKind, GENESIS, Head, Needle, NewEvent, Phase, Query, SessionQuery, Store, StoreError,
};
use serde_json::json;

use super::*;

#[test]
fn what_is_appended_is_read_back_and_chained() {
    both(|store| {
        assert_eq!(store.head().unwrap().hash, GENESIS);
        let first = append(store, event(1, "one"));
        let second = append(store, event(2, "two"));
        assert_eq!((first.seq, first.prev.as_str()), (1, GENESIS));
        assert_eq!((second.seq, &second.prev), (2, &first.hash));
        assert_eq!(store.head().unwrap(), Head { seq: 2, hash: second.hash.clone() });
        let page = store.query(&Query { limit: 10, ..Query::default() }).unwrap();
        assert_eq!(page.events, [first, second]);
        assert_eq!(page.next, None);
        assert_eq!(page.events[0].event.data["big"].to_string(), "12345678901234567890123", "to the last digit");
        assert_eq!(store.verify().unwrap().words(), "whole");
    });
}

#[test]
fn sessions_are_listed_newest_first_and_known_by_id() {
    both(|store| {
        for (id, at) in [("s-1", 10), ("s-3", 30), ("s-2", 20), ("s-2b", 20)] {
            open(store, id, at);
        }
        let ids = |query: SessionQuery| -> Vec<String> {
            store.sessions(&query).unwrap().into_iter().map(|s| s.id).collect()
        };
        let all = SessionQuery { limit: 10, ..SessionQuery::default() };
        assert_eq!(ids(all.clone()), ["s-3", "s-2b", "s-2", "s-1"]);
        assert_eq!(ids(SessionQuery { limit: 2, ..all.clone() }), ["s-3", "s-2b"]);
        let after = |at, id: &str| SessionQuery { after: Some((Timestamp(at), id.to_owned())), ..all.clone() };
        assert_eq!(ids(after(20, "s-2b")), ["s-2", "s-1"], "the rest of that millisecond is not lost");
        assert_eq!(ids(after(20, "s-2")), ["s-1"]);
        assert_eq!(store.session("s-1").unwrap(), session("s-1", 10));
        assert!(matches!(store.session("s-9"), Err(StoreError::NoSession(id)) if id == "s-9"));
        let again = Recorded::new(opening("s-1", 50), Blob::of(&json!(1)), Blob::of(&json!(2)));
        let twice = store.append(vec![again]).unwrap_err().to_string();
        assert!(twice.ends_with("cannot be written: session s-1 exists already"), "{twice}");
        assert_eq!(store.head().unwrap().seq, 4, "and no record says that it was opened again");
    });
}

#[test]
fn the_records_of_one_call_are_written_all_or_none() {
    both(|store| {
        let good = Recorded::new(event(1, "one"), Blob::of(&json!("in")), Blob::of(&json!("only here")));
        let stray = NewEvent { session: Some("s-9".to_owned()), ..event(2, "two") };
        let bad = Recorded::new(stray, Blob::of(&json!(1)), Blob::of(&json!(2)));
        assert!(store.append(vec![good.clone(), bad]).is_err());
        assert_eq!(store.head().unwrap(), Head::default());
        assert_eq!(store.blob(&good.event.output).unwrap(), None);
    });
}

#[test]
fn input_and_answer_are_kept_once_under_their_digest() {
    both(|store| {
        let answer = json!({"b": [1.10, "Ärger"], "a": "long enough to be compressed, ".repeat(20)});
        let record = Recorded::new(event(1, "one"), Blob::of(&json!({"path": "a.yaml"})), Blob::of(&answer));
        let first = store.append(vec![record.clone()]).unwrap().remove(0);
        store.append(vec![record.clone(), record]).unwrap();
        let kept = store.blob(&first.event.output).unwrap().unwrap();
        assert_eq!(Digest::of_bytes(kept.as_bytes()), first.event.output);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&kept).unwrap(), answer);
        assert_eq!(store.blob(&first.event.input).unwrap().unwrap(), r#"{"path":"a.yaml"}"#);
        assert_eq!(store.blob(&Digest::of_bytes(b"other")).unwrap(), None);
        let proof = store.verify().unwrap();
        assert_eq!((proof.words().as_str(), proof.head.seq, proof.blobs), ("whole", 3, 2));
    });
}

#[test]
fn a_principal_sees_its_sessions_and_its_own_calls_and_nothing_else() {
    both(|store| {
        let by = |name: Option<&str>, e: NewEvent| NewEvent {
            provenance: Provenance { principal: name.map(str::to_owned), ..Provenance::default() },
            ..e
        };
        append(store, by(Some("mira"), opening("s-1", 1)));
        append(store, by(Some("noor"), opening("s-2", 2)));
        append(store, opening("s-3", 3));
        append(store, NewEvent { session: Some("s-1".to_owned()), ..event(4, "the local user in mira's session") });
        append(store, by(Some("mira"), event(5, "mira outside any session")));
        append(store, event(6, "the local user"));
        let of = |p: &str| Query { principal: Some(p.to_owned()), limit: 10, ..Query::default() };
        let mira = ["opened s-1", "the local user in mira's session", "mira outside any session"];
        assert_eq!(summaries(store, &of("mira")), mira);
        assert_eq!(summaries(store, &of("noor")), ["opened s-2"]);
        assert_eq!(summaries(store, &of("nobody")), [""; 0]);
        let sessions = store.sessions(&SessionQuery { principal: Some("mira".to_owned()), after: None, limit: 9 });
        assert_eq!(sessions.unwrap().into_iter().map(|s| s.id).collect::<Vec<_>>(), ["s-1"]);
        let adhoc = Query { adhoc: true, principal: Some("mira".to_owned()), limit: 10, ..Query::default() };
        assert_eq!(summaries(store, &adhoc), ["mira outside any session"]);
        assert_eq!(store.verify().unwrap().words(), "whole");
    });
}

#[test]
fn a_clock_that_jumps_changes_neither_order_nor_pages() {
    both(|store| {
        // A year ahead, an hour back, and on; over more than one span of the index.
        let times: Vec<i64> =
            (0..1200).map(|i| if (300..600).contains(&i) { 900_000 + i } else { 1000 + i - i / 700 * 500 }).collect();
        let records =
            times.iter().map(|at| Recorded::new(event(*at, "ticked"), Blob::of(&json!(1)), Blob::of(&json!(2))));
        store.append(records.collect()).unwrap();
        for (since, until) in
            [(None, Some(1100)), (Some(900_000), None), (Some(1500), Some(1800)), (Some(5), Some(6)), (Some(0), None)]
        {
            let expected: Vec<u64> = (1..)
                .zip(&times)
                .filter(|(_, at)| since.is_none_or(|s| **at >= s) && until.is_none_or(|u| **at < u))
                .map(|(seq, _)| seq)
                .collect();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let (since, until) = (since.map(Timestamp), until.map(Timestamp));
                let page = store.query(&Query { since, until, after, limit: 70, ..Query::default() }).unwrap();
                seen.extend(page.events.iter().map(|e| e.seq));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected, "{since:?} to {until:?}");
        }
        assert_eq!(store.verify().unwrap().words(), "whole");
    });
}

#[test]
fn an_event_of_an_unknown_session_is_refused_and_leaves_nothing() {
    both(|store| {
        let stray = NewEvent { session: Some("s-9".to_owned()), ..event(1, "one") };
        let refused = store.append(vec![Recorded::new(stray, Blob::of(&json!(1)), Blob::of(&json!(2)))]);
        assert!(matches!(refused, Err(StoreError::NoSession(id)) if id == "s-9"));
        assert_eq!(store.head().unwrap().hash, GENESIS);
    });
}

#[test]
fn every_condition_of_a_query_holds() {
    both(|store| {
        open(store, "s-1", 0);
        append(store, NewEvent { session: Some("s-1".to_owned()), ..event(10, "Mapped billing") });
        append(store, NewEvent { phase: Phase::Contract, kind: EventKind::ContractChecked, ..event(20, "checked") });
        append(store, NewEvent { session: Some("s-1".to_owned()), kind: EventKind::Refused, ..event(30, "refused") });
        append(store, NewEvent { data: json!({"quote": "ÜBER die Grenze"}), ..event(40, "said") });
        let all = Query { limit: 10, ..Query::default() };
        let found = |query: Query| summaries(store, &query);
        assert_eq!(
            found(Query { session: Some("s-1".to_owned()), ..all.clone() }),
            ["opened s-1", "Mapped billing", "refused"]
        );
        assert_eq!(found(Query { session: Some("s-9".to_owned()), ..all.clone() }), [""; 0]);
        assert_eq!(found(Query { phase: Some(Phase::Contract), ..all.clone() }), ["checked"]);
        assert_eq!(found(Query { kind: Some(EventKind::Refused), ..all.clone() }), ["refused"]);
        assert_eq!(
            found(Query { since: Some(Timestamp(20)), until: Some(Timestamp(40)), ..all.clone() }),
            ["checked", "refused"]
        );
        assert_eq!(found(Query { text: Needle::new("mapped"), ..all.clone() }), ["Mapped billing"]);
        assert_eq!(found(Query { text: Needle::new("über"), ..all.clone() }), ["said"]);
        assert_eq!(found(Query { text: Needle::new("%%%"), ..all.clone() }), [""; 0], "no pattern, just text");
        assert_eq!(
            found(Query {
                session: Some("s-1".to_owned()),
                kind: Some(EventKind::SystemMapped),
                after: Some(2),
                ..all
            }),
            [""; 0]
        );
        assert_eq!(store.events_of("s-1").unwrap().len(), 3);
    });
}

#[test]
fn pages_join_without_gap_or_repeat() {
    both(|store| {
        for i in 1..=25 {
            append(store, event(i, &format!("{}{i}", if i % 2 == 0 { "even" } else { "odd" })));
        }
        for (text, expected) in [(None, 25), (Needle::new("even"), 12)] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let page = store.query(&Query { text: text.clone(), after, limit: 4, ..Query::default() }).unwrap();
                assert!(page.events.len() <= 4);
                seen.extend(page.events.iter().map(|e| e.seq));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen.len(), expected);
            assert!(seen.is_sorted());
        }
        let exact = store.query(&Query { limit: 25, ..Query::default() }).unwrap();
        assert_eq!(exact.next, None, "no empty page follows");
        let none = store.query(&Query { limit: 0, ..Query::default() }).unwrap();
        assert_eq!(none.events.len(), 1, "a page always moves on");
    });
}

#[test]
fn threads_append_to_one_unbroken_chain() {
    let place = Place::new();
    let shared: Arc<dyn Store> = Arc::new(place.open());
    // Two threads on one store, one on a connection of its own.
    let stores = [Arc::clone(&shared), shared, Arc::new(place.open())];
    std::thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                for i in 0..20 {
                    append(store.as_ref(), event(i, "threaded"));
                }
            });
        }
    });
    assert_eq!(stores[0].verify().unwrap().words(), "whole");
    assert_eq!(stores[0].query(&Query { limit: 1000, ..Query::default() }).unwrap().events.len(), 60);
}
