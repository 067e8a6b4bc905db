//! Runs flows again and again until it is asked to stop.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use super::gate::Gates;
use super::runtime::{pass_once, run_once_with};
use super::{Bell, Detail, MOST_KEYS, MOST_PAGES, Plan, Report, World};
use crate::evidence::Verdict;

/// Runs a flow at the pace of its contract until it is asked to stop, or until somebody has to change something
/// first. A flow without a pace runs once. `on_report` hears of every pass; what is returned is of all together.
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
    if plan.source.webhook.is_some() {
        return hear(plan, world, gates, &Bell::default(), on_report).await;
    }
    let mut so_far: Option<Report> = None;
    loop {
        let begun = Instant::now();
        let report = run_once_with(plan, world, gates).await;
        on_report(&report);
        let Some(every) = plan.every_ms.map(Duration::from_millis) else { return report };
        let (done, paused) = (report.needs_somebody(), report.is_paused());
        let all = together(so_far.take(), report);
        if done {
            return all;
        }
        if paused {
            if !switched_on(plan, world).await {
                return all;
            }
            so_far = Some(all);
            continue;
        }
        tokio::select! {
            biased;
            () = world.stop.cancelled() => return all,
            // From beginning to beginning; a pass that takes longer is followed by the next one at once, but other
            // tasks come in between.
            () = tokio::time::sleep_until(begun + every.max(Duration::from_millis(1))) => {}
        }
        so_far = Some(all);
    }
}

/// Waits until the flow is switched on again; false where it is asked to stop meanwhile.
async fn switched_on(plan: &Plan, world: &World) -> bool {
    let every = Duration::from_millis(world.ledger.switched_from_outside().unwrap_or(500).max(1));
    loop {
        tokio::select! {
            biased;
            () = world.stop.cancelled() => return false,
            () = tokio::time::sleep(every) => {}
        }
        // A ledger that cannot be read ends the next pass, which says so.
        if !matches!(world.ledger.paused(&plan.flow), Ok(Some(_))) {
            return true;
        }
    }
}

/// After a pass that stopped early, until the next one, where nothing else asks for one.
const AGAIN: Duration = Duration::from_secs(30);

/// Runs a flow with a webhook: a pass whenever something came in, a sweep at the pace of the contract, and another try
/// after a pass that stopped early. The report is of all passes together, its reason to stop that of the last.
async fn hear(
    plan: &Plan,
    world: &World,
    gates: &Gates,
    bell: &Bell,
    on_report: &(dyn Fn(&Report) + Send + Sync),
) -> Report {
    let rung = bell.of(&plan.flow);
    let every = plan.every_ms.filter(|_| plan.source.list.is_some()).map(|ms| Duration::from_millis(ms.max(1)));
    let mut due = Instant::now();
    let mut so_far: Option<Report> = None;
    // Why the last sweep did not come to its end; passes that only drain the inbox make up for nothing of it.
    let mut unswept: Option<(String, String)> = None;
    let mut failed = 0_u32;
    loop {
        let sweep = every.is_some() && Instant::now() >= due;
        if let (Some(every), true) = (every, sweep) {
            due = Instant::now() + every;
        }
        let report = pass_once(plan, world, gates, sweep).await;
        on_report(&report);
        let paused = report.is_paused();
        let again = report.stopped.is_some();
        let done = report.needs_somebody();
        if sweep {
            unswept.clone_from(&report.stopped);
            failed = if again { failed + 1 } else { 0 };
        }
        if sweep && again {
            // Soon, and then later and later, but never later than it would have been.
            due = due.min(Instant::now() + AGAIN * 2_u32.pow((failed - 1).min(10)));
        }
        let all = together(so_far.take(), report).unless(unswept.as_ref());
        if done || world.stop.is_cancelled() {
            return all;
        }
        if paused {
            if !switched_on(plan, world).await {
                return all;
            }
            // What is missed meanwhile is made up for at once.
            due = Instant::now();
            so_far = Some(all);
            continue;
        }
        so_far = Some(all);
        let next_sweep = async {
            match every {
                Some(_) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let next_try = async { if again { tokio::time::sleep(AGAIN).await } else { std::future::pending().await } };
        tokio::select! {
            biased;
            () = world.stop.cancelled() => {}
            () = rung.notified() => {}
            () = next_sweep => {}
            () = next_try => {}
        }
        if world.stop.is_cancelled()
            && let Some(all) = so_far.take()
        {
            return all;
        }
    }
}

/// Both, the first of them, and how many more there are.
fn joined<T>(mut before: Vec<T>, now: Vec<T>, most: usize) -> (Vec<T>, u64) {
    before.extend(now);
    let more = before.len().saturating_sub(most);
    before.truncate(most);
    (before, more as u64)
}

/// Two reports as one. A pass that was asked to stop has failed at nothing.
fn together(before: Option<Report>, now: Report) -> Report {
    let Some(mut before) = before else { return now };
    // What a pass that stopped had read and not settled is read again.
    let unsettled = before.counts.unique.saturating_sub(before.counts.settled());
    before.counts.unique -= unsettled;
    before.counts.read = before.counts.read.saturating_sub(unsettled);
    if before.stopped.is_some() {
        // What it did not come to, the next one has to.
        before.counts.expected = before.counts.expected.map(|_| before.counts.unique);
    }
    let counts = before.counts.plus(now.counts);
    // Nothing came, and nothing was to come.
    let quiet = now.counts.read == 0 && now.stopped.is_none() && now.verdict != Verdict::Partial;
    let (not_arrived, more) = joined(before.detail.not_arrived, now.detail.not_arrived, MOST_KEYS);
    Report {
        verdict: if quiet { before.verdict } else { counts.verdict(now.stopped.is_none()) },
        counts,
        requests: before.requests + now.requests,
        retries: before.retries + now.retries,
        detail: Detail {
            run: now.detail.run,
            pages: joined(before.detail.pages, now.detail.pages, MOST_PAGES).0,
            in_vain: now.detail.in_vain,
            not_arrived_more: before.detail.not_arrived_more + now.detail.not_arrived_more + more,
            not_arrived,
        },
        ..now
    }
}

impl Report {
    /// The report of passes after a sweep that stopped early is no better than that.
    fn unless(self, unswept: Option<&(String, String)>) -> Self {
        match (unswept, &self.stopped) {
            (Some(stopped), None) => {
                Self { verdict: self.counts.verdict(false), stopped: Some(stopped.clone()), ..self }
            }
            _ => self,
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
    run_all_hearing(plans, world, once, &Bell::default(), on_report).await
}

/// As [`run_all`]; a flow with a webhook begins a pass when the bell of its receiver rings.
pub async fn run_all_hearing(
    plans: &[Plan],
    world: &World,
    once: bool,
    bell: &Bell,
    on_report: &(dyn Fn(&Report) + Send + Sync),
) -> Vec<Report> {
    run_all_sharing(plans, world, once, bell, &Gates::default(), on_report).await
}

/// As [`run_all_hearing`], with gates shared with what comes after: a reading back keeps under the same rates.
pub async fn run_all_sharing(
    plans: &[Plan],
    world: &World,
    once: bool,
    bell: &Bell,
    gates: &Gates,
    on_report: &(dyn Fn(&Report) + Send + Sync),
) -> Vec<Report> {
    join_all(plans.iter().map(async |plan| {
        if once {
            let report = run_once_with(plan, world, gates).await;
            on_report(&report);
            report
        } else if plan.source.webhook.is_some() {
            hear(plan, world, gates, bell, on_report).await
        } else {
            run_forever_with(plan, world, gates, on_report).await
        }
    }))
    .await
}

#[cfg(test)]
mod tests {
    use super::together;
    use crate::connector::{Detail, Report};
    use crate::evidence::{Reconciliation, Verdict};

    #[test]
    fn what_a_pass_had_to_leave_is_counted_once_where_the_next_one_settles_it() {
        let report = |unique, written, stopped: bool| Report {
            flow: "f".to_owned(),
            verdict: if stopped { Verdict::Partial } else { Verdict::Pass },
            counts: Reconciliation { expected: Some(10), read: unique, unique, written, ..Reconciliation::default() },
            stopped: stopped.then(|| ("target-down".to_owned(), "down".to_owned())),
            requests: 1,
            retries: 0,
            detail: Detail::default(),
        };
        let all = together(Some(report(4, 2, true)), report(10, 10, false));
        assert_eq!((all.verdict, all.counts.unique, all.counts.expected), (Verdict::Pass, 12, Some(12)), "{all:?}");
        let none = together(Some(report(4, 2, true)), report(4, 1, true));
        assert_eq!(none.verdict, Verdict::Partial);
        // A source that says that it holds ten, and shows none of them.
        let shows_none = Report { verdict: Verdict::Partial, ..report(0, 0, false) };
        assert_eq!(together(Some(report(10, 10, false)), shows_none).verdict, Verdict::Partial);
    }
}
