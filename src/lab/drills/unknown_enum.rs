//! A value outside the documented ones goes the way the contract names, or to the dead letters; the others flow.
//!
//! Source: Google AIP-126: values are added to enumerations; a client must not break or guess.

use serde_json::Value;

use std::sync::Arc;

use super::super::judge::Evidence;
use super::super::mock::{MockOptions, MockSystem};
use super::{Drill, Setup, spoiled};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::courier::Delivered;
use crate::lab::trace::Exchanged;
use crate::model::SchemaId;

/// See the module.
pub(super) struct UnknownEnum;

impl Drill for UnknownEnum {
    fn code(&self) -> &'static str {
        "unknown-enum"
    }

    fn hypothesis(&self) -> &'static str {
        "A value outside the documented ones goes the way the contract names, or to the dead letters; the others flow."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        spoiled::quarantined(bench)?;
        let mut mock = MockSystem::of(Arc::clone(&bench.source), 0, MockOptions::default());
        let records = mock.draw_records(&bench.source_entity, 8, &mut Rng::seeded(0));
        if enums_in_use(bench, &records).is_empty() {
            return Err("no field with documented values is mapped".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = Setup::clean();
        // Each such field in a record of its own: who knows one kind of surprise need not know the others.
        let mut order = spoiled::shuffled(records.len(), rng);
        // What is marked as deleted is not mapped, whatever it says.
        order.retain(|at| records.get(*at).is_some_and(|record| !bench.plan.source.deletes.marks(record)));
        for (field, at) in enums_in_use(bench, records).into_iter().zip(order.into_iter().skip(1)) {
            let Some(record) = records.get_mut(at) else { continue };
            record[&field] = Value::String("value_added_later".to_owned());
            if let (Err(_), Some(key)) = (bench.plan.mapped(record), bench.source_key(record)) {
                setup.expect.dead.insert(key);
            }
        }
        setup
    }

    fn many(&self) -> bool {
        true
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let odd = |x: &&Exchanged| {
            x.purpose == Purpose::List
                && x.answer().is_some_and(|a| a.body.windows(17).any(|w| w == b"value_added_later"))
        };
        let sent = |d: &&Delivered| d.acknowledged() && d.delivery.payload.to_string().contains("value_added_later");
        let read = evidence.trace.exchanges.iter().filter(odd).count();
        (read + evidence.trace.deliveries.iter().filter(sent).count()) as u64
    }
}

/// The top-level fields with documented values that the mapping reads.
fn enums_in_use(bench: &Bench, records: &[Value]) -> Vec<String> {
    let schemas = &bench.source.system.schemas;
    let Some(record) = bench.source.kinds.get(&bench.source_entity).and_then(|k| k.record) else { return Vec::new() };
    let open =
        |id: SchemaId| schemas.get(id).values.as_ref().is_some_and(|v| v.len() > 1 && v.iter().any(Value::is_string));
    let used = |name: &str| {
        records.iter().any(|r| {
            let mut changed = r.clone();
            changed[name] = Value::String("value_added_later".to_owned());
            r.get(name).is_some() && bench.plan.mapped(r) != bench.plan.mapped(&changed)
        })
    };
    let all = schemas.properties(record).into_iter().filter(|(name, id)| open(*id) && used(name));
    all.map(|(name, _)| name.to_owned()).collect()
}
