//! The target does it, fails to say so, and repeats that failure for the same idempotency key.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::Response;
use serde_json::json as value;

/// The target does it, answers 500, and repeats that stored answer for the same idempotency key (Stripe, API v1: "the
/// result is saved regardless of whether it succeeds or fails, 500 errors included").
#[derive(Debug)]
pub struct StoredError {
    /// What it hits.
    pub aim: Aim,
    /// The header that carries the key, in lower case.
    header: String,
    stored: Vec<String>,
}

impl StoredError {
    /// Keys come in this header.
    #[must_use]
    pub fn new(aim: Aim, header: &str) -> Self {
        Self { aim, header: header.to_ascii_lowercase(), stored: Vec::new() }
    }
}

fn answer(again: bool) -> Response {
    let mut answer = json(500, &value!({"code": "internal", "message": "an error on our side"}));
    if again {
        answer.headers.push(("idempotent-replayed".to_owned(), "true".to_owned()));
    }
    answer
}

impl Fault for StoredError {
    fn code(&self) -> &'static str {
        "stored-error"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        let key = exchange.request.header(&self.header);
        if key.is_some_and(|k| self.stored.iter().any(|s| s == k)) {
            return Disposition::Reply(answer(true));
        }
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        self.stored.extend(key.map(str::to_owned));
        Disposition::ReplyAfterCommit(answer(false))
    }
}
