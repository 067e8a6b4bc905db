//! A record that changes while counted pages are read moves to the end of a list that runs by change time, and all that
//! stood behind it move up: the one that slips over the edge of a page is not lost, and the changed record is taken in its
//! new form.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::super::faults::{Aim, Altered, Disposition, Exchange, Fault, SourceChanged};
use super::super::mock::{compare, dig, put};
use super::{Drill, Setup, counted, shifted};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};

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
        let change = SourceChanged {
            aim: Aim::at([Purpose::List]).after(1 + rng.below(2)),
            change: Some(Box::new(move |source| {
                let key = first.unwrap_or_default();
                let held = source.collection(&entity).and_then(|c| c.get(&key)).cloned();
                // Later than all others, those of the second reading included.
                let newer = last.and_then(|v| shifted(&v, if later { 3_600_000 } else { 30_000 }));
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
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            for record in all.iter().filter_map(|r| later_by_half_an_hour(bench, r)) {
                source.keep(&bench.source_entity, record);
            }
            format!("{} records of the source have changed", all.len())
        }));
        setup
    }
}

fn later_by_half_an_hour(bench: &Bench, record: &Value) -> Option<Value> {
    let (path, _) = bench.plan.source.incremental.as_ref()?;
    let mut touched = record.clone();
    put(&mut touched, path, shifted(dig(record, path)?, 1_800_000)?);
    Some(touched)
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
