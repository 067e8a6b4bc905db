//! An older form of a record that arrives after a newer one does not take its place.
//!
//! Source: Stripe: the order of events is not guaranteed.

use serde_json::Value;

use super::super::judge::Evidence;
use super::super::mock::{dig, put};
use super::versions::older_by;
use super::{Drill, Setup, hooked, strangers};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::Bench;
use crate::lab::courier::Delivery;

/// See the module.
pub(super) struct WebhookOutOfOrder;

/// What the ids of older events begin with.
const OLDER: &str = "evt_older_";

impl Drill for WebhookOutOfOrder {
    fn code(&self) -> &'static str {
        "webhook-out-of-order"
    }

    fn hypothesis(&self) -> &'static str {
        "An older form of a record that arrives after a newer one does not take its place."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench)?;
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
            return Err("a record is only created, so it has one form".to_owned());
        }
        match bench.plan.source.version() {
            Some(_) => Ok(()),
            None => Err("no field tells which of two forms is newer".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let mut setup = Setup::clean();
        setup.courier = Some(Box::new(|bench, start, fresh, rng| {
            let (Ok(hook), Some(version)) = (hooked(bench), bench.plan.source.version()) else { return };
            if start > 0 {
                return;
            }
            shuffle(fresh, rng);
            let newer = fresh.clone();
            for (n, (one, mut record)) in newer.iter().zip(strangers(bench, 3, rng)).enumerate() {
                let Some(held) = dig(&one.payload, &hook.record) else { continue };
                let (Some(key), Some(before)) =
                    (dig(held, &bench.plan.source.key), dig(held, version).and_then(|v| older_by(v, 1)))
                else {
                    continue;
                };
                put(&mut record, &bench.plan.source.key, key.clone());
                put(&mut record, version, before);
                let late = Delivery::of(bench, hook, format!("{OLDER}{n}"), record, rng);
                let at = fresh.iter().position(|d| d.id == one.id).unwrap_or(0);
                let place = at + 1 + usize::try_from(rng.below((fresh.len() - at) as u64)).unwrap_or(0);
                fresh.insert(place.min(fresh.len()), late);
            }
        }));
        setup
    }

    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        let late = evidence.trace.deliveries.iter().filter(|d| d.delivery.id.starts_with(OLDER) && d.acknowledged());
        late.count() as u64
    }
}

fn shuffle(all: &mut [Delivery], rng: &mut Rng) {
    for i in (1..all.len()).rev() {
        all.swap(i, usize::try_from(rng.below(i as u64 + 1)).unwrap_or(0));
    }
}
