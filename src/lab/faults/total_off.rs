//! The total that is told is more than there is.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::{dig, put};
use serde_json::{Value, json};

/// The total that is told is more than there is.
#[derive(Debug)]
pub struct TotalOff {
    /// What it hits.
    pub aim: Aim,
    /// Where the total lies in the answer.
    pub path: Vec<String>,
    /// By so many.
    pub by: u64,
}

impl Fault for TotalOff {
    fn code(&self) -> &'static str {
        "total-off"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let (path, by) = (self.path.clone(), self.by);
        Disposition::Mutate(Box::new(move |mut response| {
            let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return response };
            if let Some(total) = dig(&body, &path).and_then(Value::as_u64) {
                put(&mut body, &path, json!(total + by));
                response.body = body.to_string().into();
            }
            response
        }))
    }
}
