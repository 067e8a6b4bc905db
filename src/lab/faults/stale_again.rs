//! A later page repeats a record in an older form.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::{dig, put, text_of};
use serde_json::Value;

/// A later page repeats a record in an older form, as lists that are put together from several shards or from a read
/// replica do.
#[derive(Debug)]
pub struct StaleAgain {
    /// What it hits.
    pub aim: Aim,
    /// Key of the record.
    key: String,
    older: Value,
    /// Path of the records in the answer, and of a record in its item.
    items: Vec<String>,
    inside: Vec<String>,
    /// Path of the key in a record.
    key_path: Arc<Vec<String>>,
    came: Arc<AtomicBool>,
    told: Arc<Mutex<bool>>,
}

impl StaleAgain {
    /// The older form of the record with this key.
    #[must_use]
    pub fn new(aim: Aim, key: String, older: Value, items: Vec<String>, inside: Vec<String>) -> Self {
        Self { aim, key, older, items, inside, key_path: Arc::default(), came: Arc::default(), told: Arc::default() }
    }

    /// Where the key lies in a record.
    #[must_use]
    pub fn keyed_by(mut self, path: Vec<String>) -> Self {
        self.key_path = Arc::new(path);
        self
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
        let (came, told, key_path) = (Arc::clone(&self.came), Arc::clone(&self.told), Arc::clone(&self.key_path));
        let (key, older) = (self.key.clone(), self.older.clone());
        let (items, inside) = (self.items.clone(), self.inside.clone());
        Disposition::Mutate(Box::new(move |mut response| {
            let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return response };
            let Some(mut list) = dig(&body, &items).and_then(Value::as_array).cloned() else { return response };
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            let here = list.iter().filter_map(|item| dig(item, &inside)).filter_map(|r| dig(r, &key_path));
            if here.map(text_of).any(|k| k == key) {
                came.store(true, Ordering::Relaxed);
                return response;
            }
            // Before others, so that the last record of the page stays the last.
            if *told || list.is_empty() || !came.load(Ordering::Relaxed) {
                return response;
            }
            *told = true;
            let mut item = Value::Null;
            put(&mut item, &inside, older);
            list.insert(0, item);
            put(&mut body, &items, Value::Array(list));
            response.body = body.to_string().into();
            response
        }))
    }
}
