//! The source is down in the middle of what is read of it: the run ends, says that it did not read to the end, and what it did not
//! see is delivered by a run that can.
//!
//! Source: Singer specification, State: a position moves with what was read and written, and no further.

use serde_json::Value;

use super::super::faults::{Aim, Unavailable};
use super::outage_then_recovery::{FAST, For};
use super::{Drill, Setup, retries, strangers};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};

/// See the module.
pub(super) struct SourceOutage;

/// In real time nobody waits for ever: longer than attempts with the waits of a contract commonly take.
const LONG_MS: i64 = 15_000;

impl Drill for SourceOutage {
    fn code(&self) -> &'static str {
        "source-outage"
    }

    fn hypothesis(&self) -> &'static str {
        "While the source is down the run ends by itself and says that it has not read all; the next run delivers the rest."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.list.is_none() {
            return Err("nothing is read of the source; it sends".to_owned());
        }
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        let down = Unavailable {
            aim: Aim::at([Purpose::List]).after(rng.below(3)).times(u64::MAX / 2),
            status: 503,
            turns: false,
        };
        let setup = match bench.real {
            Some(real) if real.scale < FAST => Setup::with(For::ms(LONG_MS, down)),
            _ => Setup::with(down),
        };
        let mut setup = strangers::unheard(bench, setup.passes(2).lenient());
        setup.faults_end_with_first_pass = true;
        setup
    }
}
