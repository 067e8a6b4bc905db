//! What the parts of one schedule tell each other while a program runs: which run it is, when something new happened, when the
//! program is to be killed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::process::Group;

/// A moment of an exchange at which a program can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The request has arrived, and nothing was done.
    Arrived,
    /// It was done, and nothing was answered.
    Done,
    /// It was answered.
    Answered,
}

/// The program is killed at the so-manieth write, or delivery, of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KillAt {
    pub(super) nth: u64,
    pub(super) moment: Moment,
    /// Counted in deliveries of the webhook instead of writes.
    pub(super) delivering: bool,
}

/// Shared by all parts of a schedule.
#[derive(Debug)]
pub(super) struct Control {
    run: AtomicUsize,
    /// Exchanges under way.
    open: AtomicUsize,
    writes: AtomicU64,
    deliveries: AtomicU64,
    kill: Mutex<Option<KillAt>>,
    group: Mutex<Group>,
    pub(super) killed: AtomicBool,
    /// It was asked to end in the middle of its work.
    pub(super) asked: AtomicBool,
    pub(super) runaway: AtomicBool,
    news: Mutex<News>,
    /// The file that switches the program off.
    pub(super) disable: PathBuf,
}

#[derive(Debug, Clone, Copy)]
struct News {
    /// When something happened last that a quiet program would not do.
    at: Instant,
    /// Until then somebody was told to wait.
    waits_until: Instant,
    /// The last thing that happened was a failure: an attempt may follow.
    failed: bool,
}

impl Control {
    pub(super) fn new(disable: PathBuf) -> Self {
        let now = Instant::now();
        Self {
            run: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            writes: AtomicU64::new(0),
            deliveries: AtomicU64::new(0),
            kill: Mutex::default(),
            group: Mutex::default(),
            killed: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            runaway: AtomicBool::new(false),
            news: Mutex::new(News { at: now, waits_until: now, failed: false }),
            disable,
        }
    }

    /// A run begins.
    pub(super) fn begin(&self, run: usize, kill: Option<KillAt>) {
        self.run.store(run, Ordering::SeqCst);
        self.writes.store(0, Ordering::SeqCst);
        self.deliveries.store(0, Ordering::SeqCst);
        self.killed.store(false, Ordering::SeqCst);
        self.asked.store(false, Ordering::SeqCst);
        *self.kill.lock().unwrap_or_else(PoisonError::into_inner) = kill;
        let now = Instant::now();
        *self.news.lock().unwrap_or_else(PoisonError::into_inner) = News { at: now, waits_until: now, failed: false };
    }

    /// This is the program of the run.
    pub(super) fn watch(&self, group: Group) {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner) = group;
    }

    pub(super) fn run(&self) -> usize {
        self.run.load(Ordering::SeqCst)
    }

    pub(super) fn kill(&self) {
        self.group.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }

    pub(super) fn ask_to_end(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.group.lock().unwrap_or_else(PoisonError::into_inner).ask_to_end();
    }

    /// The number of this write, or delivery, in its run.
    pub(super) fn count(&self, delivering: bool) -> u64 {
        let counter = if delivering { &self.deliveries } else { &self.writes };
        counter.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Kills, where it is time. True where the program is dead.
    pub(super) fn moment(&self, nth: u64, moment: Moment, delivering: bool) -> bool {
        let wanted = KillAt { nth, moment, delivering };
        let mut kill = self.kill.lock().unwrap_or_else(PoisonError::into_inner);
        if *kill == Some(wanted) {
            *kill = None;
            self.killed.store(true, Ordering::SeqCst);
            self.kill();
        }
        self.killed.load(Ordering::SeqCst)
    }

    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// Something new happened; `failed`: an attempt may follow, after `wait` where that was said.
    pub(super) fn news(&self, failed: bool, wait: Duration) {
        let now = Instant::now();
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        *news = News { at: now, waits_until: news.waits_until.max(now + wait), failed };
    }

    /// Nothing new has come for this long, and nothing is under way; whether the last thing was a failure.
    pub(super) fn quiet_for(&self) -> (Duration, bool) {
        let news = *self.news.lock().unwrap_or_else(PoisonError::into_inner);
        if self.open.load(Ordering::SeqCst) > 0 {
            return (Duration::ZERO, news.failed);
        }
        (Instant::now().saturating_duration_since(news.at.max(news.waits_until)), news.failed)
    }
}
