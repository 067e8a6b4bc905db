//! The warden: starts the program, counts what it takes, and ends everything when it is done, or has to be.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rustix::mount::{MountFlags, mount};
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, getppid, kill_process, kill_process_group, set_child_subreaper,
    set_parent_process_death_signal, setsid, waitpid,
};

use super::super::policy::{self, Ended, Mode, Policy};
use super::super::run::release;
use super::super::{End, Limits};
use super::next;
use crate::base::clock::{Clock as _, SystemClock};

/// Milliseconds between two looks.
const TICK: u64 = 5;
/// Milliseconds that ending everything may take.
const SWEEP: i64 = 4_000;
/// The most files and directories that a program may leave in its room.
const ENTRIES: usize = 20_000;

pub(super) fn ward(run: &Path, policy: &Policy) -> Result<u8, String> {
    let parent = getppid();
    setsid().map_err(|e| format!("session: {e}"))?;
    let told = |e: rustix::io::Errno| format!("warden: {e}");
    let namespaces = policy.mode == Mode::Namespaces;
    if namespaces {
        // Process 1 of its namespace: when it ends, the kernel ends all the others. When the keeper ends, so does it.
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(told)?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount("proc", "/proc", "proc", flags, None).map_err(|e| format!("mount /proc: {e}"))?;
        // Its own from Linux 6.14 on; before, it would be everybody's. No namespace may be smaller than 301.
        if release() >= (6, 14) {
            let most = policy.limits.processes.saturating_add(64).max(320).to_string();
            let _ = policy::write(Path::new("/proc/sys/kernel"), "pid_max", most.as_bytes());
        }
        // Semaphores of Python and others; without it they are refused, no more.
        let _ = mount("tmpfs", "/dev/shm", "tmpfs", flags, Some(c"size=64m"));
    } else {
        // Whoever loses its parent becomes ours.
        set_child_subreaper(Some(getpid())).map_err(told)?;
    }
    let began = SystemClock.now();
    let program = next("confine", run, policy).spawn().map_err(|e| format!("the program did not start: {e}"))?;
    let program = i32::try_from(program.id()).ok().and_then(Pid::from_raw).ok_or("no process id")?;
    let mut ended = Ended::default();
    let mut tick = 0_u64;
    loop {
        let mut done = false;
        while let Ok(Some((pid, status))) = waitpid(None, WaitOptions::NOHANG) {
            if pid == program {
                (ended.exit, ended.signal) = (status.exit_status(), status.terminating_signal());
                done = true;
            }
        }
        if done {
            break;
        }
        tick += 1;
        let millis = u64::try_from(SystemClock.now().0.saturating_sub(began.0)).unwrap_or(0);
        let over = if millis > policy.limits.millis {
            Some(End::Time)
        } else if run.join(policy::STOP).exists() {
            Some(End::Output)
        } else if !namespaces && getppid() != parent {
            Some(End::Abandoned)
        } else if tick.is_multiple_of(20) && too_many_files(&policy.write, &policy.limits) {
            Some(End::Disk)
        } else {
            taken(&below()).over(&policy.limits)
        };
        if let Some(end) = over {
            ended.end = end;
            break;
        }
        // Most programs are done at once.
        std::thread::sleep(Duration::from_millis(if tick < 20 { 2 } else { TICK }));
    }
    (ended.killed, ended.left) = sweep(namespaces);
    policy::write(run, policy::ENDED, &serde_json::to_vec(&ended).unwrap_or_default())
        .map_err(|e| format!("the outcome could not be told: {e}"))?;
    Ok(ended.exit.or_else(|| ended.signal.map(|s| 128 + s)).and_then(|c| u8::try_from(c).ok()).unwrap_or(1))
}

struct Process {
    pid: i32,
    parent: i32,
    zombie: bool,
    threads: u64,
    kilobytes: u64,
}

/// All processes that descend from this one.
fn below() -> Vec<Process> {
    let Ok(proc) = std::fs::read_dir("/proc") else { return Vec::new() };
    let mut all: Vec<Process> = Vec::new();
    for entry in proc.filter_map(Result::ok) {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|n| n.parse().ok()) else { continue };
        let Ok(status) = std::fs::read(entry.path().join("status")) else { continue };
        all.extend(parse(pid, &String::from_utf8_lossy(&status)));
    }
    let parents: BTreeMap<i32, i32> = all.iter().map(|p| (p.pid, p.parent)).collect();
    let own = getpid().as_raw_nonzero().get();
    all.retain(|p| {
        let mut at = p.pid;
        // Ids are reused: a chain that is longer than there are processes is none.
        for _ in 0..parents.len() {
            let Some(parent) = parents.get(&at) else { return false };
            if *parent == own {
                return true;
            }
            at = *parent;
        }
        false
    });
    all
}

/// `/proc/PID/status`. A name has no line breaks in it: the kernel escapes them.
fn parse(pid: i32, status: &str) -> Option<Process> {
    let field = |name: &str| {
        let rest = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        rest.split_whitespace().next()
    };
    Some(Process {
        pid,
        parent: field("PPid")?.parse().ok()?,
        zombie: field("State").is_some_and(|s| s == "Z" || s == "X"),
        threads: field("Threads").and_then(|n| n.parse().ok()).unwrap_or(1),
        kilobytes: field("VmRSS").and_then(|n| n.parse().ok()).unwrap_or(0),
    })
}

struct Taken {
    threads: u64,
    bytes: u64,
}

fn taken(processes: &[Process]) -> Taken {
    Taken {
        threads: processes.iter().map(|p| p.threads.max(1)).sum(),
        bytes: processes.iter().map(|p| p.kilobytes.saturating_mul(1024)).sum(),
    }
}

impl Taken {
    fn over(&self, limits: &Limits) -> Option<End> {
        if self.threads > limits.processes {
            return Some(End::Processes);
        }
        (self.bytes > limits.memory).then_some(End::Memory)
    }
}

fn too_many_files(dirs: &[std::path::PathBuf], limits: &Limits) -> bool {
    let mut bytes = 0_u64;
    let mut entries = 0_usize;
    for entry in dirs.iter().flat_map(|d| walkdir::WalkDir::new(d).into_iter().filter_map(Result::ok)) {
        entries += 1;
        bytes += entry.metadata().map_or(0, |m| m.len());
        if entries > ENTRIES || bytes > limits.file.saturating_mul(4) {
            return true;
        }
    }
    false
}

/// Ends all descendants. How many there were, and how many are left.
///
/// In a namespace one call of the kernel's reaches all at once. Elsewhere they are stopped first, all of them, and killed
/// only when nobody moves any more: a stopped process still counts against the limit on processes, so those that go on
/// cannot start others in its place, as they could in that of a dead one.
fn sweep(namespaces: bool) -> (u64, u64) {
    let began = SystemClock.now();
    let mut seen = std::collections::BTreeSet::new();
    let mut stopped = std::collections::BTreeSet::new();
    loop {
        while let Ok(Some(_)) = waitpid(None, WaitOptions::NOHANG) {}
        let mut living = below();
        living.retain(|p| !p.zombie);
        if living.is_empty() {
            return (seen.len() as u64, 0);
        }
        let millis = SystemClock.now().0.saturating_sub(began.0);
        if millis > SWEEP {
            return (seen.len() as u64, living.len() as u64);
        }
        seen.extend(living.iter().map(|p| p.pid));
        if namespaces {
            // Process group 1 stands for all that this process may signal, which in a namespace is all but itself.
            let _ = kill_process_group(Pid::INIT, Signal::KILL);
        } else {
            let moving = living.iter().any(|p| !stopped.contains(&p.pid));
            let signal = if moving && millis < SWEEP / 2 { Signal::STOP } else { Signal::KILL };
            for pid in living.iter().filter_map(|p| Pid::from_raw(p.pid)) {
                let _ = kill_process(pid, signal);
            }
            stopped.extend(living.iter().map(|p| p.pid));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let status = "Name:\tPPid: 9\nState:\tS (sleeping)\nPid:\t7\nPPid:\t3\nVmRSS:\t    42 kB\nThreads:\t5\n";
        let process = super::parse(7, status).expect("a file of the kernel");
        assert_eq!((process.parent, process.threads, process.kilobytes, process.zombie), (3, 5, 42, false));
    }
}
