//! A redirect to a host that belongs to nobody we know.

use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::Response;
use crate::lab::mock::url::origin_of;

/// Where it leads.
pub const ELSEWHERE: &str = "https://elsewhere.example";

/// A redirect to a host that belongs to nobody we know.
#[derive(Debug)]
pub struct Redirect {
    /// What it hits.
    pub aim: Aim,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
}

impl Fault for Redirect {
    fn code(&self) -> &'static str {
        "redirect"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let url = &exchange.request.url;
        let location = format!("{ELSEWHERE}{}", &url[origin_of(url).len()..]);
        Disposition::Reply(Response {
            status: self.status,
            headers: vec![("location".to_owned(), location)],
            body: bytes::Bytes::new(),
        })
    }
}
