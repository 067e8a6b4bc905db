//! Row 6: where evidence and ledger are kept. SQLite for work, memory for tests; both pass `tests/it/store.rs`.
//! A further backend is one file here and one line in that suite.

mod compact;
#[cfg(test)]
mod failures;
mod ledger;
mod letters;
mod log;
mod maps;
mod memory;
mod migrate;
mod operate;
mod plan;
mod proof;
mod row;
mod sqlite;

pub use maps::SqliteMaps;
pub use memory::MemoryStore;
pub use sqlite::SqliteStore;

use std::path::{Path, PathBuf};

/// The directory that holds the store, beside the work it is about.
pub const DIR: &str = ".platform-integration";

/// The database file in [`DIR`].
pub const FILE: &str = "evidence.db";

/// The store of the nearest directory that has one, from `start` upwards.
#[must_use]
pub fn find_store(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(store_in).find(|path| path.is_file())
}

/// Where the store of `dir` lies, or would lie.
#[must_use]
pub fn store_in(dir: &Path) -> PathBuf {
    dir.join(DIR).join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_store_upwards_is_found() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let deep = dir.path().join("a/b/c");
        std::fs::create_dir_all(&deep).expect("made");
        let outer = store_in(dir.path());
        crate::base::fs::write_atomic(&outer, b"").expect("written");
        assert_eq!(find_store(&deep), Some(outer));
        let inner = store_in(&dir.path().join("a/b"));
        crate::base::fs::write_atomic(&inner, b"").expect("written");
        assert_eq!(find_store(&deep), Some(inner));
        assert_eq!(find_store(&dir.path().join("a")), Some(store_in(dir.path())));
    }
}
