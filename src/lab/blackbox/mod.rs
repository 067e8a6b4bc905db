//! The same drills for any program in any language: the systems listen on loopback, the program runs as a process, and time is
//! real. What is played, and what is judged, is what is played and judged in virtual time.

mod answer;
mod clock;
mod control;
mod deliver;
pub mod drills;
mod emptied;
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
use crate::connector::Plan;
use crate::model::System;

/// Real seconds that one run of a program may take, where nothing else is said. A job in which no request hangs is given the waits of
/// its contract on top, where those take half as long or more.
pub const DEADLINE_S: u64 = 60;

/// What is told of a program that the machine cannot start.
pub const NOT_STARTED: &str = "does not start";

/// Further seeds that are tried where the situation of a drill did not come about.
const FURTHER: usize = 3;

/// Drills that are played in virtual time alone, each with the reason. An alarm on a sound program is worse than none: what is
/// here needs what no program can be given from outside, or asks for more than that nothing is lost, doubled or corrupted and
/// that no more is claimed than is true.
const INSIDE: [(&str, &str); 21] = [
    (
        "checkpoint-garbage",
        "how a program keeps its place is its own; nothing from outside can spoil it and know what it spoils",
    ),
    (
        "checkpoint-in-the-future",
        "how a program keeps its place is its own; nothing from outside can move it and know where to",
    ),
    ("clock-jump", "a process has the clock of the machine, and that must not jump"),
    ("contract-changed", "a program is its own contract: another one is another program"),
    ("disable", "disabled-midway is this drill for programs"),
    ("disk-full", "the disk is the machine's: who fills it stops more than the program"),
    ("dns-failure", "systems are given by address, and an address needs no name to be resolved"),
    (
        "ledger-corrupt",
        "what a program keeps in STATE_DIR is its own; what of it may be damaged nobody outside can say",
    ),
    ("ledger-locked", "what a program keeps in STATE_DIR is its own; how it is locked nobody outside can say"),
    (
        "order-total",
        "a program may write in any order that loses nothing; order-per-key judges what order leaves behind",
    ),
    ("paused-midway", "who pauses a program from outside stops it: ended-midway and disabled-midway are that"),
    (
        "rate-kept",
        "a rate of ten seconds needs more records and time than real time has; a system that says 429 is obeyed elsewhere",
    ),
    ("replay-dead-letters", "how dead letters are replayed is the program's own"),
    (
        "retry-budget",
        "an outage of an hour is not waited for; outage-then-recovery bounds the attempts in one of seconds",
    ),
    ("rollback-interrupted", "how a program takes back what it wrote is its own"),
    ("rollback-restores", "how a program takes back what it wrote is its own"),
    ("second-instance", "started-twice is this drill for programs"),
    ("second-run-incremental", "reading all again costs requests, and no record: it is no fault of a program"),
    ("sigterm", "ended-midway is this drill for programs"),
    ("slow-target", "what is read ahead lies in memory that nobody outside sees, and costs no record"),
    ("tls-refused", "systems listen without TLS"),
];

/// Why a drill is played in virtual time alone; nothing where it is played with programs too.
#[must_use]
pub fn inside(code: &str) -> Option<&'static str> {
    INSIDE.iter().find(|(name, _)| *name == code).map(|(_, because)| *because)
}

/// Names of all drills for a program, in the order of the matrix.
#[must_use]
pub fn codes() -> Vec<&'static str> {
    all().iter().map(|d| d.code()).collect()
}

fn all() -> Vec<&'static dyn Drill> {
    let outside = super::drills::ALL.iter().filter(|d| inside(d.code()).is_none());
    outside.chain(drills::ALL.iter()).copied().collect()
}

/// Drills a program, `jobs` schedules side by side; `except`: drills that are left out, with commas between them.
///
/// # Errors
/// Why it cannot be drilled: the plan, the program that does not start, a drill that is not there; or that it was stopped.
pub fn run_drills(
    plan: &Plan,
    systems: &BTreeMap<String, Arc<System>>,
    program: &Program,
    options: &DrillOptions,
    except: Option<&str>,
    jobs: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Matrix, String> {
    let bench = bench(plan, systems, program)?;
    let mut not_applicable = Vec::new();
    let mut applies: Vec<&dyn Drill> = Vec::new();
    let left_out = except.map(|codes| matrix::chosen(Some(codes), all())).transpose()?.unwrap_or_default();
    for drill in matrix::chosen(options.only.as_deref(), all())? {
        match drill.applies(&bench) {
            Ok(()) if left_out.iter().any(|d| d.code() == drill.code()) => {
                not_applicable.push((drill.code(), "left out by --except".to_owned()));
            }
            Ok(()) => applies.push(drill),
            Err(because) => not_applicable.push((drill.code(), because)),
        }
    }
    if options.only.is_none() {
        not_applicable.extend(INSIDE.map(|(code, because)| (code, format!("in virtual time alone: {because}"))));
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
             PAGE_SIZE, writes all in one request, or never asks for what is struck (a total), may never meet it; \
             --except leaves the drill out"
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
    let drill = matrix::chosen(Some(code), all())?.into_iter().next().ok_or("no drill")?;
    drill.applies(&bench).map_err(|because| format!("{code} does not apply: {because}"))?;
    let _secrets = files::Placed::write(&program.directory, world::files(&bench))?;
    let played = play::play(&bench, program, drill, seed, true, stop)?;
    Ok(matrix::told(drill, &played, "", played.failures.is_empty()))
}

fn bench(plan: &Plan, systems: &BTreeMap<String, Arc<System>>, program: &Program) -> Result<Arc<Bench>, String> {
    let mut bench = Bench::of(plan, systems)?;
    let Program { service, knows_switch, knows_lock, scale, .. } = *program;
    bench.real = Some(Real { service, knows_switch, knows_lock, scale });
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

#[cfg(test)]
mod tests {
    use super::INSIDE;

    #[test]
    fn what_is_played_in_virtual_time_alone_are_drills_each_with_its_reason() {
        assert!(INSIDE.is_sorted_by_key(|(code, _)| *code));
        for (code, because) in INSIDE {
            assert!(crate::lab::codes().contains(&code), "{code}");
            assert!(because.len() > 20, "{code} has no reason");
        }
    }

    #[test]
    fn the_document_names_them_with_the_reasons_of_the_code() {
        let text = include_str!("../../../docs/black-box.md");
        let begins = text.find("| in virtual time alone |").expect("the table");
        let table: Vec<&str> = text[begins..].lines().skip(2).take_while(|line| line.starts_with('|')).collect();
        let due: Vec<String> = INSIDE.iter().map(|(code, because)| format!("| `{code}` | {because} |")).collect();
        assert_eq!(table, due, "the table of docs/black-box.md");
    }
}
