//! A system is down for so long, by the clock.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::base::clock::Timestamp;
use serde_json::json as value;

/// A system is down for so long, by the clock: every request is answered 503, and nothing is done.
#[derive(Debug)]
pub struct Outage {
    /// The first hit begins it; it then hits everything that is aimed at.
    pub aim: Aim,
    /// How long, in milliseconds.
    pub ms: i64,
    until: Option<Timestamp>,
}

impl Outage {
    /// So long.
    #[must_use]
    pub const fn new(aim: Aim, ms: i64) -> Self {
        Self { aim, ms, until: None }
    }
}

impl Fault for Outage {
    fn code(&self) -> &'static str {
        "outage"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.wants(exchange) {
            return Disposition::Pass;
        }
        if self.aim.hits(exchange) && self.until.is_none() {
            self.until = Some(exchange.at.plus_ms(self.ms));
        }
        match self.until {
            Some(until) if exchange.at < until => {
                Disposition::Reply(json(503, &value!({"code": "unavailable", "message": "down for maintenance"})))
            }
            _ => Disposition::Pass,
        }
    }
}
