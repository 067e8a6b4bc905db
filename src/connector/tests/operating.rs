//! Operating: a switch that is obeyed at once, a journal of what was there before.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::stage::{Stage, create_only, put};
use super::world::Fault;
use crate::base::clock::Timestamp;
use crate::connector::run_forever;
use crate::evidence::{ALL_FLOWS, Checkpoint, EffectState, Ledger as _, Pause, Undo, UndoAct, Verdict};

fn off(flow: &str) -> Pause {
    Pause { flow: flow.into(), because: "the CRM is being migrated".into(), by: "ada".into(), at: Timestamp(0) }
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_paused_flow_says_so_and_sends_nothing() {
    for switch in ["contacts", ALL_FLOWS] {
        let stage = Stage::with(3);
        stage.ledger.pause(&off(switch)).unwrap();
        let report = stage.run().await;
        let (code, because) = report.stopped.clone().unwrap();
        assert_eq!((report.verdict, code.as_str(), report.requests), (Verdict::Unproven, "paused", 0));
        assert_eq!(because, "ada paused it at 1970-01-01T00:00:00.000Z: the CRM is being migrated");
        assert!(stage.ledger.runs(9).unwrap().is_empty(), "it never began");
        stage.ledger.resume(switch).unwrap();
        assert_eq!(stage.run().await.verdict, Verdict::Pass);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_in_the_middle_lets_requests_in_flight_end_and_no_other_go_out() {
    let stage = Stage::with(20);
    *stage.systems.page_size.lock().unwrap() = 10;
    *stage.systems.latency.lock().unwrap() = Duration::from_millis(100);
    let (report, at) = tokio::join!(stage.run(), async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        stage.ledger.pause(&off("contacts")).unwrap();
        stage.systems.seen.lock().unwrap().len()
    });
    assert_eq!(report.stopped.unwrap().0, "paused");
    assert_eq!(stage.systems.seen.lock().unwrap().len(), at, "not one request after the switch");
    assert_eq!(stage.systems.requests("POST /contacts").len(), 8, "creations were in flight");
    assert_eq!(stage.checkpoint(), Checkpoint::default());
    stage.ledger.resume("contacts").unwrap();
    let report = stage.run().await;
    assert_eq!((report.verdict, stage.systems.emails().len()), (Verdict::Pass, 20), "nothing lost, nothing doubled");
    assert_eq!(stage.systems.requests("POST /contacts").len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_goes_on_idles_while_paused_and_takes_up_work_again() {
    let mut stage = Stage::with(2);
    stage.plan.every_ms = Some(60_000);
    stage.ledger.pause(&off("contacts")).unwrap();
    let begun = Instant::now();
    let (last, ()) = tokio::join!(run_forever(&stage.plan, &stage.world, &|_| {}), async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(stage.systems.seen.lock().unwrap().is_empty());
        stage.ledger.resume("contacts").unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(stage.systems.emails().len(), 2, "within a second");
        stage.ledger.pause(&off("contacts")).unwrap();
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        stage.world.stop.cancel();
    });
    assert!(last.is_paused() && begun.elapsed() < Duration::from_secs(4_300), "{last:?}");
}

/// What one pass gave up is not forgotten by the next ones, and what it had to leave is no loss once a later one has delivered it.
#[tokio::test(start_paused = true)]
async fn the_report_of_a_connector_that_goes_on_is_of_all_its_passes() {
    for (fault, times, verdict, written) in [
        (Fault::Answer(422, vec![], json!({"title": "no"})), 1, Verdict::Partial, 2),
        (Fault::NoConnection, 12, Verdict::Pass, 3),
    ] {
        let mut stage = Stage::with(3);
        stage.plan.every_ms = Some(600_000);
        stage.systems.fault("POST /contacts", times, fault);
        let (all, ()) = tokio::join!(run_forever(&stage.plan, &stage.world, &|_| {}), async {
            tokio::time::sleep(Duration::from_secs(4_000)).await;
            stage.world.stop.cancel();
        });
        assert_eq!((all.verdict, all.counts.written), (verdict, written), "{all:?}");
    }
}

fn journal(stage: &Stage) -> Vec<Undo> {
    let run = stage.ledger.runs(1).unwrap().remove(0).id;
    stage.ledger.undos(&run, "", 100).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_write_leaves_what_undoes_it_and_what_was_there_already_leaves_nothing() {
    let stage = Stage::with(3);
    stage.systems.contacts.lock().unwrap().extend([
        json!({"id": "k-old", "email": "u2@x.example", "name": "Before", "phone": "1"}),
        json!({"id": "k-same", "email": "u3@x.example", "name": "User 3"}),
    ]);
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass);
    let lines = journal(&stage);
    assert!(lines.iter().all(|l| l.run == report.detail.run && l.flow == "contacts" && l.intends.is_none()));
    let shown: Vec<_> = lines.iter().map(|l| (l.key.as_str(), l.act, l.target_id.clone(), l.before.clone())).collect();
    let old = json!({"id": "k-old", "email": "u2@x.example", "name": "Before", "phone": "1"});
    assert_eq!(shown[0].0, "c1");
    assert_eq!((shown[0].1, &shown[0].3), (UndoAct::Created, &None));
    assert_eq!(shown[1], ("c2", UndoAct::Updated, Some("k-old".into()), Some(old)));
    assert!(lines.iter().all(|l| l.wrote.is_some()));
    assert_eq!(lines.len() as u64, report.counts.written, "{shown:?}");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_refused_leaves_nothing_to_undo_and_one_of_unknown_outcome_does() {
    let stage = Stage::with(1);
    stage.systems.fault("POST /contacts", 1, Fault::Answer(422, vec![], json!({})));
    stage.run().await;
    assert!(journal(&stage).is_empty());
    assert_eq!(
        stage.letters()[0].history.iter().map(|a| (a.code.as_str(), a.status)).collect::<Vec<_>>(),
        [("rejected-by-target", 422)]
    );

    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    stage.plan.delivery.retry.attempts = 2;
    stage.systems.fault("POST /contacts", 2, Fault::DoneButLost);
    stage.run().await;
    let lines = journal(&stage);
    assert_eq!((lines.len(), lines[0].wrote.is_none(), lines[0].intends.is_some()), (1, true, true));
    let codes: Vec<_> = stage.letters()[0].history.iter().map(|a| a.code.clone()).collect();
    assert_eq!(codes, ["connection-lost", "connection-lost"]);
}

#[tokio::test(start_paused = true)]
async fn a_put_tells_by_201_that_it_made_the_record_and_else_knows_nothing_of_it() {
    let mut stage = Stage::with(2);
    stage.plan.target.write = put();
    stage.systems.contacts.lock().unwrap().push(json!({"id": "c2", "email": "u2@x.example"}));
    stage.run().await;
    let acts: Vec<_> = journal(&stage).into_iter().map(|l| (l.key, l.act)).collect();
    assert_eq!(acts, [("c1".to_owned(), UndoAct::Created), ("c2".to_owned(), UndoAct::Replaced)]);
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_was_taken_back_is_done_anew_under_another_key() {
    let mut stage = Stage::with(1);
    stage.plan.target.write = create_only(Some("Idempotency-Key"));
    stage.run().await;
    let done = stage.effect("c1").unwrap();
    stage.systems.contacts.lock().unwrap().clear();
    let taken_back = crate::evidence::Effect { state: EffectState::Undone, target_id: None, ..done };
    stage.ledger.put_effect("contacts", &taken_back).unwrap();
    stage.ledger.set_checkpoint("contacts", &Checkpoint::default()).unwrap();
    let report = stage.run().await;
    assert_eq!((report.counts.written, stage.systems.emails().len()), (1, 1), "{report:?}");
    let keys: Vec<_> = stage
        .systems
        .requests("POST /contacts")
        .iter()
        .map(|s| s.request.header("idempotency-key").map(str::to_owned))
        .collect();
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_is_off_is_neither_rehearsed_nor_read_back() {
    let stage = Stage::with(3);
    stage.run().await;
    let before = stage.systems.seen.lock().unwrap().len();
    stage.ledger.pause(&off("contacts")).unwrap();
    let rehearsed =
        crate::connector::rehearse(&stage.plan, &stage.world, &crate::connector::Gates::default(), true).await;
    assert_eq!(rehearsed.stopped.unwrap().0, "paused");
    let read_back = crate::connector::confirm(&stage.plan, &stage.world).await;
    assert_ne!(read_back.verdict, Verdict::Pass, "{read_back:?}");
    assert_eq!(stage.systems.seen.lock().unwrap().len(), before, "nothing was sent");
}
