//! A child process in a group of its own: its lines come in bounded, its last words are kept, and nothing of it is left.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::NoServer;
use crate::base::redact;
use crate::base::stop::Stop;

/// How long a server is waited for, and how much of it is read.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For the first answer, from the start of the program on.
    pub first: Duration,
    /// How much of that the newer question gets before the older one is asked too.
    pub era: Duration,
    /// For each further answer.
    pub answer: Duration,
    /// For all that makes up a surface together.
    pub whole: Duration,
    /// Bytes of stdout without an answer.
    pub bytes: u64,
    /// Bytes of one line.
    pub line: usize,
    /// Once set, nothing more is waited for.
    pub stop: Stop,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // An interpreted server needs more than a second on an idle machine, and this one may be busy.
            first: Duration::from_secs(5),
            era: Duration::from_secs(2),
            answer: Duration::from_secs(5),
            whole: Duration::from_secs(15),
            bytes: 32 * 1024 * 1024,
            line: 8 * 1024 * 1024,
            stop: Stop::default(),
        }
    }
}

/// How long a wish to stop may go unseen.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes of stderr that are kept: the end says why.
const KEPT: usize = 4 * 1024;
/// Characters of it that are shown.
const SHOWN: usize = 300;
/// A variable that every process of a probe inherits, so that those which left the group are found again.
pub const MARK: &str = "PLATFORM_INTEGRATION_PROBE";

pub(super) enum Said {
    Line(Vec<u8>),
    /// A line longer than is read.
    TooLong,
    End,
}

/// A running program.
pub(super) struct Process {
    child: Child,
    lines: Option<Receiver<Said>>,
    stdin: Option<Sender<Vec<u8>>>,
    words: Arc<Mutex<Vec<u8>>>,
    silence: Receiver<()>,
    mark: String,
    stop: Stop,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("id", &self.child.id()).finish_non_exhaustive()
    }
}

impl Process {
    /// Starts it.
    pub(super) fn start(mut command: Command, limits: &Limits) -> Result<Self, NoServer> {
        let program = command.get_program().to_string_lossy().into_owned();
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mark = mark();
        command.env(MARK, &mark).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| {
            if e.kind() == std::io::ErrorKind::NotFound {
                NoServer::NoProgram { program: program.clone() }
            } else {
                NoServer::Unstartable { program: program.clone(), because: e.to_string() }
            }
        })?;
        let (line, lines) = sync_channel(64);
        let (stdin, written) = channel::<Vec<u8>>();
        let words = Arc::new(Mutex::new(Vec::new()));
        let (silent, silence) = sync_channel(1);
        if let Some(mut out) = child.stdout.take() {
            let most = limits.line;
            std::thread::spawn(move || read_lines(&mut out, most, &line));
        }
        if let Some(mut pipe) = child.stdin.take() {
            // On a thread of its own: a server that does not read would hold us up.
            std::thread::spawn(move || {
                for message in written {
                    if pipe.write_all(&message).and_then(|()| pipe.flush()).is_err() {
                        break;
                    }
                }
            });
        }
        if let Some(mut err) = child.stderr.take() {
            let words = Arc::clone(&words);
            std::thread::spawn(move || {
                let mut chunk = [0; 4096];
                while let Ok(n) = err.read(&mut chunk) {
                    if n == 0 {
                        break;
                    }
                    let mut kept = words.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend_from_slice(chunk.get(..n).unwrap_or_default());
                    let over = kept.len().saturating_sub(KEPT);
                    kept.drain(..over);
                }
                let _ = silent.send(());
            });
        }
        let stop = limits.stop.clone();
        Ok(Self { child, lines: Some(lines), stdin: Some(stdin), words, silence, mark, stop })
    }

    /// Sends one line; what a dead server does not read is dropped, and told by its end.
    pub(super) fn send(&self, mut message: Vec<u8>) {
        message.push(b'\n');
        if let Some(stdin) = &self.stdin {
            let _ = stdin.send(message);
        }
    }

    /// The next line; nothing when `until` is past, or nobody waits for it any more.
    pub(super) fn line(&self, until: Instant) -> Option<Said> {
        let mut left = until.saturating_duration_since(Instant::now());
        loop {
            let look = left.min(LOOK);
            match self.lines.as_ref()?.recv_timeout(look) {
                Ok(said) => return Some(said),
                Err(RecvTimeoutError::Timeout) if left > look && !self.stop.is_set() => left -= look,
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => return Some(Said::End),
            }
        }
    }

    /// How it ended, once its stdout is closed.
    pub(super) fn status(&mut self) -> String {
        for _ in 0..25 {
            match self.child.try_wait() {
                Ok(Some(status)) => return ended(status),
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Err(_) => break,
            }
        }
        "it closed stdout".to_owned()
    }

    /// The end of what it wrote to stderr, as `: "…"`; secrets masked. Nothing where it wrote nothing.
    pub(super) fn words(&self) -> String {
        // The last words may still be in the pipe.
        let _ = self.silence.recv_timeout(Duration::from_millis(100));
        let kept = self.words.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8_lossy(&kept);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default().join(" / ");
        if last.is_empty() { String::new() } else { format!(": \"{}\"", redact::bounded(&last, SHOWN)) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stdin = None;
        self.lines = None;
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        strays(&self.mark);
    }
}

/// Ends what left the group: whoever still carries the mark in its environment was started by us.
#[cfg(target_os = "linux")]
pub fn strays(mark: &str) {
    let wanted = format!("{MARK}={mark}");
    // A stray may start another while it is looked for; there is an end to that.
    for _ in 0..3 {
        let mut found = false;
        let Ok(processes) = std::fs::read_dir("/proc") else { return };
        for entry in processes.filter_map(Result::ok) {
            let Some(id) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
            let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
            if environment.split(|b| *b == 0).any(|variable| variable == wanted.as_bytes())
                && let Some(id) = rustix::process::Pid::from_raw(id)
            {
                found |= rustix::process::kill_process(id, rustix::process::Signal::KILL).is_ok();
            }
        }
        if !found {
            return;
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub const fn strays(_mark: &str) {}

/// A word that no other process carries.
#[must_use]
pub fn mark() -> String {
    let mut rng = crate::base::rng::Rng::from_os();
    format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64())
}

fn ended(status: std::process::ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"))
}

fn read_lines(out: &mut impl std::io::Read, most: usize, to: &SyncSender<Said>) {
    let mut line: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let n = match out.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let mut rest = chunk.get(..n).unwrap_or_default();
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            if to.send(Said::Line(std::mem::take(&mut line))).is_err() {
                return;
            }
        }
        line.extend_from_slice(rest);
        if line.len() > most {
            let _ = to.send(Said::TooLong);
            return;
        }
    }
    // What is not closed by a line break at the end is a line all the same.
    if !line.is_empty() {
        let _ = to.send(Said::Line(line));
    }
    let _ = to.send(Said::End);
}
