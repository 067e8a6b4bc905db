//! The same drills for any program in any language: the systems listen on loopback, the program runs as a process, and time is
//! real. What is played, and what is judged, is what is played and judged in virtual time.

mod answer;
mod clock;
mod control;
mod deliver;
pub mod drills;
mod environment;
mod files;
mod http;
mod knows;
mod play;
mod process;
mod server;
mod told;

pub use environment::{Program, beside};
pub use knows::mentions;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bench::{Bench, Real};
use super::drills::Drill;
use super::matrix::{self, DrillOptions, Matrix, Progress};
use super::schedule::Played;
use super::world;
use crate::base::stop::Stop;
use crate::base::text::did_you_mean;
use crate::connector::Plan;
use crate::model::System;

/// Further seeds that are tried where the situation of a drill did not come about.
const FURTHER: usize = 3;

/// Drills that are played in virtual time alone. Some need what no program can be given from outside (a ledger that fails, a
/// clock that jumps, another contract half-way); others demand more than a sound program of somebody else's need promise, and
/// an alarm on a sound program is worse than none.
const INSIDE: [&str; 51] = [
    "checkpoint-garbage",
    "checkpoint-in-the-future",
    "clock-jump",
    "contract-changed",
    "crash-in-batch",
    "crash-with-dead-letter",
    "created-meanwhile",
    "delete-while-paging",
    "deleted-at-source",
    "disable",
    "disk-full",
    "dns-failure",
    "equal-keys",
    "insert-while-paging",
    "ledger-corrupt",
    "ledger-locked",
    "missing-required",
    "null-object",
    "null-required",
    "order-per-key",
    "order-total",
    "out-of-order",
    "paused-midway",
    "poison-500",
    "rate-kept",
    "refresh-fails",
    "refresh-rotates",
    "replay-dead-letters",
    "retry-after-huge",
    "retry-budget",
    "rollback-interrupted",
    "rollback-restores",
    "scope-missing",
    "second-instance",
    "second-run-incremental",
    "sharp-values",
    "sigterm",
    "slow-target",
    "sweep-after-partial-read",
    "tls-refused",
    "type-drift",
    "update-while-paging",
    "webhook-body-altered",
    "webhook-body-spaced",
    "webhook-burst",
    "webhook-clock-skew",
    "webhook-huge-body",
    "webhook-same-version",
    "webhook-secret-rotates",
    "webhook-slow-ack",
    "webhook-wrong-path",
];

/// Names of all drills for a program, in the order of the matrix.
#[must_use]
pub fn codes() -> Vec<&'static str> {
    all().iter().map(|d| d.code()).collect()
}

fn all() -> Vec<&'static dyn Drill> {
    let outside = super::drills::ALL.iter().filter(|d| !INSIDE.contains(&d.code()));
    outside.chain(drills::ALL.iter()).copied().collect()
}

/// Drills a program, `jobs` schedules side by side.
///
/// # Errors
/// Why it cannot be drilled: the plan, the program that does not start, a drill that is not there; or that it was stopped.
pub fn run_drills(
    plan: &Plan,
    systems: &BTreeMap<String, Arc<System>>,
    program: &Program,
    options: &DrillOptions,
    jobs: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Matrix, String> {
    let bench = bench(plan, systems, program)?;
    let mut not_applicable = Vec::new();
    let mut applies: Vec<&dyn Drill> = Vec::new();
    for drill in chosen(options.only.as_deref())? {
        match drill.applies(&bench) {
            Ok(()) => applies.push(drill),
            Err(because) => not_applicable.push((drill.code(), because)),
        }
    }
    let schedules = applies.len() * options.schedules.max(1);
    progress(Progress::Planned { drills: applies.len(), schedules });
    let _secrets = files::Placed::write(&program.directory, world::files(&bench))?;
    let player = |drill: &dyn Drill, seed: u64| until_fired(&bench, program, drill, seed, &options.stop);
    let mut matrix = matrix::matrix(
        &applies,
        not_applicable,
        options,
        jobs,
        &player,
        &|_, _, whole| (whole, String::new()),
        progress,
    )?;
    for row in matrix.rows.iter_mut().filter(|r| r.fired == 0 && r.failures.is_empty() && r.caveats.is_empty()) {
        row.caveats.push(format!(
            "its situation did not come about, from {FURTHER} further seeds neither: a program that reads larger pages than \
             PAGE_SIZE, or writes all in one request, may never meet it"
        ));
    }
    Ok(matrix)
}

/// Plays one schedule and tells its timeline.
///
/// # Errors
/// Why it cannot be played.
pub fn replay(
    plan: &Plan,
    systems: &BTreeMap<String, Arc<System>>,
    program: &Program,
    code: &str,
    seed: u64,
    stop: &Stop,
) -> Result<String, String> {
    let bench = bench(plan, systems, program)?;
    let drill = chosen(Some(code))?.into_iter().next().ok_or("no drill")?;
    drill.applies(&bench).map_err(|because| format!("{code} does not apply: {because}"))?;
    let _secrets = files::Placed::write(&program.directory, world::files(&bench))?;
    let played = play::play(&bench, program, drill, seed, true, stop)?;
    Ok(matrix::told(drill, &played, "", played.failures.is_empty()))
}

fn bench(plan: &Plan, systems: &BTreeMap<String, Arc<System>>, program: &Program) -> Result<Arc<Bench>, String> {
    let mut bench = Bench::of(plan, systems)?;
    bench.real = Some(Real { service: program.service, knows_switch: program.knows_switch, scale: program.scale });
    if bench.plan.source.list.is_none() && !program.service {
        return Err("its source only sends webhooks, and a job receives none; add --service".to_owned());
    }
    Ok(Arc::new(bench))
}

/// A situation that has not come about says nothing of the program: the same drill is tried with further seeds.
fn until_fired(
    bench: &Arc<Bench>,
    program: &Program,
    drill: &dyn Drill,
    seed: u64,
    stop: &Stop,
) -> Result<Played, String> {
    let mut played = play::play(bench, program, drill, seed, false, stop)?;
    for index in 1..=FURTHER {
        if played.fired > 0 || !played.failures.is_empty() || stop.is_set() {
            break;
        }
        let further = matrix::seed_of(seed, drill.code(), index);
        played = play::play(bench, program, drill, further, false, stop)?;
    }
    if stop.is_set() {
        return Err("stopped before all drills had run".to_owned());
    }
    Ok(played)
}

fn chosen(only: Option<&str>) -> Result<Vec<&'static dyn Drill>, String> {
    let Some(code) = only else { return Ok(all()) };
    match all().into_iter().find(|d| d.code() == code) {
        Some(drill) => Ok(vec![drill]),
        None => Err(format!("there is no drill {code}{}", did_you_mean(code, codes()))),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_played_in_virtual_time_alone_are_drills() {
        for code in super::INSIDE {
            assert!(crate::lab::codes().contains(&code), "{code}");
        }
    }
}
