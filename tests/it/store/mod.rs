//! One suite over every backend of the store, then what only a file can get wrong: processes, tampering, bad files.

mod backends;
mod files;
mod flips;
mod ledger;
mod processes;
mod retention;
mod tampering;

use std::path::PathBuf;

use platform_integration::base::clock::Timestamp;
use platform_integration::base::digest::Digest;
use platform_integration::evidence::{
    Blob, Event, EventKind, NewEvent, Outcome, Phase, Provenance, Query, Recorded, Session, Store,
};
use platform_integration::store::{MemoryStore, SqliteStore};
use rusqlite::Connection;
use serde_json::json;

pub(super) struct Place {
    _dir: tempfile::TempDir,
    pub(super) path: PathBuf,
}

impl Place {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".platform-integration/evidence.db");
        Self { _dir: dir, path }
    }

    pub(super) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path).unwrap()
    }

    /// A connection beside the store, as somebody with the sqlite3 shell would have.
    pub(super) fn raw(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }
}

pub(super) fn session(id: &str, opened_at: i64) -> Session {
    Session {
        id: id.to_owned(),
        name: "billing-to-crm".to_owned(),
        goal: "keep contacts in step".to_owned(),
        opened_at: Timestamp(opened_at),
        client: "cli".to_owned(),
        principal: None,
    }
}

pub(super) fn event(at: i64, summary: &str) -> NewEvent {
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

/// Appends events with input and answer, as `app` does.
pub(super) fn append(store: &dyn Store, event: NewEvent) -> Event {
    let record = Recorded::new(event, Blob::of(&json!({"in": 1})), Blob::of(&json!({"out": 1})));
    store.append(vec![record]).unwrap().remove(0)
}

/// Opens a session as a record does.
pub(super) fn open(store: &dyn Store, id: &str, at: i64) -> Event {
    append(store, opening(id, at))
}

pub(super) fn opening(id: &str, at: i64) -> NewEvent {
    NewEvent {
        session: Some(id.to_owned()),
        kind: EventKind::SessionOpened,
        data: json!({"name": "billing-to-crm", "goal": "keep contacts in step"}),
        ..event(at, &format!("opened {id}"))
    }
}

pub(super) fn both(test: impl Fn(&dyn Store)) {
    test(&MemoryStore::default());
    let place = Place::new();
    test(&place.open());
}

pub(super) fn summaries(store: &dyn Store, query: &Query) -> Vec<String> {
    store.query(query).unwrap().events.into_iter().map(|e| e.event.summary).collect()
}
