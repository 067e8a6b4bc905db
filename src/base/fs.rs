//! Files read with a limit and written whole or not at all.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The largest API description read, in bytes. The largest real one known is 20 MB.
pub const MAX_DESCRIPTION: u64 = 64 * 1024 * 1024;
/// The largest contract file read, in bytes.
pub const MAX_CONTRACT: u64 = 2 * 1024 * 1024;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path does not lead to a file.
    #[error("{path}: no such file")]
    Missing {
        /// The path as asked for.
        path: PathBuf,
    },
    /// The path leads to a directory or a device.
    #[error("{path}: not a regular file")]
    NotAFile {
        /// The path as asked for.
        path: PathBuf,
    },
    /// The file is larger than the limit.
    #[error("{path}: {bytes} bytes, more than the limit of {limit} bytes")]
    TooLarge {
        /// The path as asked for.
        path: PathBuf,
        /// The size found.
        bytes: u64,
        /// The limit in force.
        limit: u64,
    },
    /// The bytes are not UTF-8 text.
    #[error("{path}: not UTF-8 text (first bad byte at offset {offset})")]
    Binary {
        /// The path as asked for.
        path: PathBuf,
        /// Where the first byte stands that is not UTF-8, or is NUL.
        offset: usize,
    },
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The path as asked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// What tells a file that was written again from one that was not, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// In bytes.
    len: u64,
    /// When it was last written, since 1970.
    modified: std::time::Duration,
    /// That was long enough ago that another write would show.
    pub settled: bool,
}

/// The stamp of a file; nothing where there is no file to read. `now` is milliseconds since 1970.
#[must_use]
pub fn stamp(path: &Path, now: i64) -> Option<Stamp> {
    // Some file systems count in whole seconds, FAT in two.
    const TICK: std::time::Duration = std::time::Duration::from_secs(3);
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let modified = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = std::time::Duration::from_millis(u64::try_from(now).unwrap_or(0));
    let settled = now.checked_sub(modified).is_some_and(|age| age > TICK);
    Some(Stamp { len: meta.len(), modified, settled })
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// See [`FileError`]; a directory, a device and a file over the limit are refused before they are read.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let io = |source: std::io::Error| {
        if source.kind() == std::io::ErrorKind::NotFound {
            FileError::Missing { path: path.to_owned() }
        } else {
            FileError::Io { path: path.to_owned(), source }
        }
    };
    let meta = std::fs::metadata(path).map_err(io)?;
    if !meta.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    if meta.len() > limit {
        return Err(FileError::TooLarge { path: path.to_owned(), bytes: meta.len(), limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    // `take`: a file that grows while it is read stays within the limit.
    std::fs::File::open(path).map_err(io)?.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.to_owned(), bytes: bytes.len() as u64, limit });
    }
    Ok(bytes)
}

/// Reads a text file of at most `limit` bytes; a byte order mark is dropped.
///
/// # Errors
/// As [`read_bytes`], and [`FileError::Binary`].
pub fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    let bytes = read_bytes(path, limit)?;
    if let Some(offset) = bytes.iter().position(|b| *b == 0) {
        return Err(FileError::Binary { path: path.to_owned(), offset });
    }
    let text = String::from_utf8(bytes)
        .map_err(|e| FileError::Binary { path: path.to_owned(), offset: e.utf8_error().valid_up_to() })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Whether `path` lies in `root` or below it, links followed. What is not there yet lies where its nearest directory that
/// is there does, unless it climbs out by name.
#[must_use]
pub fn lies_in(root: &Path, path: &Path) -> bool {
    let Ok(root) = root.canonicalize() else { return false };
    for there in path.ancestors() {
        if let Ok(real) = there.canonicalize() {
            return real.starts_with(&root);
        }
        // A link that leads nowhere is there all the same, and writing follows it.
        if there.is_symlink() {
            return false;
        }
        // `..` below a directory that is not there.
        if there.file_name().is_none() {
            return false;
        }
    }
    false
}

/// Writes the file whole: to a temporary file beside it, synced, then renamed over it. Parent directories are made.
///
/// # Errors
/// [`FileError::Io`]; the old content is then still there.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_atomic_with(path, |file| file.write_all(bytes))
}

/// As [`write_atomic`], for the eyes of the owner alone: the file is made with mode 0600, and is given it again where it
/// had another.
///
/// # Errors
/// [`FileError::Io`]; the old content is then still there.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let io = |source| FileError::Io { path: path.to_owned(), source };
    let dir = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(dir).map_err(io)?;
    // A temporary file is private from the moment it is made.
    let mut file = tempfile::Builder::new().prefix(".write-").tempfile_in(dir).map_err(io)?;
    std::io::Write::write_all(&mut file, bytes).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|e| FileError::Io { path: path.to_owned(), source: e.error })?;
    #[cfg(unix)]
    std::fs::File::open(dir).and_then(|d| d.sync_all()).map_err(io)?;
    Ok(())
}

/// Takes the lock that a file stands for, until it is closed; nothing while another process, or another part of this one,
/// has it. A killed process leaves no lock behind. The file stays.
///
/// # Errors
/// [`FileError::Io`].
pub fn lock(path: &Path) -> Result<Option<std::fs::File>, FileError> {
    let io = |source| FileError::Io { path: path.to_owned(), source };
    if let Some(dir) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir).map_err(io)?;
    }
    let file = std::fs::File::options().write(true).create(true).truncate(false).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(e)) => Err(io(e)),
    }
}

/// As [`write_atomic`], for what is too large to be held in memory.
///
/// # Errors
/// [`FileError::Io`], also where `write` fails; the old content is then still there.
pub fn write_atomic_with(
    path: &Path,
    write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), FileError> {
    let io = |source| FileError::Io { path: path.to_owned(), source };
    let dir = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(dir).map_err(io)?;
    let mut file = tempfile::Builder::new().prefix(".write-").tempfile_in(dir).map_err(io)?;
    write(&mut file).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // A temporary file is private; what we write is an ordinary file, or keeps the mode it had.
        let mode = std::fs::metadata(path).map_or(0o644, |m| m.permissions().mode());
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).map_err(io)?;
    }
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|e| FileError::Io { path: path.to_owned(), source: e.error })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn what_climbs_out_by_name_or_by_link_does_not_lie_in_a_directory() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let root = dir.path().join("work");
        std::fs::create_dir_all(root.join("apis")).expect("made");
        super::write_atomic(&dir.path().join("secret"), b"x").expect("written");
        std::os::unix::fs::symlink(dir.path().join("secret"), root.join("link")).expect("linked");
        std::os::unix::fs::symlink(dir.path().join("nowhere"), root.join("dangling")).expect("linked");
        for inside in ["", "apis", "apis/new.yaml", "a/b/c", "apis/../apis"] {
            assert!(super::lies_in(&root, &root.join(inside)), "{inside}");
        }
        for outside in
            ["/etc/passwd", "..", "../secret", "apis/../../secret", "new/../../secret", "link", "link/x", "dangling"]
        {
            assert!(!super::lies_in(&root, &root.join(outside)), "{outside}");
        }
    }

    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_private_is_for_its_owner_alone_whatever_it_was() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("secrets/token");
        for (before, text) in [(None, "first"), (Some(0o644), "second")] {
            if let Some(mode) = before {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            }
            write_private(&path, text.as_bytes()).expect("written");
            assert_eq!(read_text(&path, 100).expect("readable"), text);
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_lock_has_one_holder_at_a_time() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("deep/lock");
        let held = lock(&path).expect("no fault").expect("free");
        assert!(lock(&path).expect("no fault").is_none());
        drop(held);
        assert!(lock(&path).expect("no fault").is_some());
    }

    #[test]
    fn each_unreadable_thing_is_named() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let missing = dir.path().join("none");
        assert!(matches!(read_text(&missing, 10), Err(FileError::Missing { .. })));
        assert!(matches!(read_text(dir.path(), 10), Err(FileError::NotAFile { .. })));
        let file = dir.path().join("deep/file");
        write_atomic(&file, b"0123456789ab").expect("written");
        assert!(matches!(read_text(&file, 10), Err(FileError::TooLarge { bytes: 12, .. })));
        write_atomic(&file, b"ab\xff").expect("written");
        assert!(matches!(read_text(&file, 10), Err(FileError::Binary { offset: 2, .. })));
        write_atomic(&file, "\u{feff}text".as_bytes()).expect("written");
        assert_eq!(read_text(&file, 10).expect("readable"), "text");
        let left: Vec<_> = std::fs::read_dir(dir.path().join("deep")).expect("listed").collect();
        assert_eq!(left.len(), 1, "no temporary file is left");
    }
}
