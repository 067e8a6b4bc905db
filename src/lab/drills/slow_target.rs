//! A target a hundred times slower than its source: what is read ahead stays bounded.
//!
//! Source: Reactive Streams, backpressure: the reader is held by the writer, not by memory.

use serde_json::Value;

use super::super::faults::{Aim, SlowAnswer};
use super::super::judge::{Evidence, read_ahead};
use super::{Drill, Setup};
use super::{WRITES, strangers};
use crate::base::rng::Rng;
use crate::connector::DeletesPlan;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct SlowTarget;

impl Drill for SlowTarget {
    fn code(&self) -> &'static str {
        "slow-target"
    }

    fn hypothesis(&self) -> &'static str {
        "A target a hundred times slower than the source holds the reading; what is read ahead stays bounded."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.deletes != DeletesPlan::Ignore {
            return Err("deletions are carried over: not all that is read is written".to_owned());
        }
        match (&bench.plan.source.list, &bench.plan.source.webhook, &bench.plan.source.pagination) {
            (Some(_), None, Some(_)) => Ok(()),
            _ => Err("the source is not read page by page".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let more = usize::try_from(bench.page * PAGES).unwrap_or(0).saturating_sub(records.len());
        records.extend(strangers(bench, more, rng));
        let ms = (bench.plan.delivery.timeout_ms / 2).min(1_300);
        Setup::with(SlowAnswer { aim: Aim::at(WRITES).times(u64::MAX / 2), ms })
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let most = evidence.bench.page * PAGES / 2;
        let (ahead, nth) = read_ahead(evidence);
        if ahead <= most {
            return Vec::new();
        }
        let of = evidence.expected.len();
        vec![format!(
            "backpressure: after request {nth} {ahead} of {of} records were read and not yet written; {most} are plenty"
        )]
    }
}

/// Pages in the source: many, so that reading everything first shows.
const PAGES: u64 = 24;
