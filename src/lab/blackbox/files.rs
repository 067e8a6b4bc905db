//! The few files of a schedule: the switch, the dead letters, and what lies in the state directory.

use std::path::{Path, PathBuf};

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

/// Files that are there as long as this is.
pub(super) struct Placed(Vec<PathBuf>);

impl Placed {
    /// Writes each secret to its file, paths relative to the directory.
    ///
    /// # Errors
    /// A file that is there already: what is in it may be a true secret.
    pub(super) fn write(directory: &Path, secrets: Vec<(PathBuf, String)>) -> Result<Self, String> {
        let mut placed = Self(Vec::new());
        for (path, value) in secrets {
            let file = directory.join(&path);
            if file.exists() {
                let shown = path.display();
                return Err(format!(
                    "{shown} exists, and a made-up secret would have to take its place; run it elsewhere"
                ));
            }
            fs::write_atomic(&file, value.as_bytes()).map_err(|e| e.to_string())?;
            placed.0.push(file);
        }
        Ok(placed)
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.0.iter().for_each(|file| remove(file));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_file_is_there_while_it_is_needed_and_never_in_place_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = || vec![(PathBuf::from("token"), "planted1".to_owned())];
        let file = dir.path().join("token");
        let placed = Placed::write(dir.path(), secrets()).unwrap();
        assert_eq!(text(&file), "planted1");
        let because = Placed::write(dir.path(), secrets()).err().unwrap();
        assert!(because.starts_with("token exists"), "{because}");
        drop(placed);
        assert!(!file.exists());
    }
}
