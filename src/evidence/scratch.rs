//! What one pass has to remember of every record and forgets when it ends.

use std::collections::HashMap;

use super::LedgerError;

/// A map from keys to small values that ends with the pass. A backend bounds how much of it is in memory, however many
/// keys there are; what is read is always what was put in last.
pub trait Scratch: Send {
    /// The value of a key.
    ///
    /// # Errors
    /// What was laid aside cannot be read.
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError>;

    /// Sets the value of a key; tells whether the key is new.
    ///
    /// # Errors
    /// What does not fit in memory cannot be laid aside.
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<bool, LedgerError>;

    /// How many keys there are.
    fn keys(&self) -> u64;
}

/// All of it in memory: for the lab, and for passes that end soon.
#[derive(Debug, Default)]
pub struct MemoryScratch(HashMap<Box<[u8]>, Box<[u8]>>);

impl Scratch for MemoryScratch {
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(self.0.get(key).map(|v| v.to_vec()))
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<bool, LedgerError> {
        match self.0.get_mut(key) {
            Some(slot) => *slot = value.into(),
            None => {
                self.0.insert(key.into(), value.into());
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn keys(&self) -> u64 {
        self.0.len() as u64
    }
}
