//! Drills over many seeds on all cores; the results do not depend on who finished first.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use super::Subject;
use super::bench::Bench;
use super::drills::{self, Drill};
use super::schedule::{Played, Reduction, play, play_part, steps};
use super::shrink::shrink;
use crate::base::stop::Stop;
use crate::connector::Plan;
use crate::evidence::{Reconciliation, Verdict};
use crate::model::System;

/// Failures kept of one drill; the rest are only counted.
const KEPT: usize = 3;

/// What to run.
#[derive(Debug, Clone)]
pub struct DrillOptions {
    /// From which every schedule's own seed follows.
    pub seed: u64,
    /// Schedules of each drill.
    pub schedules: usize,
    /// These drills only: codes, separated by commas.
    pub only: Option<String>,
    /// Whether failures are made as small as they can be. Without, their timelines are those of the whole schedules.
    pub shrink: bool,
    /// Threads to play on; as many as there are cores where nothing is said.
    pub threads: Option<usize>,
    /// Looked at between schedules.
    pub stop: Stop,
}

impl Default for DrillOptions {
    fn default() -> Self {
        Self { seed: 1, schedules: 20, only: None, shrink: true, threads: None, stop: Stop::default() }
    }
}

/// What is told on the way.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// So many drills apply, with so many schedules in all.
    Planned {
        /// Drills that apply.
        drills: usize,
        /// Schedules in all.
        schedules: usize,
    },
    /// A drill is over; in the order of the catalogue.
    Finished {
        /// Its name.
        code: &'static str,
        /// What came of it.
        verdict: Verdict,
        /// The first thing held against it.
        because: Option<String>,
        /// Schedules over so far, of all drills.
        done: usize,
    },
}

/// One thing held against the connector.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Seed that plays it again.
    pub seed: u64,
    /// What is wrong, what matters most first.
    pub because: String,
    /// The timeline of the smallest schedule found that breaks the same rule.
    pub trace: String,
    /// How small that is.
    pub size: String,
}

/// What came of one drill.
#[derive(Debug, Clone, PartialEq)]
pub struct DrillRow {
    /// Its name.
    pub code: &'static str,
    /// What must hold.
    pub hypothesis: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// Schedules played.
    pub schedules: usize,
    /// Schedules in which the situation came about.
    pub fired: usize,
    /// Schedules that failed.
    pub failed: usize,
    /// The first of them, by seed in the order played.
    pub failures: Vec<Failure>,
    /// What keeps a result without failures from being a full PASS.
    pub caveats: Vec<String>,
    /// Clauses of the contract that its schedules put to work, as [`super::coverage`] names them.
    pub reached: BTreeSet<String>,
}

/// The test matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Over all rows; nothing run is UNPROVEN.
    pub verdict: Verdict,
    /// One for each drill that applies, in the order of the catalogue.
    pub rows: Vec<DrillRow>,
    /// Drills that cannot happen to this plan, and why.
    pub not_applicable: Vec<(&'static str, String)>,
    /// Counted by what the systems saw, summed over the schedules of `happy-path` (over all drills that were run, where
    /// that one was not).
    pub reconciliation: Reconciliation,
    /// Schedules played.
    pub schedules_total: usize,
}

/// Runs the drills that apply to a plan, on as many threads as there are cores.
///
/// # Errors
/// Why the plan cannot be drilled at all, that no drill has the name asked for, or that it was stopped: a part of a
/// matrix is none.
pub fn run_drills(
    plan: &Plan,
    systems: &BTreeMap<String, Arc<System>>,
    subject: &dyn Subject,
    options: &DrillOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Matrix, String> {
    let bench = Arc::new(Bench::of(plan, systems)?);
    let wanted = chosen(options.only.as_deref(), drills::ALL.to_vec())?;
    let mut not_applicable = Vec::new();
    let mut drills: Vec<&dyn Drill> = Vec::new();
    for drill in wanted {
        match drill.applies(&bench) {
            Ok(()) => drills.push(drill),
            Err(because) => not_applicable.push((drill.code(), because)),
        }
    }
    let total = drills.len() * options.schedules.max(1);
    progress(Progress::Planned { drills: drills.len(), schedules: total });

    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let player = |drill: &dyn Drill, seed: u64| Ok(play(&bench, drill, seed, subject, false));
    let smaller = |drill: &dyn Drill, seed: u64, whole: Played| shrink(&bench, drill, seed, subject, whole);
    matrix(&drills, not_applicable, options, threads, &player, &smaller, progress)
}

/// Plays one schedule.
///
/// # Errors
/// What keeps the lab itself from playing.
pub(super) type Player<'p> = &'p (dyn Fn(&dyn Drill, u64) -> Result<Played, String> + Sync);

/// Makes a failing schedule smaller; says from what to what, or nothing where it cannot.
pub(super) type Smaller<'p> = &'p dyn Fn(&dyn Drill, u64, Played) -> (Played, String);

/// Plays all schedules of these drills on so many threads, and makes a matrix of what came of them.
pub(super) fn matrix(
    drills: &[&dyn Drill],
    not_applicable: Vec<(&'static str, String)>,
    options: &DrillOptions,
    threads: usize,
    player: Player<'_>,
    smaller: Smaller<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Matrix, String> {
    let each = options.schedules.max(1);
    let total = drills.len() * each;
    let threads = threads.clamp(1, total.max(1));
    let next = AtomicUsize::new(0);
    let broken: Mutex<Option<String>> = Mutex::new(None);
    let (send, receive) = mpsc::channel::<(usize, Played)>();
    let mut rows = Vec::new();
    let mut counted: Vec<(&'static str, Reconciliation)> = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (send, next, broken) = (send.clone(), &next, &broken);
            scope.spawn(move || {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    let Some(drill) = drills.get(job / each) else { break };
                    if options.stop.is_set() {
                        break;
                    }
                    let seed = seed_of(options.seed, drill.code(), job % each);
                    match player(*drill, seed) {
                        Ok(played) => {
                            if send.send((job, played)).is_err() {
                                break;
                            }
                        }
                        Err(because) => {
                            broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(because);
                            next.store(total, Ordering::Relaxed);
                            break;
                        }
                    }
                }
            });
        }
        drop(send);
        let mut slots: Vec<Option<Played>> = (0..total).map(|_| None).collect();
        for (done, (job, played)) in (1..).zip(receive) {
            slots[job] = Some(played);
            // Rows come out in the order of the catalogue, whoever finished first.
            while let Some(drill) = drills.get(rows.len()) {
                let from = rows.len() * each;
                if slots[from..from + each].iter().any(Option::is_none) {
                    break;
                }
                let played: Vec<Played> = slots[from..from + each].iter_mut().filter_map(Option::take).collect();
                counted.extend(played.iter().map(|p| (drill.code(), p.counts)));
                let row = row(*drill, smaller, options, played);
                let because = row.failures.first().map(|f| f.because.clone());
                progress(Progress::Finished { code: row.code, verdict: row.verdict, because, done });
                rows.push(row);
            }
        }
    });

    if let Some(because) = broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(because);
    }
    if rows.len() < drills.len() {
        return Err("stopped before all drills had run".to_owned());
    }
    let happy = counted.iter().any(|(code, _)| *code == "happy-path");
    let reconciliation = counted
        .iter()
        .filter(|(code, _)| !happy || *code == "happy-path")
        .map(|(_, c)| *c)
        .reduce(Reconciliation::plus)
        .unwrap_or_default();
    let verdict = Verdict::all(rows.iter().map(|r| r.verdict));
    Ok(Matrix { verdict, rows, not_applicable, reconciliation, schedules_total: total })
}

/// Plays one schedule again and tells its timeline, with what is held against the connector at the end.
///
/// # Errors
/// Why it cannot be played.
pub fn replay(
    plan: &Plan,
    systems: &BTreeMap<String, Arc<System>>,
    subject: &dyn Subject,
    code: &str,
    seed: u64,
) -> Result<String, String> {
    let bench = Arc::new(Bench::of(plan, systems)?);
    let drill = chosen(Some(code), drills::ALL.to_vec())?[0];
    drill.applies(&bench).map_err(|because| format!("{code} does not apply: {because}"))?;
    let played = play(&bench, drill, seed, subject, true);
    let none = played.failures.is_empty();
    let (played, size) = shrink(&bench, drill, seed, subject, played);
    Ok(told(drill, &played, &size, none))
}

/// A schedule that was played alone, as text; `size` says what it was shrunk to, `none` that nothing failed in it.
pub(super) fn told(drill: &dyn Drill, played: &Played, size: &str, none: bool) -> String {
    let mut text = headed(drill.code(), played.seed, drill.hypothesis(), size, &played.trace);
    if none {
        text.push('\n');
        text.push_str(if played.fired == 0 {
            "the situation did not come about\n"
        } else {
            "nothing is held against it\n"
        });
    }
    text
}

/// A timeline under the drill and the seed that it shows.
#[must_use]
pub fn headed(code: &str, seed: u64, hypothesis: &str, size: &str, trace: &str) -> String {
    let size = if size.is_empty() { String::new() } else { format!("{size}\n") };
    format!("{code}, seed {seed}: {hypothesis}\n{size}\n{trace}")
}

/// Kills the connector at every single step of one schedule, once each: what the seeds of a crash drill draw from. Tells
/// how many steps there were, and what was held against it at which.
///
/// # Errors
/// Why it cannot be played, or that nothing is killed in this drill.
pub fn crash_at_every_step(
    plan: &Plan,
    systems: &BTreeMap<String, Arc<System>>,
    subject: &dyn Subject,
    code: &str,
    seed: u64,
) -> Result<(u64, Vec<(u64, String)>), String> {
    let bench = Arc::new(Bench::of(plan, systems)?);
    let drill = chosen(Some(code), drills::ALL.to_vec())?[0];
    drill.applies(&bench).map_err(|because| format!("{code} does not apply: {because}"))?;
    let all = steps(&bench, drill, seed, subject);
    let mut failures = Vec::new();
    for step in 1..=all {
        let part = Reduction { crash_at: Some(vec![step]), ..Reduction::default() };
        let (played, extent) = play_part(&bench, drill, seed, subject, false, &part);
        if step == 1 && extent.crash_at.is_empty() {
            return Err(format!("nothing is killed in {code}"));
        }
        if !played.failures.is_empty() {
            failures.push((step, played.failures.join("; ")));
        }
    }
    Ok((all, failures))
}

/// The drills of these, in their order, that are wanted: codes, separated by commas; nothing: all.
pub(super) fn chosen(only: Option<&str>, all: Vec<&'static dyn Drill>) -> Result<Vec<&'static dyn Drill>, String> {
    let Some(only) = only else { return Ok(all) };
    let wanted: Vec<&str> = codes_of(only).collect();
    let unknown = wanted.iter().find(|code| !all.iter().any(|d| d.code() == **code));
    match unknown.copied().or(wanted.is_empty().then_some(only)) {
        Some(code) => {
            let like = crate::base::text::did_you_mean(code, all.iter().map(|d| d.code()));
            Err(format!("there is no drill {code}{like}"))
        }
        None => Ok(all.into_iter().filter(|d| wanted.contains(&d.code())).collect()),
    }
}

/// The codes in a list that is separated by commas.
pub fn codes_of(only: &str) -> impl Iterator<Item = &str> {
    only.split(',').map(str::trim).filter(|code| !code.is_empty())
}

/// The seed of one schedule: the run's seed for the first; for the others from the run's seed, the drill and the number, so that one drill alone plays the same
/// schedules as all together.
#[must_use]
pub fn seed_of(seed: u64, code: &str, index: usize) -> u64 {
    if index == 0 {
        // The first schedule is the seed itself, so that the seed of a failure replays it.
        return seed;
    }
    let mut rng = crate::base::rng::Rng::seeded(seed).fork(code).fork(&index.to_string());
    // Fits a JSON number in every reader.
    rng.next_u64() >> 12
}

fn row(drill: &dyn Drill, smaller: Smaller<'_>, options: &DrillOptions, played: Vec<Played>) -> DrillRow {
    let schedules = played.len();
    let fired = played.iter().filter(|p| p.fired > 0).count();
    let failed = played.iter().filter(|p| !p.failures.is_empty()).count();
    let mut caveats: Vec<String> = Vec::new();
    for caveat in played.iter().flat_map(|p| &p.caveats) {
        if caveats.len() < KEPT && !caveats.contains(caveat) {
            caveats.push(caveat.clone());
        }
    }
    let verdict = match (failed, fired, caveats.is_empty()) {
        (1.., _, _) => Verdict::Fail,
        (0, 0, _) => Verdict::Unproven,
        (0, _, true) => Verdict::Pass,
        (0, _, false) => Verdict::Partial,
    };
    let reached = played.iter().flat_map(|p| p.reached.iter().cloned()).collect();
    let failures = played
        .into_iter()
        .filter(|p| !p.failures.is_empty())
        .take(KEPT)
        .map(|whole| {
            let (seed, because) = (whole.seed, whole.failures.join("; "));
            if !options.shrink {
                return Failure { seed, because, trace: whole.trace, size: String::new() };
            }
            let (small, size) = smaller(drill, seed, whole);
            Failure { seed, because, trace: small.trace, size }
        })
        .collect();
    DrillRow {
        code: drill.code(),
        hypothesis: drill.hypothesis(),
        verdict,
        schedules,
        fired,
        failed,
        failures,
        caveats,
        reached,
    }
}
