//! How many schedules the lab plays: `cargo bench --bench lab`; `-- FILE ...` for other contracts. For each contract the
//! full matrix, first on one core with each drill apart, then on all cores as `drill` runs it. A schedule is one whole
//! story: both systems filled, the connector run once or several times (a crash schedule has a twin without the crash),
//! judged. `-- --schedules N` plays more of each drill, `-- --drills` prints a line for each.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures real time and prints"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use platform_integration::connector::{self, Plan};
use platform_integration::lab::{self, DrillOptions, RealConnector};
use platform_integration::mapping;
use platform_integration::model::System;
use platform_integration::{contract, readers};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: [&str; 4] = ["billing-to-crm", "erp-to-shop", "payments-to-ledger", "people-to-badges"];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if args.iter().any(|a| a == "--test") {
        return;
    }
    let number = args.iter().position(|a| a == "--schedules").and_then(|i| args.get(i + 1)?.parse().ok());
    let each: usize = number.unwrap_or(200);
    let detailed = args.iter().any(|a| a == "--drills");
    let mut files: Vec<String> = args.iter().filter(|a| a.ends_with(".yaml")).cloned().collect();
    if files.is_empty() {
        let root = env!("CARGO_MANIFEST_DIR");
        files = EXAMPLES.iter().map(|name| format!("{root}/examples/{name}/integration.yaml")).collect();
    }
    println!("Measured on {}; {each} schedules of each drill.\n", machine());
    println!("{:<44} {:>6} {:>9} {:>12} {:>12}", "contract, flow", "drills", "schedules", "a second", "a second");
    println!("{:<44} {:>6} {:>9} {:>12} {:>12}", "", "", "", "and core", "in all");
    for file in files {
        let (plans, systems) = plans(Path::new(&file));
        for plan in plans {
            measure(&file, &plan, &systems, each, detailed);
        }
    }
}

fn measure(file: &str, plan: &Plan, systems: &BTreeMap<String, Arc<System>>, each: usize, detailed: bool) {
    let options = DrillOptions { schedules: each, ..DrillOptions::default() };
    let all = Instant::now();
    let matrix = lab::run_drills(plan, systems, &RealConnector, &options, &mut |_| {}).unwrap();
    let all = all.elapsed().as_secs_f64();
    let (mut alone, mut played) = (0.0, 0);
    let mut lines = Vec::new();
    for row in &matrix.rows {
        let only = DrillOptions {
            only: Some(row.code.to_owned()),
            schedules: (each / 4).max(1),
            threads: Some(1),
            ..options.clone()
        };
        let begun = Instant::now();
        let one = lab::run_drills(plan, systems, &RealConnector, &only, &mut |_| {}).unwrap();
        let took = begun.elapsed().as_secs_f64();
        alone += took;
        played += one.schedules_total;
        lines.push((row.code, one.schedules_total as f64 / took));
    }
    let name = Path::new(file).parent().and_then(Path::file_name).map_or(file.into(), |n| n.to_string_lossy());
    println!(
        "{:<44} {:>6} {:>9} {:>12.0} {:>12.0}",
        format!("{name}, {}", plan.flow),
        matrix.rows.len(),
        matrix.schedules_total,
        played as f64 / alone,
        matrix.schedules_total as f64 / all,
    );
    if detailed {
        for (code, rate) in lines {
            println!("    {code:<40} {rate:>33.0}");
        }
    }
}

fn plans(file: &Path) -> (Vec<Plan>, BTreeMap<String, Arc<System>>) {
    let text = std::fs::read_to_string(file).unwrap();
    let contract = contract::parse(&text, "integration.yaml").0.unwrap();
    let folder = file.parent().unwrap();
    let systems: BTreeMap<String, Arc<System>> = contract
        .systems
        .iter()
        .map(|(name, use_)| {
            let path = folder.join(use_.api.value.as_str());
            let read = readers::read_bytes(&std::fs::read(&path).unwrap(), &use_.api.value).system.unwrap();
            (name.clone(), contract::declared(&Arc::new(read), use_))
        })
        .collect();
    let plans = contract
        .flows
        .iter()
        .map(|(name, flow)| {
            let (mapping, _) = mapping::compile(&flow.map, "integration.yaml");
            connector::plan(&contract, name, &systems, mapping, &BTreeMap::new()).unwrap()
        })
        .collect();
    (plans, systems)
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or("an unnamed CPU");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{}, {cores} cores, {}", model.trim_start_matches([' ', '\t', ':']), std::env::consts::OS)
}
