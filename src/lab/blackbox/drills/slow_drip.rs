//! An answer a byte at a time: a deadline for each read never ends it, one over the whole does
//! (AWS Builders' Library, "Timeouts, retries, and backoff with jitter").

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, somewhere};
use crate::lab::faults::Wire;

pub(super) struct SlowDrip;

impl Drill for SlowDrip {
    fn code(&self) -> &'static str {
        "slow-drip"
    }

    fn hypothesis(&self) -> &'static str {
        "An answer that comes a byte at a time and does not end is given up, by a deadline over the whole of it."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = somewhere(bench, records.len(), rng);
        let mut setup = Setup::with(OnWire { code: "slow-drip", aim, wire: Wire::Drip(400) }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
