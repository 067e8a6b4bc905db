//! FIN without a byte: the outcome of the write is not known (RFC 9110 section 9.2.2).

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, WRITES, in_target, protected, survivable};
use crate::lab::faults::Wire;

pub(super) struct HalfClose;

impl Drill for HalfClose {
    fn code(&self) -> &'static str {
        "half-close"
    }

    fn hypothesis(&self) -> &'static str {
        "A write that takes effect while the system closes its side without a byte is not done a second time."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        protected(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, 2, rng);
        let aim = in_target(WRITES.to_vec(), records.len(), rng).times(times);
        Setup::with(OnWire { code: "half-close", aim, wire: Wire::HalfClose })
    }
}
