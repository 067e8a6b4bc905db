//! 429 with a `Retry-After` that is of no use.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// 429 with a `Retry-After` that is of no use: neither seconds nor a date, negative, or a date that is past.
#[derive(Debug)]
pub struct OddWait {
    /// What it hits.
    pub aim: Aim,
    /// What stands in the header.
    pub value: String,
}

impl Fault for OddWait {
    fn code(&self) -> &'static str {
        "odd-wait"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let mut answer = json(429, &value!({"code": "rate_limited", "message": "too many requests"}));
        answer.headers.push(("retry-after".to_owned(), self.value.clone()));
        Disposition::Reply(answer)
    }
}
