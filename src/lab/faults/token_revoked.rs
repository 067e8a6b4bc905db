//! Every token handed out so far ends before its time.

use super::{Aim, Disposition, Exchange, Fault};

/// Every token handed out so far ends before its time.
#[derive(Debug)]
pub struct TokenRevoked {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for TokenRevoked {
    fn code(&self) -> &'static str {
        "token-revoked"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Revoke
    }
}
