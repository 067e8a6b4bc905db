//! The composition root: environment, store, logs, secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::meters::Meters;
use super::telemetry::Telemetry;
use crate::app::{App, Fault, No, Refusal};
use crate::base::clock::{Clock as _, SystemClock, Timestamp};
use crate::base::fs;
use crate::base::rng::Rng;
use crate::base::secret::{Secret, SecretRef};
use crate::base::trace::TraceContext;
use crate::connector::{Hold, LogLine, Observer, SecretSource};
use crate::sandbox::Means;
use crate::store::{self, SqliteMaps, SqliteStore};

const STORE: &str = ".platform-integration/evidence.db";

/// What a command wants of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// It writes: where there is no store, one is made.
    Made,
    /// It reads what others wrote: without a store there is nothing, and that is told.
    There,
    /// It does as well without: what it records where there is none is kept in memory.
    Any,
    /// It records nothing.
    None,
}

/// Opens the store and puts the application together.
///
/// # Errors
/// Refused where the command reads a store and there is none; a fault where it cannot be opened.
pub(super) fn app(store: Option<&Path>, wants: Wants) -> Result<App, No> {
    let cwd = std::env::current_dir().map_err(|e| {
        Fault::new(format!("the working directory cannot be read: {e}"), "change to a directory that exists")
    })?;
    let named = store.map(|p| cwd.join(p));
    let there = named.clone().filter(|p| p.exists()).or_else(|| store.is_none().then(|| store::find_store(&cwd))?);
    match (wants, &there) {
        (Wants::None, _) => {
            let mut app = in_memory(cwd);
            app.maps = named.or(there).map(|path| Arc::new(SqliteMaps::beside(&path)) as _);
            return Ok(app);
        }
        (Wants::There, None) => return Err(no_store(&cwd, named.as_deref()).into()),
        (Wants::Any, None) => return Ok(in_memory(cwd)),
        (Wants::Made, None) | (Wants::Made | Wants::There | Wants::Any, Some(_)) => {}
    }
    let path = there.or(named).unwrap_or_else(|| cwd.join(STORE));
    let sqlite = Arc::new(SqliteStore::open(&path)?);
    let mut app = App::new(Arc::clone(&sqlite) as _, sqlite, Arc::new(SystemClock), Rng::from_os(), cwd);
    app.maps = Some(Arc::new(SqliteMaps::beside(&path)));
    Ok(app)
}

fn no_store(cwd: &Path, named: Option<&Path>) -> Refusal {
    let because = match named {
        Some(path) => format!("there is no evidence store at {}", path.display()),
        None => format!("there is no evidence store in {}, nor above it ({STORE})", cwd.display()),
    };
    Refusal::new(
        "no-store",
        because,
        "do it where the connector runs, or name its store with --store PATH; the first command that records something \
         makes one, such as platform-integration check integration.yaml",
    )
}

fn in_memory(cwd: PathBuf) -> App {
    let (memory, ledger) =
        (Arc::new(store::MemoryStore::default()), Arc::new(crate::evidence::MemoryLedger::default()));
    App::new(memory, ledger, Arc::new(SystemClock), Rng::from_os(), cwd)
}

/// Where this program lies, to be started again as a server or as a sandbox.
pub(super) fn exe() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// What a sandbox is made from: this program, the PATH, the home that stays shut.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
pub(super) fn means() -> Means {
    let path = std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
    Means { exe: exe().unwrap_or_default(), path, home: set("HOME").map(PathBuf::from), ..Means::default() }
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The list of keys whose signatures count: named with the command, else by `PLATFORM_INTEGRATION_SIGNERS`, else the
/// user's own, where there is one. Never the contract's: an agent may edit that.
/// <https://specifications.freedesktop.org/basedir-spec/latest/>
pub(super) fn signers(cwd: &Path, named: Option<&str>) -> Option<PathBuf> {
    if let Some(path) = named.map(str::to_owned).or_else(|| set("PLATFORM_INTEGRATION_SIGNERS")) {
        return Some(cwd.join(path));
    }
    Some(config()?.join("allowed_signers")).filter(|path| path.is_file())
}

/// The user's folder of knowledge overlays, where there is one.
pub(super) fn knowledge() -> Option<PathBuf> {
    Some(config()?.join("overlays")).filter(|path| path.is_dir())
}

/// The user's own settings for this program.
/// <https://specifications.freedesktop.org/basedir-spec/latest/>
fn config() -> Option<PathBuf> {
    let config = set("XDG_CONFIG_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let config = config.or_else(|| Some(PathBuf::from(set("HOME")?).join(".config")))?;
    Some(config.join("platform-integration"))
}

/// The trace that whoever started this process works in.
/// <https://opentelemetry.io/docs/specs/otel/context/env-carriers/>
pub(super) fn trace() -> Option<TraceContext> {
    set("TRACEPARENT").and_then(|t| TraceContext::parse(&t))
}

/// Where spans go; nothing, and nothing is begun, unless an endpoint is set.
pub(super) fn telemetry() -> Option<Telemetry> {
    let timeout = otlp("TRACES", "spans")?;
    Telemetry::start(timeout).inspect_err(|because| tracing::warn!(because, "no spans are sent")).ok()
}

/// Where what `run` counts goes; nothing, and nothing is begun, unless an endpoint is set.
pub(super) fn meters() -> Option<Meters> {
    let timeout = otlp("METRICS", "metrics")?;
    Meters::start(timeout).inspect_err(|because| tracing::warn!(because, "no metrics are sent")).ok()
}

/// How long one export of a signal may take, where it is to be exported: by the variables that OpenTelemetry names. What the SDK
/// and its exporters read themselves (headers, sampler, queue, interval, resource) is not repeated here.
/// <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>
fn otlp(signal: &str, what: &str) -> Option<Duration> {
    let first = |name: &str| {
        set(&format!("OTEL_EXPORTER_OTLP_{signal}_{name}")).or_else(|| set(&format!("OTEL_EXPORTER_OTLP_{name}")))
    };
    first("ENDPOINT")?;
    if set("OTEL_SDK_DISABLED").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        return None;
    }
    let exporter = format!("OTEL_{signal}_EXPORTER");
    match set(&exporter).as_deref() {
        None | Some("otlp") => {}
        Some("none") => return None,
        Some(other) => {
            tracing::warn!(exporter = other, "no {what} are sent: {exporter} may be otlp or none");
            return None;
        }
    }
    if let Some(other) = first("PROTOCOL").filter(|p| p != "http/protobuf") {
        tracing::warn!(
            protocol = other,
            "no {what} are sent: OTEL_EXPORTER_OTLP_PROTOCOL may be http/protobuf; collectors take it on port 4318"
        );
        return None;
    }
    Some(Duration::from_millis(first("TIMEOUT").and_then(|t| t.parse().ok()).unwrap_or(10_000)))
}

/// Columns that the shell states; 100 where it states none.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
pub(super) fn columns() -> u16 {
    std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(100)
}

/// The user of this machine, as the shell names them.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
pub(super) fn user() -> String {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|v| std::env::var(v).ok());
    named.filter(|u| !u.trim().is_empty()).unwrap_or_else(|| "unknown user".to_owned())
}

/// Secrets from the environment and from files.
pub(super) struct Secrets {
    /// Paths are relative to it.
    pub(super) cwd: PathBuf,
    /// Newer values of environment variables, which a process cannot write for those after it.
    kept: Mutex<BTreeMap<String, Secret>>,
}

impl Secrets {
    /// Those of the environment, and of files by their path from here.
    pub(super) fn new(cwd: PathBuf) -> Self {
        Self { cwd, kept: Mutex::default() }
    }
}

impl SecretSource for Secrets {
    #[expect(clippy::disallowed_methods, reason = "the environment is read here")]
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        if let Some(kept) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&reference.to_string()) {
            return Ok(kept.clone());
        }
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

    fn keep(&self, reference: &SecretRef, value: &Secret) -> Result<bool, String> {
        let known = self.resolve(reference).is_ok_and(|now| now == *value);
        match reference {
            SecretRef::Env(_) if known => Ok(false),
            SecretRef::Env(_) => {
                let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.insert(reference.to_string(), value.clone());
                Ok(false)
            }
            SecretRef::File(path) => {
                let text = format!("{}\n", value.expose());
                match fs::write_private(&self.cwd.join(path), text.as_bytes()) {
                    Ok(()) => Ok(true),
                    // Where it is given to be read alone, it is as good as an environment variable.
                    Err(error) if error.is_read_only() && known => Ok(false),
                    Err(error) if error.is_read_only() => {
                        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.insert(reference.to_string(), value.clone());
                        Ok(false)
                    }
                    Err(error) => Err(error.to_string()),
                }
            }
        }
    }

    fn hold(&self, reference: &SecretRef) -> Result<Option<Hold>, String> {
        let SecretRef::File(path) = reference else { return Ok(Some(Box::new(()))) };
        // Beside the file, which is replaced whole: a lock on it would be a lock on what it was.
        let mut name = self.cwd.join(path).into_os_string();
        name.push(".lock");
        match fs::lock(&PathBuf::from(name)) {
            Ok(file) => Ok(file.map(|file| Box::new(file) as Hold)),
            // Nobody can renew it there, so nobody gets into the way.
            Err(error) if error.is_read_only() => Ok(Some(Box::new(()))),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Log lines of the connector: JSON, one a line, to stderr; each begins with the time, RFC 3339 in UTC.
pub(super) struct Lines;

impl Observer for Lines {
    fn log(&self, line: LogLine) {
        super::output::err(&format!("{}\n", at(SystemClock.now(), line)));
    }
}

fn at(now: Timestamp, line: LogLine) -> LogLine {
    match line {
        LogLine::Object(fields) => {
            let time = ("time".to_owned(), now.rfc3339().into());
            LogLine::Object(std::iter::once(time).chain(fields).collect())
        }
        other => other,
    }
}

/// Says nothing.
pub(super) struct Quiet;

impl Observer for Quiet {
    fn log(&self, _line: LogLine) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_begins_with_the_time() {
        let line = at(Timestamp(1_795_428_000_123), serde_json::json!({"level": "info", "event": "run-started"}));
        assert_eq!(line.to_string(), r#"{"time":"2026-11-23T10:00:00.123Z","level":"info","event":"run-started"}"#);
    }
}
