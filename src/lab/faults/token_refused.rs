//! The token endpoint refuses.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// The token endpoint refuses (RFC 6749 section 5.2): the grant is not valid any more, or the client is not known.
#[derive(Debug)]
pub struct TokenRefused {
    /// What it hits.
    pub aim: Aim,
    /// 400 or 401.
    pub status: u16,
    /// `invalid_grant`, `invalid_client` …
    pub error: &'static str,
}

impl Fault for TokenRefused {
    fn code(&self) -> &'static str {
        "token-refused"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Reply(json(self.status, &value!({"error": self.error})))
    }
}
