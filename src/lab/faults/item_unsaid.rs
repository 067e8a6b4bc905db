//! The target leaves out one record of a batch, and its result.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::Quirk;

/// The target leaves out one record of a batch: it does not keep it, and the answer says nothing about it.
#[derive(Debug)]
pub struct ItemUnsaid {
    /// What it hits; with a record named, that record, else the first of the batch.
    pub aim: Aim,
}

impl Fault for ItemUnsaid {
    fn code(&self) -> &'static str {
        "item-unsaid"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Bend(Quirk::Unsaid { at: self.aim.place_in(exchange.batch) })
    }
}
