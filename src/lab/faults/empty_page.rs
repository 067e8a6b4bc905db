//! A page without records, though more follow.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::Quirk;

/// A page without records, though more follow.
#[derive(Debug)]
pub struct EmptyPage {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for EmptyPage {
    fn code(&self) -> &'static str {
        "empty-page"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Bend(Quirk::Empty)
    }
}
