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
    /// It was answered, and the program has had a moment to act on that.
    Heard,
}

/// What is counted up to the moment at which a program is killed; from 1, anew in each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Writes.
    Writes,
    /// Writes, from the first on that a fault hit.
    FromFault,
    /// Deliveries of the webhook.
    Deliveries,
}

/// The program is killed at the so-manieth of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KillAt {
    pub(super) nth: u64,
    pub(super) moment: Moment,
    pub(super) counted: Counted,
}

/// Nobody waits for a program that was told to wait for longer than this.
const MUCH_LATER: Duration = Duration::from_secs(120);
/// So long after it was told it is asked to end, where it has not ended by itself.
const ASKED_THEN: Duration = Duration::from_secs(15);

/// Shared by all parts of a schedule.
#[derive(Debug)]
pub(super) struct Control {
    run: AtomicUsize,
    /// Exchanges under way.
    open: AtomicUsize,
    writes: AtomicU64,
    from_fault: AtomicU64,
    deliveries: AtomicU64,
    kill: Mutex<Option<KillAt>>,
    group: Mutex<Group>,
    /// From this write of the run on, the program is killed when it writes a file of its state anew in its place; 0: never.
    rewriting_from: AtomicU64,
    /// Writes that were answered in the run.
    answered: AtomicU64,
    /// Requests that have come, over all runs.
    arrivals: AtomicU64,
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
    /// When somebody was told to wait for so long that nobody waits for it.
    much_later: Option<Instant>,
    /// Since then nothing has come but failures, and what had come before.
    failing: Option<Instant>,
}

impl Control {
    pub(super) fn new(disable: PathBuf) -> Self {
        let now = Instant::now();
        Self {
            run: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            writes: AtomicU64::new(0),
            from_fault: AtomicU64::new(0),
            deliveries: AtomicU64::new(0),
            kill: Mutex::default(),
            group: Mutex::default(),
            rewriting_from: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            arrivals: AtomicU64::new(0),
            killed: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            runaway: AtomicBool::new(false),
            news: Mutex::new(News { at: now, waits_until: now, failed: false, much_later: None, failing: None }),
            disable,
        }
    }

    /// A run begins.
    pub(super) fn begin(&self, run: usize, kill: Option<KillAt>) {
        self.run.store(run, Ordering::SeqCst);
        self.writes.store(0, Ordering::SeqCst);
        self.from_fault.store(0, Ordering::SeqCst);
        self.deliveries.store(0, Ordering::SeqCst);
        self.answered.store(0, Ordering::SeqCst);
        self.rewriting_from.store(0, Ordering::SeqCst);
        self.killed.store(false, Ordering::SeqCst);
        self.asked.store(false, Ordering::SeqCst);
        *self.kill.lock().unwrap_or_else(PoisonError::into_inner) = kill;
        let now = Instant::now();
        *self.news.lock().unwrap_or_else(PoisonError::into_inner) =
            News { at: now, waits_until: now, failed: false, much_later: None, failing: None };
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

    /// The number of this delivery in its run.
    pub(super) fn count_delivery(&self) -> u64 {
        self.deliveries.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The numbers of this write in its run: among all, and among those from the first on that a fault hit; 0 before it.
    pub(super) fn count_write(&self, hit: bool) -> (u64, u64) {
        let nth = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if hit || self.from_fault.load(Ordering::SeqCst) > 0 {
            return (nth, self.from_fault.fetch_add(1, Ordering::SeqCst) + 1);
        }
        (nth, 0)
    }

    /// It is time to kill.
    pub(super) fn is_due(&self, nth: u64, moment: Moment, counted: Counted) -> bool {
        *self.kill.lock().unwrap_or_else(PoisonError::into_inner) == Some(KillAt { nth, moment, counted })
    }

    /// Kills, where it is time. True where the program is dead.
    pub(super) fn moment(&self, nth: u64, moment: Moment, counted: Counted) -> bool {
        let wanted = KillAt { nth, moment, counted };
        let mut kill = self.kill.lock().unwrap_or_else(PoisonError::into_inner);
        if *kill == Some(wanted) {
            *kill = None;
            self.killed.store(true, Ordering::SeqCst);
            self.kill();
        }
        self.killed.load(Ordering::SeqCst)
    }

    /// From this write of the run on, the program is killed when it writes a file of its state anew in its place.
    pub(super) fn kill_when_rewriting(&self, from: u64) {
        self.rewriting_from.store(from, Ordering::SeqCst);
    }

    /// It is killed when it does.
    pub(super) fn rewriting_kills(&self) -> bool {
        let from = self.rewriting_from.load(Ordering::SeqCst);
        from > 0 && self.answered.load(Ordering::SeqCst) >= from && !self.killed.load(Ordering::SeqCst)
    }

    /// It does.
    pub(super) fn kill_while_rewriting(&self) {
        self.killed.store(true, Ordering::SeqCst);
        self.kill();
    }

    /// A write was answered.
    pub(super) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::SeqCst);
    }

    /// Requests that have come so far.
    pub(super) fn arrivals(&self) -> u64 {
        self.arrivals.load(Ordering::SeqCst)
    }

    pub(super) fn opened(&self) {
        self.arrivals.fetch_add(1, Ordering::SeqCst);
        self.open.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// A request is under way: nobody has given it up.
    pub(super) fn has_open(&self) -> bool {
        self.open.load(Ordering::SeqCst) > 0
    }

    /// Something new happened; `failed`: an attempt may follow, after `wait` where that was said.
    pub(super) fn news(&self, failed: bool, wait: Duration) {
        let now = Instant::now();
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let (wait, much_later) = if wait > MUCH_LATER { (Duration::ZERO, Some(now)) } else { (wait, None) };
        let much_later = news.much_later.or(much_later);
        let failing = if failed { news.failing.or(Some(now)) } else { None };
        *news = News { at: now, waits_until: news.waits_until.max(now + wait), failed, much_later, failing };
    }

    /// After a failure something came that had come before.
    pub(super) fn old_news(&self) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        (news.at, news.failed) = (Instant::now(), false);
    }

    /// How long nothing has come but failures, and what had come before.
    pub(super) fn failing_for(&self) -> Duration {
        let failing = self.news.lock().unwrap_or_else(PoisonError::into_inner).failing;
        failing.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// It was told some time ago to wait for so long that nobody waits for it: whether it sleeps or is stuck shows when it is
    /// asked to end.
    pub(super) fn told_to_come_back_much_later(&self) -> bool {
        let told = self.news.lock().unwrap_or_else(PoisonError::into_inner).much_later;
        told.is_some_and(|at| at.elapsed() > ASKED_THEN)
    }

    /// Nothing new has come for this long, and nothing is under way; whether the last thing was a failure.
    pub(super) fn quiet_for(&self) -> (Duration, bool) {
        let news = *self.news.lock().unwrap_or_else(PoisonError::into_inner);
        if self.has_open() {
            return (Duration::ZERO, news.failed);
        }
        (Instant::now().saturating_duration_since(news.at.max(news.waits_until)), news.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_nothing_but_failures_tries_in_vain_until_something_new_comes() {
        let control = Control::new(PathBuf::new());
        assert_eq!(control.failing_for(), Duration::ZERO);
        control.news(true, Duration::ZERO);
        std::thread::sleep(Duration::from_millis(2));
        control.old_news();
        control.news(true, Duration::ZERO);
        assert!(control.failing_for() >= Duration::from_millis(2), "a list that was read before is nothing new");
        control.news(false, Duration::ZERO);
        assert_eq!(control.failing_for(), Duration::ZERO);
    }
}
