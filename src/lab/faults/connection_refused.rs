//! No connection is made.

use super::{Aim, Disposition, Exchange, Fault};

/// No connection is made.
#[derive(Debug)]
pub struct ConnectionRefused {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for ConnectionRefused {
    fn code(&self) -> &'static str {
        "connection-refused"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Refuse
    }
}
