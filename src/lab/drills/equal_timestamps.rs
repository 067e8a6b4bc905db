//! Records that share the time stamp of the last one read, and appear later, are read by the next run.
//!
//! Source: an exclusive bound on a second's precision loses what shares the second.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::{MockSystem, compare, dig, put};
use super::{Drill, Setup, by_field};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct EqualTimestamps;

impl Drill for EqualTimestamps {
    fn code(&self) -> &'static str {
        "equal-timestamps"
    }

    fn hypothesis(&self) -> &'static str {
        "Records that share the time stamp of the last one read, and appear later, are read by the next run."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        by_field(bench).map(drop)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((path, _)) = &bench.plan.source.incremental else { return Setup::clean() };
        // The last records share one time: the boundary of the next run.
        if let Some(last) = records.iter().filter_map(|r| dig(r, path)).max_by(|a, b| compare(a, b)).cloned() {
            let count = records.len();
            let sharing = usize::try_from(rng.between(1, 3)).unwrap_or(1).min(count);
            for record in &mut records[count - sharing..] {
                put(record, path, last.clone());
            }
        }
        let mut setup = Setup::clean().passes(2);
        setup.between = Some(Box::new(add_at_boundary));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2)
    }
}

/// New records, made in the very moment of the last one read.
fn add_at_boundary(bench: &Bench, source: &mut MockSystem, rng: &mut Rng) -> String {
    let Some((path, _)) = &bench.plan.source.incremental else { return String::new() };
    let held = source.collection(&bench.source_entity);
    let newest = held.and_then(|c| c.iter().filter_map(|(_, r)| dig(r, path)).max_by(|a, b| compare(a, b)).cloned());
    let count = usize::try_from(rng.between(1, 3)).unwrap_or(1);
    for mut record in source.draw_records(&bench.source_entity, count, rng) {
        if let Some(newest) = &newest {
            put(&mut record, path, newest.clone());
        }
        source.keep(&bench.source_entity, record);
    }
    format!("{count} more in the source, with the time stamp of the last one read")
}
