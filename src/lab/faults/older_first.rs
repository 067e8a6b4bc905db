//! A page brings a record in an older form; in the form that it has now it follows on a later page.

use serde_json::Value;

use super::page::PageShape;
use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::{compare, dig, put};

/// A page brings a record in an older form, once: in the form that it has now it follows on a later page, as in a list by change
/// time of which a record changes while it is read.
#[derive(Debug)]
pub struct OlderFirst {
    /// What it hits.
    pub aim: Aim,
    /// Key of the record. Where it is on the page itself, nothing happens.
    pub record: String,
    /// The older form of it.
    pub older: Value,
    /// Where the page holds its records.
    pub page: PageShape,
    /// Path of the time of a record's change. Put first on the page, the older form is given the time of the record that was
    /// first there, where its own is later.
    pub version: Vec<String>,
}

impl Fault for OlderFirst {
    fn code(&self) -> &'static str {
        "older-first"
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        if !self.aim.hits(exchange) {
            return Disposition::Pass;
        }
        let (record, mut older) = (self.record.clone(), self.older.clone());
        let (shape, version) = (self.page.clone(), self.version.clone());
        Disposition::Mutate(Box::new(move |mut response| {
            let Some(page) = shape.open(&response).filter(|page| !page.holds(&record)) else { return response };
            let Some(first) = page.records().next() else { return response };
            if let (Some(first), Some(own)) = (dig(first, &version), dig(&older, &version))
                && compare(first, own).is_lt()
            {
                put(&mut older, &version, first.clone());
            }
            response.body = page.with_first(older);
            response
        }))
    }
}
