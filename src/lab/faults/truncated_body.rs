//! 200 with half of the body, declared as whole.

use super::{Aim, Disposition, Exchange, Fault};

/// 200 with half of the body, declared as whole.
#[derive(Debug)]
pub struct TruncatedBody {
    /// What it hits.
    pub aim: Aim,
}

impl Fault for TruncatedBody {
    fn code(&self) -> &'static str {
        "truncated-body"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Mutate(Box::new(|mut response| {
            let half = response.body.len() / 2;
            response.body.truncate(half);
            response
        }))
    }
}
