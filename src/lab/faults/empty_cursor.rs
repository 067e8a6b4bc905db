//! Where no page follows, the cursor is an empty text instead of null.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::{dig, put};
use serde_json::Value;

/// Where no page follows, the cursor is an empty text instead of null: Slack, Google and many others end their lists
/// this way.
#[derive(Debug)]
pub struct EmptyCursor {
    /// What it hits.
    pub aim: Aim,
    /// Where the cursor lies in the answer.
    pub path: Vec<String>,
}

impl Fault for EmptyCursor {
    fn code(&self) -> &'static str {
        "empty-cursor"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let path = self.path.clone();
        Disposition::Mutate(Box::new(move |mut response| {
            let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return response };
            if response.status == 200 && body.is_object() && dig(&body, &path).is_none_or(Value::is_null) {
                put(&mut body, &path, Value::String(String::new()));
                response.body = body.to_string().into();
            }
            response
        }))
    }
}
