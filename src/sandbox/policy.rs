//! What one run is allowed, as it is handed from stage to stage in a file that the program cannot reach.

use std::path::{Path, PathBuf};

use super::{End, Limits};

/// The file of the policy, in the directory of a run.
pub(super) const POLICY: &str = "policy.json";
/// The file that asks the warden to end it all.
pub(super) const STOP: &str = "stop";
/// The file in which the warden says what came of it.
pub(super) const ENDED: &str = "ended.json";
/// The file in which a stage says why it could not do its part.
pub(super) const TROUBLE: &str = "trouble";

/// A policy.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Policy {
    /// This program.
    pub(super) exe: PathBuf,
    /// What is run.
    pub(super) argv: Vec<String>,
    /// Where, absolute.
    pub(super) cwd: PathBuf,
    /// Its whole environment.
    pub(super) env: Vec<(String, String)>,
    /// The room: the only place that stays writable.
    pub(super) room: PathBuf,
    /// Directories that it may write into.
    pub(super) write: Vec<PathBuf>,
    /// What it may read and run.
    pub(super) read: Vec<PathBuf>,
    /// What it may use.
    pub(super) limits: Limits,
    /// How it is kept apart from what else runs.
    pub(super) mode: Mode,
}

/// How a program is kept apart from what else runs on the machine; Landlock and seccomp come to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mode {
    /// Namespaces of its own; all file systems read-only but the room.
    Namespaces,
    /// A user that owns nothing but the room; for root, where namespaces are refused.
    Stranger(u32),
    /// The same user.
    Plain,
}

/// What came of it.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Ended {
    pub(super) exit: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) end: End,
    pub(super) killed: u64,
    /// Processes that could not be ended.
    pub(super) left: u64,
}

/// Reads a file of a run.
pub(super) fn read<T: serde::de::DeserializeOwned>(dir: &Path, name: &str) -> Option<T> {
    let bytes = crate::base::fs::read_bytes(&dir.join(name), 1 << 20).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Writes a file of a run. Nobody reads it before the writer is gone, so it need not be renamed into place.
pub(super) fn write(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    std::fs::File::create(dir.join(name))?.write_all(bytes)
}
