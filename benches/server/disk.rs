//! What the disk takes for a sync, and the store for one event.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use platform_integration::base::clock::Timestamp;
use platform_integration::evidence::{Blob, EventKind, NewEvent, Outcome, Phase, Provenance, Recorded, Store as _};
use platform_integration::store::SqliteStore;
use serde_json::json;

use crate::times::Load;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("target")).unwrap()
}

fn timed(times: usize, mut work: impl FnMut(usize)) -> Load {
    let whole = Instant::now();
    let each = (0..times)
        .map(|n| {
            let from = Instant::now();
            work(n);
            from.elapsed()
        })
        .collect();
    Load::of(each, whole.elapsed())
}

/// A page appended and synced, as a write-ahead log does it.
pub(crate) fn sync(times: usize) -> Load {
    let dir = dir();
    let mut file = OpenOptions::new().create(true).append(true).open(dir.path().join("log")).unwrap();
    timed(times, |_| {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
    })
}

/// One event appended, durably.
pub(crate) fn append(times: usize) -> Load {
    let dir = dir();
    let store = SqliteStore::open(&dir.path().join("evidence.db")).unwrap();
    timed(times, |n| {
        let (input, output) = (Blob::of(&json!({"n": n})), Blob::of(&json!({"answer": n})));
        let event = NewEvent {
            session: None,
            at: Timestamp(1_795_434_360_000 + n as i64),
            phase: Phase::Map,
            kind: EventKind::SystemMapped,
            tool: "map_system".to_owned(),
            client: "bench 1".to_owned(),
            outcome: Outcome::Ok,
            input: input.digest.clone(),
            output: output.digest.clone(),
            summary: "mapped billing: 12 operations from apis/billing.openapi.yaml".to_owned(),
            data: json!({"name": "billing", "operations": 12, "entities": 4, "findings": 0, "n": n}),
            provenance: Provenance::default(),
        };
        store.append(vec![Recorded::new(event, input, output)]).unwrap();
    })
}
