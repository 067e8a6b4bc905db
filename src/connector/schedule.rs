//! Runs flows again and again until it is asked to stop.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::gate::Gates;
use super::runtime::run_once_with;
use super::{Plan, Report, World};

/// Runs a flow at the pace of its contract until it is asked to stop, or until somebody has to change something
/// first. A flow without a pace runs once. `on_report` hears of every pass; the last one is returned too.
pub async fn run_forever(plan: &Plan, world: &World, on_report: &(dyn Fn(&Report) + Send + Sync)) -> Report {
    run_forever_with(plan, world, &Gates::default(), on_report).await
}

/// As [`run_forever`], with gates shared with other flows.
pub async fn run_forever_with(
    plan: &Plan,
    world: &World,
    gates: &Gates,
    on_report: &(dyn Fn(&Report) + Send + Sync),
) -> Report {
    loop {
        let begun = Instant::now();
        let report = run_once_with(plan, world, gates).await;
        on_report(&report);
        let Some(every) = plan.every_ms.map(Duration::from_millis) else { return report };
        if report.needs_somebody() {
            return report;
        }
        tokio::select! {
            biased;
            () = world.stop.cancelled() => return report,
            // From beginning to beginning; a pass that takes longer is followed by the next one at once, but other
            // tasks come in between.
            () = tokio::time::sleep_until(begun + every.max(Duration::from_millis(1))) => {}
        }
    }
}

/// Runs several flows side by side, each as [`run_forever`] or, with `once`, for one pass. Flows that use the same
/// credential share its pauses, rate and token. The last report of each flow, in the order of `plans`.
pub async fn run_all(
    plans: &[Plan],
    world: &World,
    once: bool,
    on_report: &(dyn Fn(&Report) + Send + Sync),
) -> Vec<Report> {
    let gates = Gates::default();
    let gates = &gates;
    join_all(plans.iter().map(async |plan| {
        if once {
            let report = run_once_with(plan, world, gates).await;
            on_report(&report);
            report
        } else {
            run_forever_with(plan, world, gates, on_report).await
        }
    }))
    .await
}
