//! Row 7: runs a program of somebody else's where it can do no harm: it writes into one directory, reaches no network, reads
//! no home, is handed no open file but its three streams, and ends in time with all that it started. Whether a path exists, and
//! its size and times, it can still ask (`stat`): Landlock governs what is opened.
//!
//! How, on Linux: this program starts itself again (`platform-integration __sandbox …`), as *keeper*, which goes into
//! namespaces of its own where the kernel allows; as *warden*, which counts, waits and kills; and as the one that confines
//! itself (Landlock, seccomp, limits) and becomes the program. Where namespaces are refused, as in a container, Landlock
//! and seccomp carry it alone. Where Landlock is missing nothing is run: [`Unavailable`].

#[cfg(target_os = "linux")]
mod linux;
mod own;
mod policy;
mod room;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::base::stop::Stop;

pub use own::{Ended, Own, Start};
pub use room::Room;
pub use run::Sandbox;

/// The hidden subcommand under which this program starts itself again.
pub const SUBCOMMAND: &str = "__sandbox";

/// What a program may use. Beyond it, it is ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Milliseconds from start to end.
    pub millis: u64,
    /// Bytes of memory, of all its processes together.
    pub memory: u64,
    /// Processes and threads at once.
    pub processes: u64,
    /// Bytes of one file, and four times that of all files.
    pub file: u64,
    /// Bytes of each stream that are kept: half from the beginning, half from the end.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { millis: 10_000, memory: 1 << 30, processes: 256, file: 64 << 20, output: 64 << 10 }
    }
}

/// What is to be run.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// The program and its arguments; a name without `/` is looked for on the PATH.
    pub argv: Vec<String>,
    /// The working directory, below the room's copy; empty for its top. Absolute only with [`Job::read`].
    pub cwd: PathBuf,
    /// What it reads from stdin.
    pub stdin: Vec<u8>,
    /// Variables beside PATH, HOME, TMPDIR and LANG. Nothing of the caller's environment is handed on.
    pub env: Vec<(String, String)>,
    /// Files and directories outside the room that it may read too.
    pub read: Vec<PathBuf>,
    /// What it may use.
    pub limits: Limits,
}

/// Who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Itself.
    #[default]
    Itself,
    /// It was not done in time.
    Time,
    /// It started too many processes.
    Processes,
    /// It took too much memory.
    Memory,
    /// It wrote too many files, or too much into them.
    Disk,
    /// It wrote too much to its streams.
    Output,
    /// Whoever started it was gone.
    Abandoned,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Its exit code, where it exited.
    pub exit: Option<i32>,
    /// The signal that ended it, where one did.
    pub signal: Option<i32>,
    /// What it wrote to stdout, cut in the middle where it was more than is kept.
    pub stdout: String,
    /// What it wrote to stderr, likewise.
    pub stderr: String,
    /// Who ended it.
    pub end: End,
    /// Processes that it had left behind, or that had to be ended with it.
    pub processes_killed: u64,
    /// Milliseconds that it took.
    pub millis: u64,
}

impl Outcome {
    /// Whether it ended by itself with this exit code.
    #[must_use]
    pub fn exited(&self, code: i32) -> bool {
        self.end == End::Itself && self.exit == Some(code)
    }

    /// How it ended, as a fragment: `exited with 1`, `was ended after 10 s`.
    #[must_use]
    pub fn how(&self, limits: &Limits) -> String {
        match (self.end, self.exit, self.signal) {
            (End::Time, ..) => format!("was not done within {} s", limits.millis.div_ceil(1000)),
            (End::Processes, ..) => format!("started more than {} processes", limits.processes),
            (End::Memory, ..) => format!("took more than {} MB of memory", limits.memory >> 20),
            (End::Disk, ..) => format!("wrote more than {} MB into files", limits.file >> 18),
            (End::Output, ..) => "wrote without end".to_owned(),
            (End::Abandoned, ..) => "was left alone".to_owned(),
            (End::Itself, Some(code), _) => format!("exited with {code}"),
            (End::Itself, None, Some(signal)) => format!("was killed by signal {signal}"),
            (End::Itself, None, None) => "ended".to_owned(),
        }
    }
}

/// Why nothing can be run safely.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no sandbox here: {because}")]
pub struct Unavailable {
    /// Why, as a fragment.
    pub because: String,
}

impl Unavailable {
    fn new(because: impl Into<String>) -> Self {
        Self { because: because.into() }
    }
}

/// What a sandbox is made from; the environment is read by whoever composes the program.
#[derive(Debug, Clone, Default)]
pub struct Means {
    /// This program.
    pub exe: PathBuf,
    /// The directories of the PATH.
    pub path: Vec<PathBuf>,
    /// The user's home, which stays shut.
    pub home: Option<PathBuf>,
    /// Once set, what runs is ended and nothing more is started.
    pub stop: Stop,
}

/// One of the stages, in a process of its own: what [`SUBCOMMAND`] leads to. Nothing in it is meant to be typed.
#[must_use]
pub fn stage(args: &[String]) -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        linux::stage(args)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = args;
        ExitCode::from(TROUBLE)
    }
}

/// The exit code of a stage that could not do its part.
const TROUBLE: u8 = 125;

/// A program on the PATH.
fn find(program: &str, path: &[PathBuf]) -> Option<PathBuf> {
    path.iter().map(|dir| dir.join(program)).find(|p| is_program(p))
}

fn is_program(path: &Path) -> bool {
    let Ok(meta) = path.metadata() else { return false };
    #[cfg(unix)]
    {
        meta.is_file() && std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0
    }
    #[cfg(not(unix))]
    {
        meta.is_file()
    }
}
