//! The source no longer takes a cursor that it gave; a list that begins anew is served.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::asked_of;
use serde_json::json as value;

/// The source no longer takes a cursor that it gave; a list that begins anew is served. Cursors of Google's and
/// Salesforce's lists end after some minutes or days, and are answered 400 or 410.
#[derive(Debug)]
pub struct CursorExpired {
    /// What it hits: of these, the requests that carry a cursor.
    pub aim: Aim,
    /// 400 or 410.
    pub status: u16,
    /// The parameter, of query or body, that carries the cursor; nothing: every request that is hit carries one.
    pub param: Option<String>,
    dead: Option<String>,
}

impl CursorExpired {
    /// Answers this status.
    #[must_use]
    pub const fn new(aim: Aim, status: u16, param: Option<String>) -> Self {
        Self { aim, status, param, dead: None }
    }

    fn cursor(&self, exchange: &Exchange<'_>) -> Option<String> {
        let Some(param) = &self.param else { return Some(exchange.request.url.clone()) };
        asked_of(exchange.request).into_iter().find(|(n, v)| n == param && !v.is_empty()).map(|p| p.1)
    }
}

impl Fault for CursorExpired {
    fn code(&self) -> &'static str {
        "cursor-expired"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.wants(exchange) {
            return Disposition::Pass;
        }
        let Some(cursor) = self.cursor(exchange) else {
            // The list begins anew, and gives cursors of its own.
            self.dead = None;
            return Disposition::Pass;
        };
        if self.aim.hits(exchange) {
            self.dead = Some(cursor.clone());
        }
        if self.dead.as_ref() != Some(&cursor) {
            return Disposition::Pass;
        }
        let words = value!({"code": "cursor_expired", "message": "the cursor has expired; begin anew without it"});
        Disposition::Reply(json(self.status, &words))
    }
}
