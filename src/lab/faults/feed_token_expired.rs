//! The source no longer takes the token from which its changes are followed; a list that begins anew is served.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::{asked_of, is_feed_token};
use serde_json::json as value;

/// The source no longer takes the first token that it is asked with. Google answers 410, Microsoft 410, others 400.
#[derive(Debug)]
pub struct FeedTokenExpired {
    /// What it hits: of these, the requests that carry a token.
    pub aim: Aim,
    /// 400 or 410.
    pub status: u16,
    dead: Option<String>,
}

impl FeedTokenExpired {
    /// Answers this status.
    #[must_use]
    pub const fn new(aim: Aim, status: u16) -> Self {
        Self { aim, status, dead: None }
    }
}

impl Fault for FeedTokenExpired {
    fn code(&self) -> &'static str {
        "feed-token-expired"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.wants(exchange) {
            return Disposition::Pass;
        }
        let Some((_, token)) = asked_of(exchange.request).into_iter().find(|(_, text)| is_feed_token(text)) else {
            return Disposition::Pass;
        };
        if self.aim.hits(exchange) {
            self.dead.get_or_insert_with(|| token.clone());
        }
        if self.dead.as_ref() != Some(&token) {
            return Disposition::Pass;
        }
        let words =
            value!({"code": "sync_token_expired", "message": "the token has expired; read all anew without it"});
        Disposition::Reply(json(self.status, &words))
    }
}
