//! Brings a database to the schema this program knows. The version is SQLite's `user_version`.

use std::collections::BTreeMap;

use rusqlite::{Connection, TransactionBehavior};

/// Marks the file as ours: `PLIF` in ASCII. Keeps us from writing into another program's database.
pub(super) const APPLICATION_ID: i64 = 0x504c_4946;

/// In order; the place in the list, from 1, is the version it leads to. Never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../../resources/migrations/0001_log.sql"),
    include_str!("../../resources/migrations/0002_ledger.sql"),
    include_str!("../../resources/migrations/0003_provenance.sql"),
    include_str!("../../resources/migrations/0004_proof.sql"),
    include_str!("../../resources/migrations/0005_inbox.sql"),
    include_str!("../../resources/migrations/0006_operations.sql"),
    include_str!("../../resources/migrations/0007_deletions.sql"),
    include_str!("../../resources/migrations/0008_mappings.sql"),
];

/// The newest version known.
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// Why a database is not brought to the schema.
#[derive(Debug)]
pub(super) enum NotMigrated {
    /// A newer program wrote it.
    Newer(u32),
    /// Another program's database.
    Foreign,
    /// The system refused.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for NotMigrated {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Applies what is missing, all or nothing; safe when several processes open a new store at once.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), NotMigrated> {
    // In one transaction: between two reads another process may make the schema, and half of it looks like somebody else's.
    let look = connection.transaction()?;
    let made = version(&look)? == KNOWN;
    drop(look);
    if made {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have been first.
    let found = version(&transaction)?;
    for (step, sql) in (1..).zip(MIGRATIONS) {
        if step > found {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", step)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()?;
    Ok(())
}

/// The version of a database that is ours or empty.
fn version(connection: &Connection) -> Result<u32, NotMigrated> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if found != 0 || application != 0 || tables > 0 {
            return Err(NotMigrated::Foreign);
        }
    }
    let found = u32::try_from(found).map_err(|_| NotMigrated::Foreign)?;
    if found > KNOWN {
        return Err(NotMigrated::Newer(found));
    }
    Ok(found)
}

/// What is in a schema: kind and name, and the words that made it.
pub(super) type Schema = BTreeMap<(String, String), Option<String>>;

/// The schema of a database.
pub(super) fn schema(connection: &Connection) -> rusqlite::Result<Schema> {
    connection
        .prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'")?
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
        .collect()
}

/// The schema that this version makes.
pub(super) fn expected() -> rusqlite::Result<Schema> {
    let connection = Connection::open_in_memory()?;
    for sql in MIGRATIONS {
        connection.execute_batch(sql)?;
    }
    schema(&connection)
}
