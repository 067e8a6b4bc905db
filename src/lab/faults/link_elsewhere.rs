//! The URL of the next page lies at a host that belongs to nobody we know.

use super::{Aim, Disposition, ELSEWHERE, Exchange, Fault};
use crate::lab::mock::Quirk;

/// The URL of the next page lies at a host that belongs to nobody we know.
#[derive(Debug)]
pub struct LinkElsewhere {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for LinkElsewhere {
    fn code(&self) -> &'static str {
        "link-elsewhere"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Bend(Quirk::NextAt(ELSEWHERE))
    }
}
