//! Which machine it was.

use std::process::Command;

/// Processor, cores, system, compiler.
pub(crate) fn named() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map_or("an unnamed processor", |m| m.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("Measured on {model}, {cores} cores, {}, {}", said("uname", &["-sr"]), said("rustc", &["--version"]))
}

/// The load of the last minute, as the system counts it.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|l| !l.is_empty()).unwrap_or("unknown").to_owned()
}

/// Whether the bench and all servers were given preference over what else the machine did.
pub(crate) fn urgency() -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields after the name in brackets, from the third on; 40 and 41 are priority and policy.
    let after: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    match after.get(38).copied() {
        Some("1" | "2") => "Bench and servers alike ran in the real-time class (`chrt`).".to_owned(),
        _ => "Bench and servers alike ran at ordinary priority.".to_owned(),
    }
}

/// What a program says of itself, on one line.
pub(crate) fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default();
    if text.is_empty() { format!("no {program}") } else { text }
}

/// Resident memory of a process in MB; 0 where the system does not tell.
pub(crate) fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().split(' ').next()).and_then(|kb| kb.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}
