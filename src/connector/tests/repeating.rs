//! Running for long: at the pace of the contract, until asked to stop, with what flows share.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use super::stage::{Stage, customer};
use super::world::Fault;
use crate::connector::{Gates, Report, run_all, run_forever, run_once_with};
use crate::contract::Rate;
use crate::evidence::Verdict;

#[tokio::test(start_paused = true)]
async fn a_flow_is_run_at_its_pace_until_it_is_stopped() {
    let mut stage = Stage::with(1);
    stage.plan.every_ms = Some(60_000);
    let reports: Mutex<Vec<Report>> = Mutex::default();
    let on_report = |r: &Report| reports.lock().unwrap().push(r.clone());
    let ((), _) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_secs(90)).await;
            stage.systems.customers.lock().unwrap().push(customer(2));
            tokio::time::sleep(Duration::from_secs(65)).await;
            stage.world.stop.cancel();
        },
        run_forever(&stage.plan, &stage.world, &on_report)
    );
    let reports = reports.into_inner().unwrap();
    assert_eq!(reports.iter().map(|r| r.counts.written).collect::<Vec<_>>(), [1, 0, 1]);
    let at: Vec<u64> = stage.systems.requests("GET /customers").iter().map(|s| s.at / 1_000).collect();
    assert_eq!(at, [0, 60, 120]);
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_needs_somebody_is_not_repeated() {
    let mut stage = Stage::with(1).with_tokens();
    stage.plan.every_ms = Some(1_000);
    stage.systems.fault("POST /oauth/token", 100, Fault::Answer(400, vec![], json!({"error": "invalid_grant"})));
    let report = run_forever(&stage.plan, &stage.world, &|_| ()).await;
    assert_eq!(report.stopped.unwrap().0, "auth-failed");
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_outlived_across_passes() {
    let mut stage = Stage::with(6);
    stage.plan.every_ms = Some(60_000);
    *stage.systems.page_size.lock().unwrap() = 6;
    stage.systems.fault("POST /contacts", 40, Fault::Answer(503, vec![], json!({})));
    let (report, ()) = tokio::join!(run_forever(&stage.plan, &stage.world, &|_| ()), async {
        tokio::time::sleep(Duration::from_secs(3 * 3_600)).await;
        stage.world.stop.cancel();
    });
    assert_eq!((report.verdict, stage.systems.emails().len()), (Verdict::Pass, 6), "{report:?}");
    assert_eq!(stage.letters().len(), 0);
    let at: Vec<u64> = stage.systems.requests("POST /contacts").iter().map(|s| s.at).collect();
    let busiest = at.iter().map(|from| at.iter().filter(|t| *t >= from && **t < from + 60_000).count()).max();
    assert!(busiest.unwrap() <= 16, "{busiest:?} in one minute");
}

#[tokio::test(start_paused = true)]
async fn flows_on_one_credential_share_token_pause_and_rate() {
    let stage = Stage::with(6).with_tokens();
    *stage.systems.page_size.lock().unwrap() = 6;
    let mut one = stage.plan.clone();
    one.target.rate = Some(Rate { requests: 10, window_ms: 1_000 });
    let mut two = stage.plan.clone();
    two.flow = "again".into();
    let report = run_all(&[one, two], &stage.world, true, &|_| ()).await;
    assert_eq!(report.iter().map(|r| r.verdict).collect::<Vec<_>>(), [Verdict::Pass, Verdict::Pass]);
    assert_eq!(stage.systems.requests("POST /oauth/token").len(), 1);
    let at: Vec<u64> =
        stage.systems.seen.lock().unwrap().iter().filter(|s| s.system == "target").map(|s| s.at).collect();
    for from in &at {
        assert!(at.iter().filter(|t| *t >= from && **t < from + 1_000).count() <= 10, "not ten for each");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_outlives_the_pass() {
    let stage = Stage::with(1);
    let gates = Gates::default();
    let headers = vec![("ratelimit-remaining", "0"), ("ratelimit-reset", "30")];
    stage.systems.fault("POST /contacts", 1, Fault::Answer(201, headers, json!({"id": "k1", "email": "u1@x.example"})));
    run_once_with(&stage.plan, &stage.world, &gates).await;
    stage.systems.customers.lock().unwrap().push(customer(2));
    run_once_with(&stage.plan, &stage.world, &gates).await;
    let to_target: Vec<u64> =
        stage.systems.seen.lock().unwrap().iter().filter(|s| s.system == "target").map(|s| s.at).collect();
    assert!(to_target[2] >= 30_000, "{to_target:?}");
}
