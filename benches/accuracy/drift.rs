//! How much of what vendors say of their own changes `check_drift` sees:
//! `cargo run --release --example drift-accuracy -- PATH`, where PATH holds `pairs/index.json`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a scorer prints")]
#![allow(unreachable_pub, reason = "another scorer has this module too")]

mod pairs;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let asked = |flag: &str| args.iter().any(|a| a == flag);
    let verbose = asked("--verbose");
    let Some(path) = args.iter().find(|a| !a.starts_with("--")).map(PathBuf::from) else {
        eprintln!("usage: drift-accuracy PATH [--verbose] [--changes]");
        return ExitCode::from(2);
    };
    match pairs::run(&path) {
        Ok(report) => {
            println!("{}", report.table());
            for row in report.rows.iter().filter(|r| verbose || r.seen.is_none()) {
                println!("{}", row.line());
            }
            for (pair, c) in report.pairs.iter().flat_map(|p| p.changes.iter().map(|c| (&p.name, c))) {
                if asked("--changes") {
                    let kind = if c.breaking { "breaks" } else { "harmless" };
                    let place = |p: &Option<String>| p.clone().unwrap_or_else(|| "-".to_owned());
                    println!("{pair} {} {} {} {kind}: {}", c.code, c.side.as_str(), c.severity.as_str(), c.message);
                    println!("    {} -> {}", place(&c.old), place(&c.new));
                }
            }
            ExitCode::SUCCESS
        }
        Err(because) => {
            eprintln!("{because}");
            ExitCode::FAILURE
        }
    }
}
