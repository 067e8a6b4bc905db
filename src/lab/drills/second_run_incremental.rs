//! The second run reads from where the first one ended, and not everything again.
//!
//! Source: a checkpoint that is never written shows in nothing but the requests: the target is the same, and the source is read
//! whole at every run.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::url::query_of;
use super::super::mock::{Effect, dig, put};
use super::older_by;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::bench::Purpose;

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
        match &bench.plan.source.incremental {
            Some(_) => Ok(()),
            None => Err("every run reads everything".to_owned()),
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
        u64::from(evidence.runs.len() >= 2 && read(evidence, 1) >= evidence.expected.len())
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let all = evidence.expected.len();
        // A source that does not mind the bound is not the connector's fault.
        let bound = evidence.bench.plan.source.incremental.as_ref().map(|(_, param)| param.as_str());
        let asked = evidence
            .trace
            .run(2)
            .filter(|x| x.purpose == Purpose::List)
            .any(|x| query_of(&x.request.url).iter().any(|(name, _)| Some(name.as_str()) == bound));
        match read(evidence, 2) {
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
