//! The few files of a schedule: the switch, the dead letters, and what lies in the state directory.

use std::path::Path;

use crate::base::fs;

/// Bytes of one file that are looked at.
const MOST_FILE: u64 = 8 * 1024 * 1024;
/// Files below a directory that are looked at.
const MOST_FILES: usize = 500;

/// Makes an empty file.
pub(super) fn touch(path: &Path) {
    let _ = fs::write_atomic(path, b"");
}

/// Takes a file away, where it is.
pub(super) fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

/// A file as text, whatever bytes are in it; empty where there is none.
pub(super) fn text(path: &Path) -> String {
    fs::read_bytes(path, MOST_FILE).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
}

/// Every file below a directory, by its path there, with what is in it.
pub(super) fn below(directory: &Path) -> Vec<(String, String)> {
    walkdir::WalkDir::new(directory)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|e| e.file_type().is_file())
        .take(MOST_FILES)
        .map(|e| {
            let name = e.path().strip_prefix(directory).unwrap_or_else(|_| e.path()).display().to_string();
            (name, text(e.path()))
        })
        .collect()
}
