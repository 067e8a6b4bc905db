//! Kills a run at an exact step. A step is a request that arrives, takes effect or is answered, and a write to the
//! ledger. From that step on nothing the run does reaches anything: as after `kill -9`. Or asks it to stop at one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::base::clock::Timestamp;
use crate::evidence::{
    Checkpoint, Closed, DeadLetter, DeadState, Effect, Ledger, LedgerError, MemoryLedger, Pause, Received, RunRecord,
    Undo, UndoCounts, Waiting,
};

/// Why a run was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Crash,
    Runaway,
}

/// Counts steps, and kills at one of them.
#[derive(Debug)]
pub(super) struct Switch {
    at: Option<u64>,
    stop_at: Option<u64>,
    /// Cancelled when the run is asked to stop.
    pub(super) stop: CancellationToken,
    pause_at: Option<u64>,
    /// Cancelled when somebody switches its flow off.
    pub(super) pause: CancellationToken,
    steps: AtomicU64,
    dead: AtomicBool,
    runaway: AtomicBool,
    pub(super) notify: Notify,
}

impl Switch {
    pub(super) fn new(at: Option<u64>, stop_at: Option<u64>, pause_at: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            at,
            stop_at,
            stop: CancellationToken::new(),
            pause_at,
            pause: CancellationToken::new(),
            steps: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            runaway: AtomicBool::new(false),
            notify: Notify::new(),
        })
    }

    /// One more step. True where the run is dead, from this step or an earlier one.
    pub(super) fn step(&self) -> bool {
        let step = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        if self.at == Some(step) {
            self.kill();
        }
        if self.stop_at == Some(step) {
            self.stop.cancel();
        }
        if self.pause_at == Some(step) {
            self.pause.cancel();
        }
        self.is_dead()
    }

    /// Somebody may switch the flow off.
    pub(super) const fn may_pause(&self) -> bool {
        self.pause_at.is_some()
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    pub(super) fn runaway(&self) {
        self.runaway.store(true, Ordering::Relaxed);
        self.kill();
    }

    fn kill(&self) {
        self.dead.store(true, Ordering::Relaxed);
        self.notify.notify_one();
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub(super) fn cut(&self) -> Option<Cut> {
        self.is_dead().then(|| if self.runaway.load(Ordering::Relaxed) { Cut::Runaway } else { Cut::Crash })
    }
}

/// The ledger of one run: what is put in survives, unless the run is dead.
pub(super) struct MortalLedger {
    pub(super) kept: Arc<MemoryLedger>,
    pub(super) switch: Arc<Switch>,
    /// Who holds which flow.
    pub(super) holders: Arc<Mutex<BTreeMap<String, u32>>>,
    /// Number of the process whose ledger this is.
    pub(super) pid: u32,
    /// How often a waiting run looks at the switch, in milliseconds; nothing where nobody will switch it.
    pub(super) looks_every_ms: Option<u64>,
}

impl MortalLedger {
    fn holders(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for MortalLedger {
    fn acquire(&self, flow: &str) -> Result<(), LedgerError> {
        let pid = *self.holders().entry(flow.to_owned()).or_insert(self.pid);
        if pid == self.pid { Ok(()) } else { Err(LedgerError::Busy { flow: flow.to_owned(), pid }) }
    }

    fn release(&self, flow: &str) {
        let mut holders = self.holders();
        if holders.get(flow) == Some(&self.pid) {
            holders.remove(flow);
        }
    }

    fn effects_after(&self, flow: &str, after: Option<&str>, limit: usize) -> Result<Vec<Effect>, LedgerError> {
        self.kept.effects_after(flow, after, limit)
    }

    fn checkpoint(&self, flow: &str) -> Result<Checkpoint, LedgerError> {
        self.kept.checkpoint(flow)
    }

    fn set_checkpoint(&self, flow: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.set_checkpoint(flow, checkpoint) }
    }

    fn effect(&self, flow: &str, key: &str) -> Result<Option<Effect>, LedgerError> {
        self.kept.effect(flow, key)
    }

    fn put_effect(&self, flow: &str, effect: &Effect) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.put_effect(flow, effect) }
    }

    fn put_effects(&self, flow: &str, effects: &[Effect]) -> Result<(), LedgerError> {
        // One transaction: killed before it or after it.
        if self.switch.step() { Ok(()) } else { self.kept.put_effects(flow, effects) }
    }

    fn bury(&self, letter: &DeadLetter) -> Result<u64, LedgerError> {
        if self.switch.step() { Ok(0) } else { self.kept.bury(letter) }
    }

    fn absolve(&self, flow: &str, key: &str, state: DeadState) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.absolve(flow, key, state) }
    }

    fn reopen(&self, flow: &str, key: &str) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.reopen(flow, key) }
    }

    fn dead_letters(&self, flow: Option<&str>) -> Result<Vec<DeadLetter>, LedgerError> {
        self.kept.dead_letters(flow)
    }

    fn put_run(&self, run: &RunRecord) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.put_run(run) }
    }

    fn runs(&self, limit: usize) -> Result<Vec<RunRecord>, LedgerError> {
        self.kept.runs(limit)
    }

    fn receive(&self, event: &Received) -> Result<bool, LedgerError> {
        if self.switch.step() { Ok(true) } else { self.kept.receive(event) }
    }

    fn inbox(&self, flow: &str, after: u64, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        self.kept.inbox(flow, after, limit)
    }

    fn settle_inbox(&self, flow: &str, seqs: &[u64]) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.settle_inbox(flow, seqs) }
    }

    fn put_effect_undoable(&self, effect: &Effect, undo: &Undo) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.put_effect_undoable(effect, undo) }
    }

    fn put_effects_undoable(&self, flow: &str, noted: &[(Effect, Option<Undo>)]) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.put_effects_undoable(flow, noted) }
    }

    fn put_undo(&self, undo: &Undo) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.put_undo(undo) }
    }

    fn refuse_undo(&self, run: &str, key: &str) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.refuse_undo(run, key) }
    }

    fn undos(&self, run: &str, after: &str, limit: usize) -> Result<Vec<Undo>, LedgerError> {
        self.kept.undos(run, after, limit)
    }

    fn sent(&self, flow: &str, key: &str) -> Result<bool, LedgerError> {
        self.kept.sent(flow, key)
    }

    fn undo_counts(&self, run: &str) -> Result<UndoCounts, LedgerError> {
        self.kept.undo_counts(run)
    }

    fn undone(&self, run: &str, flow: &str, key: &str, effect: Option<&Effect>) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.undone(run, flow, key, effect) }
    }

    fn forget(&self, before: Timestamp) -> Result<(u64, u64), LedgerError> {
        if self.switch.step() { Ok((0, 0)) } else { self.kept.forget(before) }
    }

    fn pause(&self, pause: &Pause) -> Result<(), LedgerError> {
        if self.switch.step() { Ok(()) } else { self.kept.pause(pause) }
    }

    fn resume(&self, flow: &str) -> Result<bool, LedgerError> {
        if self.switch.step() { Ok(false) } else { self.kept.resume(flow) }
    }

    fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        self.kept.pauses()
    }

    fn paused(&self, flow: &str) -> Result<Option<Pause>, LedgerError> {
        self.kept.paused(flow)
    }

    fn switched_from_outside(&self) -> Option<u64> {
        self.looks_every_ms
    }

    fn drop_letter(&self, id: u64, closed: &Closed) -> Result<bool, LedgerError> {
        if self.switch.step() { Ok(false) } else { self.kept.drop_letter(id, closed) }
    }
}
