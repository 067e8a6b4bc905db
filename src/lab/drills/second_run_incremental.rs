//! The second run reads from where the first one ended, and not everything again.
//!
//! Source: a checkpoint that is never written shows in nothing but the requests: the target is the same, and the source is read
//! whole at every run.

use std::sync::Arc;

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::{Effect, LINK_PARAM, MockOptions, MockSystem, asked_of, dig, put};
use super::versions::older_by;
use super::{Drill, Setup, by_field};
use crate::base::clock::Timestamp;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::bench::Purpose;
use crate::lab::world::EPOCH;

/// See the module.
pub(super) struct SecondRunIncremental;

impl Drill for SecondRunIncremental {
    fn code(&self) -> &'static str {
        "second-run-incremental"
    }

    fn hypothesis(&self) -> &'static str {
        "Where changes can be asked for, a second run does not read again what is a year older than the last record."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.feed.is_some() {
            return Ok(());
        }
        match by_field(bench)? {
            (path, _) if of_the_past(bench, path) => Ok(()),
            _ => Err("records of this source carry times of the future, from which nobody should go on".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = rng;
        if let Some((path, _)) = &bench.plan.source.incremental {
            // Longer ago than any window in which a run looks back.
            let old = records.len() / 2;
            for record in &mut records[..old] {
                if let Some(before) = dig(record, path).and_then(|v| older_by(v, 400)) {
                    put(record, path, before);
                }
            }
        }
        Setup::clean().passes(2)
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2 && read(evidence, 1) >= evidence.expected.len() && !ahead(evidence))
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let all = evidence.expected.len();
        if ahead(evidence) {
            return Vec::new();
        }
        // A source that does not mind the bound is not the connector's fault.
        let source = &evidence.bench.plan.source;
        let token = source.feed.as_ref().map(|feed| feed.param.as_deref().unwrap_or(LINK_PARAM));
        let bound = source.incremental.as_ref().map(|(_, param)| param.as_str()).or(token);
        let asked = evidence
            .trace
            .run(2)
            .filter(|x| x.purpose == Purpose::List)
            .any(|x| asked_of(&x.request).iter().any(|(name, _)| Some(name.as_str()) == bound));
        match read(evidence, 2) {
            again if again >= all && all > 2 && !asked && token.is_some() => {
                vec![format!(
                    "incremental: run 2 read all {all} records again, and did not ask with the token it was given"
                )]
            }
            again if again >= all && all > 2 && !asked => {
                vec![format!(
                    "incremental: run 2 read all {all} records again, half of them a year older than the last"
                )]
            }
            _ => Vec::new(),
        }
    }
}

/// Records of the source that a run read.
fn read(evidence: &Evidence<'_>, run: usize) -> usize {
    let lists = evidence.trace.run(run).filter(|x| x.purpose == Purpose::List);
    let keys = lists.filter_map(|x| match &x.effect {
        Some(Effect::Read { keys, .. }) => Some(keys.iter().cloned()),
        _ => None,
    });
    keys.flatten().collect::<std::collections::BTreeSet<_>>().len()
}

/// No record that is drawn carries a time of the future.
fn of_the_past(bench: &Bench, path: &[String]) -> bool {
    let mut mock = MockSystem::of(Arc::clone(&bench.source), 0, MockOptions::default());
    let records = mock.draw_records(&bench.source_entity, 32, &mut Rng::seeded(0));
    !records.iter().filter_map(|r| dig(r, path)).any(|version| is_after(version, EPOCH))
}

fn is_after(version: &Value, now: Timestamp) -> bool {
    match version {
        Value::String(text) => Timestamp::parse(text).is_some_and(|at| at > now),
        Value::Number(n) => n.as_i64().is_some_and(|n| n > now.0 || (n < 100_000_000_000 && n * 1000 > now.0)),
        _ => false,
    }
}

/// Some record is of the future: who does not believe such a checkpoint is right to read everything again.
fn ahead(evidence: &Evidence<'_>) -> bool {
    let Some((path, _)) = &evidence.bench.plan.source.incremental else { return false };
    let now = evidence.runs.iter().map(|r| r.from).min().unwrap_or(EPOCH);
    evidence.expected.iter().filter_map(|x| dig(&x.record, path)).any(|version| is_after(version, now))
}
