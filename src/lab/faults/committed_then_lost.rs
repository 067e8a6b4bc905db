//! The system does it, and the connection ends before the answer.

use super::{Aim, Disposition, Exchange, Fault};

/// The system does it, and the connection ends before the answer.
#[derive(Debug)]
pub struct CommittedThenLost {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for CommittedThenLost {
    fn code(&self) -> &'static str {
        "committed-then-lost"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::LoseAfterCommit
    }
}
