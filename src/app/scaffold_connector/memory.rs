//! What was written last: the texts that what people changed since is merged with. Kept beside the files, in version control, so that everybody
//! who scaffolds again merges with the same.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::{Fault, Refusal};
use crate::base::digest::Digest;
use crate::base::fs;

/// The file.
pub(super) const FILE: &str = ".scaffold.json";
/// Larger texts are remembered by their digest alone: generated files are small, descriptions may be large.
const LARGEST: usize = 64 << 10;
/// The largest memory that is read.
const MOST: u64 = 16 << 20;

/// What was written.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// The version of this form.
    version: u32,
    /// By path below the directory.
    files: BTreeMap<String, Written>,
}

/// One file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Of its bytes.
    pub(super) digest: String,
    /// Its text, where it is one and not large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

impl Written {
    /// Of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = (bytes.len() <= LARGEST).then(|| std::str::from_utf8(bytes).ok().map(str::to_owned)).flatten();
        Self { digest: Digest::of_bytes(bytes).as_str().to_owned(), text }
    }
}

impl Memory {
    /// Reads it; empty where there is none.
    ///
    /// # Errors
    /// A file that is there and is no memory: without it, what people changed could not be told from what was written.
    pub(super) fn read(out: &Path) -> Result<Self, Refusal> {
        let place = out.join(FILE);
        if !place.exists() {
            return Ok(Self { version: 1, files: BTreeMap::new() });
        }
        let text = fs::read_text(&place, MOST).map_err(|e| Refusal::unreadable(&e))?;
        let memory = serde_json::from_str::<Self>(&text).ok().filter(|m| m.version == 1);
        memory.ok_or_else(|| {
            Refusal::new(
                "bad-argument",
                format!("{FILE} in the directory is not as scaffold writes it"),
                "restore it from version control, or delete it: what differs is then kept, with the new text beside it",
            )
        })
    }

    /// What was written to this path.
    pub(super) fn get(&self, path: &str) -> Option<&Written> {
        self.files.get(path)
    }

    /// Remembers what was written.
    pub(super) fn put(&mut self, path: &str, bytes: &[u8]) {
        self.files.insert(path.to_owned(), Written::of(bytes));
    }

    /// Paths that are remembered.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Forgets a path.
    pub(super) fn forget(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// Writes it, where it differs from what lies there.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(super) fn write(&self, out: &Path) -> Result<(), Fault> {
        let mut text = serde_json::to_string_pretty(self).map_err(|e| Fault::internal(&e))?;
        text.push('\n');
        let place = out.join(FILE);
        if std::fs::read(&place).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        fs::write_atomic(&place, text.as_bytes()).map_err(Fault::from)
    }
}
