//! Several changes of one record, of which the first is slow to write: they arrive in their order, one at a time.
//!
//! Source: `delivery.order: per-key` of the contract; Apache Kafka keeps order within a key, and a worker pool behind it loses it.

use serde_json::Value;

use super::super::faults::{Fault, SlowAnswer, SlowWay};
use super::super::mock::{dig, put};
use super::strangers::keep_identity;
use super::versions::older_by;
use super::{Drill, Setup};
use super::{WRITES, hooked, in_target, owed, strangers};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::contract::Order;
use crate::lab::bench::Bench;
use crate::lab::courier::Delivery;

/// See the module.
pub(super) struct OrderPerKey;

impl Drill for OrderPerKey {
    fn code(&self) -> &'static str {
        "order-per-key"
    }

    fn hypothesis(&self) -> &'static str {
        "Several changes of one record are written one at a time and in their order, also when the first is slow."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        hooked(bench)?;
        if bench.plan.delivery.order == Order::None {
            return Err("the contract wants no order".to_owned());
        }
        if matches!(bench.plan.target.write, WritePlan::Create { .. }) {
            return Err("a record is only created, so it has one form".to_owned());
        }
        bench.plan.source.version().map(|_| ()).ok_or_else(|| "no field tells which of two forms is newer".to_owned())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let ms = bench.plan.delivery.timeout_ms / 4;
        let ms = if bench.real.is_some() { ms.min(1_500) } else { ms };
        let aim = in_target(WRITES.to_vec(), owed(bench, records), rng).times(3);
        // Slow to be answered, or slow to arrive: then a later form that does not wait for it is overtaken by it.
        let slow: Box<dyn Fault> =
            if rng.one_in(2) { Box::new(SlowWay { aim, ms }) } else { Box::new(SlowAnswer { aim, ms }) };
        let mut setup = Setup::with(slow);
        setup.courier = Some(Box::new(|bench, start, fresh, rng| {
            let (Ok(hook), Some(version)) = (hooked(bench), bench.plan.source.version()) else { return };
            if start > 0 {
                return;
            }
            let newest = fresh.clone();
            for (n, (one, record)) in newest.iter().zip(strangers(bench, newest.len(), rng)).enumerate() {
                let Some(held) = dig(&one.payload, &hook.record) else { continue };
                let Some(key) = dig(held, &bench.plan.source.key) else { continue };
                // Two earlier forms, in their order, before the one that the source has now.
                for days in [2, 1] {
                    let Some(before) = dig(held, version).and_then(|v| older_by(v, days)) else { continue };
                    let mut earlier = if days == 2 { record.clone() } else { held.clone() };
                    put(&mut earlier, &bench.plan.source.key, key.clone());
                    put(&mut earlier, version, before);
                    // One record in the target: the natural key stays.
                    keep_identity(bench, held, &mut earlier);
                    let early = Delivery::of(bench, hook, format!("evt_early_{n}_{days}"), earlier, rng);
                    let place = fresh.iter().position(|d| d.id == one.id).unwrap_or(0);
                    fresh.insert(place, early);
                }
            }
        }));
        setup
    }
}
