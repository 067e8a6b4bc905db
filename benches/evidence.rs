//! The evidence store at a million records: `cargo bench --bench evidence` (`EVENTS=100000` for fewer). Durable appends
//! one by one, then each kind of query, medians and the slowest. The store lies in the temporary directory; TMPDIR
//! chooses the disk.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures real time and prints"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use platform_integration::base::clock::Timestamp;
use platform_integration::base::digest::Digest;
use platform_integration::evidence::{
    Blob, EventKind, Needle, NewEvent, Outcome, Phase, Provenance, Query, Recorded, SessionQuery, Store,
};
use platform_integration::store::SqliteStore;
use serde_json::json;

/// Records in one session.
const SESSION: u64 = 400;

fn main() {
    // `cargo test --all-targets` starts benches too; they have nothing to test.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let events: u64 = std::env::var("EVENTS").ok().and_then(|e| e.parse().ok()).unwrap_or(1_000_000);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("evidence.db");
    let store = SqliteStore::open(&path).unwrap();
    println!("| what | median | p99 |\n|---|---|---|");
    appends("an append to an empty store, durable", &store, 0, 2000);
    let began = Instant::now();
    for first in (2000..events).step_by(1000) {
        store.append((first..first + 1000).map(record).collect()).unwrap();
    }
    println!("| {events} records in batches of 1000 | {:.0} s in all | |", began.elapsed().as_secs_f64());
    appends(&format!("an append at {events}, durable"), &store, events, 2000);
    println!("| size of the file | {:.0} MB | |", size(&path) as f64 / 1e6);
    queries(&store, events);
    let began = Instant::now();
    assert_eq!(store.verify_session("s-3").unwrap(), None);
    println!("| the chain for a judgement, first time | {:.1} s | |", began.elapsed().as_secs_f64());
    timed("the chain for a judgement, again", 50, || assert_eq!(store.verify_session("s-3").unwrap(), None));
    timed("folding one session", 50, || assert!(!store.events_of("s-3").unwrap().is_empty()));
    let began = Instant::now();
    assert_eq!(store.verify().unwrap().words(), "whole");
    println!("| everything proven | {:.1} s | |", began.elapsed().as_secs_f64());
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

fn record(i: u64) -> Recorded {
    let session = i / SESSION;
    let opens = i.is_multiple_of(SESSION);
    let kinds = [EventKind::SystemMapped, EventKind::ContractChecked, EventKind::DrillsRun, EventKind::EvidenceQueried];
    let none = Digest::of_bytes(b"");
    let event = NewEvent {
        session: Some(format!("s-{session}")),
        at: Timestamp(1_795_000_000_000 + i64::try_from(i).unwrap() * 50),
        phase: Phase::ALL[usize::try_from(i % 4).unwrap()],
        kind: if opens {
            EventKind::SessionOpened
        } else if i.is_multiple_of(10_007) {
            EventKind::Refused
        } else {
            kinds[usize::try_from(i % 4).unwrap()]
        },
        tool: "run_drills".to_owned(),
        client: "bench 1.0".to_owned(),
        outcome: Outcome::Ok,
        input: none.clone(),
        output: none,
        summary: format!("step {i} of session {session} over billing and crm"),
        data: if opens {
            json!({"name": format!("integration-{session}"), "goal": "keep contacts in step"})
        } else {
            json!({"file": "integration.yaml", "digest": format!("{:016x}", i.wrapping_mul(0x9e37_79b9_7f4a_7c15)), "errors": i % 3, "rows": [{"flow": "contacts", "code": "burst-503", "verdict": "PASS", "schedules": i % 40}]})
        },
        provenance: Provenance {
            principal: session.is_multiple_of(7).then(|| format!("team-{}", session % 21)),
            ..Provenance::default()
        },
    };
    let answer = json!({"verdict": "PASS", "number": i, "checklist": ["mapped", "checked", "drilled"], "next": "assess_readiness"});
    Recorded::new(event, Blob::of(&json!({"session": session, "step": i})), Blob::of(&answer))
}

fn appends(what: &str, store: &SqliteStore, from: u64, count: u64) {
    let mut times = Vec::new();
    for i in from..from + count {
        let record = record(i);
        let began = Instant::now();
        store.append(vec![record]).unwrap();
        times.push(began.elapsed());
    }
    row(what, times);
}

fn queries(store: &SqliteStore, events: u64) {
    let at = |part: u64| Timestamp(1_795_000_000_000 + i64::try_from(events / 100 * part).unwrap() * 50);
    let page = Query { limit: 50, ..Query::default() };
    let text = |t: &str| Some(Needle::new(t).unwrap());
    let middle = Some(events / 2);
    let team = Some("team-7".to_owned());
    let cases = [
        ("a session", Query { session: Some("s-3".to_owned()), ..page.clone() }),
        ("a kind that is everywhere", Query { kind: Some(EventKind::DrillsRun), after: middle, ..page.clone() }),
        ("a kind that is rare", Query { kind: Some(EventKind::Refused), ..page.clone() }),
        ("a kind that is nowhere", Query { kind: Some(EventKind::Approved), ..page.clone() }),
        ("a phase", Query { phase: Some(Phase::Validate), after: middle, ..page.clone() }),
        (
            "a kind in a phase it never has",
            Query { kind: Some(EventKind::DrillsRun), phase: Some(Phase::Map), ..page.clone() },
        ),
        ("a principal", Query { principal: team.clone(), ..page.clone() }),
        ("a principal and a rare kind", Query { principal: team, kind: Some(EventKind::Refused), ..page.clone() }),
        ("a narrow time", Query { since: Some(at(70)), until: Some(at(71)), ..page.clone() }),
        ("everything since long ago", Query { since: Some(at(1)), ..page.clone() }),
        (
            "a rare kind in a narrow time",
            Query { kind: Some(EventKind::Refused), since: Some(at(70)), until: Some(at(75)), ..page.clone() },
        ),
        ("a text that is in one record", Query { text: text(&format!("step {} of", events / 2)), ..page.clone() }),
        ("a text that is everywhere", Query { text: text("billing and crm"), ..page.clone() }),
        ("a text that is nowhere", Query { text: text("no such words"), ..page.clone() }),
        (
            "a text in a narrow time",
            Query { text: text("of session 20"), since: Some(at(70)), until: Some(at(71)), ..page.clone() },
        ),
        ("the records after the middle", Query { after: middle, ..page }),
    ];
    for (what, query) in cases {
        timed(&format!("query: {what}"), 15, || {
            store.query(&query).unwrap();
        });
    }
    timed("the newest sessions", 50, || {
        store.sessions(&SessionQuery { limit: 50, ..SessionQuery::default() }).unwrap();
    });
}

fn timed(what: &str, times: usize, mut run: impl FnMut()) {
    let all = (0..times).map(|_| {
        let began = Instant::now();
        run();
        began.elapsed()
    });
    row(what, all.collect());
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    let p99 = times[(times.len() * 99 / 100).min(times.len() - 1)];
    println!("| {what} | {:.3} ms | {:.3} ms |", ms(times[times.len() / 2]), ms(p99));
}
