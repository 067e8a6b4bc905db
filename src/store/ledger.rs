//! The connector's memory over SQLite.
//!
//! An intended effect is on the disk before its request leaves, so that the same idempotency key is sent again even
//! after a power cut; so is an event of a webhook before its sender is told that it was taken. Everything else waits for no disk:
//! after a power cut the file holds a prefix of what was written, which is a state the connector has been in and goes on from.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::operate::{self, json_text};
use super::scratch::SqliteScratch;
use super::sqlite::because;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::evidence::{
    Checkpoint, Closed, DeadLetter, DeadState, Effect, EffectState, Ledger, LedgerError, Pause, Received, RunRecord,
    Scratch, StoreError, Undo, UndoCounts, Waiting, attempts_kept,
};

impl SqliteStore {
    fn ledger_fault(&self, what: &'static str, because: String) -> LedgerError {
        LedgerError::Unusable { path: self.path().display().to_string(), what, because }
    }

    fn ledger_unread(&self, error: &rusqlite::Error) -> LedgerError {
        self.ledger_fault("read", because(error))
    }

    fn ledger_unwritten(&self, error: &rusqlite::Error) -> LedgerError {
        self.ledger_fault("written", because(error))
    }

    /// Writes effects; what is only intended is on the disk when this returns.
    fn noting(
        &self,
        intended: bool,
        put: impl FnOnce(&mut Connection) -> rusqlite::Result<()>,
    ) -> Result<(), LedgerError> {
        let put = if intended { self.quick_synced().and_then(|mut c| put(&mut c)) } else { put(&mut self.quick()) };
        put.map_err(|e| self.ledger_unwritten(&e))
    }

    fn ledger_there(&self) -> Result<(), LedgerError> {
        self.still_there().map_err(|e| match e {
            StoreError::Unusable { path, what, because } => LedgerError::Unusable { path, what, because },
            other => self.ledger_fault("written", other.to_string()),
        })
    }

    /// Who took the flow last; 0 where the holder has the lock and is about to write its number.
    fn leased(&self, flow: &str) -> Result<u32, LedgerError> {
        let pid: Option<u32> = self
            .quick()
            .query_row("SELECT pid FROM leases WHERE flow = ?1", [flow], |row| row.get(0))
            .optional()
            .map_err(|e| self.ledger_unread(&e))?;
        Ok(pid.unwrap_or(0))
    }

    /// The lock file of a flow: beside the database, named by digest since a flow's name may hold anything.
    fn lock_file(&self, flow: &str) -> PathBuf {
        let mut name = self.path().as_os_str().to_owned();
        name.push(format!(".{}.lock", Digest::of_bytes(flow.as_bytes()).short()));
        PathBuf::from(name)
    }
}

const SELECT_EFFECT: &str =
    "SELECT key, digest, version, idempotency_key, target_id, state, mapping FROM effects WHERE flow = ?1 AND key = ?2";

const UPSERT_EFFECT: &str = "INSERT INTO effects (flow, key, digest, version, idempotency_key, target_id, state, mapping) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (flow, key) DO UPDATE SET digest = excluded.digest, \
     version = excluded.version, idempotency_key = excluded.idempotency_key, \
     target_id = excluded.target_id, state = excluded.state, mapping = excluded.mapping";

const fn effect_word(state: EffectState) -> &'static str {
    match state {
        EffectState::Intended => "intended",
        EffectState::Done => "done",
        EffectState::Undone => "undone",
    }
}

const fn dead_word(state: DeadState) -> &'static str {
    match state {
        DeadState::Waiting => "waiting",
        DeadState::Replayed => "replayed",
        DeadState::Dropped => "dropped",
    }
}

/// Writes an effect, in place of the one before of its key.
pub(super) fn effect_in(connection: &Connection, flow: &str, effect: &Effect) -> rusqlite::Result<()> {
    let Effect { key, digest, version, idempotency_key, target_id, state, mapping } = effect;
    connection.prepare_cached(UPSERT_EFFECT)?.execute(params![
        flow,
        key,
        digest,
        version,
        idempotency_key,
        target_id,
        effect_word(*state),
        mapping
    ])?;
    Ok(())
}

/// JSON of ours, in a column of a table of ours.
pub(super) fn json_of<T: serde::de::DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e)))
}

fn effect_of(row: &Row<'_>) -> rusqlite::Result<Effect> {
    let state: String = row.get(5)?;
    Ok(Effect {
        key: row.get(0)?,
        digest: row.get(1)?,
        version: row.get(2)?,
        idempotency_key: row.get(3)?,
        target_id: row.get(4)?,
        // The column's CHECK leaves no fourth word.
        state: match state.as_str() {
            "done" => EffectState::Done,
            "undone" => EffectState::Undone,
            _ => EffectState::Intended,
        },
        mapping: row.get(6)?,
    })
}

fn letter_of(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    let payload: String = row.get(5)?;
    let state: String = row.get(8)?;
    Ok(DeadLetter {
        id: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        flow: row.get(1)?,
        key: row.get(2)?,
        code: row.get(3)?,
        because: row.get(4)?,
        payload: json_of(5, &payload)?,
        attempts: row.get(6)?,
        at: Timestamp(row.get(7)?),
        // The column's CHECK leaves no fourth word.
        state: match state.as_str() {
            "replayed" => DeadState::Replayed,
            "dropped" => DeadState::Dropped,
            _ => DeadState::Waiting,
        },
        history: json_of(9, &row.get::<_, String>(9)?)?,
        closed: row.get::<_, Option<String>>(10)?.map(|text| json_of(10, &text)).transpose()?,
    })
}

fn waiting_of(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let payload: String = row.get(2)?;
    Ok(Waiting {
        seq: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
        id: row.get(1)?,
        payload: json_of(2, &payload)?,
    })
}

impl Ledger for SqliteStore {
    fn acquire(&self, flow: &str) -> Result<(), LedgerError> {
        self.ledger_there()?;
        let mut held = self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.contains_key(flow) {
            return Ok(());
        }
        let path = self.lock_file(flow);
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| self.ledger_fault("written", format!("{}: {e}", path.display())))?;
        // Whoever only looks holds it for a moment.
        let mut locked = file.try_lock();
        for _ in 0..3 {
            if matches!(locked, Err(std::fs::TryLockError::WouldBlock)) {
                std::thread::sleep(std::time::Duration::from_millis(2));
                locked = file.try_lock();
            }
        }
        match locked {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(LedgerError::Busy { flow: flow.to_owned(), pid: self.leased(flow)? });
            }
            Err(std::fs::TryLockError::Error(e)) => {
                return Err(self.ledger_fault("written", format!("{}: {e}", path.display())));
            }
        }
        self.quick()
            .execute(
                "INSERT INTO leases (flow, pid) VALUES (?1, ?2) ON CONFLICT (flow) DO UPDATE SET pid = excluded.pid",
                params![flow, std::process::id()],
            )
            .map_err(|e| self.ledger_unwritten(&e))?;
        held.insert(flow.to_owned(), file);
        Ok(())
    }

    fn holder(&self, flow: &str) -> Result<Option<u32>, LedgerError> {
        if self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains_key(flow) {
            return Ok(None);
        }
        // Shared: two that look at once are not in each other's way.
        let held = File::open(self.lock_file(flow))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)));
        if held { self.leased(flow).map(Some) } else { Ok(None) }
    }

    fn release(&self, flow: &str) {
        let mut held = self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Closing the file gives the lock back. The file stays: removing it would let two processes lock two files of
        // the same name.
        held.remove(flow);
    }

    fn effects_after(&self, flow: &str, after: Option<&str>, limit: usize) -> Result<Vec<Effect>, LedgerError> {
        self.quick()
            .prepare_cached(
                "SELECT key, digest, version, idempotency_key, target_id, state, mapping FROM effects \
                 WHERE flow = ?1 AND (?2 IS NULL OR key > ?2) ORDER BY key LIMIT ?3",
            )
            .and_then(|mut s| {
                s.query_map(params![flow, after, i64::try_from(limit).unwrap_or(i64::MAX)], effect_of)?.collect()
            })
            .map_err(|e| self.ledger_unread(&e))
    }

    fn another_of(&self, flow: &str, target_id: &str, key: &str) -> Result<Option<Effect>, LedgerError> {
        let connection = self.quick();
        // Made where it is first needed: only who deletes looks by the target's key, and every write would pay for it.
        connection
            .execute_batch("CREATE INDEX IF NOT EXISTS effects_by_target ON effects (flow, target_id)")
            .map_err(|e| self.ledger_unwritten(&e))?;
        let found: rusqlite::Result<Vec<Effect>> = connection
            .prepare_cached(
                "SELECT key, digest, version, idempotency_key, target_id, state, mapping FROM effects \
                 WHERE flow = ?1 AND target_id = ?2 AND key <> ?3 ORDER BY key",
            )
            .and_then(|mut s| s.query_map([flow, target_id, key], effect_of)?.collect());
        Ok(found.map_err(|e| self.ledger_unread(&e))?.into_iter().find(|effect| !effect.is_gone()))
    }

    fn checkpoint(&self, flow: &str) -> Result<Checkpoint, LedgerError> {
        let found = self
            .quick()
            .prepare_cached("SELECT watermark, cursor, pending_watermark FROM checkpoints WHERE flow = ?1")
            .and_then(|mut s| {
                s.query_row([flow], |row| {
                    Ok(Checkpoint { watermark: row.get(0)?, cursor: row.get(1)?, pending_watermark: row.get(2)? })
                })
                .optional()
            })
            .map_err(|e| self.ledger_unread(&e))?;
        Ok(found.unwrap_or_default())
    }

    fn set_checkpoint(&self, flow: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        self.ledger_there()?;
        let Checkpoint { watermark, cursor, pending_watermark } = checkpoint;
        self.quick()
            .prepare_cached(
                "INSERT INTO checkpoints (flow, watermark, cursor, pending_watermark) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (flow) DO UPDATE SET watermark = excluded.watermark, cursor = excluded.cursor, \
                 pending_watermark = excluded.pending_watermark",
            )
            .and_then(|mut s| s.execute(params![flow, watermark, cursor, pending_watermark]))
            .map_err(|e| self.ledger_unwritten(&e))?;
        Ok(())
    }

    fn effect(&self, flow: &str, key: &str) -> Result<Option<Effect>, LedgerError> {
        self.quick()
            .prepare_cached(SELECT_EFFECT)
            .and_then(|mut s| s.query_row([flow, key], effect_of).optional())
            .map_err(|e| self.ledger_unread(&e))
    }

    fn of_other_mappings(&self, flow: &str, mapping: &str) -> Result<u64, LedgerError> {
        self.quick()
            .prepare_cached("SELECT count(*) FROM effects WHERE flow = ?1 AND state = 'done' AND mapping <> ?2")
            .and_then(|mut s| s.query_row([flow, mapping], |row| row.get::<_, i64>(0)))
            .map(|count| u64::try_from(count).unwrap_or(0))
            .map_err(|e| self.ledger_unread(&e))
    }

    fn forget_other_mappings(&self, flow: &str, mapping: &str) -> Result<(), LedgerError> {
        self.ledger_there()?;
        self.quick()
            .prepare_cached("UPDATE effects SET mapping = NULL WHERE flow = ?1 AND state = 'done' AND mapping <> ?2")
            .and_then(|mut s| s.execute([flow, mapping]))
            .map_err(|e| self.ledger_unwritten(&e))?;
        Ok(())
    }

    fn put_effect(&self, flow: &str, effect: &Effect) -> Result<(), LedgerError> {
        self.put_effects(flow, std::slice::from_ref(effect))
    }

    fn effects(&self, flow: &str, keys: &[&str]) -> Result<Vec<Option<Effect>>, LedgerError> {
        let mut connection = self.quick();
        let mut read = || -> rusqlite::Result<Vec<Option<Effect>>> {
            // One look at the file for all of them: outside a transaction each would lock and unlock it.
            let transaction = connection.transaction()?;
            let mut select = transaction.prepare_cached(SELECT_EFFECT)?;
            keys.iter().map(|key| select.query_row([flow, key], effect_of).optional()).collect()
        };
        read().map_err(|e| self.ledger_unread(&e))
    }

    fn put_effects(&self, flow: &str, effects: &[Effect]) -> Result<(), LedgerError> {
        if effects.is_empty() {
            return Ok(());
        }
        self.ledger_there()?;
        // One commit for all of them: the disk is waited for once, not once a record.
        let intended = effects.iter().any(|e| e.state == EffectState::Intended);
        let put = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            effects.iter().try_for_each(|effect| effect_in(&transaction, flow, effect))?;
            transaction.commit()
        };
        self.noting(intended, put)
    }

    fn scratch(&self) -> Box<dyn Scratch> {
        Box::new(SqliteScratch::new())
    }

    fn bury(&self, letter: &DeadLetter) -> Result<u64, LedgerError> {
        self.ledger_there()?;
        let DeadLetter { id: _, flow, key, code, because, payload, attempts, at, state, history, closed } = letter;
        let mut connection = self.quick();
        let mut replace = || -> rusqlite::Result<i64> {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let waiting: Option<String> = transaction
                .query_row(
                    "DELETE FROM dead_letters WHERE flow = ?1 AND key = ?2 AND state = 'waiting' RETURNING history",
                    params![flow, key],
                    |row| row.get(0),
                )
                .optional()?;
            let before = waiting.map(|text| json_of(0, &text)).transpose()?.unwrap_or_default();
            let history = json_text(&attempts_kept(before, history.clone()));
            transaction.execute(
                "INSERT INTO dead_letters (flow, key, code, because, payload, attempts, at, state, history, closed) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    flow,
                    key,
                    code,
                    because,
                    payload.to_string(),
                    attempts,
                    at.0,
                    dead_word(*state),
                    history,
                    closed.as_ref().map(json_text)
                ],
            )?;
            let id = transaction.last_insert_rowid();
            transaction.commit()?;
            Ok(id)
        };
        replace().map(|id| u64::try_from(id).unwrap_or(0)).map_err(|e| self.ledger_unwritten(&e))
    }

    fn absolve(&self, flow: &str, key: &str, state: DeadState) -> Result<(), LedgerError> {
        self.ledger_there()?;
        self.quick()
            .prepare_cached("UPDATE dead_letters SET state = ?3 WHERE flow = ?1 AND key = ?2 AND state = 'waiting'")
            .and_then(|mut s| s.execute(params![flow, key, dead_word(state)]))
            .map_err(|e| self.ledger_unwritten(&e))?;
        Ok(())
    }

    fn reopen(&self, flow: &str, key: &str) -> Result<(), LedgerError> {
        self.ledger_there()?;
        self.quick()
            .prepare_cached(
                "UPDATE dead_letters SET state = 'waiting' WHERE id = \
                 (SELECT max(id) FROM dead_letters WHERE flow = ?1 AND key = ?2 AND state = 'replayed') \
                 AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE flow = ?1 AND key = ?2 AND state = 'waiting')",
            )
            .and_then(|mut s| s.execute([flow, key]))
            .map_err(|e| self.ledger_unwritten(&e))?;
        Ok(())
    }

    fn dead_letters(&self, flow: Option<&str>) -> Result<Vec<DeadLetter>, LedgerError> {
        self.quick()
            .prepare_cached(
                "SELECT id, flow, key, code, because, payload, attempts, at, state, history, closed FROM dead_letters \
                 WHERE ?1 IS NULL OR flow = ?1 ORDER BY id",
            )
            .and_then(|mut s| s.query_map([flow], letter_of)?.collect())
            .map_err(|e| self.ledger_unread(&e))
    }

    fn put_run(&self, run: &RunRecord) -> Result<(), LedgerError> {
        self.ledger_there()?;
        let RunRecord { id, flow, started, ended, verdict, counts, checkpoint } = run;
        self.quick()
            .prepare_cached(
                "INSERT INTO runs (id, flow, started, ended, verdict, counts, checkpoint) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (id) DO UPDATE SET flow = excluded.flow, started = excluded.started, \
                 ended = excluded.ended, verdict = excluded.verdict, counts = excluded.counts, \
                 checkpoint = excluded.checkpoint",
            )
            .and_then(|mut s| {
                let checkpoint = checkpoint.as_ref().map(json_text);
                s.execute(params![id, flow, started.0, ended.map(|t| t.0), verdict, counts, checkpoint])
            })
            .map_err(|e| self.ledger_unwritten(&e))?;
        Ok(())
    }

    fn runs(&self, limit: usize) -> Result<Vec<RunRecord>, LedgerError> {
        self.quick()
            .prepare_cached(
                "SELECT id, flow, started, ended, verdict, counts, checkpoint FROM runs ORDER BY started DESC, rowid DESC LIMIT ?1",
            )
            .and_then(|mut s| {
                s.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok(RunRecord {
                        id: row.get(0)?,
                        flow: row.get(1)?,
                        started: Timestamp(row.get(2)?),
                        ended: row.get::<_, Option<i64>>(3)?.map(Timestamp),
                        verdict: row.get(4)?,
                        counts: row.get(5)?,
                        checkpoint: row.get::<_, Option<String>>(6)?.map(|text| json_of(6, &text)).transpose()?,
                    })
                })?
                .collect()
            })
            .map_err(|e| self.ledger_unread(&e))
    }

    fn receive(&self, event: &Received) -> Result<bool, LedgerError> {
        self.ledger_there()?;
        let Received { flow, id, at, payload } = event;
        let new = self
            .synced()
            .prepare_cached(
                "INSERT INTO inbox (flow, id, at, payload) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (flow, id) DO NOTHING",
            )
            .and_then(|mut s| s.execute(params![flow, id, at.0, payload.to_string()]))
            .map_err(|e| self.ledger_unwritten(&e))?;
        Ok(new > 0)
    }

    fn inbox(&self, flow: &str, after: u64, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        let (after, limit) = (i64::try_from(after).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        self.quick()
            .prepare_cached(
                "SELECT seq, id, payload FROM inbox WHERE flow = ?1 AND seq > ?2 AND payload IS NOT NULL \
                 ORDER BY seq LIMIT ?3",
            )
            .and_then(|mut s| s.query_map(params![flow, after, limit], waiting_of)?.collect())
            .map_err(|e| self.ledger_unread(&e))
    }

    fn settle_inbox(&self, flow: &str, seqs: &[u64]) -> Result<(), LedgerError> {
        self.ledger_there()?;
        let mut connection = self.quick();
        let mut settle = || -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            {
                let mut update =
                    transaction.prepare_cached("UPDATE inbox SET payload = NULL WHERE flow = ?1 AND seq = ?2")?;
                for seq in seqs {
                    update.execute(params![flow, i64::try_from(*seq).unwrap_or(i64::MAX)])?;
                }
            }
            transaction.commit()
        };
        settle().map_err(|e| self.ledger_unwritten(&e))
    }

    fn put_effect_undoable(&self, effect: &Effect, undo: &Undo) -> Result<(), LedgerError> {
        self.ledger_there()?;
        let intended = effect.state == EffectState::Intended;
        self.noting(intended, |connection| operate::effect_and_undo(connection, effect, undo))
    }

    fn put_effects_undoable(&self, flow: &str, noted: &[(Effect, Option<Undo>)]) -> Result<(), LedgerError> {
        if noted.is_empty() {
            return Ok(());
        }
        self.ledger_there()?;
        let intended = noted.iter().any(|(effect, _)| effect.state == EffectState::Intended);
        self.noting(intended, |connection| operate::effects_and_undos(connection, flow, noted))
    }

    fn put_undo(&self, undo: &Undo) -> Result<(), LedgerError> {
        self.put_undos(std::slice::from_ref(undo))
    }

    fn put_undos(&self, undos: &[Undo]) -> Result<(), LedgerError> {
        self.ledger_there()?;
        operate::undos_alone(&mut self.quick(), undos).map_err(|e| self.ledger_unwritten(&e))
    }

    fn refuse_undo(&self, run: &str, key: &str) -> Result<(), LedgerError> {
        self.ledger_there()?;
        operate::refuse(&self.quick(), run, key).map_err(|e| self.ledger_unwritten(&e))
    }

    fn undos(&self, run: &str, after: &str, limit: usize) -> Result<Vec<Undo>, LedgerError> {
        operate::undos(&self.quick(), run, after, limit).map_err(|e| self.ledger_unread(&e))
    }

    fn sent(&self, flow: &str, key: &str) -> Result<bool, LedgerError> {
        self.quick()
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM undo WHERE flow = ?1 AND key = ?2 AND undone = 0)")
            .and_then(|mut s| s.query_row([flow, key], |row| row.get(0)))
            .map_err(|e| self.ledger_unread(&e))
    }

    fn unanswered(&self, flow: &str, key: &str) -> Result<bool, LedgerError> {
        self.quick()
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM undo WHERE flow = ?1 AND key = ?2 AND undone = 0 AND wrote IS NULL AND intends IS NOT NULL)",
            )
            .and_then(|mut s| s.query_row([flow, key], |row| row.get(0)))
            .map_err(|e| self.ledger_unread(&e))
    }

    fn undo_counts(&self, run: &str) -> Result<UndoCounts, LedgerError> {
        operate::counts(&self.quick(), run).map_err(|e| self.ledger_unread(&e))
    }

    fn undone(&self, run: &str, flow: &str, key: &str, effect: Option<&Effect>) -> Result<(), LedgerError> {
        self.ledger_there()?;
        operate::undone(&mut self.quick(), run, flow, key, effect).map_err(|e| self.ledger_unwritten(&e))
    }

    fn forget(&self, before: Timestamp) -> Result<(u64, u64), LedgerError> {
        self.ledger_there()?;
        operate::forget(&mut self.synced(), before).map_err(|e| self.ledger_unwritten(&e))
    }

    fn pause(&self, pause: &Pause) -> Result<(), LedgerError> {
        self.ledger_there()?;
        operate::pause(&self.synced(), pause).map_err(|e| self.ledger_unwritten(&e))
    }

    fn resume(&self, flow: &str) -> Result<bool, LedgerError> {
        self.ledger_there()?;
        operate::resume(&self.synced(), flow).map_err(|e| self.ledger_unwritten(&e))
    }

    fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        operate::pauses(&self.quick()).map_err(|e| self.ledger_unread(&e))
    }

    fn paused(&self, flow: &str) -> Result<Option<Pause>, LedgerError> {
        operate::paused(&self.quick(), flow).map_err(|e| self.ledger_unread(&e))
    }

    fn switched_from_outside(&self) -> Option<u64> {
        Some(250)
    }

    fn letters_waiting(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        operate::letters_waiting(&self.quick()).map_err(|e| self.ledger_unread(&e))
    }

    fn drop_letter(&self, id: u64, closed: &Closed) -> Result<bool, LedgerError> {
        self.ledger_there()?;
        operate::drop_letter(&self.synced(), id, closed).map_err(|e| self.ledger_unwritten(&e))
    }
}
