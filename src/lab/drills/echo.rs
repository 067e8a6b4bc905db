//! A change that comes back without a difference changes nothing: where a flow in the other direction writes to the
//! source, each write comes back as a new version of the same record, and two flows must not feed each other for ever.
//!
//! Source: "Enterprise Integration Patterns", Idempotent Receiver.

use std::sync::Arc;

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::{MockOptions, MockSystem};
use super::versions::touched;
use super::{Drill, Setup, datable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct Echo;

impl Drill for Echo {
    fn code(&self) -> &'static str {
        "echo"
    }

    fn hypothesis(&self) -> &'static str {
        "A record that comes back under a new version, and is the same, changes nothing in the target."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        datable(bench)?;
        let mut mock = MockSystem::of(Arc::clone(&bench.source), 0, MockOptions::default());
        let drawn = mock.draw_records(&bench.source_entity, 3, &mut Rng::seeded(0));
        let same = |r: &Value| touched(bench, r).is_some_and(|t| bench.plan.mapped(&t) == bench.plan.mapped(r));
        if drawn.iter().all(same) {
            return Ok(());
        }
        Err("the mapping writes the version to the target: what comes back under a new one differs, and has to be written".to_owned())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean().passes(2);
        setup.between = Some(Box::new(|bench, source, _| {
            let held = source.collection(&bench.source_entity);
            let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
            let count = all.len();
            for record in all.iter().filter_map(|r| touched(bench, r)) {
                source.keep(&bench.source_entity, record);
            }
            format!("{count} in the source have a new version, and are the same")
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        u64::from(evidence.runs.len() >= 2)
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        evidence.changes_in(2).map(|x| format!("the echo of a record changed the target: request {}", x.nth)).collect()
    }
}
