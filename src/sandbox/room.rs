//! A temporary directory with a copy of what is worked on: gone when it is dropped.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A room: `work` holds the copy, `home` and `tmp` are empty, `runs` is ours alone.
#[derive(Debug)]
pub struct Room {
    dir: tempfile::TempDir,
    base: PathBuf,
    runs: AtomicU32,
}

impl Room {
    /// An empty one.
    ///
    /// # Errors
    /// Where no temporary directory can be made.
    pub fn new() -> std::io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("room-").tempdir()?;
        let base = dir.path().canonicalize()?;
        for name in ["work", "home", "tmp", "runs", "bin"] {
            std::fs::create_dir(base.join(name))?;
        }
        Ok(Self { dir, base, runs: AtomicU32::new(0) })
    }

    /// Puts a file in. A path that is absolute or climbs is passed over.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn put(&self, path: &str, bytes: &[u8], executable: bool) -> std::io::Result<()> {
        let path = Path::new(path);
        if !path.components().all(|c| matches!(c, Component::Normal(_))) {
            return Ok(());
        }
        let to = self.work().join(path);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent)?;
        }
        // What is here was written by nobody but us, and is written anew.
        let mut file = std::fs::File::create(&to)?;
        file.write_all(bytes)?;
        #[cfg(unix)]
        if executable {
            use std::os::unix::fs::PermissionsExt as _;
            file.set_permissions(std::fs::Permissions::from_mode(0o755))?;
        }
        let _ = executable;
        Ok(())
    }

    /// Where the copy is.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.base.join("work")
    }

    /// The room.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// Gives what the program may write to a user.
    #[cfg(unix)]
    pub(super) fn give(&self, user: u32) -> std::io::Result<()> {
        use std::os::unix::fs::{PermissionsExt as _, lchown};
        // To be walked through, not looked into.
        std::fs::set_permissions(&self.base, std::fs::Permissions::from_mode(0o711))?;
        std::fs::set_permissions(self.base.join("runs"), std::fs::Permissions::from_mode(0o700))?;
        for entry in ["work", "home", "tmp"].into_iter().flat_map(|d| walkdir::WalkDir::new(self.base.join(d))) {
            lchown(entry.map_err(std::io::Error::other)?.path(), Some(user), Some(user))?;
        }
        Ok(())
    }

    /// A directory for one more run, which the program cannot reach.
    pub(super) fn next_run(&self) -> std::io::Result<PathBuf> {
        let dir = self.base.join("runs").join(self.runs.fetch_add(1, Ordering::Relaxed).to_string());
        std::fs::create_dir(&dir)?;
        Ok(dir)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // A directory that the program shut cannot be emptied: open it first.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let walk = walkdir::WalkDir::new(self.dir.path()).into_iter();
            for entry in walk.filter_map(Result::ok).filter(|e| e.file_type().is_dir()) {
                let shut = entry.metadata().is_ok_and(|m| m.permissions().mode() & 0o700 != 0o700);
                if shut {
                    let _ = std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o700));
                }
            }
        }
    }
}
