//! Waiting: as long as the server says, never for hours, never without end, and together with everyone on the same
//! credential.

use std::time::Duration;

use serde_json::json;

use super::stage::Stage;
use super::world::Fault;
use crate::contract::{Rate, Retry};
use crate::evidence::Verdict;

fn limited(status: u16, headers: Vec<(&'static str, &'static str)>) -> Fault {
    Fault::Answer(status, headers, json!({"title": "slow down"}))
}

/// Milliseconds between the refused creation and the next request to the target.
async fn gap(stage: &Stage, fault: Fault) -> u64 {
    stage.systems.fault("POST /contacts", 1, fault);
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    let seen = stage.systems.seen.lock().unwrap();
    let first = seen.iter().position(|s| s.line() == "POST /contacts").unwrap();
    seen[first + 1].at - seen[first].at
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_in_seconds_is_waited_for() {
    for status in [429, 503] {
        let gap = gap(&Stage::with(1), limited(status, vec![("retry-after", "7")])).await;
        assert!((7_000..7_100).contains(&gap), "{status}: {gap}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_as_a_date_is_measured_by_the_servers_own_clock() {
    // The server's clock is years away from ours.
    let headers = vec![("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:42 GMT")];
    let gap = gap(&Stage::with(1), limited(429, headers)).await;
    assert!((5_000..5_100).contains(&gap), "{gap}");
}

#[tokio::test(start_paused = true)]
async fn a_reset_field_is_honoured_where_no_retry_after_is_sent() {
    let gap = gap(&Stage::with(1), limited(429, vec![("x-ratelimit-reset", "12")])).await;
    assert!((12_000..12_100).contains(&gap), "{gap}");
}

#[tokio::test(start_paused = true)]
async fn garbage_and_the_past_fall_back_to_our_own_backoff() {
    for value in ["-5", "soon", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let gap = gap(&Stage::with(1), limited(429, vec![("retry-after", value)])).await;
        assert!(gap <= 10_000, "{value}: {gap}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_of_hours_ends_the_run_instead_of_sleeping() {
    let stage = Stage::with(3);
    stage.systems.fault("POST /contacts", 1, limited(429, vec![("retry-after", "86400")]));
    let begun = tokio::time::Instant::now();
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "retry-after-too-long");
    assert_eq!(report.verdict, Verdict::Partial);
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(stage.letters().len(), 0, "no record is to blame");
    let again = stage.run().await;
    assert_eq!((again.verdict, stage.systems.emails().len()), (Verdict::Pass, 3), "the next run goes on");
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_all_clocks_ends_the_run_as_well() {
    let stage = Stage::with(3);
    stage.systems.fault("POST /contacts", 1, limited(429, vec![("retry-after", "9999999999999999999")]));
    assert_eq!(stage.run().await.stopped.unwrap().0, "retry-after-too-long");
}

/// GitHub and Google tell of limits by 403.
#[tokio::test(start_paused = true)]
async fn a_limit_that_is_told_by_403_is_waited_out_and_another_403_is_final() {
    for (headers, says, written) in [
        (vec![("retry-after", "3")], "slow down", 3),
        (vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "3")], "forbidden", 3),
        (vec![], "You have exceeded a secondary rate limit", 3),
        (vec![("x-ratelimit-remaining", "17"), ("x-ratelimit-reset", "3")], "not yours", 2),
    ] {
        let stage = Stage::with(3);
        stage.systems.fault("POST /contacts", 1, Fault::Answer(403, headers, json!({"title": says})));
        let report = stage.run().await;
        assert_eq!(
            (report.counts.written, stage.letters().len()),
            (written, 3 - written as usize),
            "{says}: {report:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_retry_after_of_hours_nobody_else_sends_either() {
    let stage = Stage::with(20);
    *stage.systems.page_size.lock().unwrap() = 20;
    stage.systems.fault("POST /contacts", 1, limited(429, vec![("retry-after", "86400")]));
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "retry-after-too-long");
    let seen = stage.systems.requests("*");
    let refused = seen.iter().find(|s| s.line() == "POST /contacts").unwrap().at;
    assert!(!seen.iter().any(|s| s.system == "target" && s.at > refused), "{:?}", stage.systems.lines());
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_for_everyone_on_the_same_credential() {
    let stage = Stage::with(20);
    *stage.systems.page_size.lock().unwrap() = 20;
    stage.systems.fault("POST /contacts", 1, limited(429, vec![("retry-after", "7")]));
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass);
    let seen = stage.systems.requests("*");
    let refused = seen.iter().find(|s| s.line() == "POST /contacts").unwrap().at;
    let meanwhile = seen.iter().filter(|s| s.at > refused && s.at < refused + 7_000).count();
    assert_eq!(meanwhile, 0);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_used_up_is_respected_before_the_first_refusal() {
    let stage = Stage::with(1);
    let headers = vec![("ratelimit-remaining", "0"), ("ratelimit-reset", "4")];
    stage.systems.fault("GET /contacts/search", 1, Fault::Answer(200, headers, json!({"results": []})));
    stage.run().await;
    assert!(stage.systems.requests("POST /contacts")[0].at >= 4_000);
}

#[tokio::test(start_paused = true)]
async fn being_told_to_wait_many_times_is_no_fault_of_the_record() {
    let mut stage = Stage::with(8);
    stage.plan.delivery.retry.attempts = 3;
    *stage.systems.page_size.lock().unwrap() = 8;
    stage.systems.fault("POST /contacts", 60, limited(429, vec![("retry-after", "1")]));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 8), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_only_ever_says_wait_ends_the_run() {
    let stage = Stage::with(1);
    stage.systems.fault("POST /contacts", 10_000, limited(429, vec![]));
    let report = stage.run().await;
    assert_eq!(report.stopped.unwrap().0, "rate-limited");
    assert!(stage.systems.requests("POST /contacts").len() <= 32);
    assert_eq!(stage.letters().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_errors_is_ridden_out_with_growing_gaps() {
    let mut stage = Stage::with(1);
    stage.plan.delivery.breaker = None;
    stage.plan.delivery.retry =
        Retry { attempts: 8, base_ms: 1_000, cap_ms: 60_000, full_jitter: false, ..Retry::default() };
    stage.systems.fault("POST /contacts", 4, limited(503, vec![]));
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass);
    let at: Vec<u64> = stage.systems.requests("POST /contacts").iter().map(|s| s.at).collect();
    let gaps: Vec<u64> = at.windows(2).map(|w| w[1] - w[0]).collect();
    assert_eq!(gaps.iter().map(|g| g / 1_000).collect::<Vec<_>>(), [1, 2, 4, 8]);
}

#[tokio::test(start_paused = true)]
async fn retries_are_jittered() {
    let mut gaps = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let mut stage = Stage::with(1);
        stage.plan.delivery.retry.base_ms = 8_000;
        *stage.world.rng.lock().unwrap() = crate::base::rng::Rng::seeded(gaps.len() as u64 + 11);
        gaps.insert(gap(&stage, limited(503, vec![])).await);
    }
    assert!(gaps.len() >= 4, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_is_given_up_after_the_timeout() {
    let stage = Stage::with(1);
    stage.systems.fault("GET /contacts/search", 1, Fault::Hang);
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass);
    let at: Vec<u64> = stage.systems.requests("GET /contacts/search").iter().map(|s| s.at).collect();
    assert!(at[1] - at[0] >= 5_000 && at[1] - at[0] <= 5_600, "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rate_of_the_contract_is_never_exceeded() {
    let mut stage = Stage::with(40);
    stage.plan.target.rate = Some(Rate { requests: 10, window_ms: 1_000 });
    *stage.systems.page_size.lock().unwrap() = 40;
    let report = stage.run().await;
    assert_eq!(report.verdict, Verdict::Pass);
    let at: Vec<u64> =
        stage.systems.seen.lock().unwrap().iter().filter(|s| s.system == "target").map(|s| s.at).collect();
    assert_eq!(at.len(), 80);
    for from in &at {
        assert!(at.iter().filter(|t| *t >= from && **t < from + 1_000).count() <= 10);
    }
    assert!(*at.last().unwrap() < 8_000, "nor is it left unused");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_down_for_an_hour_is_probed_and_nothing_is_lost() {
    let mut stage = Stage::with(12);
    *stage.systems.page_size.lock().unwrap() = 6;
    // Four attempts of at most a minute each: four minutes of patience.
    stage.plan.delivery.retry.cap_ms = 60_000;
    stage.systems.fault("POST /contacts", 100_000, limited(503, vec![]));
    let report = stage.run().await;
    assert_eq!(report.stopped.as_ref().unwrap().0, "target-down", "{report:?}");
    assert_eq!((report.verdict, report.counts.dead_lettered), (Verdict::Partial, 0));
    let posts = stage.systems.requests("POST /contacts");
    assert!(posts.len() <= 6 + 4 + 10, "bounded: {}", posts.len());
    let probes = &posts[posts.len() - 6..];
    assert!(probes.windows(2).all(|w| w[1].at - w[0].at >= 30_000), "probed at its pace");
    assert_eq!(stage.checkpoint().watermark, None, "the state did not advance");
    assert_eq!(stage.events("breaker-opened"), 1);

    let stage = Stage { systems: healthy(&stage), ..stage };
    let world = crate::connector::World { transport: stage.systems.clone(), ..stage.world.clone() };
    let report = crate::connector::run_once(&stage.plan, &world).await;
    assert_eq!((report.verdict, stage.systems.emails().len()), (Verdict::Pass, 12));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_cannot_be_reached_holds_the_records_too() {
    for fault in [Fault::NoConnection, Fault::Hang, Fault::DoneButLost] {
        let stage = Stage::with(6);
        *stage.systems.page_size.lock().unwrap() = 6;
        stage.systems.fault("GET /contacts/search", 100_000, fault);
        let report = stage.run().await;
        assert_eq!(report.stopped.as_ref().unwrap().0, "target-down", "{report:?}");
        assert_eq!((report.verdict, stage.letters().len()), (Verdict::Partial, 0));
        assert_eq!(stage.events("breaker-opened"), 1);
    }
}

fn healthy(stage: &Stage) -> std::sync::Arc<super::world::Systems> {
    let fresh = Stage::with(12);
    *fresh.systems.page_size.lock().unwrap() = 6;
    fresh.systems.contacts.lock().unwrap().clone_from(&stage.systems.contacts.lock().unwrap());
    fresh.systems
}

#[tokio::test(start_paused = true)]
async fn a_target_that_comes_back_is_noticed_by_the_next_probe() {
    let mut stage = Stage::with(6);
    *stage.systems.page_size.lock().unwrap() = 6;
    stage.plan.delivery.retry.cap_ms = 60_000;
    stage.systems.fault("POST /contacts", 8, limited(503, vec![]));
    let report = stage.run().await;
    assert_eq!((report.verdict, report.counts.written), (Verdict::Pass, 6), "{report:?}");
    assert_eq!((stage.events("breaker-opened"), stage.events("breaker-closed")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn refusals_do_not_open_the_breaker() {
    let mut stage = Stage::with(10);
    *stage.systems.page_size.lock().unwrap() = 10;
    stage.plan.delivery.breaker = Some(crate::contract::Breaker { open_after: 2, probe_every_ms: 30_000 });
    stage.systems.fault("POST /contacts", 9, limited(422, vec![]));
    let report = stage.run().await;
    assert_eq!((report.counts.written, report.counts.dead_lettered), (1, 9));
    assert_eq!(stage.events("breaker-opened"), 0);
}
