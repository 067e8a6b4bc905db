//! The figures of the README: `cargo bench`. One run, medians, ratios within the run; the machine is named. What
//! a map costs is measured by `cargo bench --bench maps`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures real time and prints"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_platform-integration");

fn main() {
    // `cargo test --all-targets` starts benches too; they have nothing to test.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    println!("Measured on {}.\n", machine());
    println!("| what | figure |");
    println!("|---|---|");
    row("start to `initialize` answer (median of 30)", &format!("{:.1} ms", ms(start())));
    row("`tools/list`", &tools());
    row("drill schedules (example, all drills, virtual time)", &drills());
    row("connector over loopback (example, mock to mock, evidence on disk)", &connector());
}

fn row(what: &str, figure: &str) {
    println!("| {what} | {figure} |");
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map_or("an unnamed CPU", |m| m.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {cores} cores, {}", std::env::consts::OS)
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;

fn start() -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let once = || {
        let from = Instant::now();
        let mut child = Command::new(BINARY)
            .arg("serve")
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{HELLO}").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let took = from.elapsed();
        assert!(line.contains("serverInfo"));
        drop(stdin);
        let _ = child.wait();
        took
    };
    once(); // makes the store
    median((0..30).map(|_| once()).collect())
}

fn tools() -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(BINARY)
        .arg("serve")
        .current_dir(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for line in [
        HELLO,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
    ] {
        writeln!(stdin, "{line}").unwrap();
    }
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let list = lines.find_map(|l| l.ok().filter(|l| l.contains("\"id\":2"))).unwrap();
    drop(stdin);
    let _ = child.wait();
    let value: Value = serde_json::from_str(&list).unwrap();
    let tools = value["result"]["tools"].to_string();
    format!(
        "{} tools, {} tokens (4 characters each)",
        value["result"]["tools"].as_array().unwrap().len(),
        tools.chars().count() / 4
    )
}

fn example() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/billing-to-crm");
    for entry in walkdir::WalkDir::new(&from).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let to = dir.path().join(entry.path().strip_prefix(&from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(entry.path(), to).unwrap();
    }
    // The rate is what a run over loopback would wait for.
    let path = dir.path().join("integration.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("rate: 90/10s", "rate: 1000000/10s");
    std::fs::write(path, text).unwrap();
    dir
}

fn drills() -> String {
    let dir = example();
    let from = Instant::now();
    let output = Command::new(BINARY)
        .args(["drill", "integration.yaml", "--schedules", "100", "--format", "json"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let took = from.elapsed();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schedules = value["schedules"].as_u64().unwrap();
    format!(
        "{:.0} a second ({schedules} schedules, {})",
        schedules as f64 / took.as_secs_f64(),
        value["verdict"].as_str().unwrap()
    )
}

fn connector() -> String {
    let dir = example();
    let mut mocks = Vec::new();
    let mut urls = BTreeMap::new();
    for (name, api, records) in
        [("billing", "apis/billing.openapi.yaml", "2000"), ("crm", "apis/crm.openapi.json", "0")]
    {
        let mut child = Command::new(BINARY)
            .args([
                "mock",
                api,
                "--listen",
                "127.0.0.1:0",
                "--records",
                records,
                "--format",
                "json",
                "--store",
                "mock.db",
            ])
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let value: Value = serde_json::from_str(&line).unwrap();
        urls.insert(name, value["url"].as_str().unwrap().to_owned());
        mocks.push(child);
    }
    let from = Instant::now();
    let output = Command::new(BINARY)
        .args(["run", "integration.yaml", "--quiet", "--format", "json"])
        .args(["--base-url", &format!("billing={}", urls["billing"]), "--base-url", &format!("crm={}", urls["crm"])])
        .envs([("BILLING_TOKEN", "x"), ("CRM_CLIENT_ID", "x"), ("CRM_CLIENT_SECRET", "x")])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let took = from.elapsed();
    for mut mock in mocks {
        let _ = mock.kill();
        let _ = mock.wait();
    }
    let value: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let written = value["flows"][0]["reconciliation"]["written"].as_u64().unwrap();
    let requests = value["flows"][0]["requests"].as_u64().unwrap();
    format!(
        "{:.0} records a second ({written} written, {requests} requests, {})",
        written as f64 / took.as_secs_f64(),
        value["verdict"].as_str().unwrap()
    )
}
