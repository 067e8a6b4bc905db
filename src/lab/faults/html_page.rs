//! 200 with a web page: maintenance, or a login.

use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::Response;

/// 200 with a web page: maintenance, or a login.
#[derive(Debug)]
pub struct HtmlPage {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for HtmlPage {
    fn code(&self) -> &'static str {
        "html-page"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Reply(Response {
            status: 200,
            headers: vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())],
            body: "<!doctype html><title>Maintenance</title><p>We will be back soon.".into(),
        })
    }
}
