//! The target takes a batch, but for one record of it.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::Quirk;

/// The target takes a batch, but for one record of it.
#[derive(Debug)]
pub struct ItemRefused {
    /// What it hits; with a record named, that record, else the first of the batch.
    pub aim: Aim,
    /// With this status in the record's result.
    pub status: u16,
    /// The results come in another order than the records: where each names its record, nothing says that they do not.
    pub any_order: bool,
}

impl Fault for ItemRefused {
    fn code(&self) -> &'static str {
        "item-refused"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let at = self.aim.place_in(exchange.batch);
        Disposition::Bend(Quirk::Item { at, status: self.status, any_order: self.any_order })
    }
}
