//! The connection ends before the system has the request.

use super::{Aim, Disposition, Exchange, Fault};

/// The connection ends before the system has the request.
#[derive(Debug)]
pub struct ConnectionReset {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for ConnectionReset {
    fn code(&self) -> &'static str {
        "connection-reset"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::LoseBeforeCommit
    }
}
