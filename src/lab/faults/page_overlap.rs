//! The last records of a page come again on the next.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::Quirk;

/// The last records of a page come again on the next.
#[derive(Debug)]
pub struct PageOverlap {
    /// What it hits.
    pub aim: Aim,
    /// How many.
    pub by: usize,
}

impl Fault for PageOverlap {
    fn code(&self) -> &'static str {
        "page-overlap"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Bend(Quirk::Overlap(self.by))
    }
}
