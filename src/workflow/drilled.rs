//! What all drill runs about the contract as it is add up to.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use crate::evidence::{Reconciliation, Verdict};

/// Drills that show the way on which nothing goes wrong.
pub const HAPPY: &[&str] = &["happy-path"];

/// Drills after which the connector cannot know whether its write was done: what idempotency is for.
pub const UNKNOWN_OUTCOME: &[&str] = &["committed-then-503", "timeout-after-commit", "crash-anywhere"];

/// The drill that takes a run back; a flow that it was not run for has shown no way back.
pub const TAKES_BACK: &str = "rollback-restores";

/// Drills of the way back: taking back what a run wrote, and the switches that end it.
pub const WAY_BACK: &[&str] = &[TAKES_BACK, "rollback-interrupted", "paused-midway", "disable"];

/// Drills, taken together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drilled {
    /// What stands for each flow and drill.
    pub drills: BTreeMap<(String, String), Verdict>,
    /// Failures that stand: flow, drill, and the seed that shows it.
    pub failing: Vec<(String, String, u64)>,
    /// Schedules behind the drills that passed.
    pub schedules: u64,
    /// Whether every run saw the correlation id on every request.
    pub correlated: bool,
    /// The counts of the last run; of some drills alone only where no run was whole.
    pub reconciliation: Option<Reconciliation>,
    /// The events.
    pub seqs: Vec<u64>,
}

impl Drilled {
    /// Takes the runs of `facts` together.
    ///
    /// A drill that passed once has passed, whatever a later run left unproven. A drill that failed has failed, until
    /// it passes from the same seed: another seed is another schedule. Changing the contract does not make it undone
    /// either: it is carried over until that drill passes from that seed, or does not apply any more.
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        let mut all = Self { correlated: true, ..Self::default() };
        let mut best: BTreeMap<(String, String), (Verdict, u64)> = BTreeMap::new();
        let mut failing = carried(facts);
        let mut whole = false;
        for run in facts.standing_drills() {
            all.seqs.push(run.seq);
            all.correlated &= run.record.correlated;
            if !run.record.partial || !whole {
                all.reconciliation = Some(run.record.reconciliation);
            }
            whole |= !run.record.partial;
            for row in &run.record.rows {
                let replay = (row.flow.clone(), row.code.clone(), run.record.seed);
                match row.verdict {
                    Verdict::Fail => {
                        failing.insert(replay);
                    }
                    Verdict::Pass => {
                        failing.remove(&replay);
                    }
                    Verdict::Partial | Verdict::Unproven => {}
                }
                let entry = best.entry((row.flow.clone(), row.code.clone())).or_insert((Verdict::Unproven, 0));
                if rank(row.verdict) > rank(entry.0) {
                    *entry = (row.verdict, row.schedules);
                } else if row.verdict == entry.0 {
                    entry.1 = entry.1.max(row.schedules);
                }
            }
        }
        all.failing = failing.into_iter().collect();
        for (flow, code, _) in &all.failing {
            best.entry((flow.clone(), code.clone())).or_insert((Verdict::Fail, 0));
        }
        for (drill, (verdict, schedules)) in best {
            let failed = all.failing.iter().any(|(flow, code, _)| (flow, code) == (&drill.0, &drill.1));
            let verdict = if failed { Verdict::Fail } else { verdict };
            if verdict == Verdict::Pass {
                all.schedules += schedules;
            }
            all.drills.insert(drill, verdict);
        }
        all.correlated &= !all.seqs.is_empty();
        all
    }

    /// Flows that were drilled, and not with this drill: it was not run, or does not apply to them.
    #[must_use]
    pub fn flows_without(&self, code: &str) -> BTreeSet<&str> {
        let with: BTreeSet<&str> =
            self.drills.keys().filter(|(_, c)| c == code).map(|(flow, _)| flow.as_str()).collect();
        self.drills.keys().map(|(flow, _)| flow.as_str()).filter(|flow| !with.contains(flow)).collect()
    }

    /// How many drills ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.drills.values().filter(|v| **v == verdict).count() as u64
    }

    /// The share of drills that passed, 0 where none was run.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.drills.is_empty() {
            return 0.0;
        }
        self.count(Verdict::Pass) as f64 / self.drills.len() as f64
    }

    /// What the drills that `belongs` takes stand for together; unproven where there are none.
    pub fn verdict(&self, belongs: impl Fn(&str) -> bool) -> Verdict {
        Verdict::all(self.drills.iter().filter(|((_, code), _)| belongs(code)).map(|(_, v)| *v))
    }

    /// The codes of drills that ended so in some flow.
    #[must_use]
    pub fn codes(&self, verdict: Verdict) -> BTreeSet<&str> {
        self.drills.iter().filter(|(_, v)| **v == verdict).map(|((_, code), _)| code.as_str()).collect()
    }
}

/// Failures of runs that are stale by now and that nothing has shown to be repaired.
fn carried(facts: &Facts) -> BTreeSet<(String, String, u64)> {
    let mut failing = BTreeSet::new();
    let standing: BTreeSet<u64> = facts.standing_drills().map(|run| run.seq).collect();
    for run in facts.drills.iter().filter(|run| !standing.contains(&run.seq)) {
        for row in &run.record.rows {
            let replay = (row.flow.clone(), row.code.clone(), run.record.seed);
            match row.verdict {
                Verdict::Fail => _ = failing.insert(replay),
                Verdict::Pass => _ = failing.remove(&replay),
                Verdict::Partial | Verdict::Unproven => {}
            }
        }
    }
    // A whole run in which the drill is not met any more: the flow is gone, or it cannot happen to it.
    for run in facts.standing_drills().filter(|run| !run.record.partial) {
        failing.retain(|(flow, code, _)| run.record.rows.iter().any(|row| (&row.flow, &row.code) == (flow, code)));
    }
    failing
}

/// What a drill has shown at best; failures are kept apart.
const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 0,
        Verdict::Unproven => 1,
        Verdict::Partial => 2,
        Verdict::Pass => 3,
    }
}
