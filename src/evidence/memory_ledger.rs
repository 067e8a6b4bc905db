//! The ledger in memory, which the lab crashes.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;

use super::ledger::{Checkpoint, DeadLetter, DeadState, Effect, Ledger, LedgerError, Received, RunRecord, Waiting};
use super::operate::{ALL_FLOWS, Closed, Pause, Undo, UndoCounts, attempts_kept};
use crate::base::clock::Timestamp;

#[derive(Debug, Default)]
struct Memory {
    checkpoints: BTreeMap<String, Checkpoint>,
    effects: BTreeMap<(String, String), Effect>,
    letters: Vec<DeadLetter>,
    runs: Vec<RunRecord>,
    /// In the order of arrival, the place from 1; without payload where settled.
    inbox: Vec<(String, String, Option<Value>)>,
    /// By run and key.
    undos: BTreeMap<(String, String), Undo>,
    pauses: BTreeMap<String, Pause>,
}

impl Memory {
    fn undoes(&mut self, undo: &Undo) {
        let place = (undo.run.clone(), undo.key.clone());
        let line = match self.undos.remove(&place) {
            Some(before) => before.then(undo),
            None => undo.clone(),
        };
        self.undos.insert(place, line);
    }
}

/// A ledger in memory. What survives a simulated crash is what was put in, as with the real one.
#[derive(Debug, Default)]
pub struct MemoryLedger(Mutex<Memory>);

impl MemoryLedger {
    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        // Poisoned only by a panic while held; nothing in here panics.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Ledger for MemoryLedger {
    fn acquire(&self, _flow: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    fn release(&self, _flow: &str) {}

    fn effects_after(&self, flow: &str, after: Option<&str>, limit: usize) -> Result<Vec<Effect>, LedgerError> {
        let memory = self.lock();
        let of_flow = memory.effects.range((flow.to_owned(), String::new())..).take_while(|((f, _), _)| f == flow);
        let later = of_flow.filter(|((_, key), _)| after.is_none_or(|after| key.as_str() > after));
        Ok(later.take(limit).map(|(_, effect)| effect.clone()).collect())
    }

    fn checkpoint(&self, flow: &str) -> Result<Checkpoint, LedgerError> {
        Ok(self.lock().checkpoints.get(flow).cloned().unwrap_or_default())
    }

    fn set_checkpoint(&self, flow: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        self.lock().checkpoints.insert(flow.to_owned(), checkpoint.clone());
        Ok(())
    }

    fn effect(&self, flow: &str, key: &str) -> Result<Option<Effect>, LedgerError> {
        Ok(self.lock().effects.get(&(flow.to_owned(), key.to_owned())).cloned())
    }

    fn put_effect(&self, flow: &str, effect: &Effect) -> Result<(), LedgerError> {
        self.lock().effects.insert((flow.to_owned(), effect.key.clone()), effect.clone());
        Ok(())
    }

    fn of_other_mappings(&self, flow: &str, mapping: &str) -> Result<u64, LedgerError> {
        let memory = self.lock();
        let of_flow = memory.effects.iter().filter(|((f, _), _)| f == flow).map(|(_, effect)| effect);
        Ok(of_flow.filter(|effect| effect.is_of_other(mapping)).count() as u64)
    }

    fn forget_other_mappings(&self, flow: &str, mapping: &str) -> Result<(), LedgerError> {
        let mut memory = self.lock();
        let of_flow = memory.effects.iter_mut().filter(|((f, _), _)| f == flow).map(|(_, effect)| effect);
        of_flow.filter(|effect| effect.is_of_other(mapping)).for_each(|effect| effect.mapping = None);
        Ok(())
    }

    fn bury(&self, letter: &DeadLetter) -> Result<u64, LedgerError> {
        let mut memory = self.lock();
        let waits = |l: &DeadLetter| l.flow == letter.flow && l.key == letter.key && l.state == DeadState::Waiting;
        let before = memory.letters.iter().find(|l| waits(l)).map(|l| l.history.clone()).unwrap_or_default();
        // As with a sequence: the id of a letter that is replaced is never given again.
        let id = memory.letters.iter().map(|l| l.id).max().unwrap_or(0) + 1;
        memory.letters.retain(|l| !waits(l));
        let history = attempts_kept(before, letter.history.clone());
        memory.letters.push(DeadLetter { id, history, ..letter.clone() });
        Ok(id)
    }

    fn absolve(&self, flow: &str, key: &str, state: DeadState) -> Result<(), LedgerError> {
        for letter in &mut self.lock().letters {
            if letter.flow == flow && letter.key == key && letter.state == DeadState::Waiting {
                letter.state = state;
            }
        }
        Ok(())
    }

    fn reopen(&self, flow: &str, key: &str) -> Result<(), LedgerError> {
        let mut memory = self.lock();
        let of_key = || memory.letters.iter().filter(|l| l.flow == flow && l.key == key);
        if of_key().any(|l| l.state == DeadState::Waiting) {
            return Ok(());
        }
        let newest = of_key().filter(|l| l.state == DeadState::Replayed).map(|l| l.id).max();
        if let Some(letter) = memory.letters.iter_mut().find(|l| Some(l.id) == newest) {
            letter.state = DeadState::Waiting;
        }
        Ok(())
    }

    fn dead_letters(&self, flow: Option<&str>) -> Result<Vec<DeadLetter>, LedgerError> {
        Ok(self.lock().letters.iter().filter(|l| flow.is_none_or(|f| f == l.flow)).cloned().collect())
    }

    fn put_run(&self, run: &RunRecord) -> Result<(), LedgerError> {
        let mut memory = self.lock();
        memory.runs.retain(|r| r.id != run.id);
        memory.runs.push(run.clone());
        Ok(())
    }

    fn runs(&self, limit: usize) -> Result<Vec<RunRecord>, LedgerError> {
        Ok(self.lock().runs.iter().rev().take(limit).cloned().collect())
    }

    fn receive(&self, event: &Received) -> Result<bool, LedgerError> {
        let mut memory = self.lock();
        if memory.inbox.iter().any(|(flow, id, _)| *flow == event.flow && *id == event.id) {
            return Ok(false);
        }
        memory.inbox.push((event.flow.clone(), event.id.clone(), Some(event.payload.clone())));
        Ok(true)
    }

    fn inbox(&self, flow: &str, after: u64, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        let memory = self.lock();
        let all = (1..).zip(&memory.inbox).filter(|(seq, (of, _, _))| *seq > after && of == flow);
        let waiting =
            all.filter_map(|(seq, (_, id, payload))| Some(Waiting { seq, id: id.clone(), payload: payload.clone()? }));
        Ok(waiting.take(limit).collect())
    }

    fn settle_inbox(&self, flow: &str, seqs: &[u64]) -> Result<(), LedgerError> {
        for (seq, (of, _, payload)) in (1..).zip(&mut self.lock().inbox) {
            if of == flow && seqs.contains(&seq) {
                *payload = None;
            }
        }
        Ok(())
    }

    fn put_effect_undoable(&self, effect: &Effect, undo: &Undo) -> Result<(), LedgerError> {
        let mut memory = self.lock();
        memory.effects.insert((undo.flow.clone(), effect.key.clone()), effect.clone());
        memory.undoes(undo);
        Ok(())
    }

    fn put_undo(&self, undo: &Undo) -> Result<(), LedgerError> {
        self.lock().undoes(undo);
        Ok(())
    }

    fn refuse_undo(&self, run: &str, key: &str) -> Result<(), LedgerError> {
        let mut memory = self.lock();
        let place = (run.to_owned(), key.to_owned());
        if let Some(line) = memory.undos.get_mut(&place) {
            line.intends = None;
            if line.wrote.is_none() {
                memory.undos.remove(&place);
            }
        }
        Ok(())
    }

    fn undos(&self, run: &str, after: &str, limit: usize) -> Result<Vec<Undo>, LedgerError> {
        let memory = self.lock();
        let of_run = memory.undos.range((run.to_owned(), after.to_owned())..).take_while(|((r, _), _)| r == run);
        Ok(of_run.filter(|((_, key), _)| key.as_str() > after).map(|(_, line)| line.clone()).take(limit).collect())
    }

    fn sent(&self, flow: &str, key: &str) -> Result<bool, LedgerError> {
        Ok(self.lock().undos.values().any(|line| line.flow == flow && line.key == key && !line.undone))
    }

    fn unanswered(&self, flow: &str, key: &str) -> Result<bool, LedgerError> {
        let open = |line: &Undo| line.wrote.is_none() && line.intends.is_some() && !line.undone;
        Ok(self.lock().undos.values().any(|line| line.flow == flow && line.key == key && open(line)))
    }

    fn undo_counts(&self, run: &str) -> Result<UndoCounts, LedgerError> {
        let memory = self.lock();
        let (undone, open): (Vec<&Undo>, Vec<&Undo>) =
            memory.undos.values().filter(|line| line.run == run).partition(|line| line.undone);
        Ok(UndoCounts { open: open.len() as u64, undone: undone.len() as u64 })
    }

    fn undone(&self, run: &str, flow: &str, key: &str, effect: Option<&Effect>) -> Result<(), LedgerError> {
        let mut memory = self.lock();
        if let Some(line) = memory.undos.get_mut(&(run.to_owned(), key.to_owned())) {
            line.undone = true;
        }
        if let Some(effect) = effect {
            memory.effects.insert((flow.to_owned(), key.to_owned()), effect.clone());
        }
        Ok(())
    }

    fn forget(&self, before: Timestamp) -> Result<(u64, u64), LedgerError> {
        let mut memory = self.lock();
        let (lines, letters) = (memory.undos.len(), memory.letters.len());
        memory.undos.retain(|_, line| line.at >= before);
        memory.letters.retain(|l| l.at >= before || l.state == DeadState::Waiting);
        Ok(((lines - memory.undos.len()) as u64, (letters - memory.letters.len()) as u64))
    }

    fn pause(&self, pause: &Pause) -> Result<(), LedgerError> {
        self.lock().pauses.insert(pause.flow.clone(), pause.clone());
        Ok(())
    }

    fn resume(&self, flow: &str) -> Result<bool, LedgerError> {
        Ok(self.lock().pauses.remove(flow).is_some())
    }

    fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        Ok(self.lock().pauses.values().cloned().collect())
    }

    fn paused(&self, flow: &str) -> Result<Option<Pause>, LedgerError> {
        let memory = self.lock();
        if memory.pauses.is_empty() {
            return Ok(None);
        }
        Ok(memory.pauses.get(ALL_FLOWS).or_else(|| memory.pauses.get(flow)).cloned())
    }

    fn drop_letter(&self, id: u64, closed: &Closed) -> Result<bool, LedgerError> {
        let mut memory = self.lock();
        let waiting = memory.letters.iter_mut().find(|l| l.id == id && l.state == DeadState::Waiting);
        let Some(letter) = waiting else { return Ok(false) };
        letter.state = DeadState::Dropped;
        letter.closed = Some(closed.clone());
        Ok(true)
    }
}
