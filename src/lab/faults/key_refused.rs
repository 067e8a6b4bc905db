//! 401: the key is not taken any more, and no other is to be had.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// 401 to a credential that was good before and that nothing renews (RFC 9110 section 15.5.2).
#[derive(Debug)]
pub struct KeyRefused {
    /// What it hits.
    pub aim: Aim,
    /// The challenge, `Bearer` or `Basic realm="…"`.
    pub challenge: &'static str,
}

impl Fault for KeyRefused {
    fn code(&self) -> &'static str {
        "key-refused"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let says = "the key was revoked";
        let mut answer = json(401, &value!({"error": "invalid_key", "error_description": says}));
        answer.headers.push(("www-authenticate".to_owned(), self.challenge.to_owned()));
        Disposition::Reply(answer)
    }
}
