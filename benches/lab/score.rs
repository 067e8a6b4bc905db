//! How good the lab is: which of the broken connectors of `tests/it/lab/naive` and `tests/it/lab/broken.rs` each drill catches,
//! and how often a drill is wrong about one that is whole.
//!
//! `cargo run --release --example lab-score [-- --seeds 10000 --schedules 24 --from 1000003 --json]`
//!
//! `--from`: the first seed of the whole connectors; other seeds are other schedules.
//!
//! Exit code 1 where a mutant survives the drill meant for it, or a whole connector is held guilty of anything.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a measurement, not a part of the product"
)]

#[path = "../../tests/it/lab/broken.rs"]
mod broken;
#[path = "../../tests/it/lab/naive/mod.rs"]
mod naive;
#[allow(dead_code, reason = "the tests use all of them")]
#[path = "../../tests/it/lab/plans.rs"]
mod plans;

use std::collections::BTreeMap;
use std::process::ExitCode;

use broken::BROKEN;
use comfy_table::{Table, presets};
use naive::{Bug, KILLED_BY, Naive, On, benches};
use plans::Bench;
use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, Matrix, RealConnector, Subject, codes, run_drills};
use serde_json::json;

/// A mutant on one example, and the drill meant for it.
struct Line {
    mutant: String,
    example: String,
    drill: &'static str,
    killed: bool,
    because: String,
    others: Vec<&'static str>,
}

/// A drill that was wrong about a whole connector.
struct Alarm {
    connector: &'static str,
    example: String,
    drill: &'static str,
    seed: u64,
    because: String,
}

fn drill(bench: &Bench, subject: &dyn Subject, schedules: usize, seed: u64) -> Matrix {
    let options = DrillOptions { seed, schedules, shrink: false, ..DrillOptions::default() };
    run_drills(&bench.0, &bench.1, subject, &options, &mut |_| {}).unwrap()
}

/// What the drills made of a mutant.
fn line(mutant: String, example: String, code: &'static str, matrix: &Matrix) -> Line {
    let failed = || matrix.rows.iter().filter(|r| r.verdict == Verdict::Fail);
    let meant = failed().find(|r| r.code == code);
    Line {
        mutant,
        example,
        drill: code,
        killed: meant.is_some(),
        because: meant.and_then(|r| r.failures.first()).map(|f| f.because.clone()).unwrap_or_default(),
        others: failed().filter(|r| r.code != code).map(|r| r.code).collect(),
    }
}

/// Every mutant against every drill, on the examples where it shows.
fn kills(schedules: usize) -> Vec<Line> {
    let examples = benches();
    let mut seen: BTreeMap<String, Matrix> = BTreeMap::new();
    let mut out = Vec::new();
    for (bug, code, on) in KILLED_BY {
        for (name, bench) in examples.iter().filter(|(name, _)| on.is(*name)) {
            let matrix =
                seen.entry(format!("{bug:?} {name:?}")).or_insert_with(|| drill(bench, &Naive(*bug), schedules, 3));
            // Of two examples, one may not be such that the drill applies.
            if *on == On::Both && !matrix.rows.iter().any(|r| r.code == *code) {
                continue;
            }
            out.push(line(format!("{bug:?}"), format!("{name:?}"), code, matrix));
        }
        eprint!(".");
    }
    for broken in BROKEN {
        for bench in (broken.shows)() {
            let matrix = drill(&bench, broken.subject, schedules, 3);
            out.push(line(broken.name.to_owned(), bench.0.integration.clone(), broken.drill, &matrix));
        }
        eprint!(".");
    }
    eprintln!();
    out
}

/// What our connector is drilled on: the examples, what they do not show, and the kinds of which the broken connectors are in the tests
/// beside it (`tests/it/lab/deletes.rs`, `accepted.rs`).
fn ours() -> Vec<Bench> {
    let more = [
        plans::deletes("deletes: sweep"),
        plans::deletes("deletes: tombstone"),
        plans::roster(),
        plans::accepted(),
        plans::refreshing(),
    ];
    plans::all().into_iter().chain(more).chain(plans::feeds()).collect()
}

/// Whole connectors, by so many seeds each on each example, in equal parts for every drill that applies.
fn alarms(seeds: usize, from: u64) -> (Vec<Alarm>, usize) {
    let mut out = Vec::new();
    let mut played = 0;
    let subjects: [(&'static str, &dyn Subject, Vec<Bench>); 2] = [
        ("ours", &RealConnector, ours()),
        ("by other hands", &Naive(Bug::None), plans::plain().into_iter().map(|(_, bench)| bench).collect()),
    ];
    for (connector, subject, benches) in subjects {
        for bench in &benches {
            let applying = drill(bench, subject, 1, from).rows.len().max(1);
            let matrix = drill(bench, subject, seeds.div_ceil(applying), from);
            played += matrix.schedules_total;
            for row in &matrix.rows {
                out.extend(row.failures.iter().map(|f| Alarm {
                    connector,
                    example: format!("{} ({})", bench.0.integration, bench.0.flow),
                    drill: row.code,
                    seed: f.seed,
                    because: f.because.clone(),
                }));
            }
            eprint!(".");
        }
    }
    eprintln!();
    (out, played)
}

fn number<N: std::str::FromStr>(args: &[String], name: &str, default: N) -> N {
    let at = args.iter().position(|a| a == name);
    at.and_then(|at| args.get(at + 1))
        .map_or(default, |n| n.parse().unwrap_or_else(|_| panic!("{name} takes a number")))
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (seeds, schedules) = (number(&args, "--seeds", 10_000), number(&args, "--schedules", 24));
    let lines = kills(schedules);
    let (alarms, played) = alarms(seeds, number(&args, "--from", 1_000_003));
    let mut mutants: BTreeMap<&str, bool> = BTreeMap::new();
    for line in &lines {
        *mutants.entry(&line.mutant).or_insert(true) &= line.killed;
    }
    let killed = mutants.values().filter(|k| **k).count();
    #[expect(clippy::cast_precision_loss, reason = "there are not that many")]
    let rate = 100.0 * killed as f64 / mutants.len().max(1) as f64;
    if args.iter().any(|a| a == "--json") {
        let rows: Vec<_> = lines
            .iter()
            .map(|l| {
                json!({
                    "mutant": l.mutant, "example": l.example, "drill": l.drill, "killed": l.killed,
                    "because": l.because, "others": l.others,
                })
            })
            .collect();
        let wrong: Vec<_> = alarms
            .iter()
            .map(|a| {
                json!({
                    "connector": a.connector, "example": a.example, "drill": a.drill, "seed": a.seed,
                    "because": a.because,
                })
            })
            .collect();
        let out = json!({
            "mutants": mutants.len(), "killed": killed, "kill_rate": rate, "drills": codes().len(),
            "seeds": seeds, "schedules": played, "false_alarms": wrong.len(), "rows": rows, "alarms": wrong,
        });
        println!("{}", serde_json::to_string_pretty(&out).unwrap());
    } else {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(["mutant", "example", "drill meant for it", "caught", "and by"]);
        for l in &lines {
            let others = match l.others.len() {
                0 => "no other".to_owned(),
                1..=3 => l.others.join(", "),
                n => format!("{}, {} and {} more", l.others[0], l.others[1], n - 2),
            };
            let caught = if l.killed { "yes" } else { "NO" };
            table.add_row([l.mutant.clone(), l.example.clone(), l.drill.to_owned(), caught.to_owned(), others]);
        }
        println!("{table}\n");
        println!("{killed} of {} mutants caught by the drill meant for them: {rate:.1} %", mutants.len());
        println!("{} false alarms in {played} schedules ({seeds} seeds a connector and example)", alarms.len());
        for a in &alarms {
            println!("  {} on {}: {} seed {}: {}", a.connector, a.example, a.drill, a.seed, a.because);
        }
    }
    if killed == mutants.len() && alarms.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
