//! Zip archives that depend on nothing but what is in them: sorted, without times, with two modes.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path in the archive or below a directory, with `/`.
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Whether it may be run.
    pub executable: bool,
}

/// The archive of these files. The same files give the same bytes, in whatever order they come.
///
/// # Errors
/// What the archive cannot hold, as a fragment.
pub fn zip(entries: &[Entry]) -> Result<Vec<u8>, String> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in sorted {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(DateTime::default())
            .unix_permissions(if entry.executable { 0o755 } else { 0o644 });
        let failed = |e: &dyn std::fmt::Display| format!("{} cannot be put into the archive: {e}", entry.path);
        writer.start_file(entry.path.as_str(), options).map_err(|e| failed(&e))?;
        writer.write_all(&entry.bytes).map_err(|e| failed(&e))?;
    }
    let done = writer.finish().map_err(|e| format!("the archive cannot be closed: {e}"))?;
    Ok(done.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_bytes_in_any_order() {
        let entry =
            |path: &str, executable| Entry { path: path.to_owned(), bytes: path.repeat(100).into_bytes(), executable };
        let (a, b) = (entry("a/one", false), entry("b", true));
        let one = zip(&[a.clone(), b.clone()]).expect("zipped");
        assert_eq!(one, zip(&[b, a]).expect("zipped"));
        let mut read = zip::ZipArchive::new(Cursor::new(one)).expect("an archive");
        let names: Vec<String> = read.file_names().map(|n| n.expect("a name").into_owned()).collect();
        assert_eq!(names, ["a/one", "b"]);
        let mode = |i: usize, read: &mut zip::ZipArchive<Cursor<Vec<u8>>>| read.by_index(i).expect("there").unix_mode();
        assert_eq!(mode(0, &mut read).map(|m| m & 0o777), Some(0o644));
        assert_eq!(mode(1, &mut read).map(|m| m & 0o777), Some(0o755));
    }
}
