//! A later page repeats a record in an older form.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::page::PageShape;
use super::{Aim, Disposition, Exchange, Fault};

/// A later page repeats a record in an older form, as lists that are put together from several shards or from a read
/// replica do.
#[derive(Debug)]
pub struct StaleAgain {
    /// What it hits.
    aim: Aim,
    /// Key of the record.
    key: String,
    older: Value,
    page: PageShape,
    came: Arc<AtomicBool>,
    told: Arc<AtomicBool>,
}

impl StaleAgain {
    /// The older form of the record with this key.
    #[must_use]
    pub fn new(aim: Aim, key: String, older: Value, page: PageShape) -> Self {
        Self { aim, key, older, page, came: Arc::default(), told: Arc::default() }
    }
}

impl Fault for StaleAgain {
    fn code(&self) -> &'static str {
        "stale-again"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let (came, told) = (Arc::clone(&self.came), Arc::clone(&self.told));
        let (key, older, shape) = (self.key.clone(), self.older.clone(), self.page.clone());
        Disposition::Mutate(Box::new(move |mut response| {
            let Some(page) = shape.open(&response) else { return response };
            if page.holds(&key) {
                came.store(true, Ordering::Relaxed);
            } else if page.records().next().is_some()
                && came.load(Ordering::Relaxed)
                && !told.swap(true, Ordering::Relaxed)
            {
                response.body = page.with_first(older);
            }
            response
        }))
    }
}
