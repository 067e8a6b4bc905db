//! The cursor of a page leads to the same page.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::Quirk;

/// The cursor of a page leads to the same page.
#[derive(Debug)]
pub struct RepeatingCursor {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for RepeatingCursor {
    fn code(&self) -> &'static str {
        "repeating-cursor"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Bend(Quirk::RepeatCursor)
    }
}
