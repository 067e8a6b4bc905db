//! Runs a plan in a world.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::gate::Gates;
use super::run::{GivenUp, PAUSED, Run, Stop, lock};
use super::{LogLine, Plan, Transport, pass, settle, spool};
use crate::base::clock::Clock;
use crate::base::digest::Digest;
use crate::base::rng::Rng;
use crate::base::secret::{Secret, SecretRef};
use crate::base::trace::{TraceContext, Tracer};
use crate::evidence::{Checkpoint, DeadLetter, DeadState, Ledger, LedgerError, Reconciliation, RunRecord, Verdict};

/// Resolves references to secrets; the environment is read in the cli only.
pub trait SecretSource: Send + Sync {
    /// The value.
    ///
    /// # Errors
    /// What is missing and where to set it.
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String>;

    /// Keeps a newer value that a system handed out, so that it is there after a crash and is what [`Self::resolve`]
    /// gives from now on. False where it lasts no longer than this process: an environment variable cannot be written.
    ///
    /// # Errors
    /// Why it cannot be kept; the value before is still there.
    fn keep(&self, reference: &SecretRef, value: &Secret) -> Result<bool, String>;

    /// Takes the sole right to renew a secret, across processes; nothing while somebody else has it.
    ///
    /// # Errors
    /// Why nobody can take it.
    fn hold(&self, reference: &SecretRef) -> Result<Option<Hold>, String> {
        let _ = reference;
        Ok(Some(Box::new(())))
    }
}

/// The sole right to renew a secret; given back when it is dropped.
pub type Hold = Box<dyn std::any::Any + Send + Sync>;

/// Hears what the runtime does: log lines for people, counts for the live view.
pub trait Observer: Send + Sync {
    /// One structured log line: `level`, `event`, `flow`, `correlation_id`, …; no secret in it.
    fn log(&self, line: LogLine);

    /// A request ended, answered or not.
    fn requested(&self, _request: &Requested<'_>) {}

    /// One more record of a flow came to this: `read`, `written`, `unchanged`, `rejected`, `dead_lettered`.
    fn counted(&self, _flow: &str, _outcome: &'static str) {}

    /// A request begins to wait.
    fn waits(&self, _wait: &Waits<'_>) {}
}

/// A request that ended.
#[derive(Debug, Clone, Copy)]
pub struct Requested<'a> {
    /// The flow.
    pub flow: &'a str,
    /// To which system.
    pub system: &'a str,
    /// operationId.
    pub operation: &'a str,
    /// Status of the answer; 0 where there was none.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
}

/// A wait before a request.
#[derive(Debug, Clone, Copy)]
pub struct Waits<'a> {
    /// The flow.
    pub flow: &'a str,
    /// For which system.
    pub system: &'a str,
    /// `retry-after`, `backoff`, `rate`, `breaker`.
    pub why: &'static str,
    /// How long, as it is known now.
    pub wait: Duration,
}

/// Everything outside the connector. Sleeping and timeouts are tokio's.
#[derive(Clone)]
pub struct World {
    /// Carries requests.
    pub transport: Arc<dyn Transport>,
    /// Remembers.
    pub ledger: Arc<dyn Ledger>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for jitter and ids.
    pub rng: Arc<Mutex<Rng>>,
    /// Resolves secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Hears.
    pub observer: Arc<dyn Observer>,
    /// Asked to stop: finish the records in flight, checkpoint, return.
    pub stop: CancellationToken,
    /// Collects spans of passes and requests, where somebody collects them; never in the lab.
    pub tracer: Option<Arc<dyn Tracer>>,
    /// The trace that the run belongs to; its requests continue it.
    pub trace: Option<TraceContext>,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The flow.
    pub flow: String,
    /// PASS only when the end of the source was seen and every key was settled as written or unchanged.
    pub verdict: Verdict,
    /// The counts.
    pub counts: Reconciliation,
    /// Why it ended before the end of the source, if it did: kebab-case code and words.
    pub stopped: Option<(String, String)>,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Retries among them.
    pub retries: u64,
    /// Page by page and key by key.
    pub detail: Detail,
}

/// What a run did, page by page and key by key, within bounds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Detail {
    /// Handle of the run; empty where it never began.
    pub run: String,
    /// The counts of each page, at most [`MOST_PAGES`] of them.
    pub pages: Vec<PageCounts>,
    /// The first [`MOST_KEYS`] records that did not arrive.
    pub not_arrived: Vec<NotArrived>,
    /// Further ones that are not named.
    pub not_arrived_more: u64,
    /// The last pass had read something, and nothing came of any of it.
    pub in_vain: bool,
}

/// Pages that are counted one by one.
pub const MOST_PAGES: usize = 1_000;
/// Keys that are named.
pub const MOST_KEYS: usize = 200;

/// What became of the records of one page, each key where it came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct PageCounts {
    /// Records on it.
    pub read: u64,
    /// Keys that came for the first time.
    pub unique: u64,
    /// Acknowledged by the target.
    pub written: u64,
    /// There already.
    pub unchanged: u64,
    /// Rejected by the mapping.
    pub rejected: u64,
    /// Put among the dead letters.
    pub dead_lettered: u64,
}

/// A record that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NotArrived {
    /// Key of the source record.
    pub key: String,
    /// Kebab-case reason, as of its dead letter.
    pub code: String,
}

impl Report {
    /// Whether another run can do no better until somebody changes something (a credential, a scope, an address, the
    /// ledger's disk).
    #[must_use]
    pub fn needs_somebody(&self) -> bool {
        self.stopped.as_ref().is_some_and(|(code, _)| Stop::code_needs_somebody(code))
    }

    /// Whether it ended because its flow is switched off.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.stopped.as_ref().is_some_and(|(code, _)| code == PAUSED)
    }
}

/// Runs one pass of a flow: from the checkpoint to the end of the source.
pub async fn run_once(plan: &Plan, world: &World) -> Report {
    run_once_with(plan, world, &Gates::default()).await
}

/// As [`run_once`]; pauses, rates, breakers and tokens are shared with every other run that is given these gates.
pub async fn run_once_with(plan: &Plan, world: &World, gates: &Gates) -> Report {
    pass_once(plan, world, gates, true).await
}

/// One pass; without `sweep`, only over what webhooks brought.
pub(super) async fn pass_once(plan: &Plan, world: &World, gates: &Gates, sweep: bool) -> Report {
    let run = Run::new(plan, world, gates);
    remembered(&run, pass::walk(&run, sweep)).await
}

/// Delivers these source records as a pass would have, without reading the source or moving the checkpoint: how dead
/// letters are replayed. What the target has already is not sent again; what is delivered settles its dead letter.
pub async fn deliver(plan: &Plan, world: &World, records: Vec<Value>) -> Report {
    deliver_with(plan, world, &Gates::default(), records).await
}

/// As [`deliver`], with gates shared with other flows.
pub async fn deliver_with(plan: &Plan, world: &World, gates: &Gates, records: Vec<Value>) -> Report {
    let mut run = Run::new(plan, world, gates);
    run.replays = true;
    let work = async {
        settle::page(&run, records).await;
        if run.halt.is_cancelled() { Err(run.why()) } else { Ok(()) }
    };
    remembered(&run, work).await
}

/// Gives the flow back, also when the run is dropped halfway.
pub(super) struct Taken<'a>(pub &'a dyn Ledger, pub &'a str);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.release(self.1);
    }
}

/// Does the work of a run between taking the flow and giving it back, and writes down how it ended.
pub(super) async fn remembered(run: &Run<'_>, work: impl Future<Output = Result<(), Stop>>) -> Report {
    let (plan, world) = (run.plan, run.world);
    if let Err(error) = world.ledger.acquire(&plan.flow) {
        return ended(run, Some(error.into()), false);
    }
    let _taken = Taken(world.ledger.as_ref(), &plan.flow);
    if let Err(stop) = run.switched_on() {
        return ended(run, Some(stop), false);
    }
    let mut record = RunRecord {
        id: run.id.clone(),
        flow: plan.flow.clone(),
        started: world.clock.now(),
        ended: None,
        verdict: Verdict::Unproven.as_str().to_owned(),
        counts: String::new(),
        checkpoint: None,
    };
    let begun = begin(run, &mut record);
    let stop = match begun {
        Ok(()) => match run.begins() {
            Ok(()) => watched(run, work).await.err(),
            Err(stop) => Some(stop),
        },
        Err(error) => Some(error.into()),
    };
    let mut report = ended(run, stop, true);
    record.ended = Some(world.clock.now());
    record.verdict = report.verdict.as_str().to_owned();
    record.counts = serde_json::to_string(&report.counts).unwrap_or_default();
    if let Err(error) = world.ledger.put_run(&record)
        && report.stopped.is_none()
    {
        report = ended(run, Some(error.into()), true);
    }
    report
}

/// Works, and looks meanwhile whether another process switched the flow off: then nobody waits any longer, and nothing new
/// is begun.
async fn watched(run: &Run<'_>, work: impl Future<Output = Result<(), Stop>>) -> Result<(), Stop> {
    let Some(every) = run.world.ledger.switched_from_outside() else { return work.await };
    let watch = async {
        while run.switched_on().inspect_err(|stop| run.halt_with(stop.clone())).is_ok() {
            tokio::time::sleep(Duration::from_millis(every)).await;
        }
        std::future::pending().await
    };
    tokio::select! {
        biased;
        done = work => done,
        stop = watch => stop,
    }
}

fn begin(run: &Run<'_>, record: &mut RunRecord) -> Result<(), LedgerError> {
    record.checkpoint = if run.replays {
        None
    } else if spool::holds(run)? {
        // What is kept was read before the checkpoint moved past it: a run that delivers it and is taken back is followed by one
        // that reads from the beginning.
        Some(Checkpoint::default())
    } else {
        Some(run.world.ledger.checkpoint(&run.plan.flow)?)
    };
    run.world.ledger.put_run(record)?;
    let (mut letters, mut given_up) = (lock(&run.letters), lock(&run.given_up));
    for letter in run.world.ledger.dead_letters(Some(&run.plan.flow))? {
        match letter.state {
            DeadState::Dropped => {
                let DeadLetter { key, code, because, payload, .. } = letter;
                given_up.entry(key).or_default().push(GivenUp { digest: Digest::of_json(&payload), code, because });
            }
            // What came of it since is newer than that somebody gave it up.
            DeadState::Replayed => {
                given_up.remove(&letter.key);
            }
            DeadState::Waiting => {
                given_up.remove(&letter.key);
                let version = run.plan.source.version_of(&letter.payload);
                letters.insert(letter.key, version);
            }
        }
    }
    drop((letters, given_up));
    run.log("info", "run-started", None, json!({}));
    Ok(())
}

fn ended(run: &Run<'_>, stop: Option<Stop>, begun: bool) -> Report {
    let counts = run.tally().counts();
    let verdict = match &stop {
        _ if !begun => Verdict::Unproven,
        // Nothing went through, and nothing will until somebody acts.
        Some(stop) if Stop::code_needs_somebody(stop.code) && counts.settled() == 0 => Verdict::Fail,
        stop => counts.verdict(stop.is_none()),
    };
    let (requests, retries) = run.sent();
    let lost = counts.rejected + counts.dead_lettered;
    if lost > 0 && lost >= run.plan.delivery.alert_at {
        run.log(
            "error",
            "dead-letters-alert",
            None,
            json!({"dead_letters": lost, "alert_at": run.plan.delivery.alert_at}),
        );
    }
    run.log(
        if verdict == Verdict::Pass { "info" } else { "warn" },
        "run-ended",
        None,
        json!({
            "verdict": verdict.as_str(), "counts": counts, "requests": requests, "retries": retries,
            "swept": !run.skips_list.load(std::sync::atomic::Ordering::Relaxed),
            "stopped": stop.as_ref().map(|s| s.code), "because": stop.as_ref().map(|s| s.because.as_str()),
        }),
    );
    let (not_arrived, not_arrived_more) = lock(&run.not_arrived).clone();
    let report = Report {
        flow: run.plan.flow.clone(),
        verdict,
        counts,
        stopped: stop.map(|s| (s.code.to_owned(), s.because)),
        requests,
        retries,
        detail: Detail {
            run: if begun { run.id.clone() } else { String::new() },
            pages: lock(&run.pages).clone(),
            not_arrived,
            not_arrived_more,
            in_vain: counts.unique > 0 && counts.settled() == 0,
        },
    };
    run.told(&report);
    report
}
