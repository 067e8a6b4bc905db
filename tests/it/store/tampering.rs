//! What was altered, removed or reordered is found, and named.

use platform_integration::evidence::ChainFault;
use platform_integration::evidence::seal::Seal;

use super::*;

#[test]
fn the_log_refuses_update_and_delete() {
    let place = Place::new();
    let store = place.open();
    open(&store, "s-1", 0);
    append(&store, event(1, "one"));
    for (sql, said) in [
        ("UPDATE events SET summary = 'x'", "the log is append-only: an event is not changed"),
        ("DELETE FROM events", "the log is append-only: an event is not removed"),
        ("UPDATE sessions SET goal = 'x'", "the log is append-only: a session is not changed"),
        ("DELETE FROM sessions", "the log is append-only: a session is not removed"),
    ] {
        assert_eq!(place.raw().execute(sql, []).unwrap_err().to_string(), said);
    }
    assert_eq!(store.verify().unwrap().words(), "whole");
}

#[test]
fn a_chain_that_was_tampered_with_names_the_place() {
    /// What is done, in words and in SQL, and the fault expected.
    type Case = (&'static str, &'static str, Option<(u64, &'static str)>);
    let cases: &[Case] = &[
        ("nothing", "SELECT 1", None),
        ("text altered", "UPDATE events SET summary = 'x' WHERE seq = 3", Some((3, "altered"))),
        ("data altered", "UPDATE events SET data = '{}' WHERE seq = 3", Some((3, "altered"))),
        ("time altered", "UPDATE events SET at = at + 1 WHERE seq = 1", Some((1, "altered"))),
        ("kind unknown", "UPDATE events SET kind = 'blessed' WHERE seq = 2", Some((2, "altered"))),
        ("data broken", "UPDATE events SET data = '{' WHERE seq = 2", Some((2, "altered"))),
        ("hash altered", "UPDATE events SET hash = 'sha256:0' WHERE seq = 4", Some((4, "altered"))),
        ("row removed", "DELETE FROM events WHERE seq = 3", Some((3, "removed"))),
        ("first removed", "DELETE FROM events WHERE seq = 1", Some((1, "removed"))),
        (
            "removed and numbered again",
            "DELETE FROM events WHERE seq = 3; UPDATE events SET seq = seq - 1 WHERE seq > 3",
            Some((3, "removed")),
        ),
        ("end cut off", "DELETE FROM events WHERE seq > 3", Some((4, "removed"))),
        ("all removed", "DELETE FROM events", Some((1, "removed"))),
        (
            "two swapped",
            "UPDATE events SET seq = 99 WHERE seq = 2; UPDATE events SET seq = 2 WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 99",
            Some((2, "reordered")),
        ),
    ];
    for (name, sql, expected) in cases {
        let place = Place::new();
        let store = place.open();
        for i in 1..=5 {
            append(&store, event(i, &format!("event {i}")));
        }
        let drop = "DROP TRIGGER events_are_not_changed; DROP TRIGGER events_are_not_removed;";
        place.raw().execute_batch(&format!("{drop} {sql}")).unwrap();
        let expected = expected.map(|(seq, because)| ChainFault { seq, because: because.to_owned() });
        assert_eq!(store.verify().unwrap().fault, expected, "{name}");
    }
}

#[test]
fn an_event_rewritten_with_a_fitting_hash_is_given_away_by_the_next() {
    let place = Place::new();
    let store = place.open();
    for i in 1..=3 {
        append(&store, event(i, &format!("event {i}")));
    }
    let mut forged = store.query(&Query { limit: 10, ..Query::default() }).unwrap().events.remove(1);
    forged.event.summary = "forged".to_owned();
    let hash = platform_integration::evidence::chain_hash(2, &forged);
    let raw = place.raw();
    raw.execute_batch("DROP TRIGGER events_are_not_changed").unwrap();
    raw.execute("UPDATE events SET summary = 'forged', hash = ?1 WHERE seq = 2", [hash]).unwrap();
    assert_eq!(store.verify().unwrap().fault, Some(ChainFault { seq: 2, because: "altered".to_owned() }));
}

#[test]
fn the_view_for_people_tells_who_when_why() {
    let place = Place::new();
    let store = place.open();
    open(&store, "s-1", 0);
    append(&store, NewEvent { session: Some("s-1".to_owned()), ..event(1_795_434_360_123, "one") });
    append(&store, event(0, "two"));
    let raw = place.raw();
    let mut statement = raw.prepare("SELECT who, \"when\", why FROM log WHERE kind <> 'session-opened'").unwrap();
    let rows: Vec<(String, String, String)> =
        statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        rows,
        [
            ("operations-platform-integration-s-1", Timestamp(1_795_434_360_123).rfc3339(), "skill-execution"),
            ("operations-platform-integration-adhoc", Timestamp(0).rfc3339(), "skill-execution"),
        ]
        .map(|(a, b, c)| (a.to_owned(), b, c.to_owned()))
    );
    assert_eq!(rows[0].0, platform_integration::evidence::who(Some("s-1")));
    assert_eq!(rows[0].2, platform_integration::evidence::WHY);
}

#[test]
fn a_tail_cut_off_together_with_its_traces_in_the_file_is_noticed_by_a_seal_alone() {
    let place = Place::new();
    let store = place.open();
    for i in 1..=5 {
        append(&store, event(i, &format!("event {i}")));
    }
    let sealed = store.verify().unwrap();
    let seal = Seal::new(sealed.origin.as_deref().unwrap(), &sealed.head, "2026-11-23T00:00:00Z".to_owned());
    drop(store);
    // The counter, the spans of time and the trigger are made to fit, as who covers tracks would.
    let raw = place.raw();
    let trigger: String = raw
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'events_are_not_removed'", [], |row| row.get(0))
        .unwrap();
    raw.execute_batch(&format!(
        "DROP TRIGGER events_are_not_removed; DELETE FROM events WHERE seq > 3; {trigger};
         UPDATE sqlite_sequence SET seq = 3 WHERE name = 'events'; UPDATE spans SET most = 3"
    ))
    .unwrap();
    let store = place.open();
    let cut = store.verify().unwrap();
    assert_eq!((cut.words().as_str(), cut.head.seq), ("whole", 3), "the file itself does not tell");
    let there = store.event(5).unwrap().map(|e| e.hash);
    let said = seal.contradicted(cut.origin.as_deref(), cut.head.seq, there.as_deref()).unwrap();
    assert!(said.contains("ends at record 3") && said.ends_with("its end was cut off"), "{said}");
}
