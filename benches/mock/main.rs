//! `mock` beside Prism on the same descriptions: `benches/mock/install`, then `cargo run --release --example mock-benchmark`,
//! with descriptions or folders of them as arguments (the examples of this repository without). For each: how long from
//! start to the first good answer (the median of `--starts N`, since a busy machine is late by chance), and how many requests a second over kept-alive connections with requests validated:
//! a list that is read, and a record that is made where an operation for that is described. One load for both, one after the
//! other. What Prism does not start on, or does not answer well, is said. `--seconds N` for each load, `--wait N` for a start.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures real time and prints"
)]

mod load;
mod plan;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use self::load::{Load, ask, load};
use self::plan::{Asks, asks};

struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came of one server on one description.
#[derive(Default)]
struct Seen {
    ready_ms: Option<f64>,
    resident_mb: f64,
    read: Option<Load>,
    make: Option<Load>,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let at = args.iter().position(|a| a == name);
        at.and_then(|i| args.get(i + 1)?.parse().ok()).unwrap_or(default)
    };
    let (seconds, wait) = (number("--seconds", 3), number("--wait", 60));
    let starts = number("--starts", 5).max(1);
    let mut files = Vec::new();
    let mut skip = false;
    for arg in &args {
        if std::mem::take(&mut skip) {
            continue;
        }
        skip = arg.starts_with("--");
        if !skip {
            collect(Path::new(arg), &mut files);
        }
    }
    if files.is_empty() {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"), &mut files);
    }
    println!(
        "Measured on {}; {seconds} s a load, 16 connections; the median of {starts} starts, each is given {wait} s.\n",
        machine()
    );
    println!(
        "{:<34} {:>6} | {:>9} {:>7} {:>9} {:>9} | {:>9} {:>7} {:>9} {:>9} | {:>7} {:>7} {:>7}",
        "", "", "mock", "", "", "", "Prism", "", "", "", "times", "", ""
    );
    println!(
        "{:<34} {:>6} | {:>9} {:>7} {:>9} {:>9} | {:>9} {:>7} {:>9} {:>9} | {:>7} {:>7} {:>7}",
        "description",
        "kB",
        "ready ms",
        "MB",
        "reads/s",
        "makes/s",
        "ready ms",
        "MB",
        "reads/s",
        "makes/s",
        "ready",
        "reads",
        "makes"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for file in files {
        let Some(asks) = asks(&file) else { continue };
        let [ours, prism] =
            [true, false].map(|ours| runtime.block_on(measure(&file, ours, &asks, seconds, wait, starts)));
        row(&file, &ours, &prism);
    }
}

fn collect(at: &Path, into: &mut Vec<PathBuf>) {
    if at.is_dir() {
        let mut inside: Vec<PathBuf> = std::fs::read_dir(at).unwrap().map(|e| e.unwrap().path()).collect();
        inside.sort();
        inside.iter().for_each(|p| collect(p, into));
    } else if at.extension().is_some_and(|e| e == "json" || e == "yaml" || e == "yml") {
        let mut head = vec![0; 4096];
        let read = std::io::Read::read(&mut std::fs::File::open(at).unwrap(), &mut head).unwrap_or(0);
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        if head.contains("openapi") || head.contains("swagger") {
            into.push(at.to_owned());
        }
    }
}

fn start(file: &Path, ours: bool) -> Option<Server> {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = if ours {
        let mut command =
            Command::new(std::env::current_exe().unwrap().parent()?.parent()?.join("platform-integration"));
        command.args(["mock", "--records", "20", "--listen", &format!("127.0.0.1:{port}")]).arg(file);
        command.env("RUST_LOG", "off");
        command
    } else {
        let prism = root.join("target/baselines/prism/node_modules/@stoplight/prism-cli/dist/index.js");
        if !prism.is_file() {
            return None;
        }
        let mut command = Command::new("node");
        // On one core it needs no cluster; the log is off, as ours is.
        command.arg(prism).args(["mock", "-m", "false", "-p", &port.to_string(), "-v", "error"]).arg(file);
        command
    };
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    Some(Server { child, port })
}

async fn measure(file: &Path, ours: bool, asks: &Asks, seconds: u64, wait: u64, starts: u64) -> Seen {
    let mut times = Vec::new();
    let mut server = None;
    for _ in 0..starts {
        // The one before is gone first.
        drop(server.take());
        // What is not up within the wait is not waited for again.
        let Some((up, took)) = ready(file, ours, asks, wait).await else { return Seen::default() };
        times.push(took);
        server = Some(up);
    }
    times.sort_by(f64::total_cmp);
    let Some(server) = server else { return Seen::default() };
    let mut seen = Seen { ready_ms: times.get(times.len() / 2).copied(), ..Seen::default() };
    let time = Duration::from_secs(seconds);
    seen.read = Some(load(server.port, std::slice::from_ref(&asks.read), time).await);
    if !asks.make.is_empty() {
        seen.make = Some(load(server.port, &asks.make, time).await);
    }
    seen.resident_mb = resident(server.child.id());
    seen
}

/// Starts it and waits for the first good answer; how long that took, in milliseconds.
async fn ready(file: &Path, ours: bool, asks: &Asks, wait: u64) -> Option<(Server, f64)> {
    let begun = Instant::now();
    let mut server = start(file, ours)?;
    let limit = Duration::from_secs(wait);
    while begun.elapsed() < limit && server.child.try_wait().ok().flatten().is_none() {
        if ask(server.port, &asks.read, limit).await.is_some_and(|status| (200..300).contains(&status)) {
            return Some((server, begun.elapsed().as_secs_f64() * 1000.0));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    None
}

fn row(file: &Path, ours: &Seen, prism: &Seen) {
    let name = file.components().rev().take(2).collect::<Vec<_>>();
    let name: PathBuf = name.into_iter().rev().collect();
    let number = |n: Option<f64>| n.map_or_else(|| "-".to_owned(), |n| format!("{n:.0}"));
    let rate = |l: &Option<Load>| match l {
        None => "-".to_owned(),
        Some(l) if l.good == 0 => "refused".to_owned(),
        Some(l) => format!("{:.0}", l.rate),
    };
    let times = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) if b > 0.0 => format!("{:.0} x", a / b),
        _ => "-".to_owned(),
    };
    let good = |l: &Option<Load>| l.as_ref().filter(|l| l.good > 0).map(|l| l.rate);
    let size = std::fs::metadata(file).map_or(0, |m| m.len() / 1000);
    println!(
        "{:<34} {size:>6} | {:>9} {:>7} {:>9} {:>9} | {:>9} {:>7} {:>9} {:>9} | {:>7} {:>7} {:>7}",
        name.display().to_string().chars().take(34).collect::<String>(),
        number(ours.ready_ms),
        number(Some(ours.resident_mb)),
        rate(&ours.read),
        rate(&ours.make),
        prism.ready_ms.map_or_else(|| "not up".to_owned(), |n| format!("{n:.0}")),
        number(Some(prism.resident_mb)),
        rate(&prism.read),
        rate(&prism.make),
        times(prism.ready_ms, ours.ready_ms),
        times(good(&ours.read), good(&prism.read)),
        times(good(&ours.make), good(&prism.make)),
    );
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or("an unnamed CPU");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{}, {cores} cores, {}", model.trim_start_matches([' ', '\t', ':']), std::env::consts::OS)
}

fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().split(' ').next()).and_then(|kb| kb.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}
