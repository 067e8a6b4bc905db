//! The quota is used up until a certain time: every request before it is answered 429.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::base::clock::Timestamp;
use crate::connector::Response;
use crate::lab::bench::Purpose;
use serde_json::json as value;

/// How a system tells until when its quota is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tell {
    /// `Retry-After`, in seconds (RFC 9110 section 10.2.3).
    Seconds,
    /// A header of this name, in seconds from now.
    Delta(String),
    /// A header of this name, in seconds since 1970.
    Epoch(String),
    /// `RateLimit: "default";r=0;t=7` (draft-ietf-httpapi-ratelimit-headers-10, section 3).
    Field,
}

impl Tell {
    fn header(&self, at: Timestamp, until: Timestamp) -> (String, String) {
        // Whole seconds, never less than is left.
        let left = (until.0 - at.0).max(0).div_euclid(1000) + i64::from((until.0 - at.0).rem_euclid(1000) > 0);
        match self {
            Self::Seconds => ("retry-after".to_owned(), left.to_string()),
            Self::Delta(name) => (name.to_ascii_lowercase(), left.to_string()),
            Self::Epoch(name) => (name.to_ascii_lowercase(), (at.0.div_euclid(1000) + left).to_string()),
            Self::Field => ("ratelimit".to_owned(), format!("\"default\";r=0;t={left}")),
        }
    }
}

/// The quota is used up until a certain time: every request before it is answered 429.
#[derive(Debug)]
pub struct Quota {
    /// The first hit uses it up.
    pub aim: Aim,
    /// For how long, in milliseconds.
    pub ms: i64,
    /// How that is told.
    pub tell: Tell,
    /// The header of this name tells on the last good answer already that nothing is left. Without, the first refusal
    /// is the first that is heard of it.
    pub told_before: Option<String>,
    until: Option<(Timestamp, String)>,
}

impl Quota {
    /// So long.
    #[must_use]
    pub const fn new(aim: Aim, ms: i64, tell: Tell) -> Self {
        Self { aim, ms, tell, told_before: None, until: None }
    }

    /// A header of this name tells on the last good answer that nothing is left.
    #[must_use]
    pub fn told_by(mut self, header: String) -> Self {
        self.told_before = Some(header);
        self
    }
}

impl Fault for Quota {
    fn code(&self) -> &'static str {
        "quota"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        let begins = self.aim.hits(exchange) && self.until.is_none();
        if begins {
            self.until = Some((exchange.at.plus_ms(self.ms), exchange.system.to_owned()));
        }
        let Some((until, system)) = &self.until else { return Disposition::Pass };
        let counts = exchange.purpose != Purpose::Token;
        if !counts || exchange.system != system || exchange.at >= *until {
            return Disposition::Pass;
        }
        let header = self.tell.header(exchange.at, *until);
        if begins && let Some(name) = &self.told_before {
            let used_up = (name.to_ascii_lowercase(), "0".to_owned());
            return Disposition::Mutate(Box::new(move |mut response: Response| {
                if (200..300).contains(&response.status) {
                    if used_up.0 != header.0 {
                        response.headers.push(used_up);
                    }
                    response.headers.push(header);
                }
                response
            }));
        }
        let mut answer = json(429, &value!({"code": "rate_limited", "message": "the quota is used up"}));
        answer.headers.push(header);
        Disposition::Reply(answer)
    }
}
