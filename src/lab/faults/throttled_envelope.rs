//! 200 with "rate limited" inside; nothing was done.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// How an error is told inside a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A boolean of this name is false, beside `error` (Slack's Web API).
    Flag(String),
    /// `errors`, as GraphQL tells them.
    Errors,
}

/// 200 with "rate limited" inside; nothing was done.
#[derive(Debug)]
pub struct ThrottledEnvelope {
    /// What it hits.
    pub aim: Aim,
    /// How it is told.
    pub shape: Shape,
}

impl Fault for ThrottledEnvelope {
    fn code(&self) -> &'static str {
        "throttled-envelope"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Reply(match &self.shape {
            Shape::Flag(name) => json(200, &value!({name: false, "error": "rate_limited"})),
            Shape::Errors => {
                let errors = value!([{"message": "rate limited", "extensions": {"code": "THROTTLED"}}]);
                json(200, &value!({"data": null, "errors": errors}))
            }
        })
    }
}
