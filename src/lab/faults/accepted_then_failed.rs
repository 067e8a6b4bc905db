//! The target takes a write, says 202, and never does it.

use serde_json::Value;

use super::{Aim, Disposition, Exchange, Fault, json};

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
            Disposition::Reply(json(202, &promised(&exchange.request.body)))
        } else {
            Disposition::Pass
        }
    }
}

/// What it will be, as the answer of a write that is going to be done shows it.
fn promised(body: &[u8]) -> Value {
    let mut record: serde_json::Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    record.entry("id").or_insert_with(|| "accepted-1".into());
    Value::Object(record)
}
