//! While the target is down the run ends by itself and says so; once it is back, the next run delivers what is owed.
//!
//! Source: M. Nygard, Release It!, circuit breaker; AWS Builders' Library on retry budgets.

use serde_json::Value;

use super::super::faults::{Aim, Disposition, Exchange, Fault, Unavailable};
use super::TARGET;
use super::{Drill, Setup, owed};
use crate::base::clock::Timestamp;
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
        let aim = Aim::at(TARGET).after(rng.below(owed(bench, records) as u64)).times(u64::MAX / 2);
        let down = Unavailable { aim, status: 503, turns: false };
        let mut setup = match bench.real {
            Some(real) if real.scale < FAST => Setup::with(For::ms(SHORT_MS, down)),
            _ => Setup::with(down),
        };
        setup = setup.passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}

/// In real time nobody waits until all attempts are spent: the target is down for so many milliseconds.
const SHORT_MS: i64 = 6_000;
/// Where a program's time runs so many times as fast, they are waited for.
pub(super) const FAST: u32 = 10;

/// A fault for a while, counted from its first hit.
pub(super) struct For<F> {
    fault: F,
    ms: i64,
    since: Option<Timestamp>,
}

impl<F: Fault> For<F> {
    pub(super) const fn ms(ms: i64, fault: F) -> Self {
        Self { fault, ms, since: None }
    }
}

impl<F: Fault> Fault for For<F> {
    fn code(&self) -> &'static str {
        self.fault.code()
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        let over = self.since.is_some_and(|since| exchange.at.0 - since.0 > self.ms);
        let wants = self.fault.on_exchange(exchange);
        if over || matches!(wants, Disposition::Pass) {
            return Disposition::Pass;
        }
        self.since.get_or_insert(exchange.at);
        wants
    }
}
