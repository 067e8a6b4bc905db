//! While the target is down the run ends by itself and says so; once it is back, the next run delivers what is owed.
//!
//! Source: M. Nygard, Release It!, circuit breaker; AWS Builders' Library on retry budgets.

use serde_json::Value;

use super::super::faults::{Aim, Unavailable};
use super::TARGET;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct OutageThenRecovery;

impl Drill for OutageThenRecovery {
    fn code(&self) -> &'static str {
        "outage-then-recovery"
    }

    fn hypothesis(&self) -> &'static str {
        "While the target is down the run ends by itself and says so; once it is back, the next run delivers what is owed."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        // Far more failures than any contract allows attempts; they end with the first run.
        let aim = Aim::at(TARGET).after(rng.below(records.len() as u64)).times(u64::MAX / 2);
        // In real time nobody waits until all attempts are spent: the target is down for so many requests.
        let aim = if bench.real.is_some() { aim.times(4) } else { aim };
        let mut setup = Setup::with(Unavailable { aim, status: 503 }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
