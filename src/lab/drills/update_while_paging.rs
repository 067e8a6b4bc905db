//! A record that changes while counted pages are read moves to the end of a list that runs by change time, and all that
//! stood behind it move up: the one that slips over the edge of a page is not lost, and the changed record is taken in its
//! new form.
//!
//! Source: "We need tool support for keyset pagination", use-the-index-luke.com; Airbyte issue 21500.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::super::faults::{Aim, Altered, Disposition, Exchange, Fault, SourceChanged};
use super::super::mock::{compare, dig, put};
use super::versions::shifted;
use super::{Drill, Setup, counted};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

/// Between one change and the next.
const STEP_MS: i64 = 60_000;

/// See the module.
pub(super) struct UpdateWhilePaging;

impl Drill for UpdateWhilePaging {
    fn code(&self) -> &'static str {
        "update-while-paging"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that changes while counted pages are read makes no other one be skipped."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        counted(bench)?;
        if bench.plan.source.incremental.is_none() {
            return Err("the list does not run by change time, so a change moves nothing".to_owned());
        }
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
            return Err("a record is only created, so it has one form".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((path, _)) = bench.plan.source.incremental.clone() else { return Setup::clean() };
        // Each at a time of its own, so that the list has one order.
        let entity = bench.source_entity.clone();
        let first = records.iter().min_by(|a, b| by(&path, a, b)).and_then(|r| bench.source_key(r));
        let last = records.iter().filter_map(|r| dig(r, &path)).max_by(|a, b| compare(a, b)).cloned();
        // Of a first reading, or of one that begins at a checkpoint.
        let later = rng.one_in(2);
        let count = i64::try_from(records.len()).unwrap_or(0);
        let beyond = if later { (count + 1) * STEP_MS } else { STEP_MS / 2 };
        let newest = last.clone();
        let change = SourceChanged {
            aim: Aim::at([Purpose::List]).after(1 + rng.below(2)),
            change: Some(Box::new(move |source| {
                let key = first.unwrap_or_default();
                let held = source.collection(&entity).and_then(|c| c.get(&key)).cloned();
                // Later than all others, those of the second reading included.
                let newer = last.and_then(|v| shifted(&v, beyond));
                if let (Some(mut record), Some(newer)) = (held, newer) {
                    put(&mut record, &path, newer);
                    source.keep(&entity, record);
                }
                Altered { what: format!("{key} has changed in the source"), ..Altered::default() }
            })),
        };
        if !later {
            return Setup::with(change).passes(2).honest();
        }
        let second = Arc::new(AtomicBool::new(false));
        let mut setup = Setup::with(InSecondPass { begun: Arc::clone(&second), inner: change }).passes(3).honest();
        setup.between = Some(Box::new(move |bench, source, _| {
            second.store(true, Ordering::Relaxed);
            // All come again, in their order, so that there are pages to count.
            let held = source.collection(&bench.source_entity);
            let mut all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let Some((path, _)) = &bench.plan.source.incremental else { return String::new() };
            all.sort_by(|a, b| by(path, a, b));
            for (place, record) in (1..).zip(&mut all) {
                if let Some(touched) = newest.as_ref().and_then(|v| shifted(v, place * STEP_MS)) {
                    put(record, path, touched);
                    source.keep(&bench.source_entity, record.clone());
                }
            }
            format!("{} records of the source have changed", all.len())
        }));
        setup
    }
}

/// Sees only the requests of the second pass: those that carry a lower bound, where the reader knows one.
struct InSecondPass {
    begun: Arc<AtomicBool>,
    inner: SourceChanged,
}

impl Fault for InSecondPass {
    fn code(&self) -> &'static str {
        self.inner.code()
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        match self.begun.load(Ordering::Relaxed) {
            true => self.inner.on_exchange(exchange),
            false => Disposition::Pass,
        }
    }
}

fn by(path: &[String], a: &Value, b: &Value) -> std::cmp::Ordering {
    match (dig(a, path), dig(b, path)) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}
