//! What one pass of a flow carries with it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::breaker::Patience;
use super::budget::Budget;
use super::claims::Leave;
use super::confirm::Gathered;
use super::exchange::Side;
use super::gate::{Gate, Gates};
use super::notes::{Intents, Notes};
use super::reconcile::{Settled, Tally};
use super::rehearse::Would;
use super::trace::Trace;
use super::{MOST_KEYS, MOST_PAGES, NotArrived, PageCounts, Plan, Report, Waits, World};
use crate::base::digest::Digest;
use crate::base::redact;
use crate::base::rng::Rng;
use crate::base::trace::{Span, SpanKind, TraceContext};
use crate::evidence::{LedgerError, Pause, Reconciliation, Scratch};
use crate::mapping::{KeyError, Mapping, Rejection};

/// Code of a run that ends because its flow is switched off.
pub(super) const PAUSED: &str = "paused";

/// Why a run ends before the end of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    /// Kebab-case.
    pub code: &'static str,
    /// What happened and what helps.
    pub because: String,
}

impl Stop {
    /// A reason to stop.
    pub(super) fn new(code: &'static str, because: impl Into<String>) -> Self {
        Self { code, because: because.into() }
    }

    /// Somebody switched the flow off.
    pub(super) fn paused(pause: &Pause) -> Self {
        let Pause { flow: _, because, by, at } = pause;
        let why = if because.is_empty() { String::new() } else { format!(": {}", redact::bounded(because, 200)) };
        Self::new(PAUSED, format!("{} paused it at {}{why}", redact::bounded(by, 80), at.rfc3339()))
    }

    /// Somebody has to change something before another run can do better; without that it would only knock at the
    /// same closed door.
    pub(super) fn code_needs_somebody(code: &str) -> bool {
        matches!(
            code,
            "auth-failed"
                | "secret-missing"
                | "secret-malformed"
                | "scope-missing"
                | "redirect-refused"
                | "tls-refused"
                | "error-envelope"
                | "source-refused"
                | "overlap-without-time"
                | "ledger-unusable"
                | "drift-frozen"
        )
    }
}

impl From<KeyError> for Stop {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Missing { reference, because } => {
                let why = redact::bounded(&because, 200);
                Self::new("secret-missing", format!("{reference}, a key of the mapping, cannot be read: {why}"))
            }
            KeyError::Unfit { .. } => Self::new("secret-malformed", error.to_string()),
        }
    }
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        let code = match error {
            LedgerError::Busy { .. } => "flow-busy",
            LedgerError::Unusable { .. } => "ledger-unusable",
        };
        Self::new(code, error.to_string())
    }
}

/// For so long a flow that was on counts as on, where it takes a look at a disk to know: a switch that works within a second is
/// looked at ten times in one.
const SEEN_ON: Duration = Duration::from_millis(100);

/// A form of a record of which somebody has said that it need not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GivenUp {
    pub digest: Digest,
    /// Why it was refused: for another reason it may be worth another look.
    pub code: String,
    pub because: String,
}

/// One pass of a flow.
pub(super) struct Run<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// In which world.
    pub world: &'a World,
    /// The mapping with its keys put in; nothing where it has none.
    keyed: Option<Mapping>,
    /// Why it could not be given them: such a run ends before its first request.
    unkeyed: Option<Stop>,
    /// The way to the source.
    pub source: Arc<Gate>,
    /// The way to the target.
    pub target: Arc<Gate>,
    /// No new work, and no more waiting: asked to stop, or something stops the flow.
    pub halt: CancellationToken,
    /// Counts keys.
    tally: Mutex<Tally>,
    /// The counts of each page.
    pub pages: Mutex<Vec<PageCounts>>,
    /// Records that did not arrive, and how many are not named.
    pub not_arrived: Mutex<(Vec<NotArrived>, u64)>,
    /// Source keys whose dead letters wait, each with the version of its form.
    pub letters: Mutex<BTreeMap<String, Option<String>>>,
    /// By source key, the forms of a record that became dead letters and that somebody dropped.
    pub given_up: Mutex<BTreeMap<String, Vec<GivenUp>>>,
    /// Which source key writes which natural key of the target in this pass.
    pub claims: Mutex<Box<dyn Scratch>>,
    /// Natural keys that records of the page under way leave.
    pub leaves: Mutex<Vec<Leave>>,
    /// Source records of the page under way that were written, with the natural key they have since, or were taken out.
    pub moved: Mutex<BTreeMap<String, Option<Vec<u8>>>>,
    /// What the target refused in this pass, by the key of the source record: the same again is not asked again.
    pub refused: Mutex<Box<dyn Scratch>>,
    /// What was done and is not yet noted.
    pub notes: Mutex<Notes>,
    /// What may be done next and is not yet noted.
    pub intents: Mutex<Intents>,
    /// What a reading back gathers, where nothing is written but compared.
    pub confirms: Option<Mutex<Gathered>>,
    /// Keys of the records that were read in this pass, where a sweep wants to know them.
    pub seen: Mutex<Box<dyn Scratch>>,
    /// A record without a key was read.
    pub keyless: Mutex<bool>,
    /// The target is down, and records are kept for later from here on.
    pub spooling: AtomicBool,
    /// What was kept is being delivered.
    pub draining: AtomicBool,
    /// Retries that are left.
    pub budget: Budget,
    /// What would be written, where nothing is.
    would: Option<Mutex<Would>>,
    begun: Instant,
    /// When it was seen last that the flow is on, where another process can switch it off.
    seen_on: Mutex<Option<Instant>>,
    /// Of this pass, where spans are collected; ends with it.
    span: Option<Mutex<Box<dyn Span>>>,
    stop: Mutex<Option<Stop>>,
    requests: AtomicU64,
    retries: AtomicU64,
    traces: AtomicU64,
    /// Handle of the run.
    pub id: String,
    /// It does not look at the list of the source, though there is one.
    pub skips_list: AtomicBool,
    /// It delivers dead letters, and reads nothing of the source.
    pub replays: bool,
    /// Works although the flow is switched off: to undo is no work of the flow.
    pub though_off: bool,
    rng: Rng,
}

/// The lock, whatever a panic elsewhere left behind: every value in here is whole between two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Run<'a> {
    /// A run that begins now.
    pub(super) fn new(plan: &'a Plan, world: &'a World, gates: &Gates) -> Self {
        let source = gates.of(&plan.source.system, &plan.source.base_url, &plan.source.auth);
        let target = gates.of(&plan.target.system, &plan.target.base_url, &plan.target.auth);
        if let Some(rate) = plan.source.rate {
            source.tighten(rate);
        }
        if let Some(rate) = plan.target.rate {
            target.tighten(rate);
        }
        // One draw from the world; everything else forks from it by purpose, so that concurrency shifts nothing.
        let seed = lock(&world.rng).next_u64();
        let span = world.tracer.as_ref().map(|tracer| {
            let attributes = vec![("platform_integration.flow", plan.flow.as_str().into())];
            Mutex::new(tracer.begin(&format!("pass {}", plan.flow), SpanKind::Internal, world.trace, attributes))
        });
        let keyed = (!plan.mapping.key_refs().is_empty()).then(|| plan.mapping.keyed(|r| world.secrets.resolve(r)));
        let (keyed, unkeyed) = match keyed.transpose() {
            Ok(keyed) => (keyed, None),
            Err(error) => (None, Some(Stop::from(error))),
        };
        let rng = Rng::seeded(seed);
        Self {
            plan,
            world,
            keyed,
            unkeyed,
            source,
            target,
            halt: world.stop.child_token(),
            tally: Mutex::new(Tally::new(world.ledger.scratch())),
            pages: Mutex::default(),
            not_arrived: Mutex::default(),
            letters: Mutex::default(),
            given_up: Mutex::default(),
            claims: Mutex::new(world.ledger.scratch()),
            leaves: Mutex::default(),
            moved: Mutex::default(),
            refused: Mutex::new(world.ledger.scratch()),
            notes: Mutex::default(),
            intents: Mutex::default(),
            confirms: None,
            seen: Mutex::new(world.ledger.scratch()),
            keyless: Mutex::default(),
            spooling: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            budget: Budget::new(),
            would: None,
            begun: Instant::now(),
            seen_on: Mutex::default(),
            span,
            stop: Mutex::default(),
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            traces: AtomicU64::new(0),
            id: format!("r-{}", crate::base::ids::short(&mut rng.fork("handle"), 8)),
            skips_list: AtomicBool::new(false),
            replays: false,
            though_off: false,
            rng,
        }
    }

    /// A run that writes nothing and counts what it would write.
    pub(super) fn rehearsing(plan: &'a Plan, world: &'a World, gates: &Gates) -> Self {
        Self { would: Some(Mutex::default()), ..Self::new(plan, world, gates) }
    }

    /// Counts a write instead of sending it; false where it must be sent.
    pub(super) fn rehearsed(&self, call: &super::Call) -> bool {
        let Some(would) = &self.would else { return false };
        lock(would).count(&self.plan.target.write, call);
        true
    }

    /// Counts a deletion instead of sending it; false where it must be sent.
    pub(super) fn rehearsed_delete(&self) -> bool {
        let Some(would) = &self.would else { return false };
        lock(would).delete += 1;
        true
    }

    /// Nothing is written.
    pub(super) const fn rehearses(&self) -> bool {
        self.would.is_some()
    }

    /// What would be written so far.
    pub(super) fn would(&self) -> Would {
        self.would.as_ref().map(|w| *lock(w)).unwrap_or_default()
    }

    /// The way to this side.
    pub(super) fn gate(&self, side: Side) -> &Gate {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    /// What keeps the run from mapping anything.
    pub(super) fn begins(&self) -> Result<(), Stop> {
        self.unkeyed.clone().map_or(Ok(()), Err)
    }

    /// What a source record becomes; see [`Plan::mapped`].
    pub(super) fn mapped(&self, record: &Value) -> Result<Value, Rejection> {
        if let Some(stop) = &self.unkeyed {
            // Never with the test key in the place of the real one.
            let (target, from) = ("the record".to_owned(), "the mapping".to_owned());
            return Err(Rejection { code: stop.code, target, from, because: stop.because.clone() });
        }
        self.plan.mapped_by(self.keyed.as_ref().unwrap_or(&self.plan.mapping), record)
    }

    /// Refuses where the flow is switched off.
    pub(super) fn switched_on(&self) -> Result<(), Stop> {
        if self.though_off {
            return Ok(());
        }
        // A file on a disk is not asked before each request: what it said a moment ago holds.
        let asked = self.world.ledger.switched_from_outside().map(|_| Instant::now());
        if asked.zip(*lock(&self.seen_on)).is_some_and(|(now, then)| now.duration_since(then) < SEEN_ON) {
            return Ok(());
        }
        match self.world.ledger.paused(&self.plan.flow)? {
            None => {
                *lock(&self.seen_on) = asked;
                Ok(())
            }
            Some(pause) => Err(Stop::paused(&pause)),
        }
    }

    /// The counts.
    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }

    /// A record with this key was read.
    pub(super) fn read(&self, key: &str) {
        self.tally().read(key);
        self.world.observer.counted(&self.plan.flow, "read");
    }

    /// A record was settled.
    pub(super) fn settled(&self, key: &str, settled: Settled) {
        self.tally().settle(key, settled);
        self.world.observer.counted(&self.plan.flow, settled.as_str());
    }

    /// A record went among the dead letters.
    pub(super) fn lost(&self, key: &str, code: &str) {
        let (named, more) = &mut *lock(&self.not_arrived);
        if named.len() < MOST_KEYS {
            named.push(NotArrived { key: key.to_owned(), code: code.to_owned() });
        } else {
            *more += 1;
        }
    }

    /// A page was gone through.
    pub(super) fn paged(&self, before: Reconciliation, now: Reconciliation) {
        let mut pages = lock(&self.pages);
        if pages.len() < MOST_PAGES {
            pages.push(PageCounts {
                read: now.read.saturating_sub(before.read),
                unique: now.unique.saturating_sub(before.unique),
                written: now.written.saturating_sub(before.written),
                unchanged: now.unchanged.saturating_sub(before.unchanged),
                rejected: now.rejected.saturating_sub(before.rejected),
                dead_lettered: now.dead_lettered.saturating_sub(before.dead_lettered),
            });
        }
    }

    /// Tells that a request waits.
    pub(super) fn waits(&self, system: &str, why: &'static str, wait: Duration) {
        self.world.observer.waits(&Waits { flow: &self.plan.flow, system, why, wait });
    }

    /// Ends the run; the first reason stays.
    pub(super) fn halt_with(&self, stop: Stop) {
        let mut first = lock(&self.stop);
        if first.is_none() && !self.world.stop.is_cancelled() {
            *first = Some(stop);
        }
        drop(first);
        self.halt.cancel();
    }

    /// Why the run ends.
    pub(super) fn why(&self) -> Stop {
        lock(&self.stop)
            .clone()
            .unwrap_or_else(|| Stop::new("stopped", "asked to stop; the next run goes on where this one ended"))
    }

    /// How long this run waits for a target that is down: as long as its attempts could take, but never less than it
    /// takes to probe twice.
    pub(super) fn patience(&self) -> Patience {
        let retry = &self.plan.delivery.retry;
        let attempts = u64::from(retry.attempts.max(1)).saturating_mul(retry.cap_ms);
        let probes = self.plan.delivery.breaker.map_or(0, |b| b.probe_every_ms.saturating_mul(2));
        Patience { begun: self.begun, budget: Duration::from_millis(attempts.max(probes)) }
    }

    /// Sleeps, unless the run ends.
    pub(super) async fn sleep(&self, wait: Duration) -> Result<(), Stop> {
        self.sleep_until(Instant::now() + wait).await
    }

    /// Sleeps, unless the run ends.
    pub(super) async fn sleep_until(&self, at: Instant) -> Result<(), Stop> {
        tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(self.why()),
            () = tokio::time::sleep_until(at) => Ok(()),
        }
    }

    /// The trace that this pass belongs to, with its own span where there is one.
    pub(super) fn context(&self) -> Option<TraceContext> {
        self.span.as_ref().map(|span| lock(span).context()).or(self.world.trace)
    }

    /// Tells the span how the pass went.
    pub(super) fn told(&self, report: &Report) {
        let Some(span) = &self.span else { return };
        let mut span = lock(span);
        let counts = report.counts;
        span.set("platform_integration.verdict", report.verdict.as_str().into());
        span.set("platform_integration.requests", report.requests.into());
        span.set("platform_integration.retries", report.retries.into());
        span.set("platform_integration.records.read", counts.read.into());
        span.set("platform_integration.records.written", counts.written.into());
        span.set("platform_integration.records.dead_lettered", counts.dead_lettered.into());
        span.set("platform_integration.records.rejected", counts.rejected.into());
        if let Some((code, _)) = &report.stopped {
            span.fail(code);
        }
    }

    /// A new trace; `purpose` says of what.
    pub(super) fn trace(&self, purpose: &str) -> Trace {
        let ordinal = self.traces.fetch_add(1, Ordering::Relaxed);
        let rng = self.rng.fork(&format!("{purpose} {ordinal}"));
        if purpose == "record" { Trace::of_record(rng) } else { Trace::new(rng) }
    }

    /// One more request was sent.
    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.budget.earn();
    }

    /// One of them repeats another.
    pub(super) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests sent and retries among them.
    pub(super) fn sent(&self) -> (u64, u64) {
        (self.requests.load(Ordering::Relaxed), self.retries.load(Ordering::Relaxed))
    }

    /// Text from outside, fit for logs and dead letters: without secrets, quoted, bounded.
    pub(super) fn clean(&self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let masked = self.target.mask(&self.source.mask(text));
        redact::bounded(&masked, 300)
    }

    /// One log line; `fields` is an object.
    pub(super) fn log(&self, level: &str, event: &str, trace: Option<&str>, fields: Value) {
        let mut line = serde_json::Map::new();
        line.insert("level".to_owned(), level.into());
        line.insert("event".to_owned(), event.into());
        line.insert("flow".to_owned(), self.plan.flow.as_str().into());
        line.insert("run".to_owned(), self.id.as_str().into());
        if let Some(id) = trace {
            line.insert("correlation_id".to_owned(), id.into());
        }
        if let Some(context) = self.context() {
            line.insert("trace_id".to_owned(), context.trace_id().into());
        }
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        self.world.observer.log(Value::Object(line));
    }
}
