//! How many drifts the verifier sees, and how many it invents: `cargo run --release --example drift-benchmark`.
//!
//! Three clean skills, a copy of each for every drift, one change in it, `verify --profile full`. A drift is found when a
//! finding that was not there before has one of the codes the drift is entered with. Whatever else is new, and is no
//! stated consequence of the drift, is invented.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a benchmark prints, writes into copies and hands its environment on"
)]

mod bases;
mod change;
mod drifts;
mod tools;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bases::Base;
use drifts::{ALL, Drift};
use platform_integration::app::App;
use platform_integration::app::verify::{self, Options};
use platform_integration::base::clock::SystemClock;
use platform_integration::base::rng::Rng;
use platform_integration::evidence::MemoryLedger;
use platform_integration::finding::Severity;
use platform_integration::sandbox::Means;
use platform_integration::store::MemoryStore;
use platform_integration::verify::Profile;

/// A finding without what changes from run to run: code and file.
type Seen = (String, String, String);

/// What became of one drift.
struct Outcome {
    drift: &'static Drift,
    found: bool,
    invented: Vec<String>,
    broken: Option<String>,
}

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    // The verifier starts this program again, as the server of our own skill and as its sandbox.
    if args.first().is_some_and(|first| !matches!(first.as_str(), "--only" | "--list" | "--verbose" | "--help")) {
        return platform_integration::cli::main();
    }
    if args.iter().any(|a| a == "--help") {
        println!("usage: drift-benchmark [--list] [--verbose] [--only ID]...");
        return ExitCode::SUCCESS;
    }
    if args.iter().any(|a| a == "--list") {
        for drift in ALL {
            println!("{:<5} {:<16} {:<34} {}", drift.id, drift.base.name(), drift.codes.join("|"), drift.what);
        }
        return ExitCode::SUCCESS;
    }
    let verbose = args.iter().any(|a| a == "--verbose");
    args.retain(|a| a.as_str() != "--verbose" && a.as_str() != "--only");
    let wanted: Vec<&'static Drift> =
        ALL.iter().filter(|d| args.is_empty() || args.iter().any(|a| a == d.id)).collect();
    match run(&wanted, verbose) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(because) => {
            eprintln!("drift-benchmark: {because}");
            ExitCode::from(3)
        }
    }
}

fn run(wanted: &[&'static Drift], verbose: bool) -> Result<bool, String> {
    let bases = Base::ALL;
    let mut clean: Vec<BTreeSet<Seen>> = Vec::new();
    let mut noisy = false;
    for base in bases {
        let dir = copy(base)?;
        let seen = findings(dir.path(), base)?;
        for (code, file, message) in &seen {
            noisy = true;
            println!("clean, and yet: {} {code} {file}: {message}", base.name());
        }
        clean.push(seen);
    }
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Outcome>> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(drift) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let before = &clean[drift.base as usize];
                    let outcome = try_one(drift, before);
                    outcomes.lock().unwrap_or_else(|e| e.into_inner()).push(outcome);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(|e| e.into_inner());
    outcomes.sort_by_key(|o| ALL.iter().position(|d| d.id == o.drift.id));
    Ok(report(&outcomes, verbose) && !noisy)
}

fn try_one(drift: &'static Drift, before: &BTreeSet<Seen>) -> Outcome {
    let tried = copy(drift.base).and_then(|dir| {
        for change in drift.changes {
            change.make(dir.path()).map_err(|e| format!("the drift no longer fits: {e}"))?;
        }
        findings(dir.path(), drift.base)
    });
    let broken = |because| Outcome { drift, found: false, invented: Vec::new(), broken: Some(because) };
    let after = match tried {
        Ok(after) => after,
        Err(because) => return broken(because),
    };
    let new: Vec<&Seen> = after.difference(before).collect();
    let found = new.iter().any(|(code, _, _)| drift.codes.contains(&code.as_str()));
    let invented = new
        .iter()
        .filter(|(code, _, _)| !drift.codes.contains(&code.as_str()) && !drift.also.contains(&code.as_str()))
        .map(|(code, file, message)| format!("{code} {file}: {message}"))
        .collect();
    Outcome { drift, found, invented, broken: None }
}

/// Errors and warnings; notes are no claim that something is wrong.
fn findings(dir: &Path, base: Base) -> Result<BTreeSet<Seen>, String> {
    let app = App::new(
        Arc::new(MemoryStore::default()),
        Arc::new(MemoryLedger::default()),
        Arc::new(SystemClock),
        Rng::seeded(1),
        dir.to_owned(),
    );
    let options = Options {
        dir: base.dir().to_owned(),
        profile: Profile::Full,
        exe: std::env::current_exe().ok(),
        means: means(),
        ..bases::options()
    };
    let answer = verify::run(&app, &options).map_err(|no| format!("{}: {no:?}", base.name()))?;
    Ok(answer
        .findings
        .into_iter()
        .filter(|f| f.finding.severity >= Severity::Warning)
        .map(|f| (f.finding.code, f.finding.file, f.finding.message))
        .collect())
}

/// What the sandbox is made from.
fn means() -> Means {
    Means {
        exe: std::env::current_exe().unwrap_or_default(),
        path: std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default(),
        home: std::env::var_os("HOME").map(PathBuf::from),
        ..Means::default()
    }
}

/// A copy of a base to change; its name stays, because a skill is named by its directory.
fn copy(base: Base) -> Result<tempfile::TempDir, String> {
    let dir = tempfile::Builder::new().prefix("drift-").tempdir().map_err(|e| e.to_string())?;
    let from: PathBuf = base.root();
    let skip = ["target", ".git", "node_modules", ".platform-integration", "__pycache__", "dist", "src", "benches"];
    let walk = walkdir::WalkDir::new(&from)
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !skip.contains(&&*e.file_name().to_string_lossy()));
    for entry in walk {
        let entry = entry.map_err(|e| e.to_string())?;
        let Ok(relative) = entry.path().strip_prefix(&from) else { continue };
        let to = dir.path().join(relative);
        let done = if entry.file_type().is_dir() {
            std::fs::create_dir_all(&to)
        } else {
            std::fs::copy(entry.path(), &to).map(|_| ())
        };
        done.map_err(|e| format!("{}: {e}", to.display()))?;
    }
    Ok(dir)
}

/// Prints, and says whether all were found and none invented.
fn report(outcomes: &[Outcome], verbose: bool) -> bool {
    let mut kinds: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !kinds.contains(&outcome.drift.kind) {
            kinds.push(outcome.drift.kind);
        }
    }
    for o in outcomes {
        let state = if o.broken.is_some() {
            "broken"
        } else if !o.found {
            "MISSED"
        } else if o.invented.is_empty() {
            "found"
        } else {
            "noisy"
        };
        if verbose || state != "found" {
            println!(
                "{state:<7} {:<5} {:<16} {} [{}]",
                o.drift.id,
                o.drift.base.name(),
                o.drift.what,
                o.drift.codes.join("|")
            );
            for line in o.invented.iter().chain(&o.broken) {
                println!("          {line}");
            }
        }
    }
    println!("\n{:<22} {:>6} {:>6} {:>9}", "kind", "drifts", "found", "invented");
    for kind in kinds {
        let of: Vec<&Outcome> = outcomes.iter().filter(|o| o.drift.kind == kind).collect();
        let found = of.iter().filter(|o| o.found).count();
        let invented: usize = of.iter().map(|o| o.invented.len()).sum();
        println!("{kind:<22} {:>6} {found:>6} {invented:>9}", of.len());
    }
    let (all, found) = (outcomes.len(), outcomes.iter().filter(|o| o.found).count());
    let invented: usize = outcomes.iter().map(|o| o.invented.len()).sum();
    let claims = found + invented;
    println!("{:<22} {all:>6} {found:>6} {invented:>9}", "all");
    println!(
        "\nrecall {:.3} ({found} of {all} with the right code)   precision {:.3} ({invented} findings that no drift explains)",
        ratio(found, all),
        ratio(found, claims),
    );
    tools::print();
    found == all && invented == 0
}

fn ratio(part: usize, whole: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "some hundred")]
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
