//! Somebody changes a system while the connector is at work on it.

use super::{Aim, Alter, Altered, Disposition, Exchange, Fault};

/// Somebody changes a system while the connector is at work on it, once.
pub struct SourceChanged {
    /// What it hits.
    pub aim: Aim,
    /// The change.
    pub change: Option<Alter>,
}

impl Fault for SourceChanged {
    fn code(&self) -> &'static str {
        "source-changed"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        Disposition::Alter(self.change.take().unwrap_or_else(|| Box::new(|_| Altered::default())))
    }
}
