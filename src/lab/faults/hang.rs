//! No answer ever comes.

use super::{Aim, Disposition, Exchange, Fault};

/// No answer ever comes.
#[derive(Debug)]
pub struct Hang {
    /// What it hits.
    pub aim: Aim,
    /// The system does it all the same.
    pub commit: bool,
}

impl Fault for Hang {
    fn code(&self) -> &'static str {
        "hang"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Hang { commit: self.commit }
    }
}
