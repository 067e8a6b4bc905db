//! Requests take long to reach the system: what it holds by then is what they meet.

use super::{Aim, Disposition, Exchange, Fault};

/// Requests take long to reach the system: what it holds by then is what they meet.
#[derive(Debug)]
pub struct SlowWay {
    /// What it hits.
    pub aim: Aim,
    /// How long.
    pub ms: u64,
}

impl Fault for SlowWay {
    fn code(&self) -> &'static str {
        "slow-way"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Late(self.ms)
    }
}
