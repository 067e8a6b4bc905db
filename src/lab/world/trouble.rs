//! A ledger that fails: its disk is full, it is locked, or its file is damaged. What it kept before, it still has.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Hall;
use super::senses::LabClock;
use crate::base::clock::Clock as _;
use crate::evidence::{
    Checkpoint, DeadLetter, DeadState, Effect, Ledger, LedgerError, Received, RunRecord, Undo, Waiting,
};
use crate::lab::process::{LedgerFault, LedgerHow};
use crate::lab::trace::Event;

/// See the module.
pub(super) struct TroubledLedger {
    pub(super) inner: Arc<dyn Ledger>,
    pub(super) fault: LedgerFault,
    pub(super) calls: AtomicU64,
    pub(super) hall: Arc<Mutex<Hall>>,
    pub(super) clock: Arc<LabClock>,
    pub(super) run: usize,
}

impl TroubledLedger {
    /// One more call; fails where it is hit.
    fn call(&self, what: &'static str) -> Result<(), LedgerError> {
        let LedgerFault { how, skip, times } = self.fault;
        if how == LedgerHow::Full && what == "read" {
            return Ok(());
        }
        let nth = self.calls.fetch_add(1, Ordering::Relaxed);
        if nth < skip || nth - skip >= times {
            return Ok(());
        }
        let (at, run) = (self.clock.now(), self.run);
        let lasting = times > u64::MAX / 4;
        let mut hall = self.hall.lock().unwrap_or_else(PoisonError::into_inner);
        hall.trace.events.push(Event::LedgerFailed { at, run, what, says: how.says(), lasting });
        Err(LedgerError::Unusable { path: "ledger.db".to_owned(), what, because: how.says().to_owned() })
    }
}

impl Ledger for TroubledLedger {
    fn acquire(&self, flow: &str) -> Result<(), LedgerError> {
        self.inner.acquire(flow)
    }

    fn release(&self, flow: &str) {
        self.inner.release(flow);
    }

    fn checkpoint(&self, flow: &str) -> Result<Checkpoint, LedgerError> {
        self.call("read")?;
        self.inner.checkpoint(flow)
    }

    fn set_checkpoint(&self, flow: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.set_checkpoint(flow, checkpoint)
    }

    fn effect(&self, flow: &str, key: &str) -> Result<Option<Effect>, LedgerError> {
        self.call("read")?;
        self.inner.effect(flow, key)
    }

    fn put_effect(&self, flow: &str, effect: &Effect) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.put_effect(flow, effect)
    }

    fn bury(&self, letter: &DeadLetter) -> Result<u64, LedgerError> {
        self.call("written")?;
        self.inner.bury(letter)
    }

    fn absolve(&self, flow: &str, key: &str, state: DeadState) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.absolve(flow, key, state)
    }

    fn reopen(&self, flow: &str, key: &str) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.reopen(flow, key)
    }

    fn dead_letters(&self, flow: Option<&str>) -> Result<Vec<DeadLetter>, LedgerError> {
        self.call("read")?;
        self.inner.dead_letters(flow)
    }

    fn put_run(&self, run: &RunRecord) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.put_run(run)
    }

    fn runs(&self, limit: usize) -> Result<Vec<RunRecord>, LedgerError> {
        self.call("read")?;
        self.inner.runs(limit)
    }

    fn receive(&self, event: &Received) -> Result<bool, LedgerError> {
        self.call("written")?;
        self.inner.receive(event)
    }

    fn inbox(&self, flow: &str, after: u64, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        self.call("read")?;
        self.inner.inbox(flow, after, limit)
    }

    fn settle_inbox(&self, flow: &str, seqs: &[u64]) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.settle_inbox(flow, seqs)
    }

    fn effects_after(&self, flow: &str, after: Option<&str>, limit: usize) -> Result<Vec<Effect>, LedgerError> {
        self.call("read")?;
        self.inner.effects_after(flow, after, limit)
    }

    fn put_effect_undoable(&self, effect: &Effect, undo: &Undo) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.put_effect_undoable(effect, undo)
    }

    fn effects(&self, flow: &str, keys: &[&str]) -> Result<Vec<Option<Effect>>, LedgerError> {
        self.call("read")?;
        self.inner.effects(flow, keys)
    }

    fn put_effects(&self, flow: &str, effects: &[Effect]) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.put_effects(flow, effects)
    }

    fn put_effects_undoable(&self, flow: &str, noted: &[(Effect, Option<Undo>)]) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.put_effects_undoable(flow, noted)
    }

    fn put_undo(&self, undo: &Undo) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.put_undo(undo)
    }

    fn refuse_undo(&self, run: &str, key: &str) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.refuse_undo(run, key)
    }

    fn undos(&self, run: &str, after: &str, limit: usize) -> Result<Vec<Undo>, LedgerError> {
        self.call("read")?;
        self.inner.undos(run, after, limit)
    }

    fn undone(&self, run: &str, flow: &str, key: &str, effect: Option<&Effect>) -> Result<(), LedgerError> {
        self.call("written")?;
        self.inner.undone(run, flow, key, effect)
    }
}
