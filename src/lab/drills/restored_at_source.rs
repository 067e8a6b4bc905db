//! What was deleted at the source, and was deleted in the target for it, is made again where the source has it again.
//!
//! Source: Apache Kafka documentation, Log Compaction: a tombstone deletes its key, and what is written under that key later is its
//! value again.

use serde_json::Value;

use super::deleted_at_source::{DeletedAtSource, for_good};
use super::{Drill, Setup, versions};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::judge::Evidence;

/// See the module.
pub(super) struct RestoredAtSource;

impl Drill for RestoredAtSource {
    fn code(&self) -> &'static str {
        "restored-at-source"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that was deleted at the source, and is there again, is in the target again."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        DeletedAtSource.applies(bench)?;
        for_good(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = DeletedAtSource.schedule(bench, records, rng).passes(3);
        let before: Vec<Value> = records.clone();
        setup.then = Some(Box::new(move |bench, source, _| {
            let held = source.collection(&bench.source_entity);
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let there = |record: &Value| {
                let same = all.iter().find(|r| bench.source_key(r) == bench.source_key(record));
                same.is_some_and(|held| !bench.plan.source.deletes.marks(held))
            };
            let Some(gone) = before.iter().find(|record| !there(record)) else {
                return "nothing comes back".to_owned();
            };
            let back = versions::touched_last(bench, gone, &all).unwrap_or_else(|| gone.clone());
            source.keep(&bench.source_entity, back);
            format!("{} is there again", bench.source_key(gone).unwrap_or_default())
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() > 2 && evidence.expected.iter().any(|x| x.mapped.is_ok()))
    }
}
