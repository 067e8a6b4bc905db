//! The target refuses one record for good.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// The target refuses one record for good.
#[derive(Debug)]
pub struct RecordRefused {
    /// What it hits.
    pub aim: Aim,
    /// With this status.
    pub status: u16,
}

impl Fault for RecordRefused {
    fn code(&self) -> &'static str {
        "record-refused"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let mut answer = json(
            self.status,
            &value!({
                "type": "urn:problem:invalid", "title": "invalid", "status": self.status, "code": "invalid",
                "detail": "a rule of the system forbids this record", "message": "a rule of the system forbids this record",
            }),
        );
        answer.headers[0].1 = "application/problem+json".to_owned();
        Disposition::Reply(answer)
    }
}
