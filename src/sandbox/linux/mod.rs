//! The stages, each in a process of its own with one thread: `keep`, `ward`, `confine`.

mod calls;
mod confine;
mod ward;

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, mount_bind, mount_change, mount_remount};
use rustix::process::{getgid, getppid, getuid};
use rustix::thread::UnshareFlags;

use super::policy::{self, Mode, Policy};
use super::{SUBCOMMAND, TROUBLE};

/// How far ahead of other programs keeper and warden stand, if they may.
const AHEAD: i32 = -10;

pub(super) fn stage(args: &[String]) -> ExitCode {
    // What whoever started us had left open, a shell's `9<file` or a socket of its service, is open to what we start too.
    close_fds::set_fds_cloexec(3, &[]);
    match args {
        [stage] if stage == "hello" => {
            use std::io::Write as _;
            let said = std::io::stdout().write_all(b"hello\n");
            ExitCode::from(if said.is_ok() { 0 } else { TROUBLE })
        }
        [stage, run] => {
            let run = Path::new(run);
            let Some(policy) = policy::read::<Policy>(run, policy::POLICY) else { return ExitCode::from(TROUBLE) };
            let done = match stage.as_str() {
                "keep" => keep(run, &policy),
                "ward" => ward::ward(run, &policy),
                "confine" => confine::confine(&policy),
                _ => Err("no such stage".to_owned()),
            };
            match done {
                Ok(code) => ExitCode::from(code),
                Err(because) => {
                    let _ = policy::write(run, policy::TROUBLE, because.as_bytes());
                    ExitCode::from(TROUBLE)
                }
            }
        }
        _ => ExitCode::from(TROUBLE),
    }
}

/// The next stage of the same run.
fn next(stage: &str, run: &Path, policy: &Policy) -> Command {
    let mut command = Command::new(&policy.exe);
    command.args([SUBCOMMAND, stage]).arg(run).env_clear();
    command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    command
}

/// Goes into namespaces where there are some, starts the warden, and stays so that killing this process ends it all.
fn keep(run: &Path, policy: &Policy) -> Result<u8, String> {
    let parent = getppid();
    // Where that may be asked for: the warden looks first, however many want to run. Before a namespace takes the right away.
    let _ = rustix::process::setpriority_process(None, AHEAD);
    if policy.mode == Mode::Namespaces {
        namespaces(&policy.room)?;
    }
    let mut warden = next("ward", run, policy).spawn().map_err(|e| format!("the warden did not start: {e}"))?;
    loop {
        if let Some(status) = warden.try_wait().map_err(|e| format!("the warden was lost: {e}"))? {
            let code = status.code().or_else(|| status.signal().map(|s| 128 + s)).unwrap_or(1);
            return Ok(u8::try_from(code).unwrap_or(1));
        }
        if getppid() != parent {
            // Whoever asked is gone. The warden notices that this process is.
            return Ok(TROUBLE);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Users, processes, network, messages and mounts of its own; all file systems read-only but the room.
fn namespaces(room: &Path) -> Result<(), String> {
    let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
    let flags = UnshareFlags::NEWUSER
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWNS;
    #[expect(deprecated, reason = "unsafe only with FILES, which is not asked for: file descriptors stay shared")]
    rustix::thread::unshare(flags).map_err(|e| format!("namespaces are refused: {e}"))?;
    let tell = |file: &str, text: String| {
        policy::write(Path::new("/proc/self"), file, text.as_bytes()).map_err(|e| format!("{file}: {e}"))
    };
    // Before groups can be mapped. <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>
    tell("setgroups", "deny".to_owned())?;
    tell("uid_map", format!("0 {uid} 1"))?;
    tell("gid_map", format!("0 {gid} 1"))?;
    let told = |what: &'static str| move |e: Errno| format!("mount {what}: {e}");
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).map_err(told("/"))?;
    let mounts = mounts()?;
    mount_bind(room, room).map_err(told("room"))?;
    for (path, flags) in mounts {
        // Landlock knows no change of modes, owners and times: a file system that is read-only does.
        match mount_remount(&path, MountFlags::BIND | MountFlags::RDONLY | flags, c"") {
            // Another one lies over it, or it cannot be reached: then the program cannot either.
            Ok(()) | Err(Errno::INVAL | Errno::NOENT | Errno::ACCESS | Errno::NOTDIR) => {}
            Err(e) => return Err(format!("mount {}: {e}", path.display())),
        }
    }
    Ok(())
}

/// The mounts with the flags that must be kept; what the kernel makes up in /proc aside, which is mounted anew.
fn mounts() -> Result<Vec<(PathBuf, MountFlags)>, String> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").map_err(|e| format!("mountinfo: {e}"))?;
    let mut out = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ').skip(4);
        let (Some(path), Some(options)) = (words.next(), words.next()) else { continue };
        let path = path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\");
        if path == "/proc" || path.starts_with("/proc/") {
            continue;
        }
        let mut flags = MountFlags::empty();
        for option in options.split(',') {
            flags |= match option {
                "nosuid" => MountFlags::NOSUID,
                "nodev" => MountFlags::NODEV,
                "noexec" => MountFlags::NOEXEC,
                "noatime" => MountFlags::NOATIME,
                "nodiratime" => MountFlags::NODIRATIME,
                "relatime" => MountFlags::RELATIME,
                _ => MountFlags::empty(),
            };
        }
        out.push((PathBuf::from(path), flags));
    }
    Ok(out)
}
