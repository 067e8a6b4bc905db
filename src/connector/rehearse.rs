//! A dry run: everything a pass does but the writes. It reads the source, maps, and looks each record up in the target;
//! where a pass would write, it counts. The checkpoint, the effects and the dead letters stay as they are.

use std::sync::{Arc, Mutex};

use super::gate::Gates;
use super::run::{Run, lock};
use super::runtime::{Observer, remembered};
use super::{LogLine, Plan, World, WritePlan, pass};
use crate::evidence::{
    Checkpoint, DeadLetter, DeadState, Effect, Ledger, LedgerError, MemoryLedger, Pause, Received, Reconciliation,
    RunRecord, Scratch, Waiting,
};

/// Records that would be rejected, shown at most.
const SHOWN: usize = 10;

/// What would be written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Would {
    /// Records that the target does not have.
    pub create: u64,
    /// Records that the target has in another form.
    pub update: u64,
    /// Records put under a key of ours: nobody can tell whether they are there.
    pub put: u64,
    /// Records that the source has deleted.
    pub delete: u64,
}

impl Would {
    /// One more write through this call.
    pub(super) fn count(&mut self, write: &WritePlan, call: &super::Call) {
        match write {
            WritePlan::Upsert { update, .. } if update == call => self.update += 1,
            WritePlan::Upsert { .. } | WritePlan::Create { .. } => self.create += 1,
            WritePlan::Put { .. } | WritePlan::Bulk { .. } => self.put += 1,
        }
    }
}

/// A record that would not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Key of the source record.
    pub key: String,
    /// Kebab-case.
    pub code: String,
    /// In words.
    pub because: String,
}

/// What a pass would do now.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// The flow.
    pub flow: String,
    /// Read, unchanged and rejected are as a pass would count them; written is what would be sent.
    pub counts: Reconciliation,
    /// Of these: records to be created,
    pub create: u64,
    /// to be updated,
    pub update: u64,
    /// and to be put, created or replaced.
    pub put: u64,
    /// to be deleted.
    pub delete: u64,
    /// The first records that would be rejected.
    pub rejected: Vec<Rejected>,
    /// Why it ended before the end of the source, if it did.
    pub stopped: Option<(String, String)>,
    /// Requests sent, all of them reads (and for a token).
    pub requests: u64,
}

/// Rehearses one pass of a flow; `refresh`: one that begins at the beginning of the source.
/// With gates shared with other flows of the same credential.
pub async fn rehearse(plan: &Plan, world: &World, gates: &Gates, refresh: bool) -> Rehearsal {
    let aside = Arc::new(Aside::of(Arc::clone(&world.ledger)));
    *lock(&aside.checkpoint) = refresh.then(Checkpoint::default);
    let world = World { ledger: Arc::clone(&aside) as _, observer: Arc::new(Silent), ..world.clone() };
    let run = Run::rehearsing(plan, &world, gates);
    let report = remembered(&run, pass::walk(&run, true)).await;
    let Would { create, update, put, delete } = run.would();
    let rejected = aside.letters().into_iter().take(SHOWN);
    Rehearsal {
        flow: report.flow,
        counts: report.counts,
        create,
        update,
        put,
        delete,
        rejected: rejected.map(|l| Rejected { key: l.key, code: l.code, because: l.because }).collect(),
        stopped: report.stopped,
        requests: report.requests,
    }
}

/// Hears nothing: a log line that says "written" would be wrong here.
pub(super) struct Silent;

impl Observer for Silent {
    fn log(&self, _line: LogLine) {}
}

/// A ledger that reads what is remembered and keeps what is new to itself.
pub(super) struct Aside {
    real: Arc<dyn Ledger>,
    /// Whose switches hold.
    switches: Arc<dyn Ledger>,
    new: MemoryLedger,
    checkpoint: Mutex<Option<Checkpoint>>,
}

impl Aside {
    fn of(real: Arc<dyn Ledger>) -> Self {
        Self { switches: Arc::clone(&real), real, new: MemoryLedger::default(), checkpoint: Mutex::default() }
    }

    /// One that remembers nothing of before; the switches of this one hold.
    pub(super) fn empty(switches: Arc<dyn Ledger>) -> Self {
        Self { switches, ..Self::of(Arc::new(MemoryLedger::default())) }
    }

    fn letters(&self) -> Vec<DeadLetter> {
        // A ledger in memory does not fail.
        self.new.dead_letters(None).unwrap_or_default()
    }
}

impl Ledger for Aside {
    /// A run of the same flow in another process is not in the way: nothing is written.
    fn acquire(&self, _flow: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    fn release(&self, _flow: &str) {}

    fn effects_after(&self, flow: &str, after: Option<&str>, limit: usize) -> Result<Vec<Effect>, LedgerError> {
        self.real.effects_after(flow, after, limit)
    }

    fn checkpoint(&self, flow: &str) -> Result<Checkpoint, LedgerError> {
        let moved = lock(&self.checkpoint).clone();
        moved.map_or_else(|| self.real.checkpoint(flow), Ok)
    }

    fn set_checkpoint(&self, _flow: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        *lock(&self.checkpoint) = Some(checkpoint.clone());
        Ok(())
    }

    fn effect(&self, flow: &str, key: &str) -> Result<Option<Effect>, LedgerError> {
        match self.new.effect(flow, key)? {
            Some(effect) => Ok(Some(effect)),
            None => self.real.effect(flow, key),
        }
    }

    fn put_effect(&self, flow: &str, effect: &Effect) -> Result<(), LedgerError> {
        self.new.put_effect(flow, effect)
    }

    fn scratch(&self) -> Box<dyn Scratch> {
        self.real.scratch()
    }

    fn bury(&self, letter: &DeadLetter) -> Result<u64, LedgerError> {
        self.new.bury(letter)
    }

    fn absolve(&self, _flow: &str, _key: &str, _state: DeadState) -> Result<(), LedgerError> {
        Ok(())
    }

    fn dead_letters(&self, flow: Option<&str>) -> Result<Vec<DeadLetter>, LedgerError> {
        self.real.dead_letters(flow)
    }

    fn put_run(&self, _run: &RunRecord) -> Result<(), LedgerError> {
        Ok(())
    }

    fn runs(&self, limit: usize) -> Result<Vec<RunRecord>, LedgerError> {
        self.real.runs(limit)
    }

    fn receive(&self, _event: &Received) -> Result<bool, LedgerError> {
        Ok(true)
    }

    fn inbox(&self, flow: &str, after: u64, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        self.real.inbox(flow, after, limit)
    }

    fn settle_inbox(&self, _flow: &str, _seqs: &[u64]) -> Result<(), LedgerError> {
        Ok(())
    }

    /// The switch is for whoever sends, whether it writes or not.
    fn paused(&self, flow: &str) -> Result<Option<Pause>, LedgerError> {
        self.switches.paused(flow)
    }

    fn switched_from_outside(&self) -> Option<u64> {
        self.switches.switched_from_outside()
    }
}
