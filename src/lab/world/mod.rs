//! One schedule: a stage with two mock systems, faults and a ledger, on which a connector runs once or several times in
//! virtual time. Everything on it follows from the seed.

mod crash;
mod hall;
mod real;
mod sender;
mod senses;
mod transport;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use tokio_util::sync::CancellationToken;

use self::crash::{Cut, MortalLedger, Switch};
pub(super) use self::hall::Begun;
pub(super) use self::real::{begins, files, skipped};
use self::sender::{Outbox, Sender};
use self::senses::{LabClock, Listener, Planted};
use self::transport::LabTransport;
use super::Subject;
use super::bench::Bench;
use super::courier::Courier;
use super::faults::Fault;
use super::mock::{Credentials, MockOptions, MockSystem};
use super::trace::{Event, Trace};
use crate::base::clock::{Clock as _, Timestamp};
use crate::base::rng::Rng;
use crate::connector::{Report, World};
use crate::evidence::{DeadLetter, Ledger as _, MemoryLedger, Verdict};

/// When every schedule begins.
pub const EPOCH: Timestamp = Timestamp(1_800_000_000_000);

/// Longer than any sensible run, in virtual time: what is not over then hangs.
const DEADLINE: Duration = Duration::from_secs(24 * 3600);

/// A fault in place, and how often it made a difference.
pub(super) struct Armed {
    pub(super) fault: Box<dyn Fault>,
    pub(super) fired: u64,
    /// It does nothing any more.
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
    /// Exchanges allowed up to now.
    pub(super) budget: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEnd {
    /// By itself.
    Finished(Report),
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
            Self::Crashed => ("was killed".to_owned(), None),
            Self::Deadline => ("was not over after 24 hours".to_owned(), None),
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
            let options = MockOptions {
                credentials: Credentials::Only(planted.of_system(system)),
                page_size: options.page_size,
                page_cap: options.page_cap.filter(|_| system == plan.source.system),
                token_ttl_ms: options.token_ttl_ms,
                clock_off_ms: options.clock_off_ms,
                first_serial,
                change_field,
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
            bench,
        }
    }

    /// Puts faults in place.
    pub fn arm(&mut self, faults: Vec<Box<dyn Fault>>) {
        self.hall().faults.extend(faults.into_iter().map(|fault| Armed { fault, fired: 0, over: false }));
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
        self.runs += 1;
        let run = self.runs;
        let switch = Switch::new(crash_at);
        {
            let mut hall = self.hall();
            hall.budget = hall.trace.exchanges.len() as u64 + budget;
            hall.trace.events.push(Event::Started { at: self.now, run });
            if let Some(hook) = &self.bench.plan.source.webhook {
                sender::announce(&mut hall, &self.bench, hook);
            }
        }
        let delivered = AtomicU64::new(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let (end, passed) = match runtime {
            Ok(runtime) => {
                let act = AssertUnwindSafe(|| runtime.block_on(self.act(subject, &switch, run, &delivered)));
                std::panic::catch_unwind(act).unwrap_or_else(|cause| (RunEnd::Panicked(panic_words(&*cause)), 0))
            }
            Err(error) => (RunEnd::Panicked(format!("no runtime: {error}")), 0),
        };
        self.delivering = delivered.load(Ordering::Relaxed);
        self.now = self.now.plus_ms(passed);
        let (how, claim) = end.words();
        self.hall().trace.events.push(Event::Ended { at: self.now, run, how, claim });
        (end, switch.steps())
    }

    async fn act(
        &self,
        subject: &dyn Subject,
        switch: &Arc<Switch>,
        run: usize,
        delivered: &AtomicU64,
    ) -> (RunEnd, i64) {
        let clock = Arc::new(LabClock { from: self.now, start: tokio::time::Instant::now() });
        let world = World {
            transport: Arc::new(LabTransport {
                bench: Arc::clone(&self.bench),
                hall: Arc::clone(&self.hall),
                clock: Arc::clone(&clock),
                switch: Arc::clone(switch),
                run,
            }),
            ledger: Arc::new(MortalLedger { kept: Arc::clone(&self.ledger), switch: Arc::clone(switch) }),
            clock: Arc::clone(&clock) as _,
            rng: Arc::clone(&self.connector_rng),
            secrets: Arc::clone(&self.planted) as _,
            observer: Arc::new(Listener { hall: Arc::clone(&self.hall), clock: Arc::clone(&clock) }),
            stop: CancellationToken::new(),
            tracer: None,
            trace: None,
        };
        let work = async {
            if let (Some(hook), Some(secret)) = (&self.bench.plan.source.webhook, self.planted.of_webhook()) {
                let (bench, hall) = (&self.bench, &self.hall);
                let sender = Sender { bench, hook, hall, clock: &clock, switch, secret, run };
                sender.deliver(subject, &world).await;
                delivered.store(switch.steps(), Ordering::Relaxed);
            }
            subject.run(&self.bench.plan, &world).await
        };
        let end = tokio::select! {
            biased;
            () = switch.notify.notified() => None,
            ended = tokio::time::timeout(DEADLINE, work) => Some(ended),
        };
        let passed = clock.now().0 - self.now.0;
        // A run that was killed and came to its end in the same breath is dead all the same.
        let end = match (switch.cut(), end) {
            (Some(Cut::Crash), _) => RunEnd::Crashed,
            (Some(Cut::Runaway), _) => RunEnd::Runaway,
            (None, Some(Ok(report))) => RunEnd::Finished(report),
            (None, _) => RunEnd::Deadline,
        };
        (end, passed)
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
        out.extend(self.planted.of_webhook().map(|value| (source.clone(), value.to_owned())));
        let encoded: Vec<(String, String)> = out
            .iter()
            .map(|(system, value)| {
                let text = base64::engine::general_purpose::STANDARD.encode(value);
                // The last group depends on what follows; what is left is the same in every encoding.
                let whole = value.len() / 3 * 4;
                (system.clone(), text[..whole.min(text.len())].to_owned())
            })
            .collect();
        out.extend(encoded);
        out
    }
}

fn panic_words(cause: &(dyn std::any::Any + Send)) -> String {
    cause
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}
