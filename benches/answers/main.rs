//! Holds the answers about every description below a folder against its text: `cargo run --release --example
//! answers-check -- PATH`. Prints what is wrong; exit code 1 where anything is. docs/accuracy.md tells what it proves.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::exit, reason = "a command of its own")]

mod invented;

use std::path::Path;
use std::sync::Arc;

use platform_integration::app::App;
use platform_integration::base::clock::SystemClock;
use platform_integration::base::rng::Rng;
use platform_integration::evidence::MemoryLedger;
use platform_integration::store::MemoryStore;

fn main() {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: answers-check PATH");
        std::process::exit(2);
    };
    let (mut seen, mut wrong) = (0_usize, Vec::new());
    for path in invented::files(Path::new(&folder)) {
        // A store that keeps every answer of every description would be the largest thing here.
        let (store, ledger) = (Arc::new(MemoryStore::default()), Arc::new(MemoryLedger::default()));
        let app = App::new(store, ledger, Arc::new(SystemClock), Rng::seeded(1), "/".into());
        if let Some(faults) = invented::faults(&app, &path, true) {
            seen += 1;
            wrong.extend(faults);
        }
    }
    wrong.iter().for_each(|line| println!("{line}"));
    println!("{seen} descriptions, {} with faults", wrong.len());
    if seen == 0 || !wrong.is_empty() {
        std::process::exit(1);
    }
}
