//! 200 with something that is no JSON, and says so.

use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::Response;

/// 200 with something that is no JSON, and says so: what a proxy, a portal or a load balancer answers in the system's
/// place. Nothing was done.
#[derive(Debug)]
pub struct WrongType {
    /// What it hits.
    pub aim: Aim,
    /// `text/plain`, `application/xml` …
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

impl Fault for WrongType {
    fn code(&self) -> &'static str {
        "wrong-type"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Reply(Response {
            status: 200,
            headers: vec![("content-type".to_owned(), self.content_type.to_owned())],
            body: self.body.into(),
        })
    }
}
