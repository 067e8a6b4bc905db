//! 200 with an error inside; nothing was done.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// 200 with an error inside; nothing was done.
#[derive(Debug)]
pub struct ErrorEnvelope {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for ErrorEnvelope {
    fn code(&self) -> &'static str {
        "error-envelope"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Reply(json(
            200,
            &value!({"ok": false, "error": {"code": "internal", "message": "try again later"}}),
        ))
    }
}
