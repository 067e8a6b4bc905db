//! Takes back what a pass wrote, as a drill wants it: others change records in between, it is killed, the target fails; and what
//! the target held at each of these points, for the judge.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value;

use super::Subject;
use super::bench::{Bench, Identity};
use super::mock::{MockSystem, dig, put};
use super::schedule::Prepared;
use super::world::{RunEnd, Stage};
use crate::base::rng::Rng;

/// Between two of them, in milliseconds.
const PAUSE_MS: i64 = 5_000;

/// Records of the target by their keys.
pub type Held = IndexMap<String, Value>;

/// What was taken back, and what the target held meanwhile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RolledBack {
    /// What the pass left.
    pub wrote: Held,
    /// What was there when the first of them began: the same, with what others changed.
    pub found: Held,
    /// What was there when the last but one had ended, which nobody killed and nothing disturbed.
    pub left: Held,
    /// What was there at the end.
    pub twice: Held,
    /// Keys of the target's records that others changed.
    pub meddled: BTreeSet<String>,
    /// Each start, with its number.
    pub tries: Vec<(usize, RunEnd)>,
}

impl RolledBack {
    /// How the one ended that is to be judged.
    #[must_use]
    pub fn clean(&self) -> Option<&(usize, RunEnd)> {
        self.tries.len().checked_sub(2).and_then(|at| self.tries.get(at))
    }
}

/// Plays it after the first pass; `next` is the number of the next start.
pub(super) fn play(
    stage: &mut Prepared,
    bench: &Bench,
    subject: &dyn Subject,
    steps: u64,
    next: usize,
    root: &Rng,
) -> Option<RolledBack> {
    let asleep = stage.rollback_faults;
    let rollback = stage.process.rollback.take()?;
    let mut rng = root.fork("rollback");
    let mut out = RolledBack { wrote: stage.stage.held(bench), ..RolledBack::default() };
    out.meddled = stage.stage.meddle(bench, &stage.before, rollback.meddled, &mut rng);
    out.found = stage.stage.held(bench);
    let start = |stage: &mut Prepared, out: &mut RolledBack, crash_at: Option<u64>| {
        stage.stage.next.rollback = true;
        let (end, _) = stage.stage.run(subject, crash_at, stage.budget);
        let crashed = end == RunEnd::Crashed;
        out.tries.push((next + out.tries.len(), end));
        stage.stage.wait(PAUSE_MS);
        crashed
    };
    for _ in 0..rollback.killed {
        let at = 1 + rng.below(steps.max(1));
        if !start(stage, &mut out, Some(at)) {
            break;
        }
    }
    stage.stage.wake(asleep, true);
    start(stage, &mut out, None);
    stage.stage.wake(asleep, false);
    if stage.stage.slept(asleep) > 0 {
        stage.stage.note("the faults are over");
    }
    start(stage, &mut out, None);
    out.left = stage.stage.held(bench);
    start(stage, &mut out, None);
    out.twice = stage.stage.held(bench);
    Some(out)
}

/// How many steps it has when nobody kills it, after the same pass.
pub(super) fn steps(stage: &mut Prepared, bench: &Bench, subject: &dyn Subject, root: &Rng) -> u64 {
    stage.stage.run(subject, None, stage.budget);
    let most = stage.process.rollback.as_ref().map_or(0, |r| r.meddled);
    stage.stage.meddle(bench, &stage.before, most, &mut root.fork("rollback"));
    stage.stage.next.rollback = true;
    stage.stage.run(subject, None, stage.budget).1
}

impl Stage {
    /// What the target holds of the flow's kind.
    pub(super) fn held(&self, bench: &Bench) -> Held {
        let hall = self.hall();
        let held = hall.mocks.get(&bench.plan.target.system).and_then(|m| m.collection(&bench.target_entity));
        held.map(|c| c.iter().map(|(k, r)| (k.to_owned(), r.clone())).collect()).unwrap_or_default()
    }

    /// How many faults there are from this place on.
    fn slept(&self, from: usize) -> usize {
        self.hall().faults.len().saturating_sub(from)
    }

    /// Somebody else changes some records of the target that are not as they were before; tells which.
    fn meddle(&mut self, bench: &Bench, before: &Held, most: usize, rng: &mut Rng) -> BTreeSet<String> {
        let mut done = BTreeSet::new();
        let written: Vec<(String, Value)> =
            self.held(bench).into_iter().filter(|(key, record)| before.get(key) != Some(record)).collect();
        let fields = fields(bench);
        for _ in 0..most {
            let Some((key, record)) = rng.pick(&written).cloned() else { break };
            let changed = {
                let mut hall = self.hall();
                hall.mocks
                    .get_mut(&bench.plan.target.system)
                    .filter(|_| !done.contains(&key))
                    .and_then(|target| changed(target, bench, &fields, before.get(&key), record, rng))
            };
            if let Some((name, record)) = changed {
                if let Some(target) = self.hall().mocks.get_mut(&bench.plan.target.system) {
                    target.keep(&bench.target_entity, record);
                }
                self.note(format!("somebody else changes {name} of {key} in the target"));
                done.insert(key);
            }
        }
        done
    }
}

/// Fields of texts that the flow writes, and by which no record is found or kept.
fn fields(bench: &Bench) -> Vec<String> {
    let rules = bench.plan.mapping.rules().iter();
    let names = rules.map(|rule| rule.target.to_string()).filter(|name| !name.contains(['.', '[', '/']));
    let found_by = |name: &String| match &bench.identity {
        Identity::Field(path) | Identity::PutKey(Some(path)) => path.first() == Some(name),
        Identity::PutKey(None) | Identity::Whole => false,
    };
    let kept_by = bench.target.kinds.get(&bench.target_entity).map(|kind| &kind.key);
    names.filter(|name| !found_by(name) && Some(name) != kept_by).collect()
}

/// The record with another value in one of the fields that the run changed: what it left alone is others' to change, before and
/// after. Nothing where none can be told from what is there.
fn changed(
    target: &mut MockSystem,
    bench: &Bench,
    fields: &[String],
    before: Option<&Value>,
    mut record: Value,
    rng: &mut Rng,
) -> Option<(String, Value)> {
    for _ in 0..8 {
        let name = rng.pick(fields)?.clone();
        let other = target.draw_records(&bench.target_entity, 1, rng).pop()?;
        let path = [name.clone()];
        let value = dig(&other, &path).filter(|v| v.is_string() || v.is_number() || v.is_boolean())?.clone();
        let was = before.and_then(|before| dig(before, &path));
        // What it was before the run is no change of others, but the run taken back.
        if was == Some(&value) {
            continue;
        }
        if dig(&record, &path).is_some_and(|now| *now != value && !now.is_null() && was != Some(now)) {
            put(&mut record, &path, value);
            return Some((name, record));
        }
    }
    None
}
