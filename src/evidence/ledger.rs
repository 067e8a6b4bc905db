//! What a connector must remember to lose nothing and to write nothing twice: checkpoints, intended and done effects,
//! dead letters, runs. The port.

use std::collections::BTreeMap;

use serde_json::Value;

use super::operate::{Attempted, Closed, Pause, Undo, UndoCounts};
use super::{MemoryScratch, Scratch};
use crate::base::clock::Timestamp;

/// How far a flow has safely come.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Checkpoint {
    /// Highest value of the incremental field that was read *and* settled, as the source wrote it. Read from here,
    /// inclusive, next time.
    pub watermark: Option<String>,
    /// Cursor, page or offset to go on from within the current pass; nothing when the pass was finished.
    pub cursor: Option<String>,
    /// Highest value of the incremental field seen in the current, unfinished pass.
    pub pending_watermark: Option<String>,
}

/// What became of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectState {
    /// Intended; whether the target has it is not known.
    Intended,
    /// The target acknowledged it.
    Done,
    /// It was done and taken back: the next delivery does it anew, under another idempotency key.
    Undone,
}

/// The last effect on the target for one source key: the idempotency ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Key of the source record, as text.
    pub key: String,
    /// Digest of the mapped record.
    pub digest: String,
    /// Value of the incremental field, where there is one: an older version never overwrites a newer one.
    pub version: Option<String>,
    /// The idempotency key sent with it. The same for every attempt at the same effect, also after a crash. Empty where nothing
    /// was sent, since the target held it before.
    pub idempotency_key: String,
    /// Key of the target's record, where it is known.
    pub target_id: Option<String>,
    /// What became of it.
    pub state: EffectState,
    /// By which mapping the record was made ([`Mapping::digest`](crate::mapping::Mapping::digest)). Nothing where nobody
    /// knows, and where no mapping can change it any more.
    pub mapping: Option<String>,
}

/// Digest of an effect that took a record out of the target.
pub const TAKEN_OUT: &str = "deleted";

impl Effect {
    /// The target held it before anything was sent: noted, and not this flow's own.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.idempotency_key.is_empty()
    }

    /// The record is out of the target, as far as the ledger knows.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.digest == TAKEN_OUT && self.state == EffectState::Done
    }

    /// It was delivered, and by another mapping than this one.
    #[must_use]
    pub fn is_of_other(&self, mapping: &str) -> bool {
        self.state == EffectState::Done && self.mapping.as_deref().is_some_and(|of| of != mapping)
    }
}

/// Whether a dead letter waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeadState {
    /// Waits for somebody.
    Waiting,
    /// Was delivered by a replay or a later version of the record.
    Replayed,
    /// Was dropped by somebody, with a reason.
    Dropped,
}

/// A record that could not be delivered, kept with its payload.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Given by the ledger; 0 before.
    pub id: u64,
    /// The flow.
    pub flow: String,
    /// Key of the source record, as text.
    pub key: String,
    /// Kebab-case reason, e.g. `rejected-by-target`, `unmappable`.
    pub code: String,
    /// Reason in words, redacted.
    pub because: String,
    /// The source record.
    pub payload: Value,
    /// Attempts made.
    pub attempts: u32,
    /// When.
    pub at: Timestamp,
    /// Whether it waits.
    pub state: DeadState,
    /// The newest attempts at it, of all runs, oldest first.
    pub history: Vec<Attempted>,
    /// Who put it aside, and why; only where it was dropped.
    pub closed: Option<Closed>,
}

/// A verified event of a webhook, as it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The flow that it is for.
    pub flow: String,
    /// Its id, as the sender gave it.
    pub id: String,
    /// When it came.
    pub at: Timestamp,
    /// Its payload.
    pub payload: Value,
}

/// An event that waits in the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Its place in the order of arrival; larger is later.
    pub seq: u64,
    /// Its id.
    pub id: String,
    /// Its payload.
    pub payload: Value,
}

/// A finished or running run of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Handle of the run.
    pub id: String,
    /// The flow.
    pub flow: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; nothing while it runs, or when it was killed.
    pub ended: Option<Timestamp>,
    /// `PASS`, `PARTIAL`, `FAIL` or `UNPROVEN`.
    pub verdict: String,
    /// The reconciliation as JSON.
    pub counts: String,
    /// Where the flow stood when it began; nothing where it read nothing from there on, as a replay of dead letters does.
    pub checkpoint: Option<Checkpoint>,
}

/// Why the ledger did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// Another process runs on this ledger.
    #[error("another process (pid {pid}) runs flow {flow} on this ledger")]
    Busy {
        /// The flow.
        flow: String,
        /// Who holds it.
        pid: u32,
    },
    /// It cannot be read or written; the run must stop, since going on would be going on without memory.
    #[error("the ledger {path} cannot be {what}: {because}")]
    Unusable {
        /// The database file.
        path: String,
        /// `opened`, `read`, `written`.
        what: &'static str,
        /// What the system said.
        because: String,
    },
}

fn no_switch(flow: &str) -> LedgerError {
    LedgerError::Unusable {
        path: flow.to_owned(),
        what: "written",
        because: "this ledger keeps no switches".to_owned(),
    }
}

/// What a connector remembers. What operating it needs besides (journal, switches) a ledger may leave out: it then keeps
/// none, and a flow on it is never off. Every call is durable when it returns; nothing is half-written.
pub trait Ledger: Send + Sync {
    /// Takes the flow for this process; a second process is refused.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] and faults.
    fn acquire(&self, flow: &str) -> Result<(), LedgerError>;

    /// The process that holds the flow now, where another one does. It is only looked.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn holder(&self, _flow: &str) -> Result<Option<u32>, LedgerError> {
        Ok(None)
    }

    /// Gives the flow back.
    fn release(&self, flow: &str);

    /// The last effects of a flow in the order of their keys: those after the key `after` (nothing: from the first), at
    /// most `limit`.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn effects_after(&self, flow: &str, after: Option<&str>, limit: usize) -> Result<Vec<Effect>, LedgerError>;

    /// The last effect of another record of the flow than `key` that stands in the target under this key of the target.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn another_of(&self, flow: &str, target_id: &str, key: &str) -> Result<Option<Effect>, LedgerError> {
        let mut after: Option<String> = None;
        loop {
            let effects = self.effects_after(flow, after.as_deref(), 500)?;
            let Some(last) = effects.last() else { return Ok(None) };
            after = Some(last.key.clone());
            let of = |e: &Effect| e.target_id.as_deref() == Some(target_id) && e.key != key && !e.is_gone();
            if let Some(found) = effects.into_iter().find(of) {
                return Ok(Some(found));
            }
        }
    }

    /// How far the flow has come.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn checkpoint(&self, flow: &str) -> Result<Checkpoint, LedgerError>;

    /// Moves the checkpoint. Only after everything before it is settled.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn set_checkpoint(&self, flow: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError>;

    /// The last effect for a source key.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn effect(&self, flow: &str, key: &str) -> Result<Option<Effect>, LedgerError>;

    /// Notes an effect, intended or done.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn put_effect(&self, flow: &str, effect: &Effect) -> Result<(), LedgerError>;

    /// The last effects for some source keys, in the order of the keys.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn effects(&self, flow: &str, keys: &[&str]) -> Result<Vec<Option<Effect>>, LedgerError> {
        keys.iter().map(|key| self.effect(flow, key)).collect()
    }

    /// Notes effects of one flow at once; a backend that can makes it all of them or none.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn put_effects(&self, flow: &str, effects: &[Effect]) -> Result<(), LedgerError> {
        effects.iter().try_for_each(|effect| self.put_effect(flow, effect))
    }

    /// How many records of a flow were delivered by another mapping than this one.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn of_other_mappings(&self, _flow: &str, _mapping: &str) -> Result<u64, LedgerError> {
        Ok(0)
    }

    /// The source was read from its beginning to its end by this mapping: what is left of others is not at the source any
    /// more, or waits among the dead letters, and no other run can deliver it by this one.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn forget_other_mappings(&self, _flow: &str, _mapping: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    /// A map for one pass, which ends with it.
    fn scratch(&self) -> Box<dyn Scratch> {
        Box::<MemoryScratch>::default()
    }

    /// Keeps a record that could not be delivered. A waiting letter of the same flow and key is replaced, so that a
    /// rerun does not pile up copies; the attempts at it are kept with those of the new one. Returns its id.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn bury(&self, letter: &DeadLetter) -> Result<u64, LedgerError>;

    /// A later delivery of this key settles its waiting dead letter.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn absolve(&self, flow: &str, key: &str, state: DeadState) -> Result<(), LedgerError>;

    /// The newest dead letter of this key that a delivery settled waits again, unless another one of it waits: what was
    /// delivered was taken back.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn reopen(&self, _flow: &str, _key: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    /// Dead letters, oldest first; of one flow where given.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn dead_letters(&self, flow: Option<&str>) -> Result<Vec<DeadLetter>, LedgerError>;

    /// Writes a run, new or ended.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn put_run(&self, run: &RunRecord) -> Result<(), LedgerError>;

    /// Runs, newest first.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn runs(&self, limit: usize) -> Result<Vec<RunRecord>, LedgerError>;

    /// Keeps an event in the inbox of its flow, also through a loss of power; false where an event of this id was kept
    /// before, settled or not.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn receive(&self, event: &Received) -> Result<bool, LedgerError>;

    /// Events of a flow that wait, in the order in which they came: those after `after` (0: from the first), at most
    /// `limit`.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn inbox(&self, flow: &str, after: u64, limit: usize) -> Result<Vec<Waiting>, LedgerError>;

    /// Takes events out of the inbox whose records are settled. Their ids stay known.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn settle_inbox(&self, flow: &str, seqs: &[u64]) -> Result<(), LedgerError>;

    /// As [`Ledger::put_effect`], and notes what undoes it: both or neither. A line of the same run and key is gone on
    /// with, see [`Undo::then`].
    ///
    /// # Errors
    /// Faults of the ledger.
    fn put_effect_undoable(&self, effect: &Effect, undo: &Undo) -> Result<(), LedgerError> {
        self.put_effect(&undo.flow, effect)
    }

    /// As [`Ledger::put_effects`], each with what undoes it where something does; a backend that can makes it all of them
    /// or none.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn put_effects_undoable(&self, flow: &str, noted: &[(Effect, Option<Undo>)]) -> Result<(), LedgerError> {
        noted.iter().try_for_each(|(effect, undo)| match undo {
            Some(undo) => self.put_effect_undoable(effect, undo),
            None => self.put_effect(flow, effect),
        })
    }

    /// Notes what would undo a write whose intention was noted before. It survives the process; a loss of power may take
    /// the newest lines.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn put_undo(&self, _undo: &Undo) -> Result<(), LedgerError> {
        Ok(())
    }

    /// As [`Ledger::put_undo`], of several writes; a backend that can makes it all of them or none.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn put_undos(&self, undos: &[Undo]) -> Result<(), LedgerError> {
        undos.iter().try_for_each(|undo| self.put_undo(undo))
    }

    /// Takes back what was noted of a write that the target refused for good: it did nothing.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn refuse_undo(&self, _run: &str, _key: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    /// The undo journal of a run by key: those after `after` (empty: from the first), at most `limit`.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn undos(&self, _run: &str, _after: &str, _limit: usize) -> Result<Vec<Undo>, LedgerError> {
        Ok(Vec::new())
    }

    /// Whether the undo journal of any run holds a write for this key that was sent, not refused, and not taken back.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn sent(&self, _flow: &str, _key: &str) -> Result<bool, LedgerError> {
        Ok(true)
    }

    /// Whether the undo journal of any run holds a write for this key that was sent and neither answered nor refused.
    ///
    /// # Errors
    /// Faults of the backend.
    fn unanswered(&self, _flow: &str, _key: &str) -> Result<bool, LedgerError> {
        Ok(false)
    }

    /// How much of a run's journal is open, and how much was undone.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn undo_counts(&self, _run: &str) -> Result<UndoCounts, LedgerError> {
        Ok(UndoCounts::default())
    }

    /// A write of a run was undone: its line is marked, and the effect of its key becomes `effect`; both or neither.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn undone(&self, run: &str, flow: &str, key: &str, effect: Option<&Effect>) -> Result<(), LedgerError> {
        let _ = (run, key);
        effect.map_or(Ok(()), |effect| self.put_effect(flow, effect))
    }

    /// Drops what the journal and settled dead letters hold from before this time. How many lines, and how many letters.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn forget(&self, _before: Timestamp) -> Result<(u64, u64), LedgerError> {
        Ok((0, 0))
    }

    /// Switches a flow, or [`ALL_FLOWS`], off. One that is off already is off for this reason from now on.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn pause(&self, pause: &Pause) -> Result<(), LedgerError> {
        Err(no_switch(&pause.flow))
    }

    /// Switches it on again; false where it was not off. A flow that is off because all are stays off.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn resume(&self, flow: &str) -> Result<bool, LedgerError> {
        Err(no_switch(flow))
    }

    /// What is switched off, by name.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        Ok(Vec::new())
    }

    /// What switches this flow off, where something does. Asked before every request.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn paused(&self, _flow: &str) -> Result<Option<Pause>, LedgerError> {
        Ok(None)
    }

    /// How often, in milliseconds, whoever waits has to look whether another process threw a switch; nothing where no other
    /// process can.
    fn switched_from_outside(&self) -> Option<u64> {
        None
    }

    /// How many dead letters wait, by flow; flows without any may be left out.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn letters_waiting(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        let mut out = BTreeMap::new();
        for letter in self.dead_letters(None)?.into_iter().filter(|l| l.state == DeadState::Waiting) {
            *out.entry(letter.flow).or_default() += 1;
        }
        Ok(out)
    }

    /// Puts a waiting dead letter aside; false where none of this id waits.
    ///
    /// # Errors
    /// Faults of the ledger.
    fn drop_letter(&self, _id: u64, _closed: &Closed) -> Result<bool, LedgerError> {
        Ok(false)
    }
}
