//! The program under test as a process in a group of its own: started, listened to, asked to end, killed. Nothing of it is
//! left when this is dropped.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::NOT_STARTED;
use super::environment::Started;
use crate::base::text::truncate;
use crate::probe;

/// Bytes of output that are looked at.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;
/// Bytes of one line.
const MOST_LINE: u64 = 64 * 1024;

/// Told of each line.
pub(super) type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// What the program wrote, bounded.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) text: String,
    /// It wrote more than is looked at.
    pub(super) cut: bool,
    last: String,
}

/// A running program.
pub(super) struct Process {
    child: Child,
    group: Group,
    output: Arc<Mutex<Output>>,
    mark: String,
    readers: Vec<std::thread::JoinHandle<()>>,
    status: Option<ExitStatus>,
    /// What [`stalled`] said when it was started.
    stalled: Duration,
}

/// A handle to end a process group with, to be passed on.
#[derive(Debug, Clone, Default)]
pub(super) struct Group(Arc<Mutex<Option<u32>>>);

impl Group {
    fn signal(&self, kill: bool) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(unix)]
        if let Some(group) = held.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
            use rustix::process::Signal;
            let _ = rustix::process::kill_process_group(group, if kill { Signal::KILL } else { Signal::TERM });
        }
        let _ = (held, kill);
    }

    /// SIGKILL to all of it.
    pub(super) fn kill(&self) {
        self.signal(true);
    }

    /// Somebody of it is there.
    pub(super) fn is_alive(&self) -> bool {
        let held = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(unix)]
        if let Some(group) = held.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
            return rustix::process::test_kill_process_group(group).is_ok();
        }
        let _ = held;
        false
    }

    /// How long its first process could have gone on and had no processor, as Linux counts it (`Documentation/scheduler/sched-stats`);
    /// nothing elsewhere.
    fn waited(&self) -> Duration {
        let held = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stat = held.and_then(|id| std::fs::read_to_string(format!("/proc/{id}/schedstat")).ok());
        let waited = stat.and_then(|text| text.split_whitespace().nth(1)?.parse().ok());
        Duration::from_nanos(waited.unwrap_or(0))
    }

    /// Its work is done by children that end, as a shell's is: they took more of the processor than it did itself.
    fn works_by_children(&self) -> bool {
        let held = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stat = held.and_then(|id| std::fs::read_to_string(format!("/proc/{id}/stat")).ok());
        stat.as_deref().and_then(ticks).is_some_and(|(own, children)| children > own)
    }

    /// SIGTERM to all of it.
    pub(super) fn ask_to_end(&self) {
        self.signal(false);
    }
}

/// Ticks of the processor that a process took itself and that its ended children took, of `/proc/ID/stat` (proc(5)).
fn ticks(stat: &str) -> Option<(u64, u64)> {
    // The name of the program may hold blanks and brackets; what follows the last bracket does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let of = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some((of(11)? + of(12)?, of(13)? + of(14)?))
}

/// For how long so far something on this machine could have gone on and had no processor, as Linux counts it
/// (`Documentation/accounting/psi`); nothing where it does not.
fn stalled() -> Duration {
    let text = std::fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("some ")?.split("total=").nth(1)?.trim().parse().ok());
    Duration::from_micros(total.unwrap_or(0))
}

impl Process {
    /// How long it could have gone on and had no processor. What children that have ended waited for is counted nowhere: of who works by
    /// such, as long as the machine was short of processors, and `most` of it.
    pub(super) fn waited(&self, most: Duration) -> Duration {
        let own = self.group.waited();
        if !self.group.works_by_children() {
            return own;
        }
        own.max(stalled().saturating_sub(self.stalled).min(most))
    }

    /// Starts it.
    pub(super) fn start(started: &Started, listener: &Listener) -> Result<Self, String> {
        let mut command = Command::new(&started.program);
        command.args(&started.arguments).envs(&started.variables).current_dir(&started.directory);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mark = probe::mark();
        command.env(probe::MARK, &mark);
        let stalled = stalled();
        let mut child = command.spawn().map_err(|e| format!("{} {NOT_STARTED}: {e}", started.program))?;
        let output = Arc::new(Mutex::new(Output::default()));
        let group = Group(Arc::new(Mutex::new(Some(child.id()))));
        let mut readers = Vec::new();
        let pipes: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
            child.stderr.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
        ];
        for pipe in pipes.into_iter().flatten() {
            let (output, listener) = (Arc::clone(&output), Arc::clone(listener));
            readers.push(std::thread::spawn(move || listen(pipe, &output, &listener)));
        }
        Ok(Self { child, group, output, mark, readers, status: None, stalled })
    }

    pub(super) fn group(&self) -> Group {
        self.group.clone()
    }

    /// How it ended; nothing while it runs.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    /// Ends all that is left of it and returns what it wrote and its last line.
    pub(super) fn close(mut self) -> (Output, String) {
        self.end();
        // What a process outside the group still holds open is not waited for.
        for _ in 0..100 {
            if self.readers.iter().all(std::thread::JoinHandle::is_finished) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let mut output = std::mem::take(&mut *self.output.lock().unwrap_or_else(PoisonError::into_inner));
        let last = truncate(std::mem::take(&mut output.last).trim(), 160);
        (output, last)
    }

    fn end(&mut self) {
        // The group outlives its first process where that has left children behind.
        self.group.kill();
        let _ = self.child.kill();
        let _ = self.child.wait();
        *self.group.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // What has left the group still carries the mark.
        probe::strays(&self.mark);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn listen(pipe: Box<dyn Read + Send>, output: &Mutex<Output>, listener: &Listener) {
    let mut reader = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(MOST_LINE).read_until(b'\n', &mut line) {
            Ok(n) if n > 0 => {}
            _ => return,
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        let seen = {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            if output.text.len() < MOST_OUTPUT {
                output.text.push_str(line);
                output.text.push('\n');
                line.clone_into(&mut output.last);
                true
            } else {
                output.cut = true;
                false
            }
        };
        if seen {
            listener(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn what_a_process_and_its_ended_children_took_is_read_behind_its_name() {
        let stat = "12 (a) b) S 1 12 12 0 -1 4194304 1 2 3 4 50 10 700 30 20 0";
        assert_eq!(ticks(stat), Some((60, 730)));
        assert_eq!(ticks("12 (cut) S 1"), None);
    }
}
