//! Maps in an SQLite file of their own, beside the evidence.
//!
//! Not in the evidence's file: megabytes that anybody may drop would make its proof slower and its copies larger, a damaged
//! page of theirs would be one of the evidence, and the locks and flushes of writing them would be waited for by whoever
//! records. Here nothing is flushed to the disk: what the end of the power leaves half written is noticed by its digest, or
//! by SQLite, and read anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior, params};

use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::evidence::Maps;

/// Marks the file as ours: `PLIM` in ASCII.
const APPLICATION_ID: i64 = 0x504c_494d;
/// SQLite's `user_version`. Another one, newer or older: the tables are made anew, nothing is brought over.
const VERSION: i64 = 2;
/// How long anybody waits for another process that writes. A map of the largest description is written in less; reading it
/// anew takes some three times as long.
const BUSY: Duration = Duration::from_millis(100);
/// A use is noted when the last one noted is older, in milliseconds: most uses only read.
const NOTED: i64 = 60_000;

/// Bytes of one part of a body: SQLite holds what it reads and writes in memory once more.
const PART: usize = 1 << 20;

/// The bodies stand apart, so that noting a use does not write megabytes again.
const TABLES: &str = "
DROP TABLE IF EXISTS maps;
DROP TABLE IF EXISTS bodies;
CREATE TABLE maps (
    id   INTEGER PRIMARY KEY NOT NULL,
    key  TEXT UNIQUE NOT NULL,               -- sha256:… of all that the map depends on
    used INTEGER NOT NULL,                   -- milliseconds since 1970, UTC, to the minute
    size INTEGER NOT NULL,                   -- bytes of the body
    sum  TEXT NOT NULL                       -- sha256:… of the key's text and the body
) STRICT;
CREATE TABLE bodies (
    id   INTEGER NOT NULL,
    part INTEGER NOT NULL,                   -- from 0
    body BLOB NOT NULL,
    PRIMARY KEY (id, part)
) STRICT;
";

/// How much is kept.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Bytes of one map.
    one: usize,
    /// Bytes of all.
    all: i64,
    /// How many.
    count: i64,
}

/// A description of 20 MB makes a map of about as many bytes. One that takes a quarter of the room would push out what is
/// worth more together.
const BOUNDS: Bounds = Bounds { one: 64 << 20, all: 256 << 20, count: 256 };

/// Maps in an SQLite file. It is opened for each use and closed again: a use is rare, and costs a hundred times as much.
#[derive(Debug)]
pub struct SqliteMaps {
    path: PathBuf,
    bounds: Bounds,
}

impl SqliteMaps {
    /// The maps that belong to the store in this file, as `NAME.maps` beside it. The file is made when the first map is
    /// kept, closed to other users as the store is.
    #[must_use]
    pub fn beside(store: &Path) -> Self {
        let mut path = store.as_os_str().to_owned();
        path.push(".maps");
        Self { path: path.into(), bounds: BOUNDS }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens what is there; nothing for a file that is not there, not ours, or of another version.
    fn open(&self) -> rusqlite::Result<Option<Connection>> {
        if !self.path.is_file() {
            return Ok(None);
        }
        let connection = self.connect()?;
        Ok((marks(&connection)? == (APPLICATION_ID, VERSION)).then_some(connection))
    }

    /// Opens what is there, or makes it; nothing for what is another program's.
    fn make(&self) -> rusqlite::Result<Option<Connection>> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        // SQLite says better why a file cannot be opened.
        drop(options.open(&self.path));
        let mut connection = self.connect()?;
        // Large pages: a body is a chain of them. Holds for a file that is still empty.
        connection.pragma_update(None, "page_size", 65_536)?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        let (application, version) = marks(&connection)?;
        if (application, version) == (APPLICATION_ID, VERSION) {
            return Ok(Some(connection));
        }
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if application != APPLICATION_ID && (application != 0 || version != 0 || tables > 0) {
            return Ok(None);
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been first.
        if marks(&transaction)? != (APPLICATION_ID, VERSION) {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
        Ok(Some(connection))
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    }

    fn found(&self, key: &Digest, now: Timestamp) -> rusqlite::Result<Option<Vec<u8>>> {
        let Some(connection) = self.open()? else { return Ok(None) };
        let row: Option<(i64, i64, i64, String)> = connection
            .query_row("SELECT id, used, size, sum FROM maps WHERE key = ?1", [key.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((id, used, size, sum)) = row else { return Ok(None) };
        let size = usize::try_from(size).ok().filter(|size| *size <= self.bounds.one);
        let body = size.map(|size| body(&connection, id, size)).transpose()?;
        let Some(body) = body.filter(|body| sum == sum_of(key, body)) else {
            tracing::info!(file = %self.path.display(), "a map is not as it was kept, and is read anew");
            remove(&connection, id)?;
            return Ok(None);
        };
        if now.0.saturating_sub(used).saturating_abs() >= NOTED {
            // Where it cannot be noted, it is not.
            let _ = connection.execute("UPDATE maps SET used = ?1 WHERE id = ?2", params![now.0, id]);
        }
        Ok(Some(body))
    }

    fn kept(&self, key: &Digest, whole: &[u8], now: Timestamp) -> rusqlite::Result<()> {
        let Some(mut connection) = self.make()? else { return Ok(()) };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = transaction.query_row("SELECT id FROM maps WHERE key = ?1", [key.as_str()], |row| row.get(0));
        if let Some(id) = before.optional()? {
            remove(&transaction, id)?;
        }
        let size = i64::try_from(whole.len()).unwrap_or(i64::MAX);
        transaction.execute(
            "INSERT INTO maps (key, used, size, sum) VALUES (?1, ?2, ?3, ?4)",
            params![key.as_str(), now.0, size, sum_of(key, whole)],
        )?;
        let id = transaction.last_insert_rowid();
        self.make_room(&transaction, id, size)?;
        for (part, body) in (0_i64..).zip(whole.chunks(PART)) {
            transaction
                .prepare_cached("INSERT INTO bodies (id, part, body) VALUES (?1, ?2, ?3)")?
                .execute(params![id, part, body])?;
        }
        transaction.commit()
    }

    /// Removes what was not used for the longest time, so that all is within its bounds with the new one of `size` bytes.
    fn make_room(&self, connection: &Connection, new: i64, size: i64) -> rusqlite::Result<()> {
        let others: Vec<(i64, i64)> = connection
            .prepare("SELECT id, size FROM maps WHERE id <> ?1 ORDER BY used DESC, id DESC")?
            .query_map([new], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let (mut bytes, mut count) = (size, 1);
        for (id, size) in others {
            bytes = bytes.saturating_add(size.max(0));
            count += 1;
            if bytes > self.bounds.all || count > self.bounds.count {
                remove(connection, id)?;
            }
        }
        Ok(())
    }

    /// What SQLite cannot read is no use to anybody: the file goes, and the next map makes it anew.
    fn unless<T>(&self, done: rusqlite::Result<T>) -> Option<T> {
        let error = match done {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        tracing::info!(file = %self.path.display(), %error, "maps are not kept this time");
        if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
            // Its journal first: it would be played back into the new file.
            let mut journal = self.path.as_os_str().to_owned();
            journal.push("-journal");
            let _ = std::fs::remove_file(journal);
            let _ = std::fs::remove_file(&self.path);
        }
        None
    }
}

impl Maps for SqliteMaps {
    fn get(&self, key: &Digest, now: Timestamp) -> Option<Vec<u8>> {
        self.unless(self.found(key, now)).flatten()
    }

    fn put(&self, key: &Digest, bytes: &[u8], now: Timestamp) {
        if bytes.len() <= self.bounds.one {
            self.unless(self.kept(key, bytes, now));
        }
    }

    fn forget(&self, key: &Digest) {
        let done = self.open().and_then(|connection| {
            let Some(connection) = connection else { return Ok(()) };
            let id = connection.query_row("SELECT id FROM maps WHERE key = ?1", [key.as_str()], |row| row.get(0));
            id.optional()?.map_or(Ok(()), |id| remove(&connection, id))
        });
        self.unless(done);
    }
}

/// Whose database it is, and of which version.
fn marks(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let mark = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((mark("application_id")?, mark("user_version")?))
}

/// The parts of a body, put together; what is more than `size` bytes is left where it is.
fn body(connection: &Connection, id: i64, size: usize) -> rusqlite::Result<Vec<u8>> {
    let mut whole = Vec::with_capacity(size);
    let mut parts = connection.prepare("SELECT body FROM bodies WHERE id = ?1 AND length(body) <= ?2 ORDER BY part")?;
    let mut rows = parts.query(params![id, i64::try_from(PART).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let part = row.get_ref(0)?.as_blob()?;
        if part.len() > size - whole.len() {
            break;
        }
        whole.extend_from_slice(part);
    }
    Ok(whole)
}

/// The body first: a row without one is found by nobody, a body without a row by nobody ever again.
fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM bodies WHERE id = ?1", [id])?;
    connection.execute("DELETE FROM maps WHERE id = ?1", [id])?;
    Ok(())
}

/// Bound to the key: a body under another's key is as damaged as any.
fn sum_of(key: &Digest, body: &[u8]) -> String {
    let both = std::io::Read::chain(key.as_str().as_bytes(), body);
    // Reading from memory does not fail.
    Digest::of_reader(both).map_or_else(|_| String::new(), |digest| digest.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, SqliteMaps) {
        let dir = tempfile::tempdir().expect("a directory");
        let maps = SqliteMaps::beside(&dir.path().join("evidence.db"));
        (dir, maps)
    }

    fn key(name: &str) -> Digest {
        Digest::of_bytes(name.as_bytes())
    }

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn what_is_kept_comes_back_and_nothing_is_made_by_looking() {
        let (dir, maps) = place();
        assert_eq!(maps.get(&key("a"), NOW), None);
        maps.forget(&key("a"));
        assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 0);
        maps.put(&key("a"), b"one", NOW);
        maps.put(&key("b"), b"", NOW);
        maps.put(&key("a"), b"two", NOW);
        assert_eq!(maps.get(&key("a"), NOW).as_deref(), Some(&b"two"[..]));
        assert_eq!(maps.get(&key("b"), NOW).as_deref(), Some(&b""[..]));
        let large: Vec<u8> = (0..=2 * PART).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
        maps.put(&key("large"), &large, NOW);
        assert!(maps.get(&key("large"), NOW) == Some(large), "in three parts");
        maps.forget(&key("a"));
        assert_eq!(maps.get(&key("a"), NOW), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(maps.path()).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "closed to other users");
        }
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_makes_room() {
        let (_dir, maps) = place();
        let maps = SqliteMaps { bounds: Bounds { one: 40, all: 100, count: 3 }, ..maps };
        let at = |minute: i64| Timestamp(minute * NOTED);
        let there = |names: [&str; 4]| names.map(|name| maps.get(&key(name), at(0)).is_some());
        maps.put(&key("too large"), &[0; 41], at(0));
        assert_eq!(maps.get(&key("too large"), at(0)), None, "one map does not take the room of many");
        for (minute, name) in [(1, "a"), (2, "b"), (3, "c")] {
            maps.put(&key(name), &[1; 30], at(minute));
        }
        assert!(maps.get(&key("a"), at(4)).is_some(), "used again");
        maps.put(&key("d"), &[1; 30], at(5));
        // By number: the fourth. The clock of `there` notes no use that matters any more.
        assert_eq!(there(["a", "b", "c", "d"]), [true, false, true, true]);
        let (_dir, maps) = place();
        let maps = SqliteMaps { bounds: Bounds { one: 40, all: 100, count: 9 }, ..maps };
        for (minute, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
            maps.put(&key(name), &[1; 40], at(minute));
        }
        // By bytes: two fit.
        assert_eq!(["a", "b", "c", "d"].map(|n| maps.get(&key(n), at(4)).is_some()), [false, false, true, true]);
        let bodies = |sql: &str| -> i64 {
            Connection::open(maps.path()).and_then(|c| c.query_row(sql, [], |row| row.get(0))).expect("readable")
        };
        assert_eq!(bodies("SELECT count(*) FROM bodies"), 2, "no body is left behind");
    }

    #[test]
    fn a_row_that_was_altered_is_absent_and_goes() {
        for sql in [
            "UPDATE bodies SET body = CAST('onf' AS BLOB)",
            "UPDATE bodies SET body = CAST('on' AS BLOB)",
            "UPDATE maps SET sum = ''",
            "UPDATE maps SET size = 2",
            "UPDATE maps SET size = 9000000000",
            "UPDATE maps SET size = -1",
            "UPDATE bodies SET body = zeroblob(2000000)",
            "DELETE FROM bodies",
        ] {
            let (_dir, maps) = place();
            maps.put(&key("a"), b"one", NOW);
            let raw = Connection::open(maps.path()).expect("opens");
            assert_eq!(raw.execute(sql, []).expect("altered"), 1);
            assert_eq!(maps.get(&key("a"), NOW), None, "{sql}");
            maps.put(&key("a"), b"one", NOW);
            assert_eq!(maps.get(&key("a"), NOW).as_deref(), Some(&b"one"[..]), "kept anew");
        }
    }

    #[test]
    fn a_body_under_the_key_of_another_is_absent() {
        let (_dir, maps) = place();
        maps.put(&key("a"), b"one", NOW);
        maps.put(&key("b"), b"two", NOW);
        let raw = Connection::open(maps.path()).expect("opens");
        raw.execute_batch("UPDATE bodies SET id = 3 - id + 10; UPDATE bodies SET id = id - 10").expect("swapped");
        assert_eq!((maps.get(&key("a"), NOW), maps.get(&key("b"), NOW)), (None, None));
    }

    #[test]
    fn a_file_that_is_damaged_is_made_anew_and_one_of_another_program_is_let_be() {
        let (_dir, maps) = place();
        for noise in [vec![0xa5; 200_000], b"no database".to_vec()] {
            crate::base::fs::write_atomic(maps.path(), &noise).expect("written");
            assert_eq!(maps.get(&key("a"), NOW), None);
            maps.put(&key("a"), b"one", NOW);
            assert_eq!(maps.get(&key("a"), NOW).as_deref(), Some(&b"one"[..]));
        }
        let mut bytes = std::fs::read(maps.path()).expect("readable");
        let half = bytes.len() / 2;
        bytes[100..half].fill(0xa5);
        crate::base::fs::write_atomic(maps.path(), &bytes).expect("written");
        assert_eq!(maps.get(&key("a"), NOW), None);
        maps.put(&key("a"), b"one", NOW);
        assert_eq!(maps.get(&key("a"), NOW).as_deref(), Some(&b"one"[..]));

        let (_dir, maps) = place();
        let theirs = Connection::open(maps.path()).expect("opens");
        theirs.execute_batch("CREATE TABLE theirs (x)").expect("made");
        maps.put(&key("a"), b"one", NOW);
        maps.forget(&key("a"));
        assert_eq!(maps.get(&key("a"), NOW), None);
        let names: String =
            theirs.query_row("SELECT group_concat(name) FROM sqlite_schema", [], |row| row.get(0)).expect("readable");
        assert_eq!(names, "theirs");
    }

    #[test]
    fn tables_of_another_version_are_made_anew() {
        let (_dir, maps) = place();
        maps.put(&key("a"), b"one", NOW);
        let raw = Connection::open(maps.path()).expect("opens");
        raw.execute_batch("ALTER TABLE maps ADD COLUMN more TEXT; PRAGMA user_version = 9").expect("altered");
        assert_eq!(maps.get(&key("a"), NOW), None);
        maps.put(&key("a"), b"one", NOW);
        assert_eq!(maps.get(&key("a"), NOW).as_deref(), Some(&b"one"[..]));
    }

    #[test]
    fn a_lock_of_another_process_and_a_place_that_cannot_be_written_cost_nothing_but_the_map() {
        let (dir, maps) = place();
        maps.put(&key("a"), b"one", NOW);
        let other = Connection::open(maps.path()).expect("opens");
        other.execute_batch("BEGIN EXCLUSIVE").expect("the lock");
        assert_eq!(maps.get(&key("a"), NOW), None);
        maps.put(&key("b"), b"two", NOW);
        other.execute_batch("ROLLBACK").expect("let go");
        assert_eq!(maps.get(&key("a"), NOW).as_deref(), Some(&b"one"[..]));
        assert_eq!(maps.get(&key("b"), NOW), None);
        let nowhere = SqliteMaps::beside(&dir.path().join("gone/evidence.db"));
        nowhere.put(&key("a"), b"one", NOW);
        assert_eq!(nowhere.get(&key("a"), NOW), None);
    }
}
