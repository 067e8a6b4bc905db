//! The SQLite file: opening it, its connections, its words for what went wrong.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::DIR;
use super::migrate::{NotMigrated, migrate};
use crate::evidence::{Head, StoreError};

/// How long a call waits for another process that is writing.
const BUSY: Duration = Duration::from_secs(30);

/// Evidence and ledger in one SQLite file. Any number of processes may have it open.
///
/// Several connections, so that nobody who reads waits for a disk that writes: what must be on the disk before the caller goes on is written through `synced`
/// (`synchronous=FULL`); what may fall back to an earlier state on power loss, but not on `kill -9`, through `quick`
/// (`synchronous=NORMAL`, an order of magnitude faster; FULL for a moment by `quick_synced`); `reading` and `proving` cannot write; a proof of the whole
/// takes its time, and questions do not wait for it.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    synced: Mutex<Connection>,
    quick: Mutex<Connection>,
    reading: Mutex<Connection>,
    proving: Mutex<Connection>,
    /// How far this object has walked the chain.
    pub(super) proven: Mutex<Head>,
    /// Lock files of the flows this store holds.
    pub(super) held: Mutex<BTreeMap<String, File>>,
}

impl SqliteStore {
    /// Opens the store, and makes it where there is none: the parent directory (closed to other users, since dead
    /// letters hold records), its own `.gitignore`, the schema.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a store of a newer program; [`StoreError::Unusable`] for a directory, a file that is
    /// no database, a database of another program, a place that cannot be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let unusable =
            |because: String| StoreError::Unusable { path: path.display().to_string(), what: "opened", because };
        if path.is_dir() {
            return Err(unusable("it is a directory".to_owned()));
        }
        prepare(path).map_err(|e| unusable(in_words(&e)))?;
        let open = |synchronous: &str| -> Result<Connection, StoreError> {
            let mut connection = connect(path, synchronous).map_err(|e| unusable(because(&e)))?;
            match migrate(&mut connection) {
                Ok(()) => Ok(connection),
                Err(NotMigrated::Newer(found)) => {
                    Err(StoreError::Newer { path: path.display().to_string(), found, known: super::migrate::KNOWN })
                }
                Err(NotMigrated::Foreign) => Err(unusable("it is a database of another program".to_owned())),
                Err(NotMigrated::Sqlite(e)) => Err(unusable(because(&e))),
            }
        };
        let synced = Mutex::new(open("FULL")?);
        let quick = open("NORMAL")?;
        // A CHECK with a list of three words costs SQLite a temporary table each time it is looked at, so four for each record that is
        // delivered: a third of a run's time. What is written here comes from enums of ours.
        quick.pragma_update(None, "ignore_check_constraints", true).map_err(|e| unusable(because(&e)))?;
        let quick = Mutex::new(quick);
        let only_reading = || -> Result<Connection, StoreError> {
            let connection = open("NORMAL")?;
            connection.pragma_update(None, "query_only", true).map_err(|e| unusable(because(&e)))?;
            Ok(connection)
        };
        let (reading, proving) = (Mutex::new(only_reading()?), Mutex::new(only_reading()?));
        let proven = Mutex::default();
        Ok(Self { path: path.to_owned(), synced, quick, reading, proving, proven, held: Mutex::new(BTreeMap::new()) })
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection whose commits are on the disk when they return.
    pub(super) fn synced(&self) -> MutexGuard<'_, Connection> {
        // A panic while it was held rolled its transaction back; the connection itself is sound.
        self.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection whose commits survive the end of the process, but not of the power.
    pub(super) fn quick(&self) -> MutexGuard<'_, Connection> {
        self.quick.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The quick connection, whose commits are on the disk when they return as long as this lives. What the connector reads and
    /// writes of every record goes through one connection: of two that take turns, each would drop the pages that it has in
    /// memory whenever the other commits, and read them again.
    pub(super) fn quick_synced(&self) -> rusqlite::Result<Synced<'_>> {
        let connection = self.quick();
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(Synced(connection))
    }

    /// The connection that only reads.
    pub(super) fn reading(&self) -> MutexGuard<'_, Connection> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that proves; it only reads.
    pub(super) fn proving(&self) -> MutexGuard<'_, Connection> {
        self.proving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reading that failed.
    pub(super) fn unread(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::Unusable { path: self.path.display().to_string(), what: "read", because: because(error) }
    }

    /// A writing that failed.
    pub(super) fn unwritten(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::Unusable { path: self.path.display().to_string(), what: "written", because: because(error) }
    }

    /// Refuses to write into a file that has been removed: SQLite would go on, into nowhere.
    pub(super) fn still_there(&self) -> Result<(), StoreError> {
        if self.path.is_file() {
            return Ok(());
        }
        Err(StoreError::Unusable {
            path: self.path.display().to_string(),
            what: "written",
            because: "the file was removed while it was in use; start again to make a new one".to_owned(),
        })
    }
}

/// See [`SqliteStore::quick_synced`].
pub(super) struct Synced<'s>(MutexGuard<'s, Connection>);

impl std::ops::Deref for Synced<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl std::ops::DerefMut for Synced<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Drop for Synced<'_> {
    fn drop(&mut self) {
        // Where this fails it stays slow, and safe.
        let _ = self.0.pragma_update(None, "synchronous", "NORMAL");
    }
}

/// Makes directory, `.gitignore` and an empty file, where they are missing.
fn prepare(path: &Path) -> std::io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    if !dir.is_dir() {
        if let Some(file) = dir.ancestors().find(|a| a.is_file()) {
            return Err(std::io::Error::other(format!("{} is a file, not a directory", file.display())));
        }
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(dir)?;
    }
    // Only in a directory of our own: a store beside somebody's sources must not hide them from git.
    if dir.file_name().is_some_and(|name| name == DIR) {
        let ignore = dir.join(".gitignore");
        if !ignore.exists() {
            crate::base::fs::write_atomic(&ignore, b"*\n").map_err(|e| match e {
                crate::base::fs::FileError::Io { source, .. } => source,
                other => std::io::Error::other(other.to_string()),
            })?;
        }
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?;
    Ok(())
}

fn connect(path: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // Turning WAL on needs the file for a moment alone and does not wait by itself; once on, it stays on.
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        let mut tries = 0;
        while let Err(e) = connection.pragma_update(None, "journal_mode", "wal") {
            tries += 1;
            if tries >= 100 || e.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy) {
                return Err(e);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// What SQLite said, in words that lead on.
pub(super) fn because(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(Code::NotADatabase) => "the file is not an SQLite database".to_owned(),
        Some(Code::DatabaseCorrupt) => "the database file is damaged".to_owned(),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
            "another process has been writing to it for more than 30 seconds".to_owned()
        }
        Some(Code::ReadOnly) => "the file or its directory is read-only".to_owned(),
        Some(Code::DiskFull) => "the disk is full".to_owned(),
        Some(Code::SystemIoFailure) => format!("the disk does not read or write it ({error})"),
        Some(Code::PermissionDenied | Code::CannotOpen) => {
            "the file or its directory cannot be opened for writing".to_owned()
        }
        _ => error.to_string(),
    }
}

/// What the system said, without its error number.
fn in_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    match error.kind() {
        // Our own words, which may begin with a path.
        std::io::ErrorKind::Other => text.to_owned(),
        _ => text.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Store as _;

    #[test]
    fn the_quick_connection_waits_for_the_disk_where_it_is_asked_to_and_no_longer() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = SqliteStore::open(&dir.path().join("evidence.db")).expect("opens");
        let level = |connection: &Connection| {
            connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).expect("a level")
        };
        assert_eq!(level(&store.quick()), 1);
        assert_eq!(level(&store.quick_synced().expect("asked")), 2);
        assert_eq!(level(&store.quick()), 1);
    }

    #[test]
    fn a_question_and_a_proof_do_not_wait_for_each_other() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = SqliteStore::open(&dir.path().join("evidence.db")).expect("opens");
        let question = store.reading();
        assert_eq!(store.verify().expect("readable").words(), "whole");
        drop(question);
        let _proof = store.proving();
        assert_eq!(store.head().expect("readable").seq, 0);
    }
}
