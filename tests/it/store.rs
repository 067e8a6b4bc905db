//! One suite over every backend of the store, then what only a file can get wrong: processes, tampering, bad files.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use platform_integration::base::clock::Timestamp;
use platform_integration::base::digest::Digest;
use platform_integration::evidence::{
    ChainFault, Checkpoint, DeadLetter, DeadState, Effect, EffectState, EventKind, GENESIS, Ledger, LedgerError,
    MemoryLedger, NewEvent, Outcome, Phase, Provenance, Query, RunRecord, Session, Store, StoreError,
};
use platform_integration::store::{MemoryStore, SqliteStore};
use rusqlite::Connection;
use serde_json::json;

// ------------------------------------------------------------------------------------------------ what is put in

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".platform-integration/evidence.db");
        Self { _dir: dir, path }
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path).unwrap()
    }

    /// A connection beside the store, as somebody with the sqlite3 shell would have.
    fn raw(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }
}

fn session(id: &str, opened_at: i64) -> Session {
    Session {
        id: id.to_owned(),
        name: "billing-to-crm".to_owned(),
        goal: "keep contacts in step".to_owned(),
        opened_at: Timestamp(opened_at),
        client: "cli".to_owned(),
        principal: None,
    }
}

fn event(at: i64, summary: &str) -> NewEvent {
    NewEvent {
        session: None,
        at: Timestamp(at),
        phase: Phase::Map,
        kind: EventKind::SystemMapped,
        tool: "map_system".to_owned(),
        client: "cli".to_owned(),
        outcome: Outcome::Ok,
        input: Digest::of_bytes(b"in"),
        output: Digest::of_bytes(b"out"),
        summary: summary.to_owned(),
        data: json!({"amount": 1.10, "name": "Ärger", "big": serde_json::from_str::<serde_json::Value>("12345678901234567890123").unwrap()}),
        provenance: Provenance::default(),
    }
}

fn both(test: impl Fn(&dyn Store)) {
    test(&MemoryStore::default());
    let place = Place::new();
    test(&place.open());
}

fn summaries(store: &dyn Store, query: &Query) -> Vec<String> {
    store.query(query).unwrap().events.into_iter().map(|e| e.event.summary).collect()
}

// ------------------------------------------------------------------------------------------------ both backends

#[test]
fn what_is_appended_is_read_back_and_chained() {
    both(|store| {
        assert_eq!(store.head().unwrap(), GENESIS);
        let first = store.append(event(1, "one")).unwrap();
        let second = store.append(event(2, "two")).unwrap();
        assert_eq!((first.seq, first.prev.as_str()), (1, GENESIS));
        assert_eq!((second.seq, &second.prev), (2, &first.hash));
        assert_eq!(store.head().unwrap(), second.hash);
        let page = store.query(&Query { limit: 10, ..Query::default() }).unwrap();
        assert_eq!(page.events, [first, second]);
        assert_eq!(page.next, None);
        assert_eq!(page.events[0].event.data["big"].to_string(), "12345678901234567890123", "to the last digit");
        assert_eq!(store.verify_chain().unwrap(), None);
    });
}

#[test]
fn sessions_are_listed_newest_first_and_known_by_id() {
    both(|store| {
        for (id, at) in [("s-1", 10), ("s-3", 30), ("s-2", 20), ("s-2b", 20)] {
            store.open_session(&session(id, at)).unwrap();
        }
        let ids = |limit, before: Option<i64>| -> Vec<String> {
            store.sessions(limit, before.map(Timestamp)).unwrap().into_iter().map(|s| s.id).collect()
        };
        assert_eq!(ids(10, None), ["s-3", "s-2b", "s-2", "s-1"]);
        assert_eq!(ids(2, None), ["s-3", "s-2b"]);
        assert_eq!(ids(10, Some(20)), ["s-1"]);
        assert_eq!(store.session("s-1").unwrap(), session("s-1", 10));
        assert!(matches!(store.session("s-9"), Err(StoreError::NoSession(id)) if id == "s-9"));
        let twice = store.open_session(&session("s-1", 50)).unwrap_err().to_string();
        assert!(twice.ends_with("cannot be written: session s-1 exists already"), "{twice}");
    });
}

#[test]
fn an_event_of_an_unknown_session_is_refused_and_leaves_nothing() {
    both(|store| {
        let refused = store.append(NewEvent { session: Some("s-9".to_owned()), ..event(1, "one") });
        assert!(matches!(refused, Err(StoreError::NoSession(id)) if id == "s-9"));
        assert_eq!(store.head().unwrap(), GENESIS);
    });
}

#[test]
fn every_condition_of_a_query_holds() {
    both(|store| {
        store.open_session(&session("s-1", 0)).unwrap();
        store.append(NewEvent { session: Some("s-1".to_owned()), ..event(10, "Mapped billing") }).unwrap();
        store
            .append(NewEvent { phase: Phase::Contract, kind: EventKind::ContractChecked, ..event(20, "checked") })
            .unwrap();
        store
            .append(NewEvent { session: Some("s-1".to_owned()), kind: EventKind::Refused, ..event(30, "refused") })
            .unwrap();
        store.append(NewEvent { data: json!({"quote": "ÜBER die Grenze"}), ..event(40, "said") }).unwrap();
        let all = Query { limit: 10, ..Query::default() };
        let found = |query: Query| summaries(store, &query);
        assert_eq!(found(Query { session: Some("s-1".to_owned()), ..all.clone() }), ["Mapped billing", "refused"]);
        assert_eq!(found(Query { session: Some("s-9".to_owned()), ..all.clone() }), [""; 0]);
        assert_eq!(found(Query { phase: Some(Phase::Contract), ..all.clone() }), ["checked"]);
        assert_eq!(found(Query { kind: Some(EventKind::Refused), ..all.clone() }), ["refused"]);
        assert_eq!(
            found(Query { since: Some(Timestamp(20)), until: Some(Timestamp(40)), ..all.clone() }),
            ["checked", "refused"]
        );
        assert_eq!(found(Query { text: Some("mapped".to_owned()), ..all.clone() }), ["Mapped billing"]);
        assert_eq!(found(Query { text: Some("über".to_owned()), ..all.clone() }), ["said"]);
        assert_eq!(found(Query { text: Some("%".to_owned()), ..all.clone() }), [""; 0], "no pattern, just text");
        assert_eq!(
            found(Query {
                session: Some("s-1".to_owned()),
                kind: Some(EventKind::SystemMapped),
                after: Some(1),
                ..all
            }),
            [""; 0]
        );
        assert_eq!(store.events_of("s-1").unwrap().len(), 2);
    });
}

#[test]
fn pages_join_without_gap_or_repeat() {
    both(|store| {
        for i in 1..=25 {
            store.append(event(i, &format!("{}{i}", if i % 2 == 0 { "even" } else { "odd" }))).unwrap();
        }
        for (text, expected) in [(None, 25), (Some("even".to_owned()), 12)] {
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
                    store.append(event(i, "threaded")).unwrap();
                }
            });
        }
    });
    assert_eq!(stores[0].verify_chain().unwrap(), None);
    assert_eq!(stores[0].query(&Query { limit: 1000, ..Query::default() }).unwrap().events.len(), 60);
}

// ------------------------------------------------------------------------------------------------ tampering

#[test]
fn the_log_refuses_update_and_delete() {
    let place = Place::new();
    let store = place.open();
    store.open_session(&session("s-1", 0)).unwrap();
    store.append(event(1, "one")).unwrap();
    for (sql, said) in [
        ("UPDATE events SET summary = 'x'", "the log is append-only: an event is not changed"),
        ("DELETE FROM events", "the log is append-only: an event is not removed"),
        ("UPDATE sessions SET goal = 'x'", "the log is append-only: a session is not changed"),
        ("DELETE FROM sessions", "the log is append-only: a session is not removed"),
    ] {
        assert_eq!(place.raw().execute(sql, []).unwrap_err().to_string(), said);
    }
    assert_eq!(store.verify_chain().unwrap(), None);
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
            store.append(event(i, &format!("event {i}"))).unwrap();
        }
        let drop = "DROP TRIGGER events_are_not_changed; DROP TRIGGER events_are_not_removed;";
        place.raw().execute_batch(&format!("{drop} {sql}")).unwrap();
        let expected = expected.map(|(seq, because)| ChainFault { seq, because: because.to_owned() });
        assert_eq!(store.verify_chain().unwrap(), expected, "{name}");
    }
}

#[test]
fn an_event_rewritten_with_a_fitting_hash_is_given_away_by_the_next() {
    let place = Place::new();
    let store = place.open();
    for i in 1..=3 {
        store.append(event(i, &format!("event {i}"))).unwrap();
    }
    let mut forged = store.query(&Query { limit: 10, ..Query::default() }).unwrap().events.remove(1);
    forged.event.summary = "forged".to_owned();
    let hash = platform_integration::evidence::chain_hash(2, &forged.prev, &forged.event);
    let raw = place.raw();
    raw.execute_batch("DROP TRIGGER events_are_not_changed").unwrap();
    raw.execute("UPDATE events SET summary = 'forged', hash = ?1 WHERE seq = 2", [hash]).unwrap();
    assert_eq!(store.verify_chain().unwrap(), Some(ChainFault { seq: 2, because: "altered".to_owned() }));
}

#[test]
fn the_view_for_people_tells_who_when_why() {
    let place = Place::new();
    let store = place.open();
    store.open_session(&session("s-1", 0)).unwrap();
    store.append(NewEvent { session: Some("s-1".to_owned()), ..event(1_795_434_360_123, "one") }).unwrap();
    store.append(event(0, "two")).unwrap();
    let raw = place.raw();
    let mut statement = raw.prepare("SELECT who, \"when\", why FROM log").unwrap();
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

// ------------------------------------------------------------------------------------------------ bad files

fn refusal(path: &Path) -> String {
    let text = SqliteStore::open(path).expect_err("a refusal").to_string();
    text.replace(&path.display().to_string(), "@@STORE@@")
}

#[test]
fn each_unusable_store_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text.db");
    std::fs::write(&text, "this is no database, and long enough to be taken for one. ".repeat(40)).unwrap();
    let foreign = dir.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let under_file = text.join("evidence.db");
    insta::assert_snapshot!(refusal(dir.path()), @"the evidence store @@STORE@@ cannot be opened: it is a directory");
    insta::assert_snapshot!(refusal(&text), @"the evidence store @@STORE@@ cannot be opened: the file is not an SQLite database");
    insta::assert_snapshot!(refusal(&foreign), @"the evidence store @@STORE@@ cannot be opened: it is a database of another program");
    let said = refusal(&under_file).replace(&text.display().to_string(), "@@TEXT@@");
    insta::assert_snapshot!(said, @"the evidence store @@STORE@@ cannot be opened: @@TEXT@@ is a file, not a directory");
    let theirs: i64 =
        Connection::open(&foreign).unwrap().query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).unwrap();
    assert_eq!(theirs, 1, "nothing was written into another program's database");
}

#[test]
fn a_damaged_store_is_refused_or_reported() {
    let place = Place::new();
    let store = place.open();
    for i in 1..=200 {
        store.append(event(i, "an event that fills pages")).unwrap();
    }
    drop(store);
    let mut bytes = std::fs::read(&place.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0xa5);
    std::fs::write(&place.path, bytes).unwrap();
    let said = match SqliteStore::open(&place.path) {
        Err(e) => e.to_string(),
        Ok(store) => store.verify_chain().unwrap_err().to_string(),
    };
    assert!(said.ends_with("the database file is damaged"), "{said}");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let place = Place::new();
    place.open().append(event(1, "one")).unwrap();
    place.raw().pragma_update(None, "user_version", 99).unwrap();
    let Err(StoreError::Newer { found, known, .. }) = SqliteStore::open(&place.path) else {
        panic!("opened a newer store")
    };
    assert_eq!(found, 99);
    assert!(known < 99, "{known}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    // Nobody, not even the superuser, makes a directory here.
    #[cfg(target_os = "linux")]
    insta::assert_snapshot!(refusal(Path::new("/proc/none/evidence.db")), @"the evidence store @@STORE@@ cannot be opened: no such file or directory");
    if std::fs::write(closed.join("probe"), "").is_ok() {
        return; // The superuser writes everywhere else.
    }
    let path = closed.join(".platform-integration/evidence.db");
    insta::assert_snapshot!(refusal(&path), @"the evidence store @@STORE@@ cannot be opened: permission denied");
}

#[test]
fn a_new_store_hides_from_git_and_from_other_users() {
    let place = Place::new();
    place.open();
    let dir = place.path.parent().unwrap();
    assert_eq!(std::fs::read_to_string(dir.join(".gitignore")).unwrap(), "*\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let beside = tempfile::tempdir().unwrap();
    SqliteStore::open(&beside.path().join("mine.db")).unwrap();
    assert!(!beside.path().join(".gitignore").exists(), "somebody's sources are not hidden");
}

#[test]
fn a_store_that_was_removed_while_in_use_is_not_written_into_nowhere() {
    let place = Place::new();
    let store = place.open();
    std::fs::remove_file(&place.path).unwrap();
    let said = store.append(event(1, "one")).unwrap_err().to_string();
    assert!(said.contains("removed while it was in use"), "{said}");
}

// ------------------------------------------------------------------------------------------------ processes

const ROLE: &str = "STORE_TEST_ROLE";
const PATH: &str = "STORE_TEST_PATH";

/// Runs this very test binary again, as the child below.
fn child(role: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["store::a_child_of_another_test", "--exact", "--nocapture", "--test-threads=1"])
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
                store.append(event(i, "from a process")).unwrap();
            }
        }
        "append-for-ever" => loop {
            let seq = store.append(event(1, "answered")).unwrap().seq;
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
    assert_eq!(store.verify_chain().unwrap(), None);
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
    assert_eq!(store.verify_chain().unwrap(), None);
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

// ------------------------------------------------------------------------------------------------ the ledger

fn both_ledgers(test: impl Fn(&dyn Ledger)) {
    test(&MemoryLedger::default());
    let place = Place::new();
    test(&place.open());
}

#[test]
fn checkpoints_and_effects_are_kept_by_flow_and_replaced() {
    both_ledgers(|ledger| {
        assert_eq!(ledger.checkpoint("a").unwrap(), Checkpoint::default());
        let first = Checkpoint { watermark: Some("1".into()), cursor: Some("c".into()), pending_watermark: None };
        let second = Checkpoint { watermark: Some("2".into()), cursor: None, pending_watermark: Some("3".into()) };
        ledger.set_checkpoint("a", &first).unwrap();
        ledger.set_checkpoint("a", &second).unwrap();
        assert_eq!(ledger.checkpoint("a").unwrap(), second);
        assert_eq!(ledger.checkpoint("b").unwrap(), Checkpoint::default());

        let intended = Effect {
            key: "cus_1".into(),
            digest: "sha256:1".into(),
            version: Some("7".into()),
            idempotency_key: "k-1".into(),
            target_id: None,
            state: EffectState::Intended,
        };
        let done = Effect { target_id: Some("c-9".into()), state: EffectState::Done, ..intended.clone() };
        ledger.put_effect("a", &intended).unwrap();
        assert_eq!(ledger.effect("a", "cus_1").unwrap(), Some(intended));
        ledger.put_effect("a", &done).unwrap();
        assert_eq!(ledger.effect("a", "cus_1").unwrap(), Some(done));
        assert_eq!(ledger.effect("b", "cus_1").unwrap(), None);
    });
}

#[test]
fn a_dead_letter_is_replaced_while_it_waits_and_kept_once_settled() {
    both_ledgers(|ledger| {
        let letter = DeadLetter {
            id: 0,
            flow: "a".into(),
            key: "cus_1".into(),
            code: "unmappable".into(),
            because: "unknown value".into(),
            payload: json!({"id": "cus_1", "amount": 10}),
            attempts: 1,
            at: Timestamp(5),
            state: DeadState::Waiting,
        };
        let first = ledger.bury(&letter).unwrap();
        let second = ledger.bury(&DeadLetter { attempts: 2, ..letter.clone() }).unwrap();
        assert_eq!(ledger.dead_letters(None).unwrap(), [DeadLetter { id: second, attempts: 2, ..letter.clone() }]);
        assert!(first > 0 && second > 0);
        ledger.absolve("a", "cus_1", DeadState::Replayed).unwrap();
        ledger.absolve("a", "cus_1", DeadState::Dropped).unwrap();
        let third = ledger.bury(&letter).unwrap();
        let other = ledger.bury(&DeadLetter { flow: "b".into(), ..letter.clone() }).unwrap();
        let states: Vec<(u64, DeadState)> =
            ledger.dead_letters(None).unwrap().into_iter().map(|l| (l.id, l.state)).collect();
        assert_eq!(states, [(second, DeadState::Replayed), (third, DeadState::Waiting), (other, DeadState::Waiting)]);
        assert_eq!(ledger.dead_letters(Some("b")).unwrap().len(), 1);
    });
}

#[test]
fn runs_are_listed_newest_first_and_end_in_place() {
    both_ledgers(|ledger| {
        let run = |id: &str, started: i64| RunRecord {
            id: id.into(),
            flow: "a".into(),
            started: Timestamp(started),
            ended: None,
            verdict: "UNPROVEN".into(),
            counts: "{}".into(),
        };
        ledger.put_run(&run("r1", 1)).unwrap();
        ledger.put_run(&run("r2", 2)).unwrap();
        let ended = RunRecord { ended: Some(Timestamp(9)), verdict: "PASS".into(), ..run("r2", 2) };
        ledger.put_run(&ended).unwrap();
        assert_eq!(ledger.runs(10).unwrap(), [ended.clone(), run("r1", 1)]);
        assert_eq!(ledger.runs(1).unwrap(), [ended]);
    });
}

#[test]
fn the_ledger_survives_its_process() {
    let place = Place::new();
    {
        let ledger = place.open();
        ledger.set_checkpoint("a", &Checkpoint { cursor: Some("c".into()), ..Checkpoint::default() }).unwrap();
    }
    assert_eq!(place.open().checkpoint("a").unwrap().cursor.as_deref(), Some("c"));
}
