//! The composition root: environment, store, logs, secrets.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::{App, Fault, No};
use crate::base::clock::SystemClock;
use crate::base::fs;
use crate::base::rng::Rng;
use crate::base::secret::{Secret, SecretRef};
use crate::connector::{LogLine, Observer, SecretSource};
use crate::store::{self, SqliteStore};

const STORE: &str = ".platform-integration/evidence.db";

/// Opens the store and puts the application together.
pub(super) fn app(store: Option<&Path>) -> Result<App, No> {
    let cwd = std::env::current_dir().map_err(|e| {
        Fault::new(format!("the working directory cannot be read: {e}"), "change to a directory that exists")
    })?;
    let path = store.map_or_else(|| store::find_store(&cwd).unwrap_or_else(|| cwd.join(STORE)), |p| cwd.join(p));
    let sqlite = Arc::new(SqliteStore::open(&path)?);
    Ok(App::new(Arc::clone(&sqlite) as _, sqlite, Arc::new(SystemClock), Rng::from_os(), cwd))
}

/// Logs of the program itself: to stderr, warnings by default, `RUST_LOG` for more.
pub(super) fn logs() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,rmcp=error"));
    let ansi = std::io::stderr().is_terminal();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).try_init();
}

/// Columns that the shell states; 100 where it states none.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
pub(super) fn columns() -> u16 {
    std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(100)
}

/// Secrets from the environment and from files.
pub(super) struct Secrets {
    /// Paths are relative to it.
    pub(super) cwd: PathBuf,
}

impl SecretSource for Secrets {
    #[expect(clippy::disallowed_methods, reason = "the environment is read here")]
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        let value = match reference {
            SecretRef::Env(name) => {
                std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?
            }
            SecretRef::File(path) => {
                let text = fs::read_text(&self.cwd.join(path), 64 * 1024)
                    .map_err(|e| format!("the secret cannot be read: {e}"))?;
                text.trim_end_matches(['\n', '\r']).to_owned()
            }
        };
        if value.is_empty() {
            return Err(format!("{reference} is empty"));
        }
        Ok(Secret::new(value))
    }
}

/// Log lines of the connector: JSON, one a line, to stderr.
pub(super) struct Lines;

impl Observer for Lines {
    fn log(&self, line: LogLine) {
        super::output::err(&format!("{line}\n"));
    }
}

/// Says nothing.
pub(super) struct Quiet;

impl Observer for Quiet {
    fn log(&self, _line: LogLine) {}
}
