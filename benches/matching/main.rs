//! How well the matcher finds the field pairs that people or code hold for right:
//! `cargo run --release --example match-accuracy -- PATH [--misses] [--json] [--cross N [--baseline]] [--only held|dev] [--train]`.
//!
//! PATH is a file of pairs or a folder of such files; docs/matching.md tells their form and what is counted how. `--cross N`
//! learns anew, in N parts, from systems that are not scored, and with `--baseline` a plain logistic regression; `--train` learns
//! from all and writes the matcher's weights.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a scorer prints, measures real time, and writes what was learned"
)]
#![allow(clippy::indexing_slicing, reason = "a trainer over lists that it made; a slip stops it, and ships nothing")]

mod baseline;
mod best;
mod gold;
mod grow;
mod learn;
mod line;
mod renamed;
mod score;
#[path = "../scorer.rs"]
mod scorer;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use gold::File;
use learn::Seen;
use platform_integration::mapping::matcher::{Likely, Looked, rank};
use score::Score;
use serde_json::{Value, json};

const USAGE: &str =
    "usage: match-accuracy PATH [--misses] [--json] [--cross N [--baseline]] [--only held|dev] [--train]";
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
    baseline: bool,
}

fn options(mut args: impl Iterator<Item = String>) -> Option<Options> {
    let mut out = Options::default();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--misses" => out.misses = true,
            "--json" => out.json = true,
            "--baseline" => out.baseline = true,
            "--train" => out.train = true,
            "--cross" => out.cross = Some(args.next()?.parse().ok().filter(|n| *n > 1)?),
            "--only" => out.only = Some(args.next().filter(|o| o == "held" || o == "dev")?),
            flag if flag.starts_with('-') => return None,
            path if out.path.is_empty() => out.path = path.to_owned(),
            _ => return None,
        }
    }
    (!out.path.is_empty() && (out.cross.is_some() || !out.baseline)).then_some(out)
}

fn main() -> ExitCode {
    scorer::ended("match-accuracy", USAGE, options(std::env::args().skip(1)), run)
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
    let ranked: Vec<(Vec<Likely>, f64)> = match options.cross {
        Some(folds) => {
            let turned = if options.baseline { Vec::new() } else { turned(&files) };
            let (seen, extra) = (seen(&files), extra(&turned));
            let rankings =
                if options.baseline { baseline::cross(&seen, folds) } else { learn::cross(&seen, &extra, folds) };
            rankings.into_iter().map(|r| (r, 0.0)).collect()
        }
        None => ranked(&files),
    };
    let mut rankings = ranked.iter();
    let (mut scores, mut told) = (Vec::new(), Vec::new());
    for file in &files {
        let mut score = Score::default();
        for (row, (ranked, seconds)) in file.rows.iter().zip(&mut rankings) {
            score.add(row, ranked, &mut told);
            score.seconds += seconds;
        }
        scores.push((file.name.clone(), score));
    }
    if options.json {
        let all: Vec<Value> = scores.iter().map(|(name, s)| json!({"file": name, "figures": s.json()})).collect();
        return Ok(format!("{:#}", json!({"files": all, "told": if options.misses { told } else { Vec::new() }})));
    }
    let mut out = text(&scores);
    if options.misses {
        out.push_str(&format!("\n{}", told.join("\n")));
    }
    Ok(out)
}

/// What the pairs of a file weigh in learning.
fn weigh(name: &str) -> f32 {
    if name.starts_with("api_unify") || name.starts_with("api_cross") { 1.0 } else { 0.7 }
}

/// What a pair read the other way weighs: into a vendor's large schema things map as out of it.
const TURNED: f32 = 0.5;

/// What a record beside itself under other names weighs: large records whose parts have fields of the same names are rare in the
/// gold, and where a field stands counts there.
const RENAMED: f32 = 0.1;

fn one_way(file: &File) -> bool {
    file.name.starts_with("api_") && !file.name.starts_with("api_cross")
}

fn turned(files: &[File]) -> Vec<(f32, gold::Row)> {
    let mut out: Vec<(f32, gold::Row)> = Vec::new();
    for file in files.iter().filter(|f| f.name.starts_with("api_unify") || f.name.starts_with("api_cross")) {
        out.extend(file.rows.iter().step_by(2).map(|row| (RENAMED, row.renamed())));
    }
    let own = files.iter().filter(|f| one_way(f));
    out.extend(own.flat_map(|f| f.rows.iter().map(move |row| (weigh(&f.name) * TURNED, row.reversed()))));
    out
}

fn extra(turned: &[(f32, gold::Row)]) -> Vec<Seen<'_>> {
    let own = turned.iter().map(|(weight, row)| (*weight, row, Looked::at(&row.source, &row.target)));
    own.map(|(weight, row, looked)| Seen { row, weight, looked }).collect()
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
    let rows = files.iter().flat_map(|f| f.rows.iter().map(move |row| (weigh(&f.name), row)));
    rows.map(|(weight, row)| Seen { row, weight, looked: Looked::at(&row.source, &row.target) }).collect()
}

fn train(files: &[File]) -> Result<String, String> {
    let turned = turned(files);
    let (seen, extra) = (seen(files), extra(&turned));
    let learned = learn::learn(&seen.iter().chain(&extra).collect::<Vec<_>>());
    std::fs::write(WEIGHTS, learn::source(&learned)).map_err(|e| format!("{WEIGHTS}: {e}"))?;
    Ok(format!("learned from {} pairs; wrote {WEIGHTS}", seen.len()))
}

/// The best figures measured elsewhere on pairs of the same kinds: recall at three, F1, F1g.
const BASELINES: [(&str, f64, f64, Option<f64>); 4] = [
    ("api_unify", 0.93, 0.69, Some(0.81)),
    ("api_cross", 0.95, 0.71, Some(0.79)),
    ("academic_gdc", 0.97, 0.42, None),
    ("academic_omop", 0.53, 0.22, None),
];

fn text(scores: &[(String, Score)]) -> String {
    let names: Vec<&str> = Score::default().figures().iter().map(|(n, _)| *n).collect();
    let mut out = format!("{:<22} {:>5} {:>6}", "", "pairs", "gold");
    for name in &names {
        out.push_str(&format!(" {name:>12}"));
    }
    for (name, score) in scores {
        out.push_str(&format!("\n{name:<22} {:>5} {:>6}", score.rows, score.gold));
        for (_, value) in score.figures() {
            out.push_str(&format!(" {value:>12.3}"));
        }
    }
    let beside = |(file, top3, f1, judged): &(&str, f64, f64, Option<f64>)| {
        let (_, score) = scores.iter().find(|(name, _)| name.starts_with(file))?;
        let figure = |name: &str| score.figures().into_iter().find(|(n, _)| *n == name).map_or(0.0, |(_, v)| v);
        let g = judged.map_or_else(|| "-".to_owned(), |g| format!("{g:.2}"));
        Some(format!(
            "\n{file:<16} R@3 {:.3} ({top3:.2})   F1 {:.3} ({f1:.2})   F1g {:.3} ({g})",
            figure("R@3"),
            figure("F1"),
            figure("F1g")
        ))
    };
    let lines: Vec<String> = BASELINES.iter().filter_map(beside).collect();
    if !lines.is_empty() {
        out.push_str(&format!("\n\nbeside the best measured baseline (in brackets){}", lines.concat()));
    }
    out
}
