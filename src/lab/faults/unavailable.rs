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
    /// Each further one has the next of these, so that none is left to the seed.
    pub turns: bool,
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
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let status = self.status;
        if self.turns {
            self.status = match status {
                503 => 502,
                502 => 504,
                504 => 500,
                _ => 503,
            };
        }
        Self::reply(status)
    }
}
