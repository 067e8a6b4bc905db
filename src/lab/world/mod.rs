//! One schedule: a stage with two mock systems, faults and a ledger, on which a connector runs once or several times in
//! virtual time. Everything on it follows from the seed.

mod crash;
mod hall;
mod real;
mod sender;
mod senses;
mod transport;
mod trouble;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;

use self::crash::{Cut, MortalLedger, Switch};
pub(super) use self::hall::Begun;
pub(super) use self::real::{begins, files, skipped};
use self::sender::{Outbox, Sender};
use self::senses::{JumpingClock, LabClock, Listener, Planted};
use self::transport::LabTransport;
use self::trouble::TroubledLedger;
use super::Subject;
use super::bench::Bench;
use super::courier::Courier;
use super::faults::Fault;
use super::mock::{Credentials, MockOptions, MockSystem};
use super::process::LedgerFault;
use super::trace::{Event, Trace};
use crate::base::clock::{Clock as _, Timestamp};
use crate::base::rng::Rng;
use crate::connector::{Plan, Report, UndoReport, World};
use crate::evidence::{Checkpoint, DeadLetter, Ledger, MemoryLedger, Pause, Verdict};

/// When every schedule begins.
pub const EPOCH: Timestamp = Timestamp(1_800_000_000_000);

/// How often a waiting connector looks whether its flow was switched off, where that may happen, in milliseconds.
const LOOKS_MS: u64 = 250;

/// Longer than any sensible run, in virtual time: what is not over then hangs.
const DEADLINE: Duration = Duration::from_secs(24 * 3600);

/// A fault in place, and how often it made a difference.
pub(super) struct Armed {
    pub(super) fault: Box<dyn Fault>,
    pub(super) fired: u64,
    /// How often it may still hit.
    pub(super) left: u64,
    /// It does nothing any more, or not yet.
    pub(super) over: bool,
}

/// What all parts of a stage share.
pub(super) struct Hall {
    pub(super) mocks: BTreeMap<String, MockSystem>,
    pub(super) faults: Vec<Armed>,
    pub(super) trace: Trace,
    pub(super) latency: Rng,
    /// Tokens handed out, with the system that did.
    pub(super) tokens: Vec<(String, String)>,
    /// What the source's webhook has yet to deliver.
    pub(super) outbox: Outbox,
    /// Keys of source records that somebody made during the last run.
    pub(super) born: Vec<String>,
    /// Source records that somebody removed.
    pub(super) gone: Vec<Value>,
    /// Exchanges allowed up to now.
    pub(super) budget: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEnd {
    /// By itself.
    Finished(Report),
    /// By itself, when it had taken back what a run before wrote.
    RolledBack(UndoReport),
    /// It was killed, as planned.
    Crashed,
    /// It was still not over after a day of virtual time.
    Deadline,
    /// It had sent more requests than any sensible run would.
    Runaway,
    /// It panicked, with this message.
    Panicked(String),
    /// A program of its own ended by itself, or because it was asked to.
    Exited(Exit),
}

/// How a program ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code; nothing where a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// It was asked to end before.
    pub asked: bool,
    /// It did not end within the grace period and was killed.
    pub overran: bool,
    /// The last line that it wrote, shortened.
    pub last_words: String,
}

impl Exit {
    /// It claims that all is well.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.code, Some(0))
    }

    /// In words that go on after "run 1".
    #[must_use]
    pub fn words(&self) -> String {
        let how = match (self.code, self.signal) {
            _ if self.overran => "did not end when it was asked to, and was killed".to_owned(),
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "ended".to_owned(),
        };
        if self.last_words.is_empty() { how } else { format!("{how} ({})", self.last_words) }
    }
}

impl RunEnd {
    /// The report, where it ended by itself.
    #[must_use]
    pub const fn report(&self) -> Option<&Report> {
        if let Self::Finished(report) = self { Some(report) } else { None }
    }

    fn words(&self) -> (String, Option<Verdict>) {
        match self {
            Self::Finished(r) => {
                let c = &r.counts;
                let stopped =
                    r.stopped.as_ref().map_or_else(String::new, |(code, why)| format!("; stopped: {code}: {why}"));
                let words = format!(
                    "ended: claims {} (read {}, unique {}, written {}, unchanged {}, rejected {}, dead-lettered {}){stopped}",
                    r.verdict, c.read, c.unique, c.written, c.unchanged, c.rejected, c.dead_lettered
                );
                (words, Some(r.verdict))
            }
            Self::RolledBack(r) => {
                let t = &r.tally;
                let stopped =
                    r.stopped.as_ref().map_or_else(String::new, |(code, why)| format!("; stopped: {code}: {why}"));
                let words = format!(
                    "took back: claims {} (writes {}, deleted {}, restored {}, as before {}, changed since {}, cannot {}, failed {}){stopped}",
                    r.verdict, t.writes, t.deleted, t.restored, t.as_before, t.changed_since, t.cannot, t.failed
                );
                (words, Some(r.verdict))
            }
            Self::Crashed => ("was killed".to_owned(), None),
            Self::Deadline => ("was not over when its time was up".to_owned(), None),
            Self::Runaway => ("was stopped: it sent requests without end".to_owned(), None),
            Self::Panicked(message) => (format!("panicked: {message}"), None),
            Self::Exited(exit) => (exit.words(), exit.is_success().then_some(Verdict::Pass)),
        }
    }
}

/// How the two mock systems of a stage are set up.
#[derive(Debug, Clone)]
pub struct StageOptions {
    /// Records on a page where the request does not say.
    pub page_size: u64,
    /// How long the target's tokens live, in milliseconds.
    pub token_ttl_ms: i64,
    /// What the servers' clocks show more than the true time, in milliseconds.
    pub clock_off_ms: i64,
    /// Records on a page at most, whatever the request says.
    pub page_cap: Option<u64>,
    /// When it begins.
    pub from: Timestamp,
}

/// Where one schedule is played.
pub struct Stage {
    bench: Arc<Bench>,
    hall: Arc<Mutex<Hall>>,
    ledger: Arc<MemoryLedger>,
    planted: Arc<Planted>,
    connector_rng: Arc<Mutex<Rng>>,
    now: Timestamp,
    runs: usize,
    /// Steps of the last run up to the end of the deliveries.
    delivering: u64,
    holders: Arc<Mutex<BTreeMap<String, u32>>>,
    jumps: Vec<(Timestamp, i64)>,
    burst: bool,
    /// What is special about the next run.
    pub(super) next: Special,
}

/// What is special about one run.
#[derive(Default)]
pub(super) struct Special {
    /// It is asked to stop at this step.
    pub(super) stop_at: Option<u64>,
    /// Its ledger fails.
    pub(super) ledger: Option<LedgerFault>,
    /// Another one is started so many milliseconds later.
    pub(super) twin_after_ms: Option<u64>,
    /// It works by this plan.
    pub(super) plan: Option<Arc<Plan>>,
    /// It delivers these records of dead letters and reads nothing.
    pub(super) replay: Option<Vec<serde_json::Value>>,
    /// It takes back what the last run wrote, and reads nothing.
    pub(super) rollback: bool,
    /// Its flow is switched off at this step.
    pub(super) pause_at: Option<u64>,
}

/// A second connector that was started beside a first: when, its end, and when that was.
pub(super) struct Twin {
    pub(super) from: Timestamp,
    pub(super) end: RunEnd,
    pub(super) to: Timestamp,
}

impl Stage {
    /// Sets a stage.
    #[must_use]
    pub fn set(bench: Arc<Bench>, root: &Rng, options: &StageOptions) -> Self {
        let planted = Planted::of(&bench, &mut root.fork("secrets"));
        let plan = &bench.plan;
        let mock = |system: &str, blueprint: &Arc<super::mock::Blueprint>, first_serial: u64| {
            let mut change_field = BTreeMap::new();
            if let Some((path, _)) = plan.source.incremental.as_ref().filter(|_| system == plan.source.system) {
                change_field.insert(bench.source_entity.clone(), path.join("."));
            }
            let own = plan.source.feed.iter().filter(|_| system == plan.source.system);
            let feed = own.map(|feed| (bench.source_entity.clone(), feed.clone())).collect();
            let options = MockOptions {
                credentials: Credentials::Only(planted.of_system(system)),
                page_size: options.page_size,
                page_cap: options.page_cap.filter(|_| system == plan.source.system),
                token_ttl_ms: options.token_ttl_ms,
                clock_off_ms: options.clock_off_ms,
                first_serial,
                change_field,
                feed,
                // The trace keeps every exchange already.
                journal: 0,
                ..MockOptions::default()
            };
            MockSystem::of(Arc::clone(blueprint), root.fork(system).next_u64(), options)
        };
        let mut mocks = BTreeMap::new();
        mocks.insert(plan.target.system.clone(), mock(&plan.target.system, &bench.target, 5000));
        mocks.insert(plan.source.system.clone(), mock(&plan.source.system, &bench.source, 1));
        let trace = Trace { from: Some(options.from), ..Trace::default() };
        let hall = Hall {
            mocks,
            faults: Vec::new(),
            trace,
            latency: root.fork("latency"),
            tokens: Vec::new(),
            outbox: Outbox::new(root.fork("webhook")),
            born: Vec::new(),
            gone: Vec::new(),
            budget: 0,
        };
        Self {
            hall: Arc::new(Mutex::new(hall)),
            ledger: Arc::new(MemoryLedger::default()),
            planted: Arc::new(planted),
            connector_rng: Arc::new(Mutex::new(root.fork("connector"))),
            now: options.from,
            runs: 0,
            delivering: 0,
            holders: Arc::default(),
            jumps: Vec::new(),
            burst: false,
            next: Special::default(),
            bench,
        }
    }

    /// Puts faults in place.
    pub fn arm(&mut self, faults: Vec<Box<dyn Fault>>) {
        self.hall().faults.extend(faults.into_iter().map(|fault| Armed {
            fault,
            fired: 0,
            left: u64::MAX,
            over: false,
        }));
    }

    /// Lets a fault, by its place, hit so often at most; not at all where that is never.
    pub(super) fn limit(&mut self, place: usize, most: u64) {
        if let Some(armed) = self.hall().faults.get_mut(place) {
            armed.left = most;
        }
    }

    /// The connector's clock jumps: at so many milliseconds after the beginning, by so many.
    pub fn jump(&mut self, jumps: &[(i64, i64)]) {
        self.jumps = jumps.iter().map(|(at, by)| (EPOCH.plus_ms(*at), *by)).collect();
    }

    /// Has all events delivered at once.
    pub const fn burst(&mut self) {
        self.burst = true;
    }

    /// Puts faults in place that do nothing before they are woken; tells the place of the first.
    pub(super) fn arm_asleep(&mut self, faults: Vec<Box<dyn Fault>>) -> usize {
        let mut hall = self.hall();
        let first = hall.faults.len();
        hall.faults.extend(faults.into_iter().map(|fault| Armed { fault, fired: 0, left: u64::MAX, over: true }));
        first
    }

    /// Lets the faults from this place on do something, or no more.
    pub(super) fn wake(&mut self, from: usize, awake: bool) {
        self.hall().faults.iter_mut().skip(from).for_each(|f| f.over = !awake);
    }

    /// Switches the flow on again.
    pub(super) fn resume(&self) {
        let _ = self.ledger.resume(&self.bench.plan.flow);
        self.note("the flow is switched on again");
    }

    /// The checkpoint that the connector keeps.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.ledger.checkpoint(&self.bench.plan.flow).unwrap_or_default()
    }

    /// Puts another checkpoint in its place.
    pub fn set_checkpoint(&self, checkpoint: &Checkpoint) {
        let _ = self.ledger.set_checkpoint(&self.bench.plan.flow, checkpoint);
    }

    /// Has the deliveries of the source's webhook changed on their way.
    pub fn send_by(&mut self, courier: Courier) {
        self.hall().outbox.by(courier);
    }

    /// Steps of the last run up to the end of the deliveries.
    #[must_use]
    pub const fn steps_delivering(&self) -> u64 {
        self.delivering
    }

    /// Ends all faults; how often they fired is kept.
    pub fn disarm(&mut self) {
        self.hall().faults.iter_mut().for_each(|f| f.over = true);
    }

    /// The timeline, taken out.
    #[must_use]
    pub fn take_trace(&self) -> Trace {
        std::mem::take(&mut self.hall().trace)
    }

    pub(super) fn hall(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time on the stage.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass between two runs.
    pub const fn wait(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
    }

    /// Notes in the trace that somebody changed something.
    pub fn note(&self, what: impl Into<String>) {
        self.hall().trace.events.push(Event::Changed { at: self.now, what: what.into() });
    }

    /// Starts the connector. It is killed at step `crash_at`, where given, and stopped when it sends more than `budget`
    /// requests. Tells how it ended and how many steps it took.
    pub fn run(&mut self, subject: &dyn Subject, crash_at: Option<u64>, budget: u64) -> (RunEnd, u64) {
        let (end, steps, _) = self.run_beside(subject, crash_at, budget);
        (end, steps)
    }

    /// As [`Stage::run`]; tells also how the second one ended, where one was started beside it.
    pub(super) fn run_beside(
        &mut self,
        subject: &dyn Subject,
        crash_at: Option<u64>,
        budget: u64,
    ) -> (RunEnd, u64, Option<Twin>) {
        self.runs += 1;
        let run = self.runs;
        let special = std::mem::take(&mut self.next);
        let switch = Switch::new(crash_at, special.stop_at, special.pause_at);
        // Whoever held a flow has ended, by itself or killed.
        self.holders.lock().unwrap_or_else(PoisonError::into_inner).clear();
        {
            let mut hall = self.hall();
            hall.budget = hall.trace.exchanges.len() as u64 + budget;
            hall.trace.events.push(Event::Started { at: self.now, run });
            if let Some(hook) =
                self.bench.plan.source.webhook.as_ref().filter(|_| special.replay.is_none() && !special.rollback)
            {
                sender::announce(&mut hall, &self.bench, hook);
            }
        }
        let delivered = AtomicU64::new(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let mut twin = None;
        let (end, passed) = match runtime {
            Ok(runtime) => {
                let act = self.act(subject, &switch, run, &delivered, &special, &mut twin);
                let act = AssertUnwindSafe(|| runtime.block_on(act));
                std::panic::catch_unwind(act).unwrap_or_else(|cause| (RunEnd::Panicked(panic_words(&*cause)), 0))
            }
            Err(error) => (RunEnd::Panicked(format!("no runtime: {error}")), 0),
        };
        if let Some(twin) = &twin {
            self.runs += 1;
            let (how, claim) = twin.end.words();
            self.hall().trace.events.push(Event::Ended { at: twin.to, run: self.runs, how, claim });
        }
        self.delivering = delivered.load(Ordering::Relaxed);
        self.now = self.now.plus_ms(passed);
        let (how, claim) = end.words();
        self.hall().trace.events.push(Event::Ended { at: self.now, run, how, claim });
        (end, switch.steps(), twin)
    }

    /// The world of one process.
    fn world(&self, clock: &Arc<LabClock>, switch: &Arc<Switch>, run: usize, fault: Option<LedgerFault>) -> World {
        let mut ledger: Arc<dyn Ledger> = Arc::new(MortalLedger {
            kept: Arc::clone(&self.ledger),
            switch: Arc::clone(switch),
            holders: Arc::clone(&self.holders),
            pid: u32::try_from(run).unwrap_or(u32::MAX),
            looks_every_ms: switch.may_pause().then_some(LOOKS_MS),
        });
        if let Some(fault) = fault {
            let (hall, clock) = (Arc::clone(&self.hall), Arc::clone(clock));
            ledger = Arc::new(TroubledLedger { inner: ledger, fault, calls: AtomicU64::new(0), hall, clock, run });
        }
        World {
            transport: Arc::new(LabTransport {
                bench: Arc::clone(&self.bench),
                hall: Arc::clone(&self.hall),
                clock: Arc::clone(clock),
                switch: Arc::clone(switch),
                run,
            }),
            ledger,
            clock: if self.jumps.is_empty() {
                Arc::clone(clock) as _
            } else {
                Arc::new(JumpingClock { inner: Arc::clone(clock), jumps: self.jumps.clone() })
            },
            rng: Arc::clone(&self.connector_rng),
            secrets: Arc::clone(&self.planted) as _,
            observer: Arc::new(Listener { hall: Arc::clone(&self.hall), clock: Arc::clone(clock) }),
            stop: switch.stop.clone(),
            tracer: None,
            trace: None,
        }
    }

    async fn act(
        &self,
        subject: &dyn Subject,
        switch: &Arc<Switch>,
        run: usize,
        delivered: &AtomicU64,
        special: &Special,
        twin: &mut Option<Twin>,
    ) -> (RunEnd, i64) {
        let clock = Arc::new(LabClock { from: self.now, start: tokio::time::Instant::now() });
        let world = self.world(&clock, switch, run, special.ledger);
        let plan = special.plan.as_deref().unwrap_or(&self.bench.plan);
        let (begun, ended) = (tokio::sync::Notify::new(), Cell::new(false));
        let work = async {
            if let Some(records) = &special.replay {
                return RunEnd::Finished(subject.replay(plan, &world, records.clone()).await);
            }
            if special.rollback {
                return RunEnd::RolledBack(subject.roll_back(plan, &world).await);
            }
            if let Some(hook) = &self.bench.plan.source.webhook {
                let (bench, hall, burst) = (&self.bench, &self.hall, self.burst);
                let secrets = self.planted.of_webhook();
                let sender = Sender { bench, hook, hall, clock: &clock, switch, secrets, burst, run };
                sender.deliver(subject, &world).await;
                delivered.store(switch.steps(), Ordering::Relaxed);
            }
            begun.notify_one();
            let report = subject.run(plan, &world).await;
            ended.set(true);
            RunEnd::Finished(report)
        };
        let beside = async {
            let Some(after) = special.twin_after_ms else { return };
            begun.notified().await;
            tokio::time::sleep(Duration::from_millis(after)).await;
            // Who starts after the first has ended is no second one.
            if ended.get() {
                return;
            }
            let from = clock.now();
            self.hall().trace.events.push(Event::Started { at: from, run: run + 1 });
            let report = subject.run(plan, &self.world(&clock, switch, run + 1, None)).await;
            *twin = Some(Twin { from, end: RunEnd::Finished(report), to: clock.now() });
        };
        let work = async { tokio::join!(work, beside).0 };
        let asked = async {
            switch.stop.cancelled().await;
            self.hall().trace.events.push(Event::Asked { at: clock.now(), run });
            std::future::pending::<()>().await;
        };
        let paused = async {
            switch.pause.cancelled().await;
            let (flow, at) = (plan.flow.clone(), clock.now());
            let _ = self.ledger.pause(&Pause { flow, because: "a drill".to_owned(), by: "the lab".to_owned(), at });
            self.hall().trace.events.push(Event::Paused { at, run });
            std::future::pending::<()>().await;
        };
        let end = tokio::select! {
            biased;
            () = switch.notify.notified() => None,
            () = asked => None,
            () = paused => None,
            ended = tokio::time::timeout(DEADLINE, work) => Some(ended),
        };
        let passed = clock.now().0 - self.now.0;
        // A run that was killed and came to its end in the same breath is dead all the same.
        let end = match (switch.cut(), end) {
            (Some(Cut::Crash), _) => RunEnd::Crashed,
            (Some(Cut::Runaway), _) => RunEnd::Runaway,
            (None, Some(Ok(end))) => end,
            (None, _) => RunEnd::Deadline,
        };
        (end, passed)
    }

    /// Keys of source records that were made while the last run was under way, taken out.
    #[must_use]
    pub fn take_born(&self) -> Vec<String> {
        std::mem::take(&mut self.hall().born)
    }

    /// Source records that were removed while a run was under way.
    #[must_use]
    pub fn gone(&self) -> Vec<Value> {
        self.hall().gone.clone()
    }

    /// How often each fault made a difference.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.hall().faults.iter().map(|f| f.fired).sum()
    }

    /// The dead letters.
    #[must_use]
    pub fn letters(&self) -> Vec<DeadLetter> {
        self.ledger.dead_letters(None).unwrap_or_default()
    }

    /// Every secret that is worth looking for, in every form it could take, with the system it belongs to.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = self.hall().tokens.clone();
        for system in [&self.bench.plan.source.system, &self.bench.plan.target.system] {
            out.extend(self.planted.of_system(system).into_iter().map(|value| (system.clone(), value)));
        }
        let source = &self.bench.plan.source.system;
        out.extend(self.planted.of_webhook().iter().map(|value| (source.clone(), value.clone())));
        let encoded: Vec<(String, String)> = out
            .iter()
            .flat_map(|(system, value)| disguises(value).into_iter().map(move |text| (system.clone(), text)))
            .collect();
        out.extend(encoded);
        out
    }
}

/// Forms in which a secret is a secret still: the first half of it, percent-encoded, in hexadecimal digits, and in
/// base64, whatever stands before it.
pub(super) fn disguises(secret: &str) -> Vec<String> {
    /// Less than this may be there by chance, or to tell secrets apart.
    const LEAST: usize = 16;
    let mut out = Vec::new();
    if secret.len() >= 2 * LEAST - 4 && secret.is_char_boundary(LEAST) {
        out.push(secret[..LEAST].to_owned());
    }
    let percent = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
    if percent != secret {
        out.push(percent);
    }
    out.push(
        secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|d| char::from_digit(d.into(), 16)).collect(),
    );
    for before in 0..3 {
        // Three bytes are four letters; those that depend on what stands before or follows are left out.
        let skip = (3 - before) % 3;
        let Some(rest) = secret.as_bytes().get(skip..) else { continue };
        let whole = rest.len() / 3 * 3;
        if whole >= 12 {
            let text = base64::engine::general_purpose::STANDARD.encode(&rest[..whole]);
            let url = text.replace('+', "-").replace('/', "_");
            if url != text {
                out.push(url);
            }
            out.push(text);
        }
    }
    out
}

fn panic_words(cause: &(dyn std::any::Any + Send)) -> String {
    cause
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::disguises;

    #[test]
    fn a_secret_is_known_in_every_disguise() {
        let secret = "planted0123456789abcdef01234567";
        let all = disguises(secret);
        let found = |text: &str| all.iter().any(|d| text.contains(d.as_str()));
        for before in ["", "a", "ab", "user:", "client:"] {
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret} and more"));
            assert!(found(&pair), "behind {before:?}: {pair}");
        }
        assert!(found("token planted012345678..."), "cut off");
        assert!(found("706c616e746564303132333435363738396162636465663031323334353637"), "{all:?}");
        assert!(!found("planted012"), "a few letters tell nothing");
        assert!(disguises("a b+c/d e+f/g").contains(&"a%20b%2Bc%2Fd%20e%2Bf%2Fg".to_owned()));
    }
}
