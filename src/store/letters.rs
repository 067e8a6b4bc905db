//! The index behind a search for text: which records hold which three letters.
//!
//! It is filled some records behind the log, so that an append does not pay for it each time; the records it does not
//! know yet are looked at one by one.

use rusqlite::{Connection, OptionalExtension as _};

use super::row::{number, sequence};
use crate::evidence::NewEvent;

/// Records are indexed once so many wait.
const WAIT: u64 = 32;

/// The most that one append indexes: a log from before there was an index catches up in steps.
const STEP: u64 = 4 * WAIT;

/// Whether summary or data hold `needle`, which is in lower case.
pub(super) fn holds_text(event: &NewEvent, needle: &str) -> bool {
    event.summary.to_lowercase().contains(needle) || event.data.to_string().to_lowercase().contains(needle)
}

/// The last record that is indexed.
pub(super) fn indexed(connection: &Connection) -> rusqlite::Result<u64> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT id FROM letters_docsize ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(sequence(last.unwrap_or(0)))
}

/// Indexes the records that wait, if they are many; `last` is the newest record, `added` how many came with it. Inside a
/// transaction that writes.
pub(super) fn fill(connection: &Connection, last: u64, added: usize) -> rusqlite::Result<()> {
    let done = indexed(connection)?;
    if last < done + WAIT {
        return Ok(());
    }
    let mut select =
        connection.prepare_cached("SELECT seq, summary, data FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    // Many at once must not outrun the index.
    let mut rows = select.query([number(done), number(STEP.max(2 * added as u64))])?;
    while let Some(row) = rows.next()? {
        let (seq, summary, data): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        put(connection, seq, &summary, &data)?;
    }
    Ok(())
}

/// Indexes one record, in place of what is indexed for it.
pub(super) fn put(connection: &Connection, seq: i64, summary: &str, data: &str) -> rusqlite::Result<()> {
    // Lower case as Rust has it, since the search compares by it.
    let body = format!("{}\n{}", summary.to_lowercase(), data.to_lowercase());
    connection.prepare_cached("INSERT OR REPLACE INTO letters (rowid, body) VALUES (?1, ?2)")?.execute((seq, body))?;
    Ok(())
}
