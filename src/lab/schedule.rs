//! Plays one schedule of a drill: sets the stage, runs the connector as often as the drill wants, collects the evidence
//! and has it judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::Subject;
use super::bench::{Bench, Identity, Purpose};
use super::coverage;
use super::drills::{Claim, Drill, Setup};
use super::edges;
use super::faults::{Disposition, Exchange, Fault};
use super::judge::{self, Evidence, Expected, Foreign, RunSeen};
use super::mock::{Collection, MockOptions, MockSystem, put};
use super::process::Process;
use super::rollback::{self, RolledBack};
use super::timeline;
use super::world::{self, EPOCH, RunEnd, Stage, StageOptions, disguises};
use crate::base::clock::{Clock as _, SystemClock, Timestamp};
use crate::base::rng::Rng;
use crate::connector::Request;
use crate::contract::{Drift, Fallback};
use crate::evidence::{DeadLetter, DeadState, Reconciliation};
use crate::model::{Method, PageStyle, Pagination};

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
    /// Clauses of the contract that it put to work.
    pub reached: BTreeSet<String>,
    /// Counted by what the systems saw, over all runs.
    pub counts: Reconciliation,
    /// The timeline; only of a schedule that failed, or that was played alone.
    pub trace: String,
}

/// What is left of a schedule when it is made smaller; by default all of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reduction {
    /// The records that the source holds, by their place; nothing: all.
    pub records: Option<Vec<usize>>,
    /// How often each fault may hit, by its place; faults beyond the end as often as they want.
    pub hits: Vec<u64>,
    /// Faults that hit the first exchange for this purpose, and not a later one; by their place.
    pub sooner: Vec<Option<Purpose>>,
    /// The steps at which the runs are killed; nothing: those that the seed draws.
    pub crash_at: Option<Vec<u64>>,
}

/// How large a schedule was when it was played.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Extent {
    /// Records in the source at the start.
    pub records: usize,
    /// How often each fault made a difference.
    pub hits: Vec<u64>,
    /// What the exchange was for that each fault hit first.
    pub purposes: Vec<Option<Purpose>>,
    /// The steps at which runs were killed.
    pub crash_at: Vec<u64>,
}

/// Plays it. `tell`: the timeline is wanted even if nothing failed.
pub(super) fn play(bench: &Arc<Bench>, drill: &dyn Drill, seed: u64, subject: &dyn Subject, tell: bool) -> Played {
    play_part(bench, drill, seed, subject, tell, &Reduction::default()).0
}

/// How many steps the schedule has when nobody kills it.
pub(super) fn steps(bench: &Arc<Bench>, drill: &dyn Drill, seed: u64, subject: &dyn Subject) -> u64 {
    let mut whole = Prepared::set(bench, drill, &Rng::seeded(seed), &Reduction::default());
    whole.stage.run(subject, None, whole.budget).1
}

/// Plays what is left of it.
pub(super) fn play_part(
    bench: &Arc<Bench>,
    drill: &dyn Drill,
    seed: u64,
    subject: &dyn Subject,
    tell: bool,
    part: &Reduction,
) -> (Played, Extent) {
    let root = Rng::seeded(seed);
    let mut stage = Prepared::set(bench, drill, &root, part);
    let mut extent = Extent { records: stage.records, ..Extent::default() };
    let cannot = (stage.process.replays > 0 && !subject.replays())
        || (stage.process.rollback.is_some() && !subject.rolls_back(&bench.plan))
        || (stage.process.pause && !subject.pauses());
    if cannot {
        // It has no way to: nothing is proven, and nothing is held against it.
        let (failures, caveats, trace) = (Vec::new(), Vec::new(), String::new());
        let counts = Reconciliation::default();
        let reached = BTreeSet::new();
        return (Played { seed, fired: 0, failures, caveats, reached, counts, trace }, extent);
    }
    let mut crash_rng = root.fork("crashes");
    let mut steps = 0;
    let given = part.crash_at.as_ref().filter(|_| stage.crashes > 0);
    if let Some(given) = given {
        stage.crashes = given.len();
    }
    if stage.process.stop || stage.process.pause || (stage.crashes > 0 && given.is_none()) {
        // The same schedule without a crash tells how many steps there are to be killed at.
        let mut twin = Prepared::set(bench, drill, &root, part);
        let all = twin.stage.run(subject, None, twin.budget).1;
        steps = if stage.crash_while_delivering { twin.stage.steps_delivering() } else { all };
    }
    let mut runs: Vec<RunSeen> = Vec::new();
    let mut known = BTreeSet::new();
    let mut rolled_back: Option<RolledBack> = None;
    let mut passes = 0;
    stage.first_pass(steps, &mut root.fork("stop"));
    while passes < stage.passes {
        let crash_at = match given {
            Some(given) => given.get(extent.crash_at.len()).copied().filter(|_| stage.crashes > 0),
            None => (stage.crashes > 0 && steps > 0).then(|| 1 + crash_rng.below(steps)),
        };
        let from = stage.stage.now();
        let (end, _, twin) = stage.stage.run_beside(subject, crash_at, stage.budget);
        let crashed = end == RunEnd::Crashed;
        let finished = matches!(end, RunEnd::Finished(_));
        let number = runs.len() + 1 + rolled_back.as_ref().map_or(0, |r| r.tries.len());
        runs.push(stage.seen(bench, number, end, from, &mut known));
        if let Some(twin) = twin {
            let mut seen = stage.seen(bench, number + 1, twin.end, twin.from, &mut known);
            seen.to = twin.to;
            runs.push(seen);
        }
        if crashed {
            stage.crashes -= 1;
            extent.crash_at.extend(crash_at);
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
            for _ in 0..stage.process.replays {
                if !subject.replays() {
                    break;
                }
                let from = stage.stage.now();
                stage.stage.next.replay = Some(stage.waiting());
                let (end, _) = stage.stage.run(subject, None, stage.budget);
                runs.push(stage.seen(bench, runs.len() + 1, end, from, &mut known));
                stage.stage.wait(stage.pause_ms);
            }
            let killed = stage.process.rollback.as_ref().is_some_and(|r| r.killed > 0);
            let steps = if killed {
                // The same once more, unharmed, tells how many steps there are to be killed at.
                rollback::steps(&mut Prepared::set(bench, drill, &root, part), bench, subject, &root)
            } else {
                0
            };
            rolled_back = rollback::play(&mut stage, bench, subject, steps, runs.len() + 1, &root);
        }
        if passes == 2 && !crashed {
            stage.after_second_pass(bench, &root);
        }
        if passes == 2 && stage.process.pause {
            stage.stage.resume();
        }
    }
    (extent.hits, extent.purposes) = stage.stage.hits();
    stage.rolled_back = rolled_back;
    (stage.judged(bench, drill, seed, runs, tell), extent)
}

/// A stage with its records, and what is to happen on it.
pub(super) struct Prepared {
    pub(super) stage: Stage,
    setup: Option<super::drills::Between>,
    then: Option<super::drills::Between>,
    faults_end: bool,
    pub(super) passes: usize,
    pub(super) pause_ms: i64,
    pub(super) crashes: usize,
    pub(super) crash_while_delivering: bool,
    pub(super) crash_at_fault: bool,
    expect: super::drills::Expect,
    pub(super) process: Process,
    pub(super) before: IndexMap<String, Value>,
    records: usize,
    /// The place of the first fault that waits for a rollback.
    pub(super) rollback_faults: usize,
    rolled_back: Option<RolledBack>,
    pub(super) budget: u64,
    /// What the source's records should become, and at which state of the source that was found out.
    expected: (Option<u64>, Arc<Vec<Expected>>),
}

impl Prepared {
    pub(super) fn set(bench: &Arc<Bench>, drill: &dyn Drill, root: &Rng, part: &Reduction) -> Self {
        let (mut records, mut setup, drawer) = drawn(bench, drill, root);
        if part.sooner.iter().any(Option::is_some) {
            // Drawn a second time, to see how much each fault lets pass.
            hasten(bench, &mut setup.faults, drawn(bench, drill, root).1.faults, &part.sooner);
        }
        if let Some(kept) = &part.records {
            let mut place = 0..;
            records.retain(|_| place.next().is_some_and(|p| kept.contains(&p)));
        }
        if bench.plan.delivery.fallback == Fallback::Skip {
            // Whoever skips while the target is down gives records up, as the contract wants, and says so.
            setup.expect.may_die = true;
            setup.expect.claim = Claim::Honest;
            setup.expect.counts = false;
        }
        let mut stage = Stage::set(Arc::clone(bench), root, &options(bench, &setup));
        stage.go_on_from(bench, &drawer);
        let Setup {
            older, faults, faults_end_with_first_pass, passes, pause_ms, between, then, crashes, expect, ..
        } = setup;
        let (courier, crash_while_delivering) = (setup.courier, setup.crash_while_delivering);
        let crash_at_fault = setup.crash_at_fault;
        stage.arm(faults);
        let mut process = setup.process;
        let later = process.rollback.as_mut().map(|r| std::mem::take(&mut r.faults)).unwrap_or_default();
        let rollback_faults = stage.arm_asleep(later);
        for (place, most) in part.hits.iter().enumerate() {
            stage.limit(place, *most);
        }
        stage.jump(&process.jumps);
        if process.burst {
            stage.burst();
        }
        if let Some(courier) = courier {
            stage.send_by(courier);
        }
        let before = stage.fill(bench, &records, &older, &mut root.fork("target"));
        let budget = 100 + 60 * records.len() as u64;
        Self {
            stage,
            setup: between,
            then,
            faults_end: faults_end_with_first_pass,
            passes,
            pause_ms,
            crashes,
            crash_while_delivering,
            crash_at_fault,
            expect,
            process,
            before,
            records: records.len(),
            rollback_faults,
            rolled_back: None,
            budget,
            expected: (None, Arc::default()),
        }
    }

    /// What is special about the first run.
    fn first_pass(&mut self, steps: u64, rng: &mut Rng) {
        let next = &mut self.stage.next;
        next.stop_at = (self.process.stop && steps > 0).then(|| 1 + rng.below(steps));
        next.pause_at = (self.process.pause && steps > 0).then(|| 1 + rng.below(steps));
        next.ledger = self.process.ledger;
        next.twin_after_ms = self.process.twin_after_ms;
        next.plan.clone_from(&self.process.earlier);
    }

    /// The source records of the dead letters that wait.
    fn waiting(&self) -> Vec<Value> {
        let letters = self.stage.letters().into_iter().filter(|l| l.state == DeadState::Waiting);
        letters.map(|l| l.payload).collect()
    }

    /// What each record of the source should become, as the source is now.
    pub(super) fn expected(&mut self, bench: &Bench) -> Arc<Vec<Expected>> {
        let state = Some(self.stage.source_state(bench));
        if self.expected.0 != state {
            let records = self.stage.source_records(bench);
            let expected = judge::expectations_since(bench, &records, &self.expected.1);
            self.expected = (state, Arc::new(expected));
        }
        Arc::clone(&self.expected.1)
    }

    pub(super) fn after_first_pass(&mut self, bench: &Bench, root: &Rng) {
        if self.faults_end {
            self.stage.disarm();
            self.stage.note("the faults are over");
        }
        if let Some(between) = self.setup.take() {
            let what = self.stage.change_source(bench, between, &mut root.fork("between"));
            self.stage.note(what);
        }
        if let Some(tamper) = self.process.tamper.take() {
            let wrong = tamper(self.stage.checkpoint());
            self.stage.set_checkpoint(&wrong);
            let shown = serde_json::to_string(&wrong).unwrap_or_default();
            self.stage.note(format!("the checkpoint is now {shown}"));
        }
    }

    pub(super) fn after_second_pass(&mut self, bench: &Bench, root: &Rng) {
        if let Some(then) = self.then.take() {
            let what = self.stage.change_source(bench, then, &mut root.fork("then"));
            self.stage.note(what);
        }
    }

    /// `known`: dead letters found after the runs before, by id and time.
    fn seen(
        &mut self,
        bench: &Bench,
        run: usize,
        end: RunEnd,
        from: Timestamp,
        known: &mut BTreeSet<(u64, Timestamp)>,
    ) -> RunSeen {
        let letters = self.stage.letters();
        let mut seen = self.seen_with(bench, run, end, from, &letters);
        seen.letters = letters.into_iter().filter(|l| known.insert((l.id, l.at))).collect();
        seen
    }

    /// The same where the dead letters are told from elsewhere.
    pub(super) fn seen_with(
        &mut self,
        bench: &Bench,
        run: usize,
        end: RunEnd,
        from: Timestamp,
        letters: &[DeadLetter],
    ) -> RunSeen {
        let expected = self.expected(bench);
        let dead: BTreeSet<&str> = letters.iter().map(|l| l.key.as_str()).collect();
        let mut missing = self.stage.with_target(bench, |target| judge::missing(bench, &expected, target, &dead));
        // Who had read their page before cannot know them: the next run owes them.
        let born = self.stage.take_born();
        missing.retain(|key| !born.contains(key));
        let to = self.stage.now();
        let letters = letters.iter().filter(|l| l.at >= from && l.at <= to).cloned().collect();
        RunSeen { run, end, from, to, letters, missing }
    }

    fn judged(self, bench: &Bench, drill: &dyn Drill, seed: u64, runs: Vec<RunSeen>, tell: bool) -> Played {
        let letters = self.stage.letters();
        self.judged_with(bench, drill, seed, runs, tell, letters, None)
    }

    /// Keys of records that may be dead letters.
    pub(super) fn excusable(&self, bench: &Bench, expected: &[judge::Expected]) -> BTreeSet<String> {
        self.stage.with_target(bench, |target| judge::excusable(bench, &self.expect, expected, target))
    }

    /// Keys of records that are not in the target as they should be, or must become dead letters.
    pub(super) fn owed(&self, bench: &Bench, expected: &[judge::Expected]) -> BTreeSet<String> {
        self.stage.with_target(bench, |target| judge::owed(bench, &self.expect, expected, target))
    }

    /// A record that may be left undelivered or delivered as another one is what became of it. Gives the keys of those that were
    /// delivered so.
    fn settle_either(&mut self, bench: &Bench, expected: &mut [Expected]) -> BTreeSet<String> {
        let mut settled = BTreeSet::new();
        for (key, record) in self.expect.either.clone() {
            let Some(other) = judge::expectations(bench, &[record]).pop().filter(|x| x.identity.is_some()) else {
                continue;
            };
            let there = |target: &Collection| target.iter().any(|(k, r)| bench.identity_kept(k, r) == other.identity);
            if let Some(own) = expected.iter_mut().find(|x| x.key == key)
                && self.stage.with_target(bench, there)
            {
                self.expect.dead.remove(&key);
                *own = Expected { record: own.record.clone(), ..other };
                settled.insert(key);
            }
        }
        settled
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one verdict, named where they are given")]
    pub(super) fn judged_with(
        mut self,
        bench: &Bench,
        drill: &dyn Drill,
        seed: u64,
        mut runs: Vec<RunSeen>,
        tell: bool,
        letters: Vec<DeadLetter>,
        foreign: Option<Foreign>,
    ) -> Played {
        let expected = self.expected(bench);
        self.expected = (None, Arc::default());
        let mut expected = Arc::try_unwrap(expected).unwrap_or_else(|shared| shared.to_vec());
        let settled = self.settle_either(bench, &mut expected);
        runs.iter_mut().for_each(|seen| seen.missing.retain(|key| !settled.contains(key)));
        let gone = judge::expectations(bench, &self.stage.gone());
        let rolled_back = self.rolled_back.take();
        let (mut secrets, faults_fired) = (self.stage.secrets(), self.stage.fired());
        if let Some(program) = &foreign {
            // In whatever form: the first half of a name, or its digits, is no secret either.
            let disguised: BTreeSet<String> = program.names.iter().flat_map(|name| disguises(name)).collect();
            secrets.retain(|(_, value)| !program.names.contains(value) && !disguised.contains(value));
        }
        let trace = self.stage.take_trace();
        self.stage.with_target(bench, |target| {
            let evidence = Evidence {
                bench,
                expect: &self.expect,
                trace: &trace,
                runs,
                expected,
                gone,
                target,
                target_before: &self.before,
                letters,
                secrets,
                faults_fired,
                foreign,
                rolled_back,
                locked_out: judge::locked_out(&trace),
            };
            let mut failures = evidence.failures();
            failures.extend(drill.judge(&evidence));
            let counts = evidence
                .runs
                .iter()
                .map(|r| judge::reconcile(&evidence, r))
                .reduce(Reconciliation::plus)
                .unwrap_or_default();
            let text = if tell || !failures.is_empty() { timeline::tell(&evidence, &failures) } else { String::new() };
            let (fired, caveats) = (drill.fired(&evidence), drill.caveats(&evidence));
            let reached = coverage::reached(&evidence);
            Played { seed, fired, failures, caveats, reached, counts, trace: text }
        })
    }
}

/// What the seed draws: the records of the source, and what goes wrong.
fn drawn(bench: &Bench, drill: &dyn Drill, root: &Rng) -> (Vec<Value>, Setup, MockSystem) {
    let mut rng = root.fork("schedule");
    // Two pages and a bit to four and a bit.
    let drawn = rng.between(bench.page * 2 + 1, bench.page * 4 + 2);
    let drawn = if drill.many() { bench.page * 4 + 2 } else { drawn };
    let count =
        usize::try_from(drawn.max(bench.too_many().filter(|_| drill.overflows_a_batch()).unwrap_or(0))).unwrap_or(8);
    // A program that asks again for the last minutes, or hour, must not find all there is by that alone.
    let options = MockOptions { seeded_apart: true, ..MockOptions::default() };
    let mut drawer = MockSystem::of(Arc::clone(&bench.source), 0, options);
    let mut records = drawer.draw_records(&bench.source_entity, count, &mut root.fork("data"));
    if bench.plan.delivery.drift == Drift::Freeze {
        // Such a flow stops at the first that does not fit, as its contract wants; what drills ask is how the others fare.
        records.retain(|record| bench.plan.mapped(record).is_ok());
    }
    if drill.thorough() {
        edges::cover(bench, &mut records, &mut root.fork("edges"));
    }
    let setup = drill.schedule(bench, &mut records, &mut rng);
    (records, setup, drawer)
}

/// Shows each fault that is to hit sooner as many exchanges as it would let pass; `same` are the same faults once more.
fn hasten(bench: &Bench, faults: &mut [Box<dyn Fault>], same: Vec<Box<dyn Fault>>, sooner: &[Option<Purpose>]) {
    /// No fault waits longer.
    const MOST: usize = 500;
    let request = Request {
        method: Method::Get,
        url: "https://nobody.example/".to_owned(),
        headers: Vec::new(),
        body: bytes::Bytes::new(),
    };
    for ((fault, mut probe), purpose) in faults.iter_mut().zip(same).zip(sooner) {
        let Some(purpose) = *purpose else { continue };
        let plan = &bench.plan;
        let system = if purpose == Purpose::List { &plan.source.system } else { &plan.target.system };
        let identity = None;
        let shown = Exchange { nth: 0, at: EPOCH, system, purpose, identity, batch: &[], request: &request };
        let passes = (0..MOST).take_while(|_| matches!(probe.on_exchange(&shown), Disposition::Pass)).count();
        for _ in 0..if passes < MOST { passes } else { 0 } {
            fault.on_exchange(&shown);
        }
    }
}

fn options(bench: &Bench, setup: &Setup) -> StageOptions {
    let by_cursor = |p: &Pagination| matches!(p.style, PageStyle::Cursor | PageStyle::LinkHeader | PageStyle::LinkBody);
    // A program asks for pages of its own size. Where a cursor leads on, a server may give less.
    let capped = bench.real.is_some() && bench.plan.source.pagination.as_ref().is_some_and(by_cursor);
    StageOptions {
        page_size: bench.page,
        token_ttl_ms: setup.token_ttl_ms,
        clock_off_ms: setup.clock_off_ms,
        page_cap: capped.then_some(bench.page),
        from: world::begins(bench, SystemClock.now()),
    }
}

impl Stage {
    fn go_on_from(&mut self, bench: &Bench, drawer: &MockSystem) {
        if let Some(source) = self.hall().mocks.get_mut(&bench.plan.source.system) {
            source.go_on_from(drawer);
        }
    }

    /// How often each fault made a difference, by its place, and what the exchange was for that it hit first.
    fn hits(&self) -> (Vec<u64>, Vec<Option<Purpose>>) {
        let hall = self.hall();
        let first = |code| hall.trace.exchanges.iter().find(|x| x.fault == Some(code)).map(|x| x.purpose);
        hall.faults.iter().map(|f| (f.fired, first(f.fault.code()))).unzip()
    }

    /// Puts the records into the source, and something into the target: records that are nobody's business and, where a
    /// record is updated when it is there, older forms of some, `older` among them. Returns what the target holds.
    fn fill(
        &mut self,
        bench: &Bench,
        records: &[Value],
        older: &BTreeSet<String>,
        rng: &mut Rng,
    ) -> IndexMap<String, Value> {
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
        let mut held = 0;
        for record in records.iter().filter(|_| updates) {
            let wanted = bench.source_key(record).is_some_and(|key| older.contains(&key));
            held += usize::from((rng.one_in(5) || wanted) && older_form(bench, target, record, rng));
        }
        // Whoever never updates is found out whatever the seed. A lone record, to which a story was shrunk, stays one to create.
        if updates && held == 0 && records.len() > 1 {
            let from = usize::try_from(rng.below(records.len() as u64)).unwrap_or(0);
            let mut all = records.iter().cycle().skip(from).take(records.len());
            _ = all.any(|record| older_form(bench, target, record, rng));
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

    fn source_state(&self, bench: &Bench) -> u64 {
        let hall = self.hall();
        let held = hall.mocks.get(&bench.plan.source.system).and_then(|m| m.collection(&bench.source_entity));
        held.map_or(0, Collection::changes)
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

/// Puts an older form of what the record becomes into the target, where there can be one.
fn older_form(bench: &Bench, target: &mut MockSystem, record: &Value, rng: &mut Rng) -> bool {
    let Ok(mapped) = bench.plan.mapped(record) else { return false };
    // Two source records may become one target record; an older form of each would be two that nobody can tell apart.
    let identity = bench.identity_of(record, &mapped);
    let held = target.collection(&bench.target_entity);
    if identity.is_some() && held.is_some_and(|c| c.iter().any(|(k, r)| bench.identity_kept(k, r) == identity)) {
        return false;
    }
    let Some(mut older) = target.draw_records(&bench.target_entity, 1, rng).pop() else { return false };
    match &bench.identity {
        Identity::Field(path) => {
            let Some(value) = super::mock::dig(&mapped, path).cloned() else { return false };
            put(&mut older, path, value);
        }
        Identity::PutKey(_) => {
            let Some(kind) = bench.target.kinds.get(&bench.target_entity) else { return false };
            let Some(key) = bench.identity_of(record, &mapped) else { return false };
            put(&mut older, std::slice::from_ref(&kind.key), Value::String(key));
        }
        Identity::Whole => return false,
    }
    target.keep(&bench.target_entity, older);
    true
}
