//! The system calls that are forbidden. What is not named is allowed: files are Landlock's business, and programs of all
//! kinds must run.

use std::collections::BTreeMap;

use libc::c_long;

use super::super::policy::Mode;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

/// No address of any network, no socket by a path: a socket of the machine's services is a way out too. Pairs are allowed.
const NETWORK: &[c_long] = &[libc::SYS_socket];

/// Other processes, the kernel, the machine.
const OTHERS: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setattr,
];

/// What a program does without where it is told that there is none: `clone3` hides its flags, a ring hides its calls.
const ABSENT: &[c_long] =
    &[libc::SYS_clone3, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

/// Signals to others, where neither the kernel nor a namespace keeps them inside.
const SIGNALS: &[c_long] = &[
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
];

/// Changes of what a file is and not of what it holds. Landlock knows none of them; where the rest of the file system is not
/// mounted read-only and owned by the program's own user, they are said to be done and are not: programs that copy a file with its mode go on.
const ATTRIBUTES: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
];

/// The same number on every architecture.
const FCHMODAT2: c_long = 452;

/// Numbers of x32, a second set of calls on x86-64: all of ours with this bit, and those that have numbers of their own.
#[cfg(target_arch = "x86_64")]
const X32: c_long = 0x4000_0000;
#[cfg(target_arch = "x86_64")]
const X32_OWN: &[c_long] = &[521, 524, 528, 536, 539, 540];

#[cfg(target_arch = "x86_64")]
const ARCH: Option<TargetArch> = Some(TargetArch::x86_64);
#[cfg(target_arch = "aarch64")]
const ARCH: Option<TargetArch> = Some(TargetArch::aarch64);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCH: Option<TargetArch> = None;

/// Forbids them, for this process and all that it starts.
pub(super) fn forbid(mode: Mode, scoped: bool) -> Result<(), String> {
    let told = |e: &dyn std::fmt::Display| format!("seccomp: {e}");
    let arch = ARCH.ok_or("seccomp: not on this architecture")?;
    let install = |rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32| -> Result<(), String> {
        let action = SeccompAction::Errno(u32::try_from(errno).unwrap_or_default());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch).map_err(|e| told(&e))?;
        let program: BpfProgram = filter.try_into().map_err(|e: seccompiler::BackendError| told(&e))?;
        apply_filter(&program).map_err(|e| told(&e))
    };
    if mode == Mode::Plain {
        install(whole(&[ATTRIBUTES]), 0)?;
    }
    install(whole(&[ABSENT]), libc::ENOSYS)?;
    // A word that a program passes on, and that says why: the network is down.
    install(whole(&[NETWORK]), libc::ENETDOWN)?;
    let mut rules = whole(&[OTHERS, if mode != Mode::Plain || scoped { &[] } else { SIGNALS }]);
    #[cfg(target_arch = "x86_64")]
    rules.extend(X32_OWN.iter().map(|n| (n | X32, Vec::new())));
    let spaces = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ];
    let mut clones = Vec::new();
    for flag in spaces {
        let flag = u64::try_from(flag).unwrap_or_default();
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag)
            .map_err(|e| told(&e))?;
        clones.push(SeccompRule::new(vec![condition]).map_err(|e| told(&e))?);
    }
    rules.insert(libc::SYS_clone, clones);
    install(rules, libc::EPERM)
}

/// Rules that match whatever the arguments are.
fn whole(lists: &[&[c_long]]) -> BTreeMap<i64, Vec<SeccompRule>> {
    let mut out = BTreeMap::new();
    for call in lists.iter().copied().flatten() {
        out.insert(*call, Vec::new());
        #[cfg(target_arch = "x86_64")]
        out.insert(*call | X32, Vec::new());
    }
    out
}
