//! The system does it and answers 503.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// The system does it and answers 503.
#[derive(Debug)]
pub struct CommittedThen503 {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for CommittedThen503 {
    fn code(&self) -> &'static str {
        "committed-then-503"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::ReplyAfterCommit(json(503, &value!({"error": "upstream timed out"})))
    }
}
