//! Remembering: a run that ends anywhere is gone on with, and nothing is lost or done twice.

use std::future::Future as _;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};

use super::stage::{Stage, create_only, customer, with_key};
use super::world::{Fault, answer};
use crate::connector::{World, run_once};
use crate::evidence::{
    Checkpoint, DeadLetter, DeadState, Effect, Ledger, LedgerError, MemoryLedger, Received, RunRecord, Undo, Verdict,
    Waiting,
};

#[tokio::test(start_paused = true)]
async fn a_second_run_with_nothing_new_writes_nothing() {
    let stage = Stage::with(5);
    stage.run().await;
    let before = stage.systems.seen.lock().unwrap().len();
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.unchanged, report.counts.written), (Verdict::Pass, 1, 0));
    assert_eq!(stage.systems.seen.lock().unwrap().len(), before + 1, "one page, and no word to the target");
}

#[tokio::test(start_paused = true)]
async fn the_watermark_is_the_sources_own_and_inclusive() {
    let stage = Stage::with(3);
    stage.run().await;
    assert_eq!(
        stage.checkpoint(),
        Checkpoint { watermark: Some("2026-11-01T00:00:03Z".into()), ..Checkpoint::default() }
    );
    // A record that shares the last second appears later.
    let mut late = customer(4);
    late["updated_at"] = json!("2026-11-01T00:00:03Z");
    stage.systems.customers.lock().unwrap().push(late);
    let report = stage.run().await;
    let asked = stage.systems.requests("GET /customers").pop().unwrap();
    assert_eq!(asked.query()["updated[gte]"], "2026-11-01T00:00:03Z");
    assert_eq!((report.verdict, report.counts.written, report.counts.unchanged), (Verdict::Pass, 1, 1));
    assert_eq!(report.counts.expected, None, "a filter shifts the total");
}

#[tokio::test(start_paused = true)]
async fn a_pass_begins_before_its_checkpoint_where_the_contract_wants_an_overlap() {
    let mut stage = Stage::with(3);
    stage.plan.source.overlap_ms = 60_000;
    stage.run().await;
    let mut late = customer(4);
    late["updated_at"] = json!("2026-11-01T00:00:01Z");
    stage.systems.customers.lock().unwrap().push(late);
    let report = stage.run().await;
    let since: Vec<_> = stage
        .systems
        .requests("GET /customers")
        .iter()
        .filter_map(|s| s.query().get("updated[gte]").cloned())
        .collect();
    assert_eq!(since[0], "2026-10-31T23:59:03Z");
    assert_eq!((report.verdict, report.counts.written, stage.systems.emails().len()), (Verdict::Pass, 1, 4));
    assert_eq!(stage.checkpoint().watermark.as_deref(), Some("2026-11-01T00:00:03Z"), "it does not go back");
}

#[tokio::test(start_paused = true)]
async fn an_overlap_of_a_counter_is_refused_and_not_ignored() {
    let mut stage = Stage::with(1);
    stage.plan.source.overlap_ms = 60_000;
    stage.systems.customers.lock().unwrap()[0]["updated_at"] = json!("4711");
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    assert_eq!(stage.run().await.stopped.unwrap().0, "overlap-without-time");
}

#[tokio::test(start_paused = true)]
async fn the_watermark_does_not_move_before_the_end_of_the_pass() {
    let stage = Stage::with(5);
    stage.systems.fault("GET /customers", 1, Fault::Answer(503, vec![], json!({})));
    let mut calls = 0;
    let systems = stage.systems.clone();
    stage.systems.list_as(move |_, _| {
        calls += 1;
        match calls {
            1 => answer(
                200,
                &json!({"data": systems.customers.lock().unwrap()[0..2], "next_cursor": "c2", "has_more": true}),
            ),
            _ => answer(503, &json!({})),
        }
    });
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Partial, 2));
    let checkpoint = stage.checkpoint();
    assert_eq!(checkpoint.watermark, None);
    assert_eq!(checkpoint.cursor.as_deref(), Some("c2"), "the first page is settled");
    assert_eq!(checkpoint.pending_watermark.as_deref(), Some("2026-11-01T00:00:02Z"));
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_at_the_page_where_the_last_one_ended() {
    let stage = Stage::with(5);
    stage
        .ledger
        .set_checkpoint(
            "contacts",
            &Checkpoint {
                watermark: None,
                cursor: Some("c2".into()),
                pending_watermark: Some("2026-11-01T00:00:09Z".into()),
            },
        )
        .unwrap();
    let report = stage.run().await;
    assert_eq!((report.counts.read, report.counts.expected), (3, None), "this run did not see all of it");
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(stage.checkpoint().watermark.as_deref(), Some("2026-11-01T00:00:09Z"));
}

/// Polls a run until it has come to its `n`th await, then drops it, as `kill -9` would. Tells whether it ended before.
async fn crash_at(stage: &Stage, n: u32) -> bool {
    let mut run = pin!(run_once(&stage.plan, &stage.world));
    let mut polls = 0;
    std::future::poll_fn(|cx| {
        polls += 1;
        if polls > n {
            return Poll::Ready(false);
        }
        // Woken by what the run waits for, so that virtual time goes on.
        run.as_mut().poll(cx).map(|_| true)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_await_loses_nothing_and_doubles_nothing() {
    for kind in 0..3 {
        for n in 1.. {
            let mut stage = Stage::with(5);
            match kind {
                0 => {}
                1 => with_key(&mut stage.plan.target.write, "Idempotency-Key"),
                _ => stage.plan.target.write = create_only(Some("Idempotency-Key")),
            }
            stage.systems.fault("POST /contacts", 1, Fault::DoneBut(503));
            if n % 2 == 0 {
                stage.plan.delivery.order = crate::contract::Order::Total;
            }
            let ended = crash_at(&stage, n).await;
            let report = stage.run().await;
            assert_eq!(report.verdict, Verdict::Pass, "{kind} {n}: {report:?}");
            let emails: Vec<String> = (1..=5).map(|n| format!("u{n}@x.example")).collect();
            assert_eq!(stage.systems.emails(), emails, "kind {kind}, crash at {n}");
            if ended {
                assert!(n > 10, "there are awaits to crash at");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_idempotency_key_survives_a_crash() {
    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    stage.systems.fault("POST /contacts", 1, Fault::Hang);
    let mut run = pin!(run_once(&stage.plan, &stage.world));
    let mut cx = Context::from_waker(Waker::noop());
    while stage.systems.requests("POST /contacts").is_empty() {
        let _ = run.as_mut().poll(&mut cx);
        // Who yields is woken by the runtime.
        tokio::task::yield_now().await;
    }
    let noted = stage.effect("c1").unwrap();
    // Even if the derivation should ever change, what was noted is sent.
    stage.ledger.put_effect("contacts", &Effect { idempotency_key: "noted-before".into(), ..noted }).unwrap();
    stage.run().await;
    let last = stage.systems.requests("POST /contacts").pop().unwrap();
    assert_eq!(last.request.header("idempotency-key"), Some("noted-before"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_is_in_flight_and_nothing_else() {
    let stage = Stage::with(20);
    *stage.systems.page_size.lock().unwrap() = 10;
    *stage.systems.latency.lock().unwrap() = std::time::Duration::from_millis(100);
    let (report, ()) = tokio::join!(stage.run(), async {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        stage.world.stop.cancel();
    });
    assert_eq!(report.stopped.as_ref().unwrap().0, "stopped");
    assert_eq!(report.verdict, Verdict::Partial);
    assert_eq!(report.counts.written, 8, "those in flight were finished: {report:?}");
    let last = stage.systems.seen.lock().unwrap().last().unwrap().at;
    assert!(last <= 400, "and no new ones begun");
    assert_eq!(stage.checkpoint(), Checkpoint::default(), "the page is not settled");

    let world = World { stop: tokio_util::sync::CancellationToken::new(), ..stage.world.clone() };
    let report = run_once(&stage.plan, &world).await;
    assert_eq!((report.verdict, report.counts.unchanged, report.counts.written), (Verdict::Pass, 8, 12));
    assert_eq!(stage.systems.requests("POST /contacts").len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_pause_to_end() {
    let stage = Stage::with(2);
    stage.systems.fault("POST /contacts", 10, Fault::Answer(429, vec![("retry-after", "600")], json!({})));
    let begun = tokio::time::Instant::now();
    let (report, ()) = tokio::join!(stage.run(), async {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        stage.world.stop.cancel();
    });
    assert_eq!(report.stopped.unwrap().0, "stopped");
    assert!(begun.elapsed() < std::time::Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn a_later_success_settles_the_dead_letter() {
    let stage = Stage::with(2);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], json!({})));
    stage.run().await;
    let letter = stage.letters().remove(0);
    let at: usize = letter.key.trim_start_matches('c').parse().unwrap();
    let mut repaired = customer(at);
    repaired["updated_at"] = json!("2026-11-02T00:00:00Z");
    stage.set_customer(at - 1, repaired);
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert_eq!(stage.letters().len(), 0);
    assert_eq!(stage.ledger.dead_letters(None).unwrap()[0].state, DeadState::Replayed);
}

#[tokio::test(start_paused = true)]
async fn a_record_the_mapping_rejects_is_kept_and_the_others_go_on() {
    let mut stage = Stage::with(3);
    stage.plan.mapping =
        super::stage::mapping("email: email\nstage: {from: name, values: {User 1: lead, User 3: lead}, else: reject}");
    let report = stage.run().await;
    assert_eq!((report.counts.written, report.counts.rejected, report.counts.dead_lettered), (2, 1, 0));
    assert_eq!(report.verdict, Verdict::Partial);
    let letter = stage.letters().remove(0);
    assert_eq!((letter.key.as_str(), letter.attempts, &letter.payload), ("c2", 0, &customer(2)));
}

/// Works so many times, then not. Remembers how many lines of the undo journal came together.
struct Failing(MemoryLedger, AtomicI64, Mutex<Vec<usize>>);

impl Failing {
    fn gate(&self) -> Result<&MemoryLedger, LedgerError> {
        if self.1.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(&self.0);
        }
        Err(LedgerError::Unusable { path: "x.db".into(), what: "written", because: "disk full".into() })
    }
}

impl Ledger for Failing {
    fn acquire(&self, flow: &str) -> Result<(), LedgerError> {
        self.0.acquire(flow)
    }
    fn release(&self, flow: &str) {
        self.0.release(flow);
    }
    fn effects_after(&self, flow: &str, after: Option<&str>, limit: usize) -> Result<Vec<Effect>, LedgerError> {
        self.gate()?.effects_after(flow, after, limit)
    }
    fn checkpoint(&self, flow: &str) -> Result<Checkpoint, LedgerError> {
        self.gate()?.checkpoint(flow)
    }
    fn set_checkpoint(&self, flow: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        self.gate()?.set_checkpoint(flow, checkpoint)
    }
    fn effect(&self, flow: &str, key: &str) -> Result<Option<Effect>, LedgerError> {
        self.gate()?.effect(flow, key)
    }
    fn put_effect(&self, flow: &str, effect: &Effect) -> Result<(), LedgerError> {
        self.gate()?.put_effect(flow, effect)
    }
    fn put_undos(&self, undos: &[Undo]) -> Result<(), LedgerError> {
        self.2.lock().unwrap().push(undos.len());
        self.gate()?.put_undos(undos)
    }
    fn bury(&self, letter: &DeadLetter) -> Result<u64, LedgerError> {
        self.gate()?.bury(letter)
    }
    fn absolve(&self, flow: &str, key: &str, state: DeadState) -> Result<(), LedgerError> {
        self.gate()?.absolve(flow, key, state)
    }
    fn dead_letters(&self, flow: Option<&str>) -> Result<Vec<DeadLetter>, LedgerError> {
        self.gate()?.dead_letters(flow)
    }
    fn put_run(&self, run: &RunRecord) -> Result<(), LedgerError> {
        self.gate()?.put_run(run)
    }
    fn runs(&self, limit: usize) -> Result<Vec<RunRecord>, LedgerError> {
        self.gate()?.runs(limit)
    }
    fn receive(&self, event: &Received) -> Result<bool, LedgerError> {
        self.gate()?.receive(event)
    }
    fn inbox(&self, flow: &str, after: u64, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        self.gate()?.inbox(flow, after, limit)
    }
    fn settle_inbox(&self, flow: &str, seqs: &[u64]) -> Result<(), LedgerError> {
        self.gate()?.settle_inbox(flow, seqs)
    }
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_fails_anywhere_stops_the_run_and_nothing_is_done_twice() {
    for n in 0.. {
        let stage = Stage::with(3);
        let failing = Arc::new(Failing(MemoryLedger::default(), AtomicI64::new(n), Mutex::default()));
        let world = World { ledger: failing.clone(), ..stage.world.clone() };
        let report = run_once(&stage.plan, &world).await;
        if report.verdict == Verdict::Pass {
            assert!(n > 10);
            break;
        }
        assert_eq!(report.stopped.unwrap().0, "ledger-unusable", "{n}");
        failing.1.store(i64::MAX, Ordering::SeqCst);
        let report = run_once(&stage.plan, &world).await;
        assert_eq!((report.verdict, stage.systems.emails().len()), (Verdict::Pass, 3), "{n}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_undo_writes_that_leave_together_is_noted_in_one_commit() {
    let stage = Stage::with(6);
    let ledger = Arc::new(Failing(MemoryLedger::default(), AtomicI64::new(i64::MAX), Mutex::default()));
    let world = World { ledger: ledger.clone(), ..stage.world.clone() };
    assert_eq!(run_once(&stage.plan, &world).await.verdict, Verdict::Pass);
    // Three pages of two.
    assert_eq!(*ledger.2.lock().unwrap(), [2, 2, 2]);
}

struct Taken;

impl Ledger for Taken {
    fn acquire(&self, flow: &str) -> Result<(), LedgerError> {
        Err(LedgerError::Busy { flow: flow.into(), pid: 42 })
    }
    fn release(&self, _: &str) {
        panic!("what was not taken is not given back");
    }
    fn effects_after(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<Effect>, LedgerError> {
        panic!("not ours")
    }
    fn checkpoint(&self, _: &str) -> Result<Checkpoint, LedgerError> {
        panic!("not ours")
    }
    fn set_checkpoint(&self, _: &str, _: &Checkpoint) -> Result<(), LedgerError> {
        panic!("not ours")
    }
    fn effect(&self, _: &str, _: &str) -> Result<Option<Effect>, LedgerError> {
        panic!("not ours")
    }
    fn put_effect(&self, _: &str, _: &Effect) -> Result<(), LedgerError> {
        panic!("not ours")
    }
    fn bury(&self, _: &DeadLetter) -> Result<u64, LedgerError> {
        panic!("not ours")
    }
    fn absolve(&self, _: &str, _: &str, _: DeadState) -> Result<(), LedgerError> {
        panic!("not ours")
    }
    fn dead_letters(&self, _: Option<&str>) -> Result<Vec<DeadLetter>, LedgerError> {
        panic!("not ours")
    }
    fn put_run(&self, _: &RunRecord) -> Result<(), LedgerError> {
        panic!("not ours")
    }
    fn runs(&self, _: usize) -> Result<Vec<RunRecord>, LedgerError> {
        panic!("not ours")
    }
    fn receive(&self, _: &Received) -> Result<bool, LedgerError> {
        panic!("not ours")
    }
    fn inbox(&self, _: &str, _: u64, _: usize) -> Result<Vec<Waiting>, LedgerError> {
        panic!("not ours")
    }
    fn settle_inbox(&self, _: &str, _: &[u64]) -> Result<(), LedgerError> {
        panic!("not ours")
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_instance_does_nothing() {
    let stage = Stage::with(3);
    let report = run_once(&stage.plan, &World { ledger: Arc::new(Taken), ..stage.world.clone() }).await;
    assert_eq!((report.verdict, report.requests), (Verdict::Unproven, 0));
    let (code, because) = report.stopped.unwrap();
    assert_eq!(code, "flow-busy");
    assert!(because.contains("42"));
}

#[tokio::test(start_paused = true)]
async fn one_trace_follows_a_record_through_all_its_attempts() {
    let stage = Stage::with(3);
    stage.systems.fault("POST /contacts", 2, Fault::DoneBut(503));
    stage.run().await;
    let seen = stage.systems.seen.lock().unwrap().clone();
    let mut spans = std::collections::BTreeSet::new();
    for s in &seen {
        let parent = s.request.header("traceparent").unwrap();
        let parts: Vec<&str> = parent.split('-').collect();
        assert_eq!((parts[0], parts[1].len(), parts[2].len(), parts[3]), ("00", 32, 16, "01"));
        assert_eq!(s.request.header("x-correlation-id"), Some(parts[1]));
        assert!(spans.insert(parts[2].to_owned()), "a span of its own for every attempt");
    }
    let of = |email: &str| -> std::collections::BTreeSet<String> {
        let about = seen.iter().filter(|s| {
            s.query().get("email").is_some_and(|e| e == email)
                || String::from_utf8_lossy(&s.request.body).contains(email)
        });
        about.map(|s| s.request.header("x-correlation-id").unwrap().to_owned()).collect()
    };
    let traces: Vec<_> = (1..=3).map(|n| of(&format!("u{n}@x.example"))).collect();
    assert!(traces.iter().all(|t| t.len() == 1), "one trace for one record: {traces:?}");
    assert_eq!(traces.iter().flatten().collect::<std::collections::BTreeSet<_>>().len(), 3);
    let log = stage.log.0.lock().unwrap();
    let retried = log.iter().find(|l| l["event"] == "retry").unwrap();
    assert!(traces.iter().flatten().any(|t| retried["correlation_id"] == t.as_str()));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run_to_the_byte() {
    let play = async || {
        let stage = Stage::with(9).with_tokens();
        *stage.systems.page_size.lock().unwrap() = 5;
        stage.systems.fault("POST /contacts", 3, Fault::DoneBut(503));
        stage.systems.fault("GET /contacts/search", 2, Fault::Hang);
        stage.systems.fault("POST /contacts", 1, Fault::Answer(429, vec![("retry-after", "2")], json!({})));
        stage.run().await;
        (format!("{:?}", stage.systems.seen.lock().unwrap()), stage.shown())
    };
    assert_eq!(play().await, play().await);
}

#[tokio::test(start_paused = true)]
async fn runs_are_written_down_with_their_end() {
    let stage = Stage::with(2);
    let report = stage.run().await;
    let runs = stage.ledger.runs(10).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].verdict.as_str(), runs[0].ended.is_some()), ("PASS", true));
    let counts: Value = serde_json::from_str(&runs[0].counts).unwrap();
    assert_eq!(counts["written"], json!(report.counts.written));
}

#[tokio::test(start_paused = true)]
async fn thousands_of_records_move_in_seconds() {
    let stage = Stage::with(0);
    *stage.systems.customers.lock().unwrap() = (1..=3_000)
        .map(|n| json!({"id": format!("c{n}"), "email": format!("u{n}@x.example"), "name": "x", "updated_at": "2026-11-01T00:00:00Z"}))
        .collect();
    *stage.systems.page_size.lock().unwrap() = 100;
    // The contacts of this stage are searched one by one; keep it small.
    let mut stage = stage;
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 3_000));
}
