//! An error page that repeats the request, credential and all.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use serde_json::{Map, Value, json as value};

/// An error that repeats the request, credential and all, as debug pages of frameworks do (CWE-209).
#[derive(Debug)]
pub struct SecretEchoed {
    /// What it hits.
    pub aim: Aim,
    /// 400 or 500.
    pub status: u16,
}

impl Fault for SecretEchoed {
    fn code(&self) -> &'static str {
        "secret-echoed"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let request = exchange.request;
        let headers: Map<String, Value> =
            request.headers.iter().map(|(n, v)| (n.clone(), Value::String(v.clone()))).collect();
        let said: Vec<&str> = request.headers.iter().map(|(_, v)| v.as_str()).collect();
        let message = format!("cannot handle {} with {}", request.url, said.join(", "));
        let body = value!({"error": {"code": "internal", "message": message}, "request": {"headers": headers}});
        Disposition::Reply(json(self.status, &body))
    }
}
