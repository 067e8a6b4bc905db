//! 409: a request with this idempotency key is still in progress.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::Response;
use serde_json::json as value;

/// 409: a request with this idempotency key is still in progress.
#[derive(Debug)]
pub struct KeyInProgress {
    /// What it hits.
    pub aim: Aim,
    /// The answer as the description shapes it; a plain one where nothing is given.
    pub answer: Option<Response>,
}

impl Fault for KeyInProgress {
    fn code(&self) -> &'static str {
        "key-in-progress"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let mut answer = self.answer.clone().unwrap_or_else(|| {
            json(409, &value!({"code": "key_in_progress", "message": "a request with this key is still in progress"}))
        });
        answer.headers.push(("retry-after".to_owned(), "1".to_owned()));
        Disposition::Reply(answer)
    }
}
