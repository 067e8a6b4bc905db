//! What a pass remembers of every record, for sources of any size: the latest keys in memory, the others in a database of
//! SQLite's own that has no name, is gone when it is closed, and needs no care after `kill -9`.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::sqlite::because;
use crate::evidence::{LedgerError, Scratch};

/// Keys in memory before they are laid aside.
const IN_MEMORY: usize = 50_000;

/// What is known of a key.
#[derive(Debug)]
struct Slot {
    /// Nothing: it is known that there is none.
    value: Option<Box<[u8]>>,
    /// Not laid aside as it is.
    new: bool,
}

/// The map.
pub(super) struct SqliteScratch {
    near: HashMap<Box<[u8]>, Slot>,
    far: Option<Connection>,
    /// More than this many in memory are laid aside.
    most: usize,
    keys: u64,
}

impl SqliteScratch {
    pub(super) fn new() -> Self {
        Self::holding(IN_MEMORY)
    }

    fn holding(most: usize) -> Self {
        Self { near: HashMap::new(), far: None, most, keys: 0 }
    }

    /// Looks a key up that is not in memory, and keeps what came of it there.
    fn fetch(&mut self, key: &[u8]) -> Result<(), LedgerError> {
        if self.near.contains_key(key) {
            return Ok(());
        }
        let Some(far) = &self.far else { return Ok(()) };
        let value = far
            .prepare_cached("SELECT value FROM scratch WHERE key = ?1")
            .and_then(|mut s| s.query_row([key], |row| row.get::<_, Vec<u8>>(0)).optional())
            .map_err(|e| fault("read", &e))?;
        self.near.insert(key.into(), Slot { value: value.map(Vec::into_boxed_slice), new: false });
        Ok(())
    }

    /// Lays everything aside that does not fit.
    fn bound(&mut self) -> Result<(), LedgerError> {
        if self.near.len() <= self.most {
            return Ok(());
        }
        if self.far.is_none() {
            match open() {
                Ok(far) => self.far = Some(far),
                Err(_) => {
                    // Nowhere to lay it: it stays, as far as memory goes.
                    self.most = usize::MAX;
                    return Ok(());
                }
            }
        }
        let Some(far) = &mut self.far else { return Ok(()) };
        let mut new: Vec<_> =
            self.near.drain().filter(|(_, s)| s.new).filter_map(|(k, s)| Some((k, s.value?))).collect();
        // In the order of the tree, so that neighbours share its pages.
        new.sort_unstable();
        let mut lay = || -> rusqlite::Result<()> {
            let transaction = far.transaction()?;
            {
                let mut insert = transaction
                    .prepare_cached("INSERT INTO scratch (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")?;
                for (key, value) in &new {
                    insert.execute(params![key, value])?;
                }
            }
            transaction.commit()
        };
        lay().map_err(|e| fault("written", &e))
    }
}

fn open() -> rusqlite::Result<Connection> {
    // No name: a file of SQLite's own in the directory for temporary files, unlinked as soon as it is open.
    let connection = Connection::open("")?;
    connection.pragma_update(None, "journal_mode", "off")?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "cache_size", -4_000)?;
    connection.execute_batch(
        "CREATE TABLE scratch (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    )?;
    Ok(connection)
}

fn fault(what: &'static str, error: &rusqlite::Error) -> LedgerError {
    LedgerError::Unusable { path: "temporary file".to_owned(), what, because: because(error) }
}

impl Scratch for SqliteScratch {
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
        self.fetch(key)?;
        let found = self.near.get(key).and_then(|s| s.value.as_ref()).map(|v| v.to_vec());
        self.bound()?;
        Ok(found)
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<bool, LedgerError> {
        self.fetch(key)?;
        let before = match self.near.get_mut(key) {
            Some(slot) => {
                let before = slot.value.replace(value.into());
                slot.new = true;
                before.is_some()
            }
            None => {
                self.near.insert(key.into(), Slot { value: Some(value.into()), new: true });
                false
            }
        };
        self.keys += u64::from(!before);
        self.bound()?;
        Ok(!before)
    }

    fn keys(&self) -> u64 {
        self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::MemoryScratch;

    #[test]
    fn what_was_laid_aside_is_as_what_was_kept() {
        let mut scratch = SqliteScratch::holding(7);
        let mut memory = MemoryScratch::default();
        // Many keys, many times over, in an order that comes back to old ones.
        for i in 0_u32..2_000 {
            let key = (i * 37 % 101).to_be_bytes();
            assert_eq!(scratch.get(&key).expect("there"), memory.get(&key).expect("there"), "{i}");
            if i % 3 != 0 {
                let value = i.to_be_bytes();
                assert_eq!(scratch.put(&key, &value).expect("kept"), memory.put(&key, &value).expect("kept"), "{i}");
            }
            assert_eq!(scratch.keys(), memory.keys());
            assert!(scratch.near.len() <= 8, "{} in memory", scratch.near.len());
        }
        assert!(scratch.far.is_some());
    }
}
