//! How well the matcher finds the field pairs that people or code hold for right:
//! `cargo run --release --example match-accuracy -- PATH [--misses] [--json] [--cross N] [--only held|dev] [--train]`.
//!
//! PATH is a file of pairs or a folder of such files; docs/matching.md tells their form and what is counted how. `--cross N`
//! learns anew, in N parts, from systems that are not scored; `--train` learns from all and writes the matcher's weights.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a scorer prints")]
#![allow(clippy::indexing_slicing, reason = "a trainer over lists that it made; a slip stops it, and ships nothing")]

mod gold;
mod grow;
mod learn;
mod score;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use gold::File;
use learn::Seen;
use platform_integration::mapping::matcher::{LEARNED_THRESHOLD, Likely, Looked, rank};
use score::Score;
use serde_json::{Value, json};

const USAGE: &str = "usage: match-accuracy PATH [--misses] [--json] [--cross N] [--only held|dev] [--train]";
/// Where the weights are kept.
const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/mapping/matcher/weights.rs");
/// One system in so many is held out of all tuning.
const HELD: u64 = 5;

#[derive(Default)]
struct Options {
    path: String,
    misses: bool,
    json: bool,
    cross: Option<u64>,
    only: Option<String>,
    train: bool,
}

fn options(mut args: impl Iterator<Item = String>) -> Option<Options> {
    let mut out = Options::default();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--misses" => out.misses = true,
            "--json" => out.json = true,
            "--train" => out.train = true,
            "--cross" => out.cross = Some(args.next()?.parse().ok().filter(|n| *n > 1)?),
            "--only" => out.only = Some(args.next().filter(|o| o == "held" || o == "dev")?),
            flag if flag.starts_with('-') => return None,
            path if out.path.is_empty() => out.path = path.to_owned(),
            _ => return None,
        }
    }
    (!out.path.is_empty()).then_some(out)
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(out) => {
            println!("{out}");
            ExitCode::SUCCESS
        }
        Err(because) => {
            eprintln!("match-accuracy: {because}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn held(row: &gold::Row) -> bool {
    row.systems.iter().any(|s| learn::part_of(&format!("{s}/held"), HELD) == 0)
}

fn run(options: &Options) -> Result<String, String> {
    let mut files = gold::read(Path::new(&options.path))?;
    if let Some(only) = &options.only {
        for file in &mut files {
            file.rows.retain(|row| held(row) == (only == "held"));
        }
        files.retain(|f| !f.rows.is_empty());
    }
    if options.train {
        return train(&files);
    }
    let (threshold, ranked) = match options.cross {
        Some(folds) => {
            let seen = seen(&files);
            let turned: Vec<gold::Row> = files.iter().flat_map(|f| f.rows.iter().map(gold::Row::reversed)).collect();
            let rev: f32 = std::env::var("REV").ok().and_then(|s| s.parse().ok()).unwrap_or(0.5);
            let extra: Vec<Seen<'_>> = if rev > 0.0 { turned.iter().zip(seen.iter()).filter(|(_, s)| !files[s.file].name.starts_with("api_cross") && !files[s.file].name.starts_with("acad")).map(|(row, s)| Seen { file: s.file, row, weight: rev * s.weight, looked: Looked::at(&row.source, &row.target) }).collect() } else { Vec::new() };
            let ranked = learn::cross(&seen, &extra, folds);
            let threshold = learn::best_threshold(&seen, &ranked, &|file| weight(&files, file));
            if std::env::var("ORACLE").is_ok() {
                for file in 0..files.len() {
                    let t = learn::best_threshold(&seen, &ranked, &|f| if f == file { 1.0 } else { 0.0 });
                    let mut s = Score::default();
                    for (one, r) in seen.iter().zip(&ranked).filter(|(o, _)| o.file == file) { s.add(one.row, r, t, &mut Vec::new()); }
                    eprintln!("oracle {} t {t} F1 {:.3} F1g {:.3}", files[file].name, s.f1(), s.f1_judged());
                }
            }
            (threshold, ranked.into_iter().map(|r| (r, 0.0)).collect())
        }
        None => (LEARNED_THRESHOLD, ranked(&files)),
    };
    let mut rankings = ranked.iter();
    let (mut scores, mut told) = (Vec::new(), Vec::new());
    for file in &files {
        let mut score = Score::default();
        for (row, (ranked, seconds)) in file.rows.iter().zip(&mut rankings) {
            score.add(row, ranked, threshold, &mut told);
            score.seconds += seconds;
        }
        scores.push((file.name.clone(), score));
    }
    if options.json {
        let all: Vec<Value> = scores.iter().map(|(name, s)| json!({"file": name, "figures": s.json()})).collect();
        return Ok(format!("{:#}", json!({"threshold": threshold, "files": all, "told": if options.misses { told } else { Vec::new() }})));
    }
    let mut out = text(&scores, threshold);
    if options.misses {
        out.push_str(&format!("\n{}", told.join("\n")));
    }
    Ok(out)
}

/// What the pairs of a file weigh in learning.
fn weigh(name: &str) -> f32 {
    let w: Vec<f32> = std::env::var("W").unwrap_or_default().split(',').filter_map(|s| s.parse().ok()).collect();
    let w = |i: usize, d: f32| w.get(i).copied().unwrap_or(d);
    if name.starts_with("api_cross") { w(0, 1.0) } else if name.starts_with("api_models") { w(1, 0.7) } else if name.starts_with("academic") { w(2, 0.7) } else if name.starts_with("api_push") { w(3,0.7) } else { 1.0 }
}

/// What a file counts where one threshold must serve all: entities of APIs first.
fn weight(files: &[File], file: usize) -> f64 {
    let api = files.get(file).is_some_and(|f| f.name.starts_with("api_unify") || f.name.starts_with("api_cross"));
    if api { 1.0 } else { 0.2 }
}

fn ranked(files: &[File]) -> Vec<(Vec<Likely>, f64)> {
    let one = |row: &gold::Row| {
        let from = Instant::now();
        let ranked = rank(&row.source, &row.target);
        (ranked, from.elapsed().as_secs_f64())
    };
    files.iter().flat_map(|f| &f.rows).map(one).collect()
}

fn seen(files: &[File]) -> Vec<Seen<'_>> {
    let rows = files.iter().enumerate().flat_map(|(file, f)| f.rows.iter().map(move |row| (file, row)));
    let drop: Vec<usize> = std::env::var("DROP").unwrap_or_default().split(',').filter_map(|s| s.parse().ok()).collect();
    rows.map(|(file, row)| {
        let mut looked = Looked::at(&row.source, &row.target);
        for f in &mut looked.features { for d in &drop { f[*d] = 0.0; } }
        Seen { file, row, weight: weigh(&files[file].name), looked }
    }).collect()
}

fn train(files: &[File]) -> Result<String, String> {
    let seen = seen(files);
    let ranked = learn::cross(&seen, &[], 5);
    let threshold = learn::best_threshold(&seen, &ranked, &|file| weight(files, file));
    let learned = learn::learn(&seen.iter().collect::<Vec<_>>());
    std::fs::write(WEIGHTS, learn::source(&learned, threshold)).map_err(|e| format!("{WEIGHTS}: {e}"))?;
    Ok(format!("learned from {} pairs; threshold {threshold}; wrote {WEIGHTS}", seen.len()))
}

fn text(scores: &[(String, Score)], threshold: f32) -> String {
    let names: Vec<&str> = Score::default().figures().iter().map(|(n, _)| *n).collect();
    let mut out = format!("threshold {threshold}\n{:<22} {:>5} {:>6}", "", "pairs", "gold");
    for name in &names {
        out.push_str(&format!(" {name:>12}"));
    }
    for (name, score) in scores {
        out.push_str(&format!("\n{name:<22} {:>5} {:>6}", score.rows, score.gold));
        for (_, value) in score.figures() {
            out.push_str(&format!(" {value:>12.3}"));
        }
    }
    out
}
