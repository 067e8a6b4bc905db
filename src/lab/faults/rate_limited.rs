//! 429, or 503, with `Retry-After`; nothing was done.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::http_date;
use serde_json::json as value;

/// 429, or 503, with `Retry-After`; nothing was done.
#[derive(Debug)]
pub struct RateLimited {
    /// What it hits.
    pub aim: Aim,
    /// 429, or 503: RFC 9110 section 10.2.3 has Retry-After for both.
    pub status: u16,
    /// How long to wait.
    pub seconds: i64,
    /// Say it as a date instead of a number.
    pub as_date: bool,
    /// What the server's clock shows more than the true time.
    pub clock_off_ms: i64,
}

impl Fault for RateLimited {
    fn code(&self) -> &'static str {
        "rate-limited"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let server_time = exchange.at.plus_ms(self.clock_off_ms);
        let (code, message) = match self.status {
            503 => ("unavailable", "back soon"),
            _ => ("rate_limited", "too many requests"),
        };
        let mut answer = json(self.status, &value!({"code": code, "message": message}));
        let wait =
            if self.as_date { http_date(server_time.plus_ms(self.seconds * 1000)) } else { self.seconds.to_string() };
        answer.headers.push(("retry-after".to_owned(), wait));
        answer.headers.push(("date".to_owned(), http_date(server_time)));
        Disposition::Reply(answer)
    }
}
