//! What every schedule is judged by: from what the systems saw, never from the connector's word. One oracle a file.

mod attempts;
mod beside;
mod claims;
mod counts;
mod deliveries;
mod delivery;
mod disorder;
mod foreign;
mod letters;
mod lockout;
mod meddling;
mod memory;
mod on_the_way;
mod pacing;
mod recovery;
mod resources;
mod rollback;
mod secrets;
mod stopping;
mod tracing;

pub(super) use counts::reconcile;
pub(super) use delivery::{excusable, missing, owed};
pub use foreign::Foreign;
pub(super) use foreign::ON_ITS_WAY_MS;
pub(super) use foreign::correlation_ids;
pub(super) use foreign::{PRINTED, TOLD, longest_waits_s, pauses};
pub(super) use lockout::{locked_out, shown};
pub(super) use on_the_way::detours;
pub(super) use resources::read_ahead;

use indexmap::IndexMap;
use serde_json::Value;

use super::bench::Bench;
use super::drills::Expect;
use super::mock::{Collection, Effect};
use super::rollback::RolledBack;
use super::trace::{Exchanged, Trace};
use super::world::RunEnd;
use crate::base::clock::Timestamp;
use crate::evidence::{DeadLetter, Verdict};
use crate::model::{Direction, SchemaId, validate};

/// One oracle: adds what it holds against the connector.
type Oracle = fn(&Evidence<'_>, &mut Vec<String>);

/// Every oracle, in the order in which failures are told: what matters most first.
const ALL: [Oracle; 17] = [
    claims::ended,
    delivery::judge,
    beside::judge,
    meddling::judge,
    deliveries::judge,
    rollback::judge,
    letters::judge,
    claims::judge,
    counts::judge,
    memory::judge,
    disorder::judge,
    stopping::judge,
    pacing::judge,
    recovery::judge,
    attempts::judge,
    resources::judge,
    secrets::judge,
];

/// What a source record should have become.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its key in the source.
    pub key: String,
    /// The record.
    pub record: Value,
    /// The target record that the mapping makes of it, or why there can be none.
    pub mapped: Result<Value, String>,
    /// Its identity in the target.
    pub identity: Option<String>,
}

/// One run, as it was found when it had ended.
#[derive(Debug, Clone)]
pub struct RunSeen {
    /// Which start, from 1.
    pub run: usize,
    /// How it ended.
    pub end: RunEnd,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
    /// Dead letters made in it.
    pub letters: Vec<DeadLetter>,
    /// Keys of source records that were then neither in the target nor among the dead letters.
    pub missing: Vec<String>,
}

/// Everything a judge may look at.
pub struct Evidence<'e> {
    /// Plan and systems.
    pub bench: &'e Bench,
    /// What must come of it.
    pub expect: &'e Expect,
    /// What happened.
    pub trace: &'e Trace,
    /// The runs, in order.
    pub runs: Vec<RunSeen>,
    /// What the source holds at the end, each with what it should have become.
    pub expected: Vec<Expected>,
    /// What it held for a while only, while a run was under way.
    pub gone: Vec<Expected>,
    /// What the target holds at the end.
    pub target: &'e Collection,
    /// What the target held before the first run.
    pub target_before: &'e IndexMap<String, Value>,
    /// The dead letters.
    pub letters: Vec<DeadLetter>,
    /// Secrets in every form worth looking for, with the system they belong to.
    pub secrets: Vec<(String, String)>,
    /// How often a fault made a difference.
    pub faults_fired: u64,
    /// What is known of a program of its own; nothing where the connector gives a report and keeps a ledger.
    pub foreign: Option<Foreign>,
    /// What was taken back, where a pass was.
    pub rolled_back: Option<RolledBack>,
    /// It has lost its refresh token to a crash, and can do no more than say so.
    pub locked_out: bool,
}

impl Evidence<'_> {
    /// The exchanges of a run that changed the target.
    pub fn changes_in(&self, run: usize) -> impl Iterator<Item = &Exchanged> {
        self.trace.run(run).filter(|x| match &x.effect {
            Some(Effect::Created { .. } | Effect::Deleted { .. }) => x.purpose.writes(),
            Some(Effect::Updated { changed, .. }) => *changed,
            Some(Effect::Many(effects)) => effects.iter().any(|e| match e {
                Effect::Updated { changed, .. } => *changed,
                other => other.keeps() || matches!(other, Effect::Deleted { .. }),
            }),
            _ => false,
        })
    }

    /// A run ended with the word that all is well: a PASS; of a job of somebody's own exit code 0. Nobody reads the exit code
    /// of a service, so that it is taken to say so whatever it is.
    pub(super) fn claims_all_is_well(&self, seen: &RunSeen) -> bool {
        match (&seen.end, &self.foreign) {
            (RunEnd::Finished(report), _) => report.verdict == Verdict::Pass,
            (RunEnd::Exited(exit), Some(program)) => program.service || exit.is_success(),
            _ => false,
        }
    }

    /// A program of somebody's own wrote one of these words, in whatever letters: where it prints, or in a file of its own.
    pub(super) fn wrote_one_of(&self, words: &[&str]) -> bool {
        let wrote = self.foreign.iter().flat_map(|program| &program.wrote);
        wrote.map(|(_, text)| text.to_ascii_lowercase()).any(|text| words.iter().any(|word| text.contains(word)))
    }

    /// It was locked out while it took a run back, and says that it has not come to the end of that: what is gone in the target and
    /// not marked yet no later run can know of.
    fn left_half_taken_back(&self) -> bool {
        let clean = self.rolled_back.as_ref().and_then(RolledBack::clean);
        self.locked_out && matches!(clean, Some((_, RunEnd::RolledBack(report))) if report.stopped.is_some())
    }

    /// The record may be, or must be, among the dead letters.
    fn may_be_dead(&self, expected: &Expected) -> bool {
        self.expect.may_die || expected.mapped.is_err() || self.expect.dead.contains(&expected.key)
    }

    fn must_be_dead(&self, expected: &Expected) -> bool {
        if self.locked_out {
            return false;
        }
        expected.mapped.is_err() || (self.expect.dead.contains(&expected.key) && !self.stood_there(expected))
    }

    /// Before anything was written the target held what this record becomes: no write of it is due that could be refused.
    fn stood_there(&self, expected: &Expected) -> bool {
        let (Some(identity), Ok(mapped)) = (&expected.identity, &expected.mapped) else { return false };
        self.target_before.iter().any(|(key, record)| {
            self.bench.identity_kept(key, record).as_ref() == Some(identity) && delivery::holds(record, mapped)
        })
    }

    /// Everything that is held against the connector, each once.
    pub(super) fn failures(&self) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(program) = &self.foreign {
            foreign::judge(self, program, &mut out);
        } else {
            for oracle in ALL {
                oracle(self, &mut out);
            }
            tracing::judge(self, &mut out);
        }
        let mut seen = std::collections::BTreeSet::new();
        out.retain(|f| seen.insert(f.clone()));
        out
    }
}

/// What each record should become: what the mapping gives, where the target's own schema takes it.
pub(in crate::lab) fn expectations(bench: &Bench, records: &[Value]) -> Vec<Expected> {
    expectations_since(bench, records, &[])
}

/// The same, where it is known what should have become of these records `before`: most are as they were.
pub(in crate::lab) fn expectations_since(bench: &Bench, records: &[Value], before: &[Expected]) -> Vec<Expected> {
    let target = &bench.target.system;
    // What the plan itself holds against this schema need not be held against it again.
    let held = |body: &SchemaId| {
        bench.plan.takes.as_ref().is_some_and(|t| t.schema == *body && std::sync::Arc::ptr_eq(&t.system, target))
    };
    let body = bench.written_schema().filter(|body| !held(body));
    records
        .iter()
        // What its source marks as deleted is owed to nobody.
        .filter(|record| !bench.plan.source.deletes.marks(record))
        .filter_map(|record| {
            let key = bench.source_key(record)?;
            if let Some(same) = before.iter().find(|x| x.key == key && x.record == *record) {
                return Some(same.clone());
            }
            let mapped = bench.plan.mapped(record).map_err(|r| format!("{key}: {r}")).and_then(|mapped| {
                let violations = body.map(|b| validate(&target.schemas, b, &mapped, Direction::Request));
                match violations.unwrap_or_default().first() {
                    None => Ok(mapped),
                    Some(v) => Err(format!("{key}: the target does not take what the mapping gives: {v}")),
                }
            });
            let identity = mapped.as_ref().ok().and_then(|m| bench.identity_of(record, m));
            Some(Expected { key, record: record.clone(), mapped, identity })
        })
        .collect()
}

/// At most `most` names, then how many more.
fn some(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
