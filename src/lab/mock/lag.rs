//! Eventual consistency: for a while after a write, lists and searches show what was there before; a record that is got by
//! its key is always the latest.

use std::collections::BTreeMap;

use serde_json::Value;

use super::collection::Collection;
use crate::base::clock::Timestamp;

/// Writes that lists do not show yet, by entity and key.
#[derive(Debug, Clone, Default)]
pub(super) struct Lag(BTreeMap<(String, String), Behind>);

/// A record that is ahead of its list.
#[derive(Debug, Clone)]
struct Behind {
    until: Timestamp,
    /// What the list shows; nothing where the record was not there.
    old: Option<Value>,
}

impl Lag {
    /// A record is about to be written; `old` is what there is.
    pub(super) fn writes(&mut self, entity: &str, key: &str, old: Option<&Value>, until: Timestamp) {
        let behind = self.0.entry((entity.to_owned(), key.to_owned()));
        // Two writes in a row: the list shows what was there before the first.
        behind.or_insert_with(|| Behind { until, old: old.cloned() }).until = until;
    }

    /// Forgets what lists show by now.
    pub(super) fn passes(&mut self, now: Timestamp) {
        self.0.retain(|_, behind| behind.until > now);
    }

    /// Nothing is behind.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The collection as a list shows it.
    pub(super) fn shown(&self, entity: &str, collection: &Collection) -> Collection {
        let mut out = Collection::default();
        for (key, record) in collection.iter() {
            match self.0.get(&(entity.to_owned(), key.to_owned())) {
                None => out.put(key, record.clone()),
                Some(Behind { old: Some(old), .. }) => out.put(key, old.clone()),
                Some(Behind { old: None, .. }) => {}
            }
        }
        out
    }
}
