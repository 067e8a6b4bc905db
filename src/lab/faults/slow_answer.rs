//! The answer takes its time, though less than any sensible timeout.

use super::{Aim, Disposition, Exchange, Fault};

/// The answer takes its time, though less than any sensible timeout.
#[derive(Debug)]
pub struct SlowAnswer {
    /// What it hits.
    pub aim: Aim,
    /// How long.
    pub ms: u64,
}

impl Fault for SlowAnswer {
    fn code(&self) -> &'static str {
        "slow-answer"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Delay(self.ms)
    }
}
