//! Plays one schedule of a drill: sets the stage, runs the connector as often as the drill wants, collects the evidence
//! and has it judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::Subject;
use super::bench::{Bench, Identity};
use super::drills::{Claim, Drill, Setup};
use super::judge::{self, Evidence, RunSeen};
use super::mock::{Collection, MockOptions, MockSystem, put};
use super::world::{RunEnd, Stage, StageOptions};
use crate::base::rng::Rng;
use crate::contract::{Drift, Fallback};
use crate::evidence::Reconciliation;

/// Before a killed connector is started again, in milliseconds.
const RESTART_MS: i64 = 5_000;

/// What came of one schedule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Played {
    /// Its seed.
    pub seed: u64,
    /// How often the situation came about.
    pub fired: u64,
    /// What is held against the connector.
    pub failures: Vec<String>,
    /// What is not its fault.
    pub caveats: Vec<String>,
    /// Counted by what the systems saw, over all runs.
    pub counts: Reconciliation,
    /// The timeline; only of a schedule that failed, or that was played alone.
    pub trace: String,
}

/// Plays it. `tell`: the timeline is wanted even if nothing failed.
pub(super) fn play(bench: &Arc<Bench>, drill: &dyn Drill, seed: u64, subject: &dyn Subject, tell: bool) -> Played {
    let root = Rng::seeded(seed);
    let mut stage = Prepared::set(bench, drill, &root);
    let mut crash_rng = root.fork("crashes");
    let mut steps = 0;
    if stage.crashes > 0 {
        // The same schedule without a crash tells how many steps there are to be killed at.
        let mut twin = Prepared::set(bench, drill, &root);
        let all = twin.stage.run(subject, None, twin.budget).1;
        steps = if stage.crash_while_delivering { twin.stage.steps_delivering() } else { all };
    }
    let mut runs: Vec<RunSeen> = Vec::new();
    let mut passes = 0;
    while passes < stage.passes {
        let crash_at = (stage.crashes > 0 && steps > 0).then(|| 1 + crash_rng.below(steps));
        let from = stage.stage.now();
        let (end, _) = stage.stage.run(subject, crash_at, stage.budget);
        let crashed = end == RunEnd::Crashed;
        let finished = matches!(end, RunEnd::Finished(_));
        runs.push(stage.seen(bench, runs.len() + 1, end, from));
        if crashed {
            stage.crashes -= 1;
        } else {
            passes += 1;
            stage.crashes = 0;
        }
        if !crashed && !finished {
            break;
        }
        stage.stage.wait(if crashed { RESTART_MS } else { stage.pause_ms });
        if passes == 1 && !crashed {
            stage.after_first_pass(bench, &root);
        }
    }
    stage.judged(bench, drill, seed, runs, tell)
}

/// A stage with its records, and what is to happen on it.
struct Prepared {
    stage: Stage,
    setup: Option<super::drills::Between>,
    faults_end: bool,
    passes: usize,
    pause_ms: i64,
    crashes: usize,
    crash_while_delivering: bool,
    expect: super::drills::Expect,
    before: IndexMap<String, Value>,
    budget: u64,
}

impl Prepared {
    fn set(bench: &Arc<Bench>, drill: &dyn Drill, root: &Rng) -> Self {
        let mut rng = root.fork("schedule");
        // Two pages and a bit to four and a bit.
        let count = usize::try_from(rng.between(bench.page * 2 + 1, bench.page * 4 + 2)).unwrap_or(8);
        let mut drawer = MockSystem::of(Arc::clone(&bench.source), 0, MockOptions::default());
        let mut records = drawer.draw_records(&bench.source_entity, count, &mut root.fork("data"));
        if bench.plan.delivery.drift == Drift::Freeze {
            // Such a flow stops at the first that does not fit, as its contract wants; what drills ask is how the others fare.
            records.retain(|record| bench.plan.mapped(record).is_ok());
        }
        let setup = drill.schedule(bench, &mut records, &mut rng);
        let mut setup = setup;
        if bench.plan.delivery.fallback == Fallback::Skip {
            // Whoever skips while the target is down gives records up, as the contract wants, and says so.
            setup.expect.may_die = true;
            setup.expect.claim = Claim::Honest;
            setup.expect.counts = false;
        }
        let mut stage = Stage::set(Arc::clone(bench), root, &options(bench, &setup));
        stage.go_on_from(bench, &drawer);
        let Setup { faults, faults_end_with_first_pass, passes, pause_ms, between, crashes, expect, .. } = setup;
        let (courier, crash_while_delivering) = (setup.courier, setup.crash_while_delivering);
        stage.arm(faults);
        if let Some(courier) = courier {
            stage.send_by(courier);
        }
        let before = stage.fill(bench, &records, &mut root.fork("target"));
        let budget = 100 + 60 * records.len() as u64;
        Self {
            stage,
            setup: between,
            faults_end: faults_end_with_first_pass,
            passes,
            pause_ms,
            crashes,
            crash_while_delivering,
            expect,
            before,
            budget,
        }
    }

    fn after_first_pass(&mut self, bench: &Bench, root: &Rng) {
        if self.faults_end {
            self.stage.disarm();
            self.stage.note("the faults are over");
        }
        if let Some(between) = self.setup.take() {
            let what = self.stage.change_source(bench, between, &mut root.fork("between"));
            self.stage.note(what);
        }
    }

    fn seen(&self, bench: &Bench, run: usize, end: RunEnd, from: crate::base::clock::Timestamp) -> RunSeen {
        let letters = self.stage.letters();
        let dead: BTreeSet<&str> = letters.iter().map(|l| l.key.as_str()).collect();
        let expected = judge::expectations(bench, &self.stage.source_records(bench));
        let missing = self.stage.with_target(bench, |target| judge::missing(bench, &expected, target, &dead));
        let to = self.stage.now();
        let letters = letters.iter().filter(|l| l.at >= from && l.at <= to).cloned().collect();
        RunSeen { run, end, from, to, letters, missing }
    }

    fn judged(self, bench: &Bench, drill: &dyn Drill, seed: u64, runs: Vec<RunSeen>, tell: bool) -> Played {
        let expected = judge::expectations(bench, &self.stage.source_records(bench));
        let (letters, secrets, faults_fired) = (self.stage.letters(), self.stage.secrets(), self.stage.fired());
        let trace = self.stage.take_trace();
        self.stage.with_target(bench, |target| {
            let evidence = Evidence {
                bench,
                expect: &self.expect,
                trace: &trace,
                runs,
                expected,
                target,
                target_before: &self.before,
                letters,
                secrets,
                faults_fired,
            };
            let mut failures = evidence.failures();
            failures.extend(drill.judge(&evidence));
            let counts = evidence
                .runs
                .iter()
                .map(|r| judge::reconcile(&evidence, r))
                .reduce(Reconciliation::plus)
                .unwrap_or_default();
            let text = if tell || !failures.is_empty() { trace.render() } else { String::new() };
            let (fired, caveats) = (drill.fired(&evidence), drill.caveats(&evidence));
            Played { seed, fired, failures, caveats, counts, trace: text }
        })
    }
}

fn options(bench: &Bench, setup: &Setup) -> StageOptions {
    StageOptions { page_size: bench.page, token_ttl_ms: setup.token_ttl_ms, clock_off_ms: setup.clock_off_ms }
}

impl Stage {
    fn go_on_from(&mut self, bench: &Bench, drawer: &MockSystem) {
        if let Some(source) = self.hall().mocks.get_mut(&bench.plan.source.system) {
            source.go_on_from(drawer);
        }
    }

    /// Puts the records into the source, and something into the target: records that are nobody's business and, where a
    /// record is updated when it is there, older forms of some. Returns what the target holds.
    fn fill(&mut self, bench: &Bench, records: &[Value], rng: &mut Rng) -> IndexMap<String, Value> {
        let mut hall = self.hall();
        if let Some(source) = hall.mocks.get_mut(&bench.plan.source.system) {
            for record in records {
                source.keep(&bench.source_entity, record.clone());
            }
        }
        let Some(target) = hall.mocks.get_mut(&bench.plan.target.system) else { return IndexMap::new() };
        if bench.plan.source.system == bench.plan.target.system && bench.source_entity == bench.target_entity {
            return IndexMap::new();
        }
        target.seed_records(&bench.target_entity, 2, rng);
        let updates = !matches!(bench.plan.target.write, crate::connector::WritePlan::Create { .. });
        for record in records {
            if !updates || !rng.one_in(5) {
                continue;
            }
            let Ok(mapped) = bench.plan.mapped(record) else { continue };
            let Some(mut older) = target.draw_records(&bench.target_entity, 1, rng).pop() else { continue };
            match &bench.identity {
                Identity::Field(path) => {
                    let Some(value) = super::mock::dig(&mapped, path).cloned() else { continue };
                    put(&mut older, path, value);
                }
                Identity::PutKey(_) => {
                    let Some(kind) = bench.target.kinds.get(&bench.target_entity) else { continue };
                    let Some(key) = bench.identity_of(record, &mapped) else { continue };
                    put(&mut older, std::slice::from_ref(&kind.key), Value::String(key));
                }
                Identity::Whole => continue,
            }
            target.keep(&bench.target_entity, older);
        }
        let held = target.collection(&bench.target_entity);
        held.map(|c| c.iter().map(|(k, r)| (k.to_owned(), r.clone())).collect()).unwrap_or_default()
    }

    fn change_source(&mut self, bench: &Bench, between: super::drills::Between, rng: &mut Rng) -> String {
        let mut hall = self.hall();
        match hall.mocks.get_mut(&bench.plan.source.system) {
            Some(source) => between(bench, source, rng),
            None => String::new(),
        }
    }

    fn source_records(&self, bench: &Bench) -> Vec<Value> {
        let hall = self.hall();
        let held = hall.mocks.get(&bench.plan.source.system).and_then(|m| m.collection(&bench.source_entity));
        held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default()
    }

    fn with_target<T>(&self, bench: &Bench, see: impl FnOnce(&Collection) -> T) -> T {
        let hall = self.hall();
        let empty = Collection::default();
        let held = hall.mocks.get(&bench.plan.target.system).and_then(|m| m.collection(&bench.target_entity));
        see(held.unwrap_or(&empty))
    }
}
