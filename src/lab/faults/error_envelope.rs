//! 200 with an error inside; nothing was done.

use super::json;
use super::{Aim, Disposition, Exchange, Fault};
use crate::connector::Response;
use serde_json::{Value, json as value};

/// 200 with an error inside; nothing was done.
#[derive(Debug)]
pub struct ErrorEnvelope {
    /// What it hits.
    pub aim: Aim,
    /// Errors are told as GraphQL tells them: with no data at all, or beside a part of the data.
    pub graph: Option<Partial>,
}

/// How much of the data stands beside the errors of GraphQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {
    /// None.
    Nothing,
    /// The list is there, and all but its first item are missing.
    Some,
}

impl Fault for ErrorEnvelope {
    fn code(&self) -> &'static str {
        "error-envelope"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let errors = value!([{"message": "try again later", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]);
        match self.graph {
            Some(Partial::Nothing) => Disposition::Reply(json(200, &value!({"data": null, "errors": errors}))),
            Some(Partial::Some) => Disposition::Mutate(Box::new(move |response| cut(response, errors))),
            None => Disposition::Reply(json(
                200,
                &value!({"ok": false, "error": {"code": "internal", "message": "try again later"}}),
            )),
        }
    }
}

/// The answer with errors, and with one item in each of its lists.
fn cut(response: Response, errors: Value) -> Response {
    let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return response };
    if let Some(data) = body.get_mut("data") {
        shorten(data);
    }
    body["errors"] = errors;
    Response { body: body.to_string().into(), ..response }
}

fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => items.truncate(1),
        Value::Object(map) => map.values_mut().for_each(shorten),
        _ => {}
    }
}
