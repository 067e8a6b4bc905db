//! Where the contract wants every record in order, one that is slow or fails for now is waited for.
//!
//! Source: `delivery.order: total` of the contract; a queue with one consumer keeps this order, workers beside each other do not.

use serde_json::Value;

use super::super::faults::{SlowAnswer, Unavailable};
use super::{Drill, Setup};
use super::{MAKES, in_target, owed, retries};
use crate::base::rng::Rng;
use crate::contract::Order;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct OrderTotal;

impl Drill for OrderTotal {
    fn code(&self) -> &'static str {
        "order-total"
    }

    fn hypothesis(&self) -> &'static str {
        "Where the contract wants every record in order, each write waits for the one before, also when that one is slow or fails for now."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        match bench.plan.delivery.order {
            Order::Total => Ok(()),
            Order::PerKey | Order::None => Err("the contract does not want all records in order".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let ms = bench.plan.delivery.timeout_ms / 4;
        let slow = SlowAnswer { aim: in_target(MAKES.to_vec(), owed(bench, records), rng), ms };
        let mut setup = Setup::with(slow);
        let aim = in_target(MAKES.to_vec(), owed(bench, records), rng);
        setup.faults.push(Box::new(Unavailable { aim, status: 503, turns: false }));
        setup
    }
}
