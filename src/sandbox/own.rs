//! This program started once more, with an environment of its own and nothing of the caller's: what it is told and what is
//! planted for it. For commands of ours that documents name; what is somebody else's goes into the sandbox.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::base::clock::{Clock as _, SystemClock};

/// Bytes of each stream that are kept; the newest.
const KEPT: usize = 32 << 10;
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How it is started.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// This program.
    pub exe: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where it works.
    pub dir: PathBuf,
    /// All of its environment.
    pub env: Vec<(String, String)>,
}

/// It, running. Ended when this is dropped.
#[derive(Debug)]
pub struct Own {
    child: Child,
    out: [Arc<Mutex<Vec<u8>>>; 2],
    readers: Vec<JoinHandle<()>>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; nothing where it was ended, or did not end in time.
    pub exit: Option<i32>,
    /// What it wrote to stdout, the end of it.
    pub stdout: String,
    /// What it wrote to stderr, the end of it.
    pub stderr: String,
}

impl Own {
    /// Starts it.
    ///
    /// # Errors
    /// What the machine says.
    pub fn start(start: &Start) -> std::io::Result<Self> {
        let mut command = Command::new(&start.exe);
        command.args(&start.args).current_dir(&start.dir).env_clear().envs(start.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let out = [Arc::default(), Arc::default()];
        let mut readers = Vec::new();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
            child.stderr.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
        ];
        for (stream, kept) in streams.into_iter().zip(&out) {
            let kept: Arc<Mutex<Vec<u8>>> = Arc::clone(kept);
            if let Some(stream) = stream {
                readers.push(std::thread::spawn(move || keep(stream, &kept)));
            }
        }
        Ok(Self { child, out, readers })
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to stop, as an operator does: SIGTERM.
    pub fn terminate(&mut self) {
        #[cfg(unix)]
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
            && self.is_running()
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        #[cfg(not(unix))]
        let _ = self.child.kill();
    }

    /// Waits until it has ended, or has had its time; then it is killed, and has no exit code.
    pub fn wait(mut self, millis: u64) -> Ended {
        let began = SystemClock.now();
        let spent = || u64::try_from(SystemClock.now().0.saturating_sub(began.0)).unwrap_or(0);
        let exit = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status.code(),
                Ok(None) if spent() < millis => std::thread::sleep(LOOK),
                _ => break None,
            }
        };
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        let text = |kept: &Mutex<Vec<u8>>| {
            String::from_utf8_lossy(&kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
        };
        Ended { exit, stdout: text(&self.out[0]), stderr: text(&self.out[1]) }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(mut stream: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut chunk = [0_u8; 4096];
    while let Ok(n @ 1..) = stream.read(&mut chunk) {
        let mut all = kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(chunk.get(..n).unwrap_or_default());
        let over = all.len().saturating_sub(KEPT);
        all.drain(..over);
    }
}
