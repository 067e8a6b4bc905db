//! The part of the ledger for those who operate a connector, over SQLite: undo journal, switches, letters put aside.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};
use serde::Serialize;
use serde_json::Value;

use super::ledger::{effect_in, json_of};
use crate::base::clock::Timestamp;
use crate::evidence::{ALL_FLOWS, Closed, Effect, Pause, Undo, UndoAct, UndoCounts};

/// A value of ours as JSON; those written here have a form in JSON.
pub(super) fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

const LINE: &str = "run, flow, key, act, target_id, before, intends, wrote, at, undone";

fn line_of(row: &Row<'_>) -> rusqlite::Result<Undo> {
    let json = |column: usize| -> rusqlite::Result<Option<Value>> {
        row.get::<_, Option<String>>(column)?.map(|text| json_of(column, &text)).transpose()
    };
    Ok(Undo {
        run: row.get(0)?,
        flow: row.get(1)?,
        key: row.get(2)?,
        // The column's CHECK leaves no fifth word.
        act: UndoAct::parse(&row.get::<_, String>(3)?).unwrap_or(UndoAct::Replaced),
        target_id: row.get(4)?,
        before: json(5)?,
        intends: json(6)?,
        wrote: json(7)?,
        at: Timestamp(row.get(8)?),
        undone: row.get(9)?,
    })
}

fn line(connection: &Connection, run: &str, key: &str) -> rusqlite::Result<Option<Undo>> {
    connection
        .prepare_cached(&format!("SELECT {LINE} FROM undo WHERE run = ?1 AND key = ?2"))?
        .query_row([run, key], line_of)
        .optional()
}

/// The effect and its line of the journal, in one transaction.
pub(super) fn effect_and_undo(connection: &mut Connection, effect: &Effect, undo: &Undo) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    effect_in(&transaction, &undo.flow, effect)?;
    undo_in(&transaction, undo)?;
    transaction.commit()
}

/// Some effects of a flow, each with its line where there is one, in one transaction.
pub(super) fn effects_and_undos(
    connection: &mut Connection,
    flow: &str,
    noted: &[(Effect, Option<Undo>)],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (effect, undo) in noted {
        effect_in(&transaction, flow, effect)?;
        if let Some(undo) = undo {
            undo_in(&transaction, undo)?;
        }
    }
    transaction.commit()
}

/// Lines of the journal alone, in one transaction.
pub(super) fn undos_alone(connection: &mut Connection, undos: &[Undo]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    undos.iter().try_for_each(|undo| undo_in(&transaction, undo))?;
    transaction.commit()
}

fn json_column(value: Option<&Value>) -> Option<String> {
    value.map(Value::to_string)
}

/// Goes on with a line that does the same or gives way, as [`Undo::then`] does; false where there is none.
fn goes_on(connection: &Connection, undo: &Undo) -> rusqlite::Result<bool> {
    let Undo { run, key, act, target_id, before, intends, wrote, at, undone, .. } = undo;
    let mut gives_way =
        UndoAct::ALL.iter().filter(|earlier| earlier.gives_way_to(*act)).map(|earlier| earlier.as_str());
    let changed = connection
        .prepare_cached(
            "UPDATE undo SET act = ?3, before = CASE WHEN act = ?3 THEN before ELSE ?9 END, \
             target_id = coalesce(?4, target_id), intends = ?5, wrote = coalesce(?6, wrote), at = ?7, undone = ?8 \
             WHERE run = ?1 AND key = ?2 AND (act = ?3 OR wrote IS NULL AND act IN (?10, ?11))",
        )?
        .execute(params![
            run,
            key,
            act.as_str(),
            target_id,
            json_column(intends.as_ref()),
            json_column(wrote.as_ref()),
            at.0,
            undone,
            json_column(before.as_ref()),
            gives_way.next(),
            gives_way.next()
        ])?;
    Ok(changed > 0)
}

/// Writes a line; what becomes of one that is there is for `or` to say.
fn put(connection: &Connection, undo: &Undo, or: &str) -> rusqlite::Result<bool> {
    let Undo { run, flow, key, act, target_id, before, intends, wrote, at, undone } = undo;
    let changed = connection
        .prepare_cached(&format!(
            "INSERT INTO undo ({LINE}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (run, key) DO {or}"
        ))?
        .execute(params![
            run,
            flow,
            key,
            act.as_str(),
            target_id,
            json_column(before.as_ref()),
            json_column(intends.as_ref()),
            json_column(wrote.as_ref()),
            at.0,
            undone
        ])?;
    Ok(changed > 0)
}

/// Writes a line, going on with the one that is there.
fn undo_in(connection: &Connection, undo: &Undo) -> rusqlite::Result<()> {
    // One statement does for most: an intention is the first line of its record, and what was done was intended.
    let done = if undo.wrote.is_some() { goes_on(connection, undo)? } else { put(connection, undo, "NOTHING")? };
    if done {
        return Ok(());
    }
    let undo = match line(connection, &undo.run, &undo.key)? {
        Some(before) => before.then(undo),
        None => undo.clone(),
    };
    put(
        connection,
        &undo,
        "UPDATE SET act = excluded.act, target_id = excluded.target_id, before = excluded.before, intends = excluded.intends, \
         wrote = excluded.wrote, at = excluded.at, undone = excluded.undone",
    )?;
    Ok(())
}

pub(super) fn refuse(connection: &Connection, run: &str, key: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM undo WHERE run = ?1 AND key = ?2 AND wrote IS NULL")?
        .execute(params![run, key])?;
    connection
        .prepare_cached("UPDATE undo SET intends = NULL WHERE run = ?1 AND key = ?2 AND intends IS NOT NULL")?
        .execute(params![run, key])?;
    Ok(())
}

pub(super) fn undos(connection: &Connection, run: &str, after: &str, limit: usize) -> rusqlite::Result<Vec<Undo>> {
    connection
        .prepare_cached(&format!("SELECT {LINE} FROM undo WHERE run = ?1 AND key > ?2 ORDER BY key LIMIT ?3"))?
        .query_map(params![run, after, i64::try_from(limit).unwrap_or(i64::MAX)], line_of)?
        .collect()
}

pub(super) fn counts(connection: &Connection, run: &str) -> rusqlite::Result<UndoCounts> {
    connection
        .prepare_cached(
            "SELECT count(*) FILTER (WHERE undone = 0), count(*) FILTER (WHERE undone = 1) FROM undo WHERE run = ?1",
        )?
        .query_row([run], |row| {
            let count = |n: i64| u64::try_from(n).unwrap_or(0);
            Ok(UndoCounts { open: count(row.get(0)?), undone: count(row.get(1)?) })
        })
}

pub(super) fn undone(
    connection: &mut Connection,
    run: &str,
    flow: &str,
    key: &str,
    effect: Option<&Effect>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.prepare_cached("UPDATE undo SET undone = 1 WHERE run = ?1 AND key = ?2")?.execute(params![run, key])?;
    if let Some(effect) = effect {
        effect_in(&transaction, flow, effect)?;
    }
    transaction.commit()
}

/// What is dropped is overwritten, not only forgotten.
pub(super) fn forget(connection: &mut Connection, before: Timestamp) -> rusqlite::Result<(u64, u64)> {
    connection.pragma_update(None, "secure_delete", true)?;
    let mut forget = || -> rusqlite::Result<(u64, u64)> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let lines = transaction.execute("DELETE FROM undo WHERE at < ?1", [before.0])?;
        let letters =
            transaction.execute("DELETE FROM dead_letters WHERE at < ?1 AND state <> 'waiting'", [before.0])?;
        transaction.commit()?;
        Ok((lines as u64, letters as u64))
    };
    let dropped = forget();
    connection.pragma_update(None, "secure_delete", false)?;
    dropped
}

pub(super) fn pause(connection: &Connection, pause: &Pause) -> rusqlite::Result<()> {
    let Pause { flow, because, by, at } = pause;
    connection
        .prepare_cached(
            "INSERT INTO pauses (flow, because, by, at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (flow) DO UPDATE SET because = excluded.because, by = excluded.by, at = excluded.at",
        )?
        .execute(params![flow, because, by, at.0])?;
    Ok(())
}

pub(super) fn resume(connection: &Connection, flow: &str) -> rusqlite::Result<bool> {
    Ok(connection.prepare_cached("DELETE FROM pauses WHERE flow = ?1")?.execute([flow])? > 0)
}

fn pause_of(row: &Row<'_>) -> rusqlite::Result<Pause> {
    Ok(Pause { flow: row.get(0)?, because: row.get(1)?, by: row.get(2)?, at: Timestamp(row.get(3)?) })
}

pub(super) fn pauses(connection: &Connection) -> rusqlite::Result<Vec<Pause>> {
    connection
        .prepare_cached("SELECT flow, because, by, at FROM pauses ORDER BY flow")?
        .query_map([], pause_of)?
        .collect()
}

pub(super) fn paused(connection: &Connection, flow: &str) -> rusqlite::Result<Option<Pause>> {
    // `*` comes first.
    connection
        .prepare_cached("SELECT flow, because, by, at FROM pauses WHERE flow IN (?1, ?2) ORDER BY flow LIMIT 1")?
        .query_row([ALL_FLOWS, flow], pause_of)
        .optional()
}

pub(super) fn letters_waiting(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    connection
        .prepare_cached("SELECT flow, count(*) FROM dead_letters WHERE state = 'waiting' GROUP BY flow")?
        .query_map([], |row| Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0))))?
        .collect()
}

pub(super) fn drop_letter(connection: &Connection, id: u64, closed: &Closed) -> rusqlite::Result<bool> {
    let dropped = connection
        .prepare_cached("UPDATE dead_letters SET state = 'dropped', closed = ?2 WHERE id = ?1 AND state = 'waiting'")?
        .execute(params![i64::try_from(id).unwrap_or(i64::MAX), json_text(closed)])?;
    Ok(dropped > 0)
}
