//! A record that changes while counted pages are read moves to the end of a list that runs by change time, and all that
//! stood behind it move up: the one that slips over the edge of a page is not lost, and the changed record is taken in its
//! new form.

use serde_json::Value;

use super::super::faults::{Aim, Altered, SourceChanged};
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
        let change = SourceChanged {
            aim: Aim::at([Purpose::List]).after(1 + rng.below(2)),
            change: Some(Box::new(move |source| {
                let key = first.unwrap_or_default();
                let held = source.collection(&entity).and_then(|c| c.get(&key)).cloned();
                let newer = last.and_then(|v| shifted(&v, 30_000));
                if let (Some(mut record), Some(newer)) = (held, newer) {
                    put(&mut record, &path, newer);
                    source.keep(&entity, record);
                }
                Altered { what: format!("{key} has changed in the source"), ..Altered::default() }
            })),
        };
        Setup::with(change).passes(2).honest()
    }
}

fn by(path: &[String], a: &Value, b: &Value) -> std::cmp::Ordering {
    match (dig(a, path), dig(b, path)) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}
