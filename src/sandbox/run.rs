//! The side of the caller: makes the policy, starts the keeper, reads what comes, bounded, and waits.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::policy::{self, Ended, Mode, Policy};
use super::{End, Job, Means, Outcome, Room, SUBCOMMAND, Unavailable, find};
use crate::base::clock::{Clock as _, SystemClock};

/// Bytes of a stream after which the program is taken to write without end.
const FLOOD: u64 = 16 << 20;
/// Milliseconds that ending it all may take.
const GRACE: u64 = 5_000;
/// How long a wish to stop may go unseen.
const LOOK: Duration = Duration::from_millis(20);

/// Where programs may be run, and how far it goes here.
#[derive(Debug, Clone)]
pub struct Sandbox {
    means: Means,
    read: Vec<PathBuf>,
    mode: Mode,
}

impl Sandbox {
    /// Tries what the kernel allows by running this program in it, once.
    ///
    /// # Errors
    /// [`Unavailable`] where a program could do harm.
    pub fn new(means: Means) -> Result<Self, Unavailable> {
        if !cfg!(target_os = "linux") {
            return Err(Unavailable::new("it needs Landlock and seccomp, which only Linux has"));
        }
        Self::of(means, &[Mode::Namespaces, alone()])
    }

    /// As [`Sandbox::new`], and without namespaces even where there are some: as in a container that refuses them.
    ///
    /// # Errors
    /// As [`Sandbox::new`].
    pub fn without_namespaces(means: Means) -> Result<Self, Unavailable> {
        if !cfg!(target_os = "linux") {
            return Self::new(means);
        }
        Self::of(means, &[alone()])
    }

    fn of(means: Means, modes: &[Mode]) -> Result<Self, Unavailable> {
        let read = readable(&means);
        let mut sandbox = Self { means, read, mode: Mode::Plain };
        let room = Room::new().map_err(|e| Unavailable::new(format!("no temporary directory: {e}")))?;
        let exe = sandbox.means.exe.display().to_string();
        let job = Job { argv: vec![exe, SUBCOMMAND.to_owned(), "hello".to_owned()], ..Job::default() };
        let mut because = Unavailable::new("its own trial failed");
        for mode in modes {
            if *mode == Mode::Namespaces && !bounded() {
                continue;
            }
            sandbox.mode = *mode;
            match sandbox.run(&room, &job) {
                Ok(outcome) if outcome.exited(0) && outcome.stdout == "hello\n" => return Ok(sandbox),
                Ok(outcome) => {
                    let said = crate::base::text::quoted(&outcome.stderr, 200);
                    because = Unavailable::new(format!("its own trial {} {said}", outcome.how(&job.limits)));
                }
                Err(e) => because = e,
            }
        }
        Err(because)
    }

    /// Whether programs get namespaces of their own.
    #[must_use]
    pub fn has_namespaces(&self) -> bool {
        self.mode == Mode::Namespaces
    }

    /// Whether a program of this name is on the PATH, and can be started inside.
    #[must_use]
    pub fn has(&self, program: &str) -> bool {
        find(program, &self.means.path).is_some_and(|p| !matches!(self.mode, Mode::Stranger(_)) || open_to_all(&p))
    }

    /// A command that runs `job` inside: for a server that is talked to. Stdin, stdout and stderr are the caller's to set;
    /// [`Job::stdin`] is not used. Killing the command ends all that it started.
    ///
    /// # Errors
    /// [`Unavailable`] where the run cannot be prepared.
    pub fn command(&self, room: &Room, job: &Job) -> Result<Command, Unavailable> {
        self.prepared(room, job).map(|(command, _)| command).map_err(|e| failed(&e))
    }

    fn prepared(&self, room: &Room, job: &Job) -> std::io::Result<(Command, PathBuf)> {
        let base = room.base();
        let bin = base.join("bin");
        let own = bin.join("platform-integration");
        #[cfg(unix)]
        if own.symlink_metadata().is_err() {
            match std::os::unix::fs::symlink(&self.means.exe, &own) {
                Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(e),
                _ => {}
            }
        }
        let _ = own;
        let path: Vec<String> =
            std::iter::once(&bin).chain(&self.means.path).map(|p| p.display().to_string()).collect();
        let mut env = vec![
            ("PATH".to_owned(), path.join(":")),
            ("HOME".to_owned(), base.join("home").display().to_string()),
            ("TMPDIR".to_owned(), base.join("tmp").display().to_string()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ];
        env.extend(job.env.iter().cloned());
        let mut read = self.read.clone();
        read.extend(job.read.iter().filter_map(|p| p.canonicalize().ok()));
        read.push(bin);
        #[cfg(unix)]
        if let Mode::Stranger(user) = self.mode {
            room.give(user)?;
        }
        let run = room.next_run()?;
        let policy = Policy {
            exe: self.means.exe.clone(),
            argv: job.argv.clone(),
            cwd: room.work().join(&job.cwd),
            env,
            room: base.to_owned(),
            write: ["work", "home", "tmp"].map(|d| base.join(d)).to_vec(),
            read,
            limits: job.limits.clone(),
            mode: self.mode,
        };
        policy::write(&run, policy::POLICY, &serde_json::to_vec(&policy)?)?;
        let mut command = Command::new(&self.means.exe);
        command.args([SUBCOMMAND, "keep"]).arg(&run).env_clear().current_dir(base);
        Ok((command, run))
    }

    /// Whether anybody still waits for what is run.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.means.stop.is_set()
    }

    /// Asks the warden to end it all, where nobody waits for it any more.
    fn end_unwanted(&self, run: &Path) {
        if !self.is_wanted() && !run.join(policy::STOP).exists() {
            // A run whose directory is gone has ended.
            let _ = policy::write(run, policy::STOP, b"unwanted");
        }
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// [`Unavailable`] where it was not run, or not under guard.
    pub fn run(&self, room: &Room, job: &Job) -> Result<Outcome, Unavailable> {
        if !self.is_wanted() {
            return Err(Unavailable::new("nobody waits for it any more"));
        }
        let (mut command, run) = self.prepared(room, job).map_err(|e| failed(&e))?;
        policy::write(&run, "stdin", &job.stdin).map_err(|e| failed(&e))?;
        let stdin = std::fs::File::open(run.join("stdin")).map_err(|e| failed(&e))?;
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = SystemClock.now();
        let mut keeper = command.spawn().map_err(|e| failed(&e))?;
        let (tell, told) = mpsc::channel();
        let keep = job.limits.output;
        // Threads that end with the streams; they hold nothing but a buffer.
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            keeper.stdout.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
            keeper.stderr.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
        ];
        for (which, stream) in streams.into_iter().enumerate() {
            let Some(stream) = stream else { continue };
            let (tell, run) = (tell.clone(), run.clone());
            std::thread::spawn(move || {
                let kept = drain(stream, keep, &|| drop(policy::write(&run, policy::STOP, b"output")));
                let _ = tell.send((which, kept));
            });
        }
        drop(tell);
        let mut texts = [String::new(), String::new()];
        let mut patience = Duration::from_millis(job.limits.millis + GRACE);
        let mut flooded = false;
        let mut open = 2;
        while open > 0 {
            let look = patience.min(LOOK);
            match told.recv_timeout(look) {
                Err(mpsc::RecvTimeoutError::Timeout) if patience > look => {
                    patience -= look;
                    self.end_unwanted(&run);
                }
                Ok((which, kept)) => {
                    open -= 1;
                    flooded |= kept.flooded;
                    if let Some(text) = texts.get_mut(which) {
                        *text = kept.text;
                    }
                }
                // The keeper did not keep its time: what it guards dies with it.
                Err(_) => break,
            }
        }
        // A program may shut both streams and go on.
        let millis = || u64::try_from(SystemClock.now().0.saturating_sub(started.0)).unwrap_or(0);
        loop {
            match keeper.try_wait() {
                Ok(Some(_)) => break,
                Ok(None) if millis() <= job.limits.millis + 2 * GRACE => {
                    self.end_unwanted(&run);
                    std::thread::sleep(Duration::from_millis(5));
                }
                _ => {
                    let _ = keeper.kill();
                    let _ = keeper.wait();
                    break;
                }
            }
        }
        if let Ok(because) = crate::base::fs::read_text(&run.join(policy::TROUBLE), 64 << 10) {
            return Err(Unavailable::new(because));
        }
        // Without a namespace a warden whose keeper was killed ends everything by itself, and says so when it has.
        while self.mode != Mode::Namespaces
            && !run.join(policy::ENDED).exists()
            && millis() <= job.limits.millis + 4 * GRACE
        {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended: Ended = match policy::read(&run, policy::ENDED) {
            Some(ended) => ended,
            // The kernel ended all that was in it.
            None if self.mode == Mode::Namespaces => Ended { end: End::Time, ..Ended::default() },
            None => return Err(Unavailable::new("its warden did not say that everything was ended")),
        };
        if ended.left > 0 {
            return Err(Unavailable::new(format!("{} processes could not be ended", ended.left)));
        }
        let [stdout, stderr] = texts;
        Ok(Outcome {
            exit: ended.exit,
            signal: ended.signal,
            stdout,
            stderr,
            end: if flooded { End::Output } else { ended.end },
            processes_killed: ended.killed,
            millis: millis(),
        })
    }
}

/// Without namespaces: root becomes a stranger, others stay who they are.
fn alone() -> Mode {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        // An id that no system gives out, and that two runs at once do not share.
        return Mode::Stranger(0x7000_0000 | (std::process::id() & 0x00ff_ffff));
    }
    Mode::Plain
}

/// Whether a namespace keeps a program from filling the machine with processes: the limit on them does not hold for root,
/// and before Linux 6.14 a namespace had none of its own.
fn bounded() -> bool {
    matches!(alone(), Mode::Plain) || release() >= (6, 14)
}

/// Linux's version, e.g. 6.14.
pub(super) fn release() -> (u32, u32) {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = text.split(['.', '-']).map(|n| n.trim().parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Whether everybody may start a program.
fn open_to_all(path: &Path) -> bool {
    #[cfg(unix)]
    {
        let Ok(real) = path.canonicalize() else { return false };
        let mode = |p: &Path| p.metadata().map_or(0, |m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()));
        mode(&real) & 0o005 == 0o005 && real.ancestors().skip(1).all(|dir| mode(dir) & 0o001 != 0)
    }
    #[cfg(not(unix))]
    {
        path.exists()
    }
}

fn failed(e: &std::io::Error) -> Unavailable {
    Unavailable::new(format!("a run could not be prepared: {e}"))
}

struct Kept {
    text: String,
    flooded: bool,
}

/// Reads a stream to its end, and keeps its beginning and its end.
fn drain(mut stream: impl Read, keep: usize, flood: &dyn Fn()) -> Kept {
    let half = keep / 2;
    let mut head: Vec<u8> = Vec::new();
    let mut tail: Vec<u8> = Vec::new();
    let mut total = 0_u64;
    let mut flooded = false;
    let mut chunk = [0_u8; 16 << 10];
    while let Ok(n) = stream.read(&mut chunk) {
        let Some(mut new) = chunk.get(..n).filter(|new| !new.is_empty()) else { break };
        total += n as u64;
        let to_head = half.saturating_sub(head.len()).min(new.len());
        head.extend_from_slice(&new[..to_head]);
        new = &new[to_head..];
        tail.extend_from_slice(new);
        if tail.len() > 2 * half + chunk.len() {
            tail.drain(..tail.len() - half);
        }
        if total > FLOOD && !flooded {
            flooded = true;
            flood();
        }
    }
    if tail.len() > half {
        tail.drain(..tail.len() - half);
    }
    let left_out = total - (head.len() + tail.len()) as u64;
    let mut text = String::from_utf8_lossy(&head).into_owned();
    if left_out > 0 {
        text.push_str(&format!("\n[... {left_out} bytes left out ...]\n"));
    }
    text.push_str(&String::from_utf8_lossy(&tail));
    Kept { text, flooded }
}

/// What every program needs to be run at all. Of a home only the toolchains that the PATH names, never the home itself.
fn readable(means: &Means) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = [
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/opt",
        "/nix/store",
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/alternatives",
        "/etc/passwd",
        "/etc/group",
        "/etc/nsswitch.conf",
        "/etc/host.conf",
        "/etc/hosts",
        "/etc/localtime",
        "/etc/timezone",
        "/etc/mime.types",
        "/etc/os-release",
        "/etc/debian_version",
        "/etc/ssl/openssl.cnf",
        "/etc/ssl/certs",
        "/etc/inputrc",
        "/etc/bash.bashrc",
        "/etc/profile",
        "/etc/locale.alias",
        "/etc/python3",
        "/etc/python3.11",
        "/etc/magic",
        "/sys/devices/system/cpu",
    ]
    .map(PathBuf::from)
    .to_vec();
    out.push(means.exe.clone());
    let home = means.home.as_deref().and_then(|h| h.canonicalize().ok());
    // Neither the home nor what it lies in.
    let shut = |dir: &Path| dir.parent().is_none() || home.as_deref().is_some_and(|h| h.starts_with(dir));
    let mut allow = |dir: &Path| {
        if let Ok(dir) = dir.canonicalize()
            && !shut(&dir)
        {
            out.push(dir);
        }
    };
    for dir in &means.path {
        allow(dir);
        let parent = dir.parent();
        // pyenv, rbenv, asdf; a virtual environment of Python.
        let toolchain = dir.ends_with("shims") || parent.is_some_and(|p| p.join("pyvenv.cfg").is_file());
        if let Some(parent) = parent.filter(|_| toolchain) {
            allow(parent);
        }
    }
    for program in ["python3", "python", "node", "bash", "sh"] {
        let Some(real) = find(program, &means.path).and_then(|p| p.canonicalize().ok()) else { continue };
        let Some(bin) = real.parent().filter(|d| d.ends_with("bin")) else { continue };
        let Some(prefix) = bin.parent() else { continue };
        // ~/.local and ~/.cargo hold more than programs.
        if home.as_deref().is_none_or(|h| prefix.parent() != Some(h)) {
            allow(prefix);
        }
    }
    out
}
