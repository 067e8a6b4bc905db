//! Confines this process for good, then becomes the program.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Gid, Resource, Rlimit, Uid, chdir, getuid, setrlimit};
use rustix::thread::{
    CapabilitySet, remove_capability_from_bounding_set, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::super::policy::{Mode, Policy};
use super::calls;

/// Processes beyond the limit that the kernel still lets through, for the warden to see.
const SLACK: u64 = 16;
/// How far behind the warden a program stands when both want to run: a hundred processes must not keep it from looking.
const NICE: i32 = 5;

/// The exit code of a program that is not there, as shells have it.
const NOT_FOUND: u8 = 127;

pub(super) fn confine(policy: &Policy) -> Result<u8, String> {
    let [program, args @ ..] = policy.argv.as_slice() else { return Err("there is nothing to run".to_owned()) };
    // Counted over all that a user runs: a stranger runs nothing outside, and in a namespace the count begins anew.
    let tasks = match policy.mode {
        Mode::Namespaces => 0,
        Mode::Stranger(user) => tasks_of(user),
        Mode::Plain => tasks_of(getuid().as_raw()),
    };
    let _ = rustix::process::setpriority_process(None, NICE);
    if let Mode::Stranger(user) = policy.mode {
        let told = |e: rustix::io::Errno| format!("another user: {e}");
        let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
        set_thread_groups(&[]).map_err(told)?;
        set_thread_res_gid(gid, gid, gid).map_err(told)?;
        set_thread_res_uid(uid, uid, uid).map_err(told)?;
    }
    chdir(&policy.cwd).map_err(|e| format!("{}: {e}", policy.cwd.display()))?;
    limits(policy, tasks)?;
    // Root inside may not be root: after this no program gains a capability.
    for capability in CapabilitySet::all().iter() {
        let _ = remove_capability_from_bounding_set(capability);
    }
    let scoped = files(policy)?;
    calls::forbid(policy.mode, scoped)?;
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(policy.env.iter().map(|(k, v)| (k, v)));
    let e = command.exec();
    let _ = writeln!(std::io::stderr(), "{program}: {e}");
    Ok(NOT_FOUND)
}

/// Processes and threads that a user runs.
fn tasks_of(user: u32) -> u64 {
    let Ok(proc) = std::fs::read_dir("/proc") else { return 0 };
    let of = |dir: std::path::PathBuf| {
        let status = std::fs::read(dir.join("status")).ok()?;
        let status = String::from_utf8_lossy(&status);
        let field = |name: &str| status.lines().find_map(|l| l.strip_prefix(name))?.split_whitespace().next();
        let own = field("Uid:")?.parse() == Ok(user);
        own.then(|| field("Threads:").and_then(|n| n.parse::<u64>().ok()).unwrap_or(1))
    };
    proc.filter_map(Result::ok).filter_map(|entry| of(entry.path())).sum()
}

fn limits(policy: &Policy, tasks: u64) -> Result<(), String> {
    let limits = &policy.limits;
    // The time of all its threads: on two processors a program may use twice what the clock shows.
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let seconds = (limits.millis.div_ceil(1000) + 1).saturating_mul(threads);
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Cpu, seconds),
        // What is written to, not what is reserved: V8 reserves tens of gigabytes.
        (Resource::Data, limits.memory),
        (Resource::Fsize, limits.file),
        (Resource::Nofile, 512),
        // A few more than are allowed: the warden is to see that it is too much.
        (Resource::Nproc, tasks.saturating_add(limits.processes).saturating_add(SLACK)),
        (Resource::Msgqueue, 0),
        (Resource::Memlock, 8 << 20),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
            .or_else(|_| setrlimit(resource, Rlimit { current: Some(most), maximum: None }))
            .map_err(|e| format!("limits: {e}"))?;
    }
    Ok(())
}

/// Shuts the file system but for what the policy names. Whether signals stay inside too, which Linux 6.12 and later can.
fn files(policy: &Policy) -> Result<bool, String> {
    let abi = ABI::V7;
    let told = |e: landlock::RulesetError| format!("Landlock: {e}");
    // Linux 6.2: before it, a file that may be read could be truncated.
    let needed = AccessFs::from_all(ABI::V3);
    let base = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(needed)
        .map_err(|_| "Landlock is missing or older than Linux 6.2".to_owned())?;
    let scoped = Ruleset::default().set_compatibility(CompatLevel::HardRequirement).scope(Scope::Signal).is_ok();
    let read = AccessFs::from_read(abi);
    let devices = AccessFs::ReadFile | AccessFs::WriteFile;
    let mut rules = base
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))
        .and_then(|r| r.handle_access(AccessNet::from_all(abi)))
        .and_then(|r| r.scope(Scope::from_all(abi)))
        .and_then(landlock::Ruleset::create)
        .map_err(told)?
        .add_rules(path_beneath_rules(&policy.read, read))
        .and_then(|r| r.add_rules(path_beneath_rules(&policy.write, AccessFs::from_all(abi))))
        .and_then(|r| r.add_rules(path_beneath_rules(["/dev/null", "/dev/zero", "/dev/full"], devices)))
        .and_then(|r| r.add_rules(path_beneath_rules(["/dev/random", "/dev/urandom"], read)))
        .map_err(told)?;
    // Its own processes, where they are alone in /proc; else what tells of the machine and of nobody on it.
    let proc: &[&str] = if policy.mode == Mode::Namespaces {
        &["/proc"]
    } else {
        &["/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems", "/proc/version", "/proc/uptime"]
    };
    rules = rules.add_rules(path_beneath_rules(proc, read)).map_err(told)?;
    if policy.mode == Mode::Namespaces && Path::new("/dev/shm").exists() {
        rules = rules.add_rules(path_beneath_rules(["/dev/shm"], AccessFs::from_all(abi))).map_err(told)?;
    }
    let status = rules.restrict_self().map_err(told)?;
    if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs {
        return Err("Landlock is missing".to_owned());
    }
    Ok(scoped)
}
