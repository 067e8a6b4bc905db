//! A record that fails in a batch for now is sent again alone; those that were taken are not.
//!
//! Source: Amazon DynamoDB BatchWriteItem and Elasticsearch _bulk: each item has a result of its own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::faults::{Aim, ItemRefused};
use super::super::judge::Evidence;
use super::{Drill, Setup};
use super::{deliverable, in_batches, named, retries, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::mock::Effect;

/// See the module.
pub(super) struct PartialBatch;

impl Drill for PartialBatch {
    fn code(&self) -> &'static str {
        "partial-batch"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that fails in a batch for now is sent again alone; those that were taken are not."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        in_batches(bench)?;
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((_, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        let status = [429, 500, 503][usize::try_from(rng.below(3)).unwrap_or(0)];
        let times = survivable(bench, 2, rng);
        let aim = Aim::at([Purpose::Bulk]).record(identity).times(times);
        Setup::with(ItemRefused { aim, status, any_order: named(bench) })
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let mut out = Vec::new();
        for seen in &evidence.runs {
            let mut taken: BTreeMap<&str, u64> = BTreeMap::new();
            for x in evidence.trace.run(seen.run).filter(|x| x.purpose == Purpose::Bulk) {
                for identity in x.batch.iter().flatten() {
                    if let Some(before) = taken.get(identity.as_str()) {
                        out.push(format!(
                            "{identity} was taken in request {before} and sent again in request {}",
                            x.nth
                        ));
                    }
                }
                let acknowledged = x.status().is_some_and(|s| (200..300).contains(&s));
                let Some(Effect::Many(effects)) = x.effect.as_ref().filter(|_| acknowledged) else { continue };
                for (identity, effect) in x.batch.iter().zip(effects) {
                    if let (Some(identity), true) = (identity, effect.keeps()) {
                        taken.insert(identity, x.nth);
                    }
                }
            }
        }
        out
    }
}
