//! 403: the token works, and may not do this.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::json as value;

/// 403 with `error="insufficient_scope"`: the token works, and may not do this (RFC 6750 section 3.1).
#[derive(Debug)]
pub struct ScopeMissing {
    /// What it hits.
    pub aim: Aim,
    /// The scope that it lacks.
    pub scope: String,
}

impl Fault for ScopeMissing {
    fn code(&self) -> &'static str {
        "scope-missing"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let mut answer = json(403, &value!({"error": "insufficient_scope", "error_description": "not allowed"}));
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", self.scope);
        answer.headers.push(("www-authenticate".to_owned(), challenge));
        Disposition::Reply(answer)
    }
}
