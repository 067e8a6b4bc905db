//! The target says that it has seen the idempotency key with another body.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::Response;
use serde_json::json as value;

/// The target says that it has seen the idempotency key with another body: 422 in the Idempotency-Key draft (section
/// 2.7), 409 or 400 with vendors.
#[derive(Debug)]
pub struct KeyReused {
    /// What it hits.
    pub aim: Aim,
    /// The answer as the description shapes it; a plain one where nothing is given.
    pub answer: Option<Response>,
    about: Option<String>,
}

impl KeyReused {
    /// Hits one record, the first that is aimed at, from then on each time.
    #[must_use]
    pub const fn new(aim: Aim, answer: Option<Response>) -> Self {
        Self { aim, answer, about: None }
    }
}

impl Fault for KeyReused {
    fn code(&self) -> &'static str {
        "key-reused"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        let again = self.about.is_some() && self.about.as_deref() == exchange.identity && self.aim.wants(exchange);
        if !self.aim.hits(exchange) && !again {
            return Disposition::Pass;
        }
        self.about = exchange.identity.map(str::to_owned);
        Disposition::Reply(self.answer.clone().unwrap_or_else(|| {
            let says = "this idempotency key was used with another body";
            json(422, &value!({"code": "idempotency_key_reused", "message": says}))
        }))
    }
}
