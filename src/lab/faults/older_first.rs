//! A page brings a record in an older form; in the form that it has now it follows on a later page.

use super::{Aim, Disposition, Exchange, Fault};
use crate::lab::mock::{compare, dig, put, text_of};
use serde_json::Value;

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
    /// Path of the records in the answer.
    pub items: Vec<String>,
    /// Path of a record in its item.
    pub inside: Vec<String>,
    /// Path of the key in a record.
    pub key: Vec<String>,
    /// Path of what tells when a record changed: it stands first on the page, and is no newer than what followed there.
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
        let (record, mut older, key) = (self.record.clone(), self.older.clone(), self.key.clone());
        let (items, inside, version) = (self.items.clone(), self.inside.clone(), self.version.clone());
        Disposition::Mutate(Box::new(move |mut response| {
            let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return response };
            let Some(mut list) = dig(&body, &items).and_then(Value::as_array).cloned() else { return response };
            let mut here = list.iter().filter_map(|item| dig(dig(item, &inside)?, &key)).map(text_of);
            if list.is_empty() || here.any(|key| key == record) {
                return response;
            }
            let first = list.first().and_then(|item| dig(dig(item, &inside)?, &version));
            if let (Some(first), Some(own)) = (first, dig(&older, &version))
                && compare(first, own).is_lt()
            {
                put(&mut older, &version, first.clone());
            }
            let mut item = Value::Null;
            put(&mut item, &inside, older);
            // Before others, so that the last record of the page stays the last.
            list.insert(0, item);
            put(&mut body, &items, Value::Array(list));
            response.body = body.to_string().into();
            response
        }))
    }
}
