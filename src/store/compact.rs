//! Drops what retention allows, and says so in the chain; both in one transaction.

use std::collections::BTreeSet;

use rusqlite::{Connection, TransactionBehavior, params};

use super::letters;
use super::log::{NotAppended, Packed, append_to};
use super::row::DROPPED;
use crate::base::clock::Timestamp;
use crate::evidence::{Dropped, Event, EventKind, Keep, Recorded};

/// The triggers that stand in the way. They are taken down inside the transaction and put up again before it ends, so
/// that nobody else ever sees the tables without them.
const GUARDS: [&str; 2] = ["events_are_not_changed", "blobs_are_not_removed"];

/// Drops data, inputs and answers of records older than `before`, as [`EventKind::keep`] allows, and appends the record of it.
pub(super) fn compact(
    connection: &mut Connection,
    before: Timestamp,
    record: &mut dyn FnMut(&Dropped) -> Recorded,
) -> Result<(Dropped, Event), NotAppended> {
    // What is dropped is overwritten, not only forgotten.
    connection.pragma_update(None, "secure_delete", true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let guards: Vec<String> = GUARDS
        .iter()
        .map(|name| transaction.query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [name], |row| row.get(0)))
        .collect::<Result<_, _>>()?;
    for name in GUARDS {
        transaction.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    let mut dropped = Dropped::default();
    drop_data(&transaction, before, &mut dropped)?;
    drop_blobs(&transaction, before, &mut dropped)?;
    for guard in guards {
        transaction.execute_batch(&guard)?;
    }
    let event = append_to(&transaction, Packed::from(record(&dropped)))?;
    transaction.commit()?;
    Ok((dropped, event))
}

/// Gives the room back to the disk. Where somebody else is using the store it waits for the next time.
pub(super) fn tidy(connection: &Connection) {
    for step in ["INSERT INTO letters (letters) VALUES ('optimize')", "VACUUM"] {
        if let Err(e) = connection.execute_batch(step) {
            tracing::info!(error = %e, "the room of what was dropped is not given back yet");
        }
    }
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    let _ = connection.pragma_update(None, "secure_delete", false);
}

fn kinds(keep: Keep) -> String {
    let names: Vec<String> =
        EventKind::ALL.iter().filter(|k| k.keep() == keep).map(|k| format!("'{}'", k.as_str())).collect();
    names.join(", ")
}

fn drop_data(connection: &Connection, before: Timestamp, dropped: &mut Dropped) -> rusqlite::Result<()> {
    let rows: Vec<(i64, String, i64)> = connection
        .prepare(&format!(
            "SELECT seq, summary, length(CAST(data AS BLOB)) FROM events \
             WHERE kind IN ({}) AND at < ?1 AND format > 1 AND data <> ''",
            kinds(Keep::Record)
        ))?
        .query_map([before.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let indexed = letters::indexed(connection)?;
    for (seq, summary, bytes) in rows {
        connection.prepare_cached("UPDATE events SET data = ?1 WHERE seq = ?2")?.execute(params![DROPPED, seq])?;
        if super::row::sequence(seq) <= indexed {
            letters::put(connection, seq, &summary, DROPPED)?;
        }
        dropped.data += 1;
        dropped.bytes += super::row::sequence(bytes);
    }
    Ok(())
}

fn drop_blobs(connection: &Connection, before: Timestamp, dropped: &mut Dropped) -> rusqlite::Result<()> {
    // Every record that still needs its texts; what no record needs goes.
    let all = kinds(Keep::All);
    let mut needed: BTreeSet<String> = BTreeSet::new();
    let mut statement = connection
        .prepare(&format!("SELECT input, output FROM events WHERE format > 1 AND (at >= ?1 OR kind IN ({all}))"))?;
    let mut rows = statement.query([before.0])?;
    while let Some(row) = rows.next()? {
        needed.insert(row.get(0)?);
        needed.insert(row.get(1)?);
    }
    let kept: Vec<(String, i64)> = connection
        .prepare("SELECT digest, length(body) FROM blobs")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (digest, bytes) in kept {
        if !needed.contains(&digest) {
            connection.prepare_cached("DELETE FROM blobs WHERE digest = ?1")?.execute([digest])?;
            dropped.blobs += 1;
            dropped.bytes += super::row::sequence(bytes);
        }
    }
    Ok(())
}
