//! The target takes a write, says 202, and never does it.

use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::Response;

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
            Disposition::Reply(Response { status: 202, headers: Vec::new(), body: bytes::Bytes::new() })
        } else {
            Disposition::Pass
        }
    }
}
