//! The target takes a write, says 202, and never does it.

use serde_json::Value;

use super::{Aim, Disposition, Exchange, Fault, json};
use crate::connector::Request;
use crate::lab::mock::url::path_of;
use crate::model::Method;

/// The target takes a write, says 202, and never does it: the request may be disallowed when it is processed (RFC 9110 section
/// 15.3.3).
#[derive(Debug)]
pub struct AcceptedThenFailed {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for AcceptedThenFailed {
    fn code(&self) -> &'static str {
        "accepted-then-failed"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if self.aim.hits(exchange) {
            Disposition::Reply(json(202, &promised(exchange.request)))
        } else {
            Disposition::Pass
        }
    }
}

/// What it will be, as the answer of a write that is going to be done shows it.
fn promised(request: &Request) -> Value {
    let mut record: serde_json::Map<String, Value> = serde_json::from_slice(&request.body).unwrap_or_default();
    let path = path_of(&request.url);
    let id = match request.method {
        Method::Post => "accepted-1",
        _ => path.rsplit('/').next().unwrap_or_default(),
    };
    record.entry("id").or_insert_with(|| id.into());
    Value::Object(record)
}
