//! Fewer records than asked for, though more follow.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::Quirk;

/// Fewer records than asked for, though more follow.
#[derive(Debug)]
pub struct ShortPage {
    /// What it hits.
    pub aim: Aim,
    /// How many there are.
    pub keep: usize,
}

impl Fault for ShortPage {
    fn code(&self) -> &'static str {
        "short-page"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Bend(Quirk::Short(self.keep))
    }
}
