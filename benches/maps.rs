//! What a map costs beside plain parsing: `cargo bench --bench maps [-- PATH] [--each] [--big] [--cached]`. PATH is a folder laid out like
//! the corpus of docs/accuracy.md (else CORPUS, else ../shared/corpus); a description of 20 MB is made here. JSON is compared
//! with `serde_json::from_slice::<Value>` of the same bytes as this crate is built (order and digits kept), YAML with saphyr's
//! tree. Times are the least of some rounds, both sides in turn; peaks are of processes of their own.
//! With `--cached` alone: what a map costs that was read before, beside reading it anew.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures real time and prints"
)]

#[path = "maps/big.rs"]
mod big;
#[path = "maps/cached.rs"]
mod cached;
#[path = "maps/peak.rs"]
mod peak;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use platform_integration::readers::read_bytes;
use saphyr::LoadableYamlNode as _;
use serde_json::Value;

const ROUNDS: usize = 7;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    // `cargo test --all-targets` starts benches too; they have nothing to test.
    if args.iter().any(|a| a == "--test") {
        return;
    }
    if let [how, file] = args.as_slice()
        && peak::is_child(how)
    {
        return peak::child(how, Path::new(file));
    }
    let has = |flag: &str| args.iter().any(|a| a == flag);
    println!("Measured on {}.\n", machine());
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("big.json");
    std::fs::write(&made, big::description(11_000)).unwrap();
    if has("--cached") {
        let corpus = corpus(args.iter().find(|a| !a.starts_with("--"))).filter(|_| !has("--big"));
        let files = corpus.iter().flat_map(|corpus| listed(corpus).into_iter().map(|file| corpus.join(file)));
        return cached::table(&files.chain([made]).collect::<Vec<_>>(), if has("--each") { usize::MAX } else { 8 });
    }
    if !has("--big") {
        match corpus(args.iter().find(|a| !a.starts_with("--"))) {
            Some(corpus) => whole(&corpus, has("--each")),
            None => println!("No corpus here; give its folder as PATH.\n"),
        }
    }
    one(&made);
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or("an unnamed CPU");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{}, {cores} cores, {}", model.trim_start_matches([' ', '\t', ':']), std::env::consts::OS)
}

fn corpus(named: Option<&String>) -> Option<PathBuf> {
    let folder =
        named.cloned().or_else(|| std::env::var("CORPUS").ok()).unwrap_or_else(|| "../shared/corpus".to_owned());
    Some(PathBuf::from(folder)).filter(|p| p.join("index.jsonl").is_file())
}

/// The descriptions of the corpus, below its folder.
fn listed(corpus: &Path) -> Vec<String> {
    let index = std::fs::read_to_string(corpus.join("index.jsonl")).unwrap();
    index.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()?["file"].as_str().map(str::to_owned)).collect()
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

fn time(work: impl Fn()) -> Duration {
    let from = Instant::now();
    work();
    from.elapsed()
}

/// The least time of the map and of plain parsing, in turn.
fn both(file: &str, bytes: &[u8]) -> Option<(bool, Duration, Duration)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let json = serde_json::from_slice::<Value>(bytes).is_ok();
    if !json && !saphyr::Yaml::load_from_str(text).is_ok_and(|docs| docs.first().is_some_and(saphyr::Yaml::is_mapping))
    {
        return None;
    }
    let plain = || {
        if json {
            black_box(serde_json::from_slice::<Value>(bytes).unwrap());
        } else {
            black_box(saphyr::Yaml::load_from_str(text).unwrap());
        }
    };
    let map = || {
        black_box(read_bytes(bytes, file));
    };
    let rounds: Vec<(Duration, Duration)> = (0..ROUNDS).map(|_| (time(map), time(plain))).collect();
    let least = |pick: fn(&(Duration, Duration)) -> Duration| rounds.iter().map(pick).min().unwrap();
    Some((json, least(|r| r.0), least(|r| r.1)))
}

fn whole(corpus: &Path, each: bool) {
    let mut rows: Vec<(String, usize, bool, Duration, Duration)> = listed(corpus)
        .into_iter()
        .filter_map(|file| {
            let bytes = std::fs::read(corpus.join(&file)).ok()?;
            let (json, map, plain) = both(&file, &bytes)?;
            Some((file, bytes.len(), json, map, plain))
        })
        .collect();
    println!("| descriptions | files | MB | map | plain parsing | ratio | median of ratios |");
    println!("|---|---|---|---|---|---|---|");
    for (name, json) in [("JSON", true), ("YAML", false)] {
        let of: Vec<_> = rows.iter().filter(|r| r.2 == json).collect();
        let bytes: usize = of.iter().map(|r| r.1).sum();
        let (map, plain): (Duration, Duration) = (of.iter().map(|r| r.3).sum(), of.iter().map(|r| r.4).sum());
        let mut ratios: Vec<f64> = of.iter().map(|r| r.3.as_secs_f64() / r.4.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "| {name} | {} | {:.1} | {:.0} ms | {:.0} ms | {:.2} | {:.2} |",
            of.len(),
            bytes as f64 / 1e6,
            ms(map),
            ms(plain),
            map.as_secs_f64() / plain.as_secs_f64(),
            ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
        );
    }
    rows.sort_by_key(|r| std::cmp::Reverse(r.1));
    println!("\n| description | MB | map | plain parsing | ratio |\n|---|---|---|---|---|");
    for (file, bytes, _, map, plain) in rows.iter().take(if each { usize::MAX } else { 8 }) {
        let ratio = map.as_secs_f64() / plain.as_secs_f64();
        println!("| {file} | {:.2} | {:.2} ms | {:.2} ms | {ratio:.2} |", *bytes as f64 / 1e6, ms(*map), ms(*plain));
    }
    println!();
    let large = rows.iter().filter(|r| r.2).take(3).map(|r| corpus.join(&r.0));
    large.for_each(|file| peak::row(&file));
    println!();
}

/// The description of 20 MB: in this process, and by a process that starts with nothing.
fn one(file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    let (_, map, plain) = both("big.json", &bytes).unwrap();
    let size = bytes.len() as f64 / 1e6;
    println!(
        "A description made here, {size:.1} MB, 11,000 operations: map {:.0} ms, plain parsing {:.0} ms, ratio {:.2}.",
        ms(map),
        ms(plain),
        map.as_secs_f64() / plain.as_secs_f64()
    );
    peak::row(file);
    let binary = env!("CARGO_BIN_EXE_platform-integration");
    let store = file.with_file_name("evidence.db");
    let run = |args: &[&str]| {
        let mut command = Command::new(binary);
        command.args(args).arg("--store").arg(&store).current_dir(file.parent().unwrap());
        let from = Instant::now();
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        from.elapsed()
    };
    let name = file.file_name().unwrap().to_str().unwrap();
    let forget = || ["", "-wal", "-shm", ".maps"].iter().for_each(|end| forgotten(&store, end));
    let cold = (0..ROUNDS)
        .map(|_| {
            forget();
            run(&["map", name])
        })
        .min()
        .unwrap();
    let second = (0..ROUNDS).map(|_| run(&["map", name])).min().unwrap();
    let again = (0..ROUNDS).map(|_| run(&["inspect", name, "--operation", "listThings7"])).min().unwrap();
    println!(
        "`map` from a cold process: {:.0} ms; after it, the map kept, `map` again: {:.0} ms; `inspect` of one operation: {:.0} ms.",
        ms(cold),
        ms(second),
        ms(again)
    );
}

/// A file of the store that is there no more.
fn forgotten(store: &Path, end: &str) {
    let mut file = store.as_os_str().to_owned();
    file.push(end);
    let _ = std::fs::remove_file(file);
}
