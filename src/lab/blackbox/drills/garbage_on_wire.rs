//! Bytes of another protocol: a load balancer or a captive portal answers. The outcome of the write is not known.

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::drills::{Drill, Setup, WRITES, in_target, protected};
use crate::lab::faults::Wire;

pub(super) struct GarbageOnWire;

impl Drill for GarbageOnWire {
    fn code(&self) -> &'static str {
        "garbage-on-wire"
    }

    fn hypothesis(&self) -> &'static str {
        "Bytes that are no HTTP are an error, and the write that they answer is not done a second time."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut aim = in_target(WRITES.to_vec(), records.len(), rng);
        if matches!(bench.plan.target.write, WritePlan::Upsert { .. }) {
            aim = aim.also(in_target(vec![Purpose::Find], records.len(), rng));
        }
        Setup::with(OnWire { code: "garbage-on-wire", aim, wire: Wire::Garbage }).passes(2).honest()
    }
}
