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

impl Unavailable {
    /// What it answers.
    #[must_use]
    pub fn reply(status: u16) -> Disposition {
        Disposition::Reply(json(status, &value!({"error": "try again later"})))
    }
}

impl Fault for Unavailable {
    fn code(&self) -> &'static str {
        "unavailable"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if self.aim.hits(exchange) { Self::reply(self.status) } else { Disposition::Pass }
    }
}
