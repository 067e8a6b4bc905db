//! Records that a long transaction of the source commits late carry a change time before the checkpoint: each pass begins
//! so much earlier as the contract says. dlt calls this `lag`, Airbyte `lookback_window`; without, such records are lost.
//!
//! Source: dlt, "Incremental loading" (`lag`); Airbyte, low-code CDK (`lookback_window`).

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::{MockSystem, compare, dig, put};
use super::versions::shifted;
use super::{Drill, Setup, datable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct LateCommit;

impl Drill for LateCommit {
    fn code(&self) -> &'static str {
        "late-commit"
    }

    fn hypothesis(&self) -> &'static str {
        "Records that appear late, with a change time within the overlap before the checkpoint, are read by the next run."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        datable(bench)?;
        match bench.plan.source.overlap_ms {
            0..2_000 => {
                Err("the contract reads nothing again before its checkpoint: a record that is committed late, with an \
                             earlier change time, is never read (incremental.overlap would)"
                    .to_owned())
            }
            _ => Ok(()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2);
        setup.between = Some(Box::new(commit_late));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2)
    }
}

/// New records whose change time lies before that of the last one read, by less than the overlap.
fn commit_late(bench: &Bench, source: &mut MockSystem, rng: &mut Rng) -> String {
    let Some((path, _)) = &bench.plan.source.incremental else { return String::new() };
    let held = source.collection(&bench.source_entity);
    let newest = held.and_then(|c| c.iter().filter_map(|(_, r)| dig(r, path)).max_by(|a, b| compare(a, b)).cloned());
    let count = usize::try_from(rng.between(1, 3)).unwrap_or(1);
    let most = bench.plan.source.overlap_ms / 1000;
    for mut record in source.draw_records(&bench.source_entity, count, rng) {
        let ago = i64::try_from(rng.between(1, most.saturating_sub(1).max(1))).unwrap_or(1) * 1000;
        if let Some(earlier) = newest.as_ref().and_then(|n| shifted(n, -ago)) {
            put(&mut record, path, earlier);
        }
        source.keep(&bench.source_entity, record);
    }
    format!("{count} more in the source, committed late: changed before the last one that was read")
}
