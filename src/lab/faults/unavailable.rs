//! An error of the server; nothing was done.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// An error of the server; nothing was done.
#[derive(Debug)]
pub struct Unavailable {
    /// What it hits.
    pub aim: Aim,
    /// 500, 502, 503 or 504.
    pub status: u16,
}

impl Fault for Unavailable {
    fn code(&self) -> &'static str {
        "unavailable"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Reply(json(self.status, &value!({"error": "try again later"})))
    }
}
