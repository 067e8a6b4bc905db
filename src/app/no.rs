//! Two of the three kinds of no: refusals and faults. (The third, the finding, is an answer.)

use crate::app::HumanQuestion;
use crate::base::fs::FileError;
use crate::evidence::{LedgerError, StoreError};

/// Why there is no answer.
#[derive(Debug)]
pub enum No {
    /// We will not; says because and next.
    Refusal(Refusal),
    /// We or the machine failed.
    Fault(Fault),
    /// Only a human can answer; the face asks, or says that none can be reached.
    NeedsHuman(HumanQuestion),
}

/// We will not: what, why, and the call that gets further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Kebab-case.
    pub code: String,
    /// Why, as a fragment.
    pub because: String,
    /// What was looked at, a line each: events, files, the call's own arguments.
    pub evidence: Vec<String>,
    /// The next call or command, exactly.
    pub next: String,
}

impl Refusal {
    /// A refusal with its reason and its way on.
    pub fn new(code: impl Into<String>, because: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code: code.into(), because: because.into(), evidence: Vec::new(), next: next.into() }
    }

    /// With something that it looked at.
    #[must_use]
    pub fn saw(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    /// A file of the user's that cannot be read.
    #[must_use]
    pub fn unreadable(error: &FileError) -> Self {
        let next = match error {
            FileError::Missing { .. } => {
                "pass the path of an existing file, absolute, or relative to the directory in which platform-integration was started"
            }
            FileError::NotAFile { .. } => "pass the path of a file, not of a directory or device",
            FileError::TooLarge { .. } => {
                "pass a description of at most 64 MiB or a contract of at most 2 MiB; split or bundle a larger one"
            }
            FileError::Binary { .. } => "pass a text file: OpenAPI as JSON or YAML, the contract as YAML",
            FileError::Io { .. } => "check the permissions of the file, then call again",
        };
        let meant = match error {
            FileError::NotAFile { path } => Some(path.join("integration.yaml")).filter(|contract| contract.is_file()),
            _ => None,
        };
        let next = match meant {
            Some(contract) => format!("{next}; the contract that lies in it is {}", contract.display()),
            None => next.to_owned(),
        };
        Self::new("unreadable-file", error.to_string(), next).saw("the file system")
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "refused: {}: {}", self.code, self.because)?;
        if !self.evidence.is_empty() {
            writeln!(f, "looked at: {}", self.evidence.join("; "))?;
        }
        write!(f, "next: {}", self.next)
    }
}

/// We or the machine failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happened to which thing.
    pub because: String,
    /// What to do.
    pub next: String,
}

impl Fault {
    /// A fault with its remedy.
    pub fn new(because: impl Into<String>, next: impl Into<String>) -> Self {
        Self { because: because.into(), next: next.into() }
    }

    /// Nobody waits for the answer any more.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new("the call was cancelled", "call again when it is wanted")
    }

    /// A fault of this program.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        Self::new(
            format!("internal: {error}"),
            "this is a fault of platform-integration; report it with the command and its input",
        )
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "failed: {}\nnext: {}", self.because, self.next)
    }
}

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        let next = match &e {
            StoreError::Unusable { because, .. } if because.contains("disk is full") => {
                "free some room on that disk, then do the same again: what was recorded before is kept, and another store would know nothing of it"
            }
            StoreError::Unusable { because, .. } if because.contains("another process") => {
                "stop the process that holds it (`fuser` or `lsof` on the file name it), then call again"
            }
            StoreError::Unusable { because, .. } if because.contains("damaged") => {
                "run `platform-integration evidence verify`; restore the file from a backup or a bundle, or start a new store with --store PATH"
            }
            StoreError::Unusable { because, .. } if because.contains("not an SQLite database") => {
                "name another file with --store PATH, or one that is not there yet; this one was left as it is"
            }
            StoreError::Unusable { .. } => {
                "make the directory writable, or choose another place with --store PATH or PLATFORM_INTEGRATION_STORE"
            }
            StoreError::Newer { .. } => {
                "use the newer platform-integration that wrote it, or another place with --store PATH"
            }
            StoreError::NoSession(_) => {
                "list sessions with `platform-integration evidence`, or open one with open_session"
            }
            StoreError::Damaged { .. } => {
                "run `platform-integration evidence verify`; restore the file from a backup, or start a new store with --store PATH"
            }
        };
        Self::new(e.to_string(), next)
    }
}

impl From<LedgerError> for Fault {
    fn from(e: LedgerError) -> Self {
        let next = match &e {
            LedgerError::Busy { .. } => "stop the other process first, or run another flow with --flow",
            LedgerError::Unusable { because, .. } if because.contains("disk is full") => {
                "free some room on that disk, then run again: what was settled is known, the rest is read again"
            }
            LedgerError::Unusable { .. } => "make the directory writable, or choose another place with --store PATH",
        };
        Self::new(e.to_string(), next)
    }
}

impl From<FileError> for Fault {
    fn from(e: FileError) -> Self {
        let in_the_way = matches!(&e, FileError::Io { source, .. }
            if matches!(source.kind(), std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory));
        let next = if in_the_way {
            "a file stands where a directory is needed: choose another directory"
        } else {
            "make the directory writable, or choose another one"
        };
        Self::new(format!("cannot write {e}"), next)
    }
}

impl From<crate::workflow::Refusal> for Refusal {
    fn from(r: crate::workflow::Refusal) -> Self {
        let next = r.next_line();
        let evidence = r.looked.lines();
        Self { code: r.code.to_owned(), because: r.because, evidence, next }
    }
}

impl From<Refusal> for No {
    fn from(r: Refusal) -> Self {
        Self::Refusal(r)
    }
}

impl From<Fault> for No {
    fn from(f: Fault) -> Self {
        Self::Fault(f)
    }
}

impl From<StoreError> for No {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::NoSession(id) => Refusal::new(
                "unknown-session",
                format!("no session {id} in this store"),
                "open one with open_session, or list the sessions with query_evidence {}",
            )
            .saw("the sessions of this store")
            .into(),
            other => Fault::from(other).into(),
        }
    }
}

impl From<LedgerError> for No {
    fn from(e: LedgerError) -> Self {
        Fault::from(e).into()
    }
}
