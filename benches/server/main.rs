//! What a server costs and how fast it answers, with evidence written durably, beside servers on the official Python and
//! Node SDKs that do nothing: all in one run, on the machine that is named, as figures and as ratios.
//!
//! ```sh
//! tests/baselines/install                                    # once; without it the other columns are left out
//! cargo bench --bench server                                 # prints the tables
//! cargo bench --bench server -- --write docs/measures.md     # writes them too
//! cargo bench --bench server -- --quick                      # a tenth of the calls, to see that it works
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a bench measures real time and prints"
)]

mod disk;
mod http;
mod machine;
mod server;
mod stdio;
mod times;

use std::fmt::Write as _;

use server::Server;
use times::{Load, figure, ms};

/// How often things are done.
struct Counts {
    starts: usize,
    calls: usize,
    clients: usize,
    calls_each: usize,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    // `cargo test --all-targets` starts benches too; they have nothing to test.
    if args.iter().any(|a| a == "--test") {
        return;
    }
    let counts = if args.iter().any(|a| a == "--quick") {
        Counts { starts: 3, calls: 200, clients: 64, calls_each: 5 }
    } else {
        Counts { starts: 20, calls: 2_000, clients: 64, calls_each: 50 }
    };
    let page = page(&counts);
    println!("{page}");
    if let Some(at) = args.iter().position(|a| a == "--write") {
        let path = args.get(at + 1).expect("--write PATH");
        // Cargo starts benches in the root of the package.
        std::fs::write(path, page).unwrap();
        eprintln!("written to {path}");
    }
}

/// Everything measured of one server.
struct Measured {
    name: &'static str,
    start: f64,
    idle: f64,
    stdio: Load,
    one: Load,
    many: Load,
    loaded: f64,
}

fn measure(server: &Server, counts: &Counts) -> Measured {
    let name = server.name;
    eprintln!("{name}: starts");
    let start = stdio::start(server, counts.starts);
    eprintln!("{name}: calls over stdio");
    let (idle, stdio) = stdio::calls(server, counts.calls);
    eprintln!("{name}: calls over HTTP");
    let (one, _) = http::calls(server, 1, counts.calls);
    eprintln!("{name}: {} clients at once", counts.clients);
    let (many, loaded) = http::calls(server, counts.clients, counts.calls_each);
    Measured { name, start, idle, stdio, one, many, loaded }
}

fn page(counts: &Counts) -> String {
    let before = machine::load();
    let ours = Server::ours();
    let others: Vec<Server> = [Server::node(), Server::python()].into_iter().flatten().collect();
    let mut out = String::from("# Measures\n\n");
    writeln!(
        out,
        "Written by `cargo bench --bench server -- --write docs/measures.md`; nothing here is typed by hand.\n"
    )
    .unwrap();
    writeln!(out, "{}; load {before} when the run began. {}\n", machine::named(), machine::urgency()).unwrap();
    let mut all = vec![measure(&ours, counts)];
    all.extend(others.iter().map(|s| measure(s, counts)));
    out.push_str(&servers(&all, counts));
    for missing in ["Node", "Python"].into_iter().filter(|m| !all.iter().any(|a| a.name.starts_with(m))) {
        writeln!(
            out,
            "\nNo {missing} server was measured: `tests/baselines/install` has not been run, or found no {missing}."
        )
        .unwrap();
    }
    out.push('\n');
    eprintln!("evidence: what durability costs");
    out.push_str(&durability(&ours, counts));
    out
}

/// One row a measure, one column a server; beside the other's figure, how many times ours it is.
fn servers(all: &[Measured], counts: &Counts) -> String {
    type Row = (String, fn(&Measured) -> f64, &'static str, bool);
    let clients = counts.clients;
    // The last word says whether less is better.
    let rows: [Row; 12] = [
        (format!("start to the answer to `initialize` (median of {})", counts.starts), |m| m.start, "ms", true),
        ("resident memory, idle after one call".to_owned(), |m| m.idle, "MB", true),
        (format!("resident memory, after {clients} clients"), |m| m.loaded, "MB", true),
        ("stdio: calls a second, one after the other".to_owned(), |m| m.stdio.rate, "/s", false),
        ("stdio: p50".to_owned(), |m| m.stdio.p50, "ms", true),
        ("stdio: p99".to_owned(), |m| m.stdio.p99, "ms", true),
        ("HTTP, one client: calls a second".to_owned(), |m| m.one.rate, "/s", false),
        ("HTTP, one client: p50".to_owned(), |m| m.one.p50, "ms", true),
        ("HTTP, one client: p99".to_owned(), |m| m.one.p99, "ms", true),
        (format!("HTTP, {clients} clients: calls a second"), |m| m.many.rate, "/s", false),
        (format!("HTTP, {clients} clients: p50"), |m| m.many.p50, "ms", true),
        (format!("HTTP, {clients} clients: p99"), |m| m.many.p99, "ms", true),
    ];
    let mut out = String::new();
    writeln!(
        out,
        "Ours answers `map_system` (a real tool, an answer of {} bytes) and has written each call to the evidence with",
        stdio::answer_bytes(&Server::ours())
    )
    .unwrap();
    writeln!(out, "`synchronous=FULL` before it answers; the others answer `nothing` and write nothing. In brackets: how many times as fast,").unwrap();
    writeln!(out, "or as small, ours is.\n").unwrap();
    let names: Vec<&str> = all.iter().map(|m| m.name).collect();
    writeln!(out, "| | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len())).unwrap();
    for (what, of, unit, less) in rows {
        let ours = of(&all[0]);
        let cells: Vec<String> = all
            .iter()
            .enumerate()
            .map(|(i, m)| {
                let value = of(m);
                let ratio = if less { value / ours } else { ours / value };
                if i == 0 { figure(value, unit) } else { format!("{} ({} ×)", figure(value, unit), figure(ratio, "")) }
            })
            .collect();
        writeln!(out, "| {what} | {} |", cells.join(" | ")).unwrap();
    }
    out
}

/// The same calls with the store on the disk, and where a sync costs nothing.
fn durability(ours: &Server, counts: &Counts) -> String {
    let mut out = String::from("## What durable evidence costs\n\n| | p50 | p99 |\n|---|---|---|\n");
    let mut row = |what: &str, load: &Load| {
        writeln!(out, "| {what} | {} | {} |", figure(load.p50, "ms"), figure(load.p99, "ms")).unwrap();
    };
    let disk = disk::sync(counts.calls.min(500));
    row("the disk alone: 4 KiB written and synced (`fdatasync`)", &disk);
    row("one event appended to the store, in process", &disk::append(counts.calls.min(1_000)));
    let (_, durable) = stdio::calls(ours, counts.calls);
    row("a call over stdio, store on the disk", &durable);
    let Some(ram) = ours.on_ram() else {
        out.push_str("\nNo RAM disk at /dev/shm here, so the same call without a sync was not measured.\n");
        return out;
    };
    let (_, volatile) = stdio::calls(&ram, counts.calls);
    row("the same call, store on a RAM disk", &volatile);
    let cost = durable.p50 - volatile.p50;
    writeln!(
        out,
        "\nSo durability costs {} of a call at p50, of which the disk's own sync is {}; the bound is 1 ms.",
        ms(cost.max(0.0)),
        ms(disk.p50)
    )
    .unwrap();
    out
}
