//! Drafts a contract between pairs of real descriptions and checks each: `cargo run --release --example drafts-check --
//! PATH [--pairs N] [--misses]`. Of each pair one lists an entity that the other creates. A draft may raise findings that need a person's decision, and must ask about each; any
//! other finding is the draft's own fault. Exit code 1 where there is one. docs/accuracy.md tells what came of it.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::exit, reason = "a command of its own")]

mod pairs;

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut folder, mut most, mut misses) = (None, 200, false);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--pairs" => most = args.next().and_then(|n| n.parse().ok()).unwrap_or_else(usage),
            "--misses" => misses = true,
            path if folder.is_none() && !path.starts_with('-') => folder = Some(path.to_owned()),
            _ => usage(),
        }
    }
    let folder = folder.unwrap_or_else(usage);
    let folder = std::fs::canonicalize(&folder).unwrap_or_else(|_| usage());
    let files = pairs::usable(&folder, u64::MAX);
    let mut told = pairs::Told::default();
    // People join systems that have something in common: pairs with an entity of the same name.
    let all = pairs::all(&files);
    for (a, b) in all.iter().take(most) {
        let wrong = told.pair(&a.path, &b.path);
        if misses {
            wrong.iter().for_each(|line| println!("{line}"));
        }
    }
    println!(
        "{} of {} pairs that have an entity in common, of {} descriptions",
        most.min(all.len()),
        all.len(),
        files.len()
    );
    println!(
        "{} drafts, {} rules; {} refused for want of an operation to read or write",
        told.drafts, told.rules, told.refused
    );
    for ((severity, code), (count, why)) in &told.findings {
        println!("{count:>5}  {severity:<8} {code:<32} {why}");
    }
    println!("{} findings that a draft does not ask about", told.unasked);
    println!("{} findings of the drafts' own making", told.faults);
    if told.drafts == 0 || told.faults + told.unasked > 0 {
        std::process::exit(1);
    }
}

fn usage<T>() -> T {
    eprintln!("usage: drafts-check PATH [--pairs N] [--misses]");
    std::process::exit(2);
}
