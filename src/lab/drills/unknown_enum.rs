//! A value outside the documented ones goes the way the contract names, or to the dead letters; the others flow.

use serde_json::Value;

use std::sync::Arc;

use super::super::judge::Evidence;
use super::super::mock::{MockOptions, MockSystem};
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::contract::Drift;
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
        if bench.plan.delivery.drift == Drift::Freeze {
            return Err("the contract has the flow stop at a record that does not fit".to_owned());
        }
        let mut mock = MockSystem::of(Arc::clone(&bench.source), 0, MockOptions::default());
        let records = mock.draw_records(&bench.source_entity, 8, &mut Rng::seeded(0));
        match enum_in_use(bench, &records) {
            Some(_) => Ok(()),
            None => Err("no field with documented values is mapped".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some(field) = enum_in_use(bench, records) else { return Setup::clean() };
        let odd = Value::String("value_added_later".to_owned());
        let mut setup = Setup::clean();
        if let Some(record) = pick_mut(records, rng) {
            record[&field] = odd;
            if let (Err(_), Some(key)) = (bench.plan.mapped(record), bench.source_key(record)) {
                setup.expect.dead.insert(key);
            }
        }
        setup
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

/// A top-level field with documented values that the mapping reads.
fn enum_in_use(bench: &Bench, records: &[Value]) -> Option<String> {
    let schemas = &bench.source.system.schemas;
    let record = bench.source.kinds.get(&bench.source_entity)?.record?;
    let open =
        |id: SchemaId| schemas.get(id).values.as_ref().is_some_and(|v| v.len() > 1 && v.iter().any(Value::is_string));
    let used = |name: &str| {
        records.iter().any(|r| {
            let mut changed = r.clone();
            changed[name] = Value::String("value_added_later".to_owned());
            r.get(name).is_some() && bench.plan.mapped(r) != bench.plan.mapped(&changed)
        })
    };
    schemas.properties(record).into_iter().find(|(name, id)| open(*id) && used(name)).map(|(name, _)| name.to_owned())
}

fn pick_mut<'r>(records: &'r mut [Value], rng: &mut Rng) -> Option<&'r mut Value> {
    let index = usize::try_from(rng.below(records.len() as u64)).unwrap_or(0);
    records.get_mut(index)
}
