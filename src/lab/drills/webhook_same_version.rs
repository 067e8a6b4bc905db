//! Two changes of a record within one tick of its version: the one that came last stands.
//!
//! Source: time stamps of a second's precision: a customer that is edited twice within it has one version and two forms.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::{dig, put};
use super::{Drill, Setup};
use super::{hooked, strangers};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::Bench;
use crate::lab::courier::Delivery;

/// See the module.
pub(super) struct WebhookSameVersion;

impl Drill for WebhookSameVersion {
    fn code(&self) -> &'static str {
        "webhook-same-version"
    }

    fn hypothesis(&self) -> &'static str {
        "Of two changes with the same version the one that came last stands."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench)?;
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
            return Err("a record is only created, so it has one form".to_owned());
        }
        bench.plan.source.version().map(|_| ()).ok_or_else(|| "no field tells which of two forms is newer".to_owned())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records);
        // In the same run, or the second change after the first was written.
        let apart = rng.one_in(2);
        let mut setup = Setup::clean().passes(if apart { 2 } else { 1 });
        let mut held_back: Vec<Delivery> = Vec::new();
        setup.courier = Some(Box::new(move |bench, start, fresh, rng| {
            let (Ok(hook), Some(version)) = (hooked(bench), bench.plan.source.version()) else { return };
            if start > 0 {
                fresh.append(&mut held_back);
                return;
            }
            let last = fresh.clone();
            for (n, (one, mut record)) in last.iter().zip(strangers(bench, 3, rng)).enumerate() {
                let Some(held) = dig(&one.payload, &hook.record) else { continue };
                let (Some(key), Some(same)) = (dig(held, &bench.plan.source.key), dig(held, version)) else { continue };
                put(&mut record, &bench.plan.source.key, key.clone());
                put(&mut record, version, same.clone());
                for name in natural(bench, held) {
                    put(&mut record, std::slice::from_ref(&name), held[&name].clone());
                }
                let first = Delivery::of(bench, hook, format!("{FIRST}{n}"), record, rng);
                let place = fresh.iter().position(|d| d.id == one.id).unwrap_or(0);
                if apart {
                    held_back.push(std::mem::replace(&mut fresh[place], first));
                } else {
                    fresh.insert(place, first);
                }
            }
        }));
        if apart {
            // What was held back is owed only after the second pass.
            setup = setup.honest();
        }
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let first = evidence.trace.deliveries.iter().filter(|d| d.delivery.id.starts_with(FIRST) && d.acknowledged());
        first.count() as u64
    }
}

/// What the ids of the first of two changes begin with.
const FIRST: &str = "evt_first_";

/// Fields of the record without which its identity in the target would be another.
fn natural(bench: &Bench, record: &Value) -> Vec<String> {
    let of = |r: &Value| bench.plan.mapped(r).ok().and_then(|m| bench.identity_of(r, &m));
    let Some(fields) = record.as_object() else { return Vec::new() };
    let wanted = of(record);
    let matters = |name: &&String| {
        let mut other = record.clone();
        other[name.as_str()] = match &record[name.as_str()] {
            Value::String(text) => Value::String(format!("x{text}")),
            Value::Number(_) => Value::from(7),
            _ => return false,
        };
        of(&other) != wanted
    };
    fields.keys().filter(matters).cloned().collect()
}
