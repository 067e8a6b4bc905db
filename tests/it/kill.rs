//! The real server is killed with SIGKILL at random points, over the whole suite of calls: nothing that was answered is
//! lost, nothing is half-written, the log proves.
//!
//! 60 kills by default; `KILLS=10000 cargo test --test it -- kill:: --nocapture` for ten thousand.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use platform_integration::base::rng::Rng;
use platform_integration::evidence::Store;
use platform_integration::store::SqliteStore;
use serde_json::{Value, json};

use crate::cli::{Serving, serving, workspace};

const AT: &str = "examples/billing-to-crm";

/// Every tool, in the order of the work.
fn script(session: &str) -> Vec<(&'static str, Value)> {
    let contract = format!("{AT}/integration.yaml");
    vec![
        ("open_session", json!({"name": "billing-to-crm", "goal": "keep contacts in step"})),
        (
            "map_system",
            json!({"session": session, "name": "billing", "api": format!("{AT}/apis/billing.openapi.yaml")}),
        ),
        ("map_system", json!({"session": session, "name": "crm", "api": format!("{AT}/apis/crm.openapi.json")})),
        ("inspect_system", json!({"session": session, "name": "crm", "operations": true})),
        (
            "record_constraint",
            json!({"session": session, "id": "names-latin", "kind": "inferred", "says": "names are in Latin script"}),
        ),
        ("confirm_constraints", json!({"session": session})),
        (
            "draft_contract",
            json!({"session": session, "source": "billing", "target": "crm", "path": "draft/integration.yaml"}),
        ),
        ("check_contract", json!({"session": session, "contract": contract})),
        ("scaffold_connector", json!({"contract": contract, "out": "deploy"})),
        ("run_drills", json!({"session": session, "contract": contract, "schedules": 1, "only": "committed-then-503"})),
        ("assess_readiness", json!({"session": session})),
        ("export_dossier", json!({"session": session, "out": "dossier"})),
        ("query_evidence", json!({"session": session})),
        ("assess_readiness", json!({"session": "s-20200101-nobody"})),
    ]
}

/// What one life of the server came to.
struct Life {
    /// Number and hash of each record whose call was answered.
    answered: Vec<(u64, String)>,
    /// The session opened last.
    session: Option<String>,
    /// Calls answered.
    count: usize,
    /// How long each tool took, where the calls went one by one.
    took: BTreeMap<&'static str, Duration>,
}

/// A time to live: within what the calls take here and now, or a little longer.
fn kill_within(rng: &mut Rng, calls: &[(&'static str, Value)], took: &BTreeMap<&'static str, Duration>) -> Duration {
    let all: Duration = calls.iter().map(|(tool, _)| took.get(tool).copied().unwrap_or_default()).sum();
    // A server that has just started reads everything anew, so it takes longer than the one that was measured.
    let most = u64::try_from(all.as_micros()).unwrap() * 3 + 30_000;
    Duration::from_micros(rng.below(most))
}

/// When to kill, and whether the calls are sent all at once.
struct Kill {
    after: Duration,
    at_once: bool,
}

/// Starts the server, sends `calls`, kills it (or ends it after the last answer), and tells what it had answered.
fn live(dir: &Path, calls: &[(&'static str, Value)], kill: Option<Kill>) -> Life {
    let Serving { child, to: mut stdin, from } = serving(dir, "killer");
    let mut lines = from.lines();
    // Writing to a server that was killed fails, and that is all.
    let mut send = |value: Value| {
        let _ = stdin.write_all(format!("{value}\n").as_bytes());
    };
    let mut ahead = (1..).zip(calls).map(|(id, (tool, arguments))| {
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
    });
    if kill.as_ref().is_some_and(|k| k.at_once) {
        ahead.by_ref().for_each(&mut send);
    }
    let dying = kill.is_some();
    let child = Arc::new(Mutex::new(child));
    let victim = Arc::clone(&child);
    let killer = std::thread::spawn(move || {
        if let Some(Kill { after, .. }) = kill {
            // The clock of the kill starts with the calls.
            std::thread::sleep(after);
            victim.lock().unwrap().kill().unwrap();
        }
    });
    let mut life = Life { answered: Vec::new(), session: None, count: 0, took: BTreeMap::new() };
    // What the pipe still holds was answered too; a half line was not.
    while life.count < calls.len() {
        if let Some(call) = ahead.next() {
            send(call);
        }
        let began = Instant::now();
        let Some(Ok(line)) = lines.next() else { break };
        life.took.insert(calls[life.count].0, began.elapsed());
        let Ok(value) = serde_json::from_str::<Value>(&line) else { break };
        life.count += 1;
        let result = &value["result"];
        let evidence = &result["_meta"]["platform-integration/evidence"];
        if let (Some(seq), Some(head)) = (evidence["seq"].as_u64(), evidence["head"].as_str()) {
            life.answered.push((seq, head.to_owned()));
        }
        if let (Some(session), Some(_)) =
            (result["structuredContent"]["session"].as_str(), result["structuredContent"]["who"].as_str())
        {
            life.session = Some(session.to_owned());
        }
    }
    killer.join().unwrap();
    let mut child = child.lock().unwrap();
    if !dying {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    life
}

/// Every file under `dir` that a tool writes, by name.
fn written(dir: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for sub in ["draft", "deploy", "dossier"] {
        for entry in walkdir::WalkDir::new(dir.join(sub)).into_iter().filter_map(Result::ok) {
            let name = entry.path().strip_prefix(dir).unwrap().display().to_string();
            // A file that was being written aside is no file of the user's yet.
            if entry.file_type().is_file() && !name.contains(".write-") {
                files.push((name, std::fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    files
}

/// Kills in one store, and what came of them.
#[derive(Default)]
struct Tally {
    done: usize,
    cut: usize,
    answered: usize,
}

/// A store of its own, so that none grows so large that proving it takes the time.
fn kills_in_one_store(kills: usize, seed: u64) -> Tally {
    let mut rng = Rng::seeded(seed);
    let mut tally = Tally::default();
    let dir = workspace("billing-to-crm");
    let path = dir.path().join(".platform-integration/evidence.db");
    // Once through, unharmed: a session to work in, and what each file looks like whole.
    let first = live(dir.path(), &script("")[..1], None);
    let session = first.session.clone().unwrap();
    let whole = live(dir.path(), &script(&session)[1..], None);
    assert_eq!(whole.count, script(&session).len() - 1);
    let names: Vec<String> = written(dir.path()).into_iter().map(|(name, _)| name).collect();
    assert!(names.len() > 10, "{names:?}");
    // How long calls take now: at the start all stores begin at once, and all calls are slow.
    let mut took = whole.took;
    let mut answered = first.answered;
    answered.extend(whole.answered);
    for done in 1..=kills {
        let at = format!("seed {seed}, kill {done}");
        let all = script(&session);
        let from = usize::try_from(rng.below(all.len() as u64)).unwrap();
        let calls: Vec<_> =
            all.iter().cycle().skip(from).take(usize::try_from(1 + rng.below(3)).unwrap()).cloned().collect();
        let kill = Kill { after: kill_within(&mut rng, &calls, &took), at_once: rng.one_in(2) };
        let life = live(dir.path(), &calls, Some(kill));
        tally.cut += usize::from(life.count < calls.len());
        tally.answered += life.answered.len();
        tally.done += 1;
        answered.extend(life.answered);
        took.extend(life.took);
        let store = SqliteStore::open(&path).unwrap();
        for (seq, hash) in answered.iter().rev().take(12) {
            assert_eq!(store.event(*seq).unwrap().map(|e| e.hash).as_ref(), Some(hash), "{at}");
        }
        if done % 10 == 0 {
            assert_eq!(store.verify().unwrap().words(), "whole", "{at}");
        }
        for (name, text) in written(dir.path()) {
            assert!(!text.is_empty() && text.ends_with('\n'), "{at}: {name} is half-written");
        }
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.verify().unwrap().words(), "whole", "seed {seed}");
    for (seq, hash) in &answered {
        assert_eq!(store.event(*seq).unwrap().map(|e| e.hash).as_ref(), Some(hash), "seed {seed}, record {seq}");
    }
    tally
}

#[test]
fn what_was_answered_outlives_a_kill_at_any_point_of_any_call() {
    let kills: usize = std::env::var("KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(60);
    let each = (kills / 4).clamp(10, 100);
    let stores: Vec<(usize, u64)> =
        (0..kills).step_by(each).zip(20_261_123..).map(|(from, seed)| (each.min(kills - from), seed)).collect();
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    // Most of a kill is waiting: for a process to start, for a disk, for the moment.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((kills, seed)) = stores.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = kills_in_one_store(*kills, *seed);
                    let mut all = all.lock().unwrap();
                    (all.done, all.cut, all.answered) =
                        (all.done + one.done, all.cut + one.cut, all.answered + one.answered);
                    println!("{} kills so far", all.done);
                }
            });
        }
    });
    let Tally { done, cut, answered } = all.into_inner().unwrap();
    println!("{done} kills: {cut} cut calls off, {answered} answers, none lost");
    assert_eq!(done, kills);
    assert!(cut * 5 > done && answered * 5 > done, "some fall within a call, some behind: {cut}, {answered}");
}
