//! What happens while the target is down, or a record does not fit any more, is what the contract says.

use std::time::Duration;

use serde_json::json;

use super::stage::{Stage, customer};
use super::world::Fault;
use crate::connector::{Plan, undo};
use crate::contract::{Breaker, Drift, Fallback};
use crate::evidence::{Ledger as _, Verdict};

fn with(customers: usize, fallback: Fallback) -> Stage {
    let mut stage = Stage::with(customers);
    stage.plan.delivery.fallback = fallback;
    stage.plan.delivery.breaker = Some(Breaker { open_after: 2, probe_every_ms: 1_000 });
    stage.plan.delivery.retry.cap_ms = 1_000;
    stage
}

const DOWN: u32 = 1_000_000;

fn down(stage: &Stage) {
    stage.systems.fault("GET /contacts/search", DOWN, Fault::Answer(503, vec![], json!({})));
}

#[tokio::test(start_paused = true)]
async fn hold_stops_reading_and_loses_nothing() {
    let stage = with(6, Fallback::Hold);
    down(&stage);
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "target-down");
    assert_eq!(stage.systems.requests("GET /customers").len(), 1);
    stage.systems.mend();
    assert_eq!(stage.run().await.counts.written, 6);
}

#[tokio::test(start_paused = true)]
async fn spool_reads_on_keeps_the_newest_form_last_and_delivers_when_the_target_is_back() {
    let stage = with(6, Fallback::Spool);
    down(&stage);
    let report = stage.run().await;
    assert_eq!((report.stopped.clone().unwrap().0.as_str(), report.verdict), ("target-down", Verdict::Partial));
    assert_eq!(stage.systems.requests("GET /customers").len(), 3, "the whole source was read");
    assert_eq!((stage.letters().len(), stage.systems.emails().len()), (0, 0));
    assert!(stage.checkpoint().watermark.is_some(), "what is kept need not be read again");
    let kept = || stage.ledger_inbox("contacts#spool");
    assert_eq!(kept(), 6);

    // The source forgets one of them, changes another to and fro, and the target is still down.
    stage.systems.customers.lock().unwrap().remove(0);
    for (name, second) in [("Other", 10), ("User 2", 11)] {
        let mut changed = customer(2);
        changed["name"] = json!(name);
        changed["updated_at"] = json!(format!("2026-11-01T00:01:{second:02}Z"));
        stage.set_customer(0, changed);
        stage.run().await;
    }
    assert_eq!(kept(), 8, "each form once");
    stage.run().await;
    assert_eq!(kept(), 8);

    stage.systems.mend();
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert_eq!((kept(), stage.systems.emails().len()), (0, 6));
    assert_eq!(stage.systems.contact("u2@x.example")["name"], "User 2");
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
}

/// What was kept was read before the checkpoint moved past it: taken back, it has to be read again.
#[tokio::test(start_paused = true)]
async fn a_run_that_delivered_what_was_kept_and_is_taken_back_is_followed_by_one_that_reads_it_again() {
    let stage = with(4, Fallback::Spool);
    down(&stage);
    stage.run().await;
    stage.systems.mend();
    let delivered = stage.run().await;
    assert_eq!((delivered.verdict, delivered.counts.written), (Verdict::Pass, 4), "{delivered:?}");
    let record = stage.ledger.runs(9).unwrap().into_iter().find(|r| r.id == delivered.detail.run).unwrap();
    let back = undo(&stage.plan, &stage.world, &record.id, true, true, record.checkpoint.as_ref()).await;
    assert_eq!((back.verdict, stage.systems.emails().len()), (Verdict::Pass, 0), "{back:?}");
    assert_eq!(stage.run().await.counts.written, 4);
}

#[tokio::test(start_paused = true)]
async fn skip_reads_on_and_sets_aside() {
    let stage = with(6, Fallback::Skip);
    down(&stage);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.dead_lettered), (Verdict::Partial, 6), "{report:?}");
    assert!(stage.letter_codes().iter().all(|(_, code)| code == "target-down" || code == "attempts-exhausted"));
}

#[tokio::test(start_paused = true)]
async fn freeze_stops_at_the_record_that_does_not_fit_and_quarantine_goes_on() {
    let misfit = |plan: &mut Plan| {
        plan.mapping =
            super::stage::mapping("email: email\nname: {from: name, values: {User 1: A, User 3: C}, else: reject}");
    };
    let mut stage = Stage::with(3);
    misfit(&mut stage.plan);
    assert_eq!(stage.run().await.counts.rejected, 1);
    let mut stage = Stage::with(3);
    misfit(&mut stage.plan);
    stage.plan.delivery.drift = Drift::Freeze;
    let report = stage.run().await;
    let (code, because) = report.stopped.clone().unwrap();
    assert_eq!(code, "drift-frozen");
    assert!(because.contains("c2") && because.contains("drift: quarantine"), "{because}");
    assert!(report.needs_somebody());
    assert_eq!(stage.letters().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_429_halves_what_is_under_way_for_everybody_with_the_credential() {
    let stage = Stage::with(64);
    *stage.systems.page_size.lock().unwrap() = 64;
    *stage.systems.latency.lock().unwrap() = Duration::from_millis(50);
    stage.systems.fault("GET /contacts/search", 8, Fault::Answer(429, vec![("retry-after", "1")], json!({})));
    let begun = stage.systems.seen.lock().unwrap().len();
    assert_eq!(begun, 0);
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 64));
    assert_eq!(stage.events("slowed"), 1, "eight at once say it once");
    let after: Vec<u64> =
        stage.systems.requests("GET /contacts/search").iter().map(|s| s.at).filter(|at| *at > 500).collect();
    let first = after.iter().filter(|at| **at < after[0] + 40).count();
    assert_eq!(first, 4, "half of eight: {after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_for_every_record_is_not_sent_all_their_attempts_at_once() {
    let mut stage = Stage::with(400);
    *stage.systems.page_size.lock().unwrap() = 400;
    stage.plan.delivery.breaker = None;
    stage.plan.delivery.retry.attempts = 1_000;
    stage.plan.delivery.retry.base_ms = 1;
    stage.plan.delivery.retry.cap_ms = 2;
    for _ in 0..400 {
        stage.systems.fault("GET /contacts/search", 1, Fault::Answer(503, vec![], json!({})));
    }
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 400), "{:?}", report.stopped);
    let last = stage.systems.requests("GET /contacts/search").iter().map(|s| s.at).max().unwrap();
    assert!(last > 100_000, "400 retries with a budget of 100 take time: {last} ms");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_changes_nothing() {
    let stage = Stage::with(4);
    stage.systems.fault("GET /contacts/search", 2, Fault::Answer(503, vec![], json!({})));
    assert_eq!(stage.run().await.verdict, Verdict::Pass);
    for jump in [-86_400_000_000_i64, 86_400_000_000] {
        let mut world = stage.world.clone();
        world.clock = std::sync::Arc::new(crate::base::clock::ManualClock::new(world.clock.now().plus_ms(jump)));
        stage.systems.fault("GET /contacts/search", 1, Fault::Answer(429, vec![("retry-after", "2")], json!({})));
        let report = crate::connector::run_once(&stage.plan, &world).await;
        assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    }
    assert_eq!(stage.systems.emails().len(), 4);
}
