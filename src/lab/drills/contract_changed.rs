//! The mapping is changed between two runs, and every record comes again: none is made twice.
//!
//! Source: an idempotency key made of what is sent changes with the mapping; the target then takes the same record for a new one.

use serde_json::Value;

use std::sync::Arc;

use super::super::judge::Evidence;
use super::super::mock::{MockOptions, MockSystem, compare, dig, put};
use super::versions::older_by;
use super::{Drill, Setup, protected};
use crate::base::rng::Rng;
use crate::connector::{Plan, WritePlan};
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct ContractChanged;

impl Drill for ContractChanged {
    fn code(&self) -> &'static str {
        "contract-changed"
    }

    fn hypothesis(&self) -> &'static str {
        "When the mapping has changed and every record comes again, none is made twice."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)?;
        let mut mock = MockSystem::of(Arc::clone(&bench.source), 0, MockOptions::default());
        let records = mock.draw_records(&bench.source_entity, 8, &mut Rng::seeded(0));
        match earlier(bench, &records) {
            Some(_) => Ok(()),
            None => Err("the target needs every line of the mapping, so none can have been added".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = rng;
        let mut setup = Setup::clean().passes(2).honest();
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
            // What is only created cannot be brought up to date.
            setup.expect.values = false;
            setup.expect.may_die = true;
        }
        setup.process.earlier = earlier(bench, records).map(Arc::new);
        setup.between = Some(Box::new(all_again));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2)
    }
}

/// The plan without one line of its mapping, such that every record can still be written under the same identity.
fn earlier(bench: &Bench, records: &[Value]) -> Option<Plan> {
    let schema = bench.written_schema();
    let takes = |mapped: &Value| {
        schema.is_none_or(|s| {
            let of = &bench.target.system.schemas;
            crate::model::validate(of, s, mapped, crate::model::Direction::Request).is_empty()
        })
    };
    bench.plan.mapping.rules().iter().find_map(|rule| {
        let mut plan = bench.plan.clone();
        plan.mapping = plan.mapping.without(&rule.target);
        let fits = records.iter().all(|r| match (bench.plan.mapped(r), plan.mapped(r)) {
            (Ok(now), Ok(then)) => {
                now != then && takes(&then) && bench.identity_of(r, &now) == bench.identity_of(r, &then)
            }
            (Err(_), Err(_)) => true,
            _ => false,
        });
        fits.then_some(plan)
    })
}

/// Every record is changed after the last one, so that all are read again.
fn all_again(bench: &Bench, source: &mut MockSystem, rng: &mut Rng) -> String {
    let _ = rng;
    let Some(path) = bench.plan.source.version() else { return "the mapping has one more line".to_owned() };
    let held: Vec<Value> =
        source.collection(&bench.source_entity).into_iter().flat_map(|c| c.iter().map(|(_, r)| r.clone())).collect();
    let newest = held.iter().filter_map(|r| dig(r, path)).max_by(|a, b| compare(a, b)).cloned();
    // A day later, so that the newest one is touched as well.
    let later = newest.as_ref().and_then(|v| older_by(v, -1)).or(newest);
    for mut record in held {
        if let Some(later) = &later {
            put(&mut record, path, later.clone());
        }
        source.keep(&bench.source_entity, record);
    }
    "the mapping has one more line, and every record was touched".to_owned()
}
