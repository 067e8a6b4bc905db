//! A page of a list, opened to have a record put on it.

use serde_json::Value;

use crate::connector::{Response, SourcePlan};
use crate::lab::mock::{dig, put, text_of};

/// Where a page holds its records, and a record its key.
#[derive(Debug, Clone, Default)]
pub struct PageShape {
    /// Path of the records in the answer.
    items: Vec<String>,
    /// Path of a record in its item.
    inside: Vec<String>,
    /// Path of the key in a record.
    key: Vec<String>,
}

impl PageShape {
    /// That of the lists of this source.
    #[must_use]
    pub fn of(source: &SourcePlan) -> Self {
        Self { items: source.items.clone(), inside: source.inside.clone(), key: source.key.clone() }
    }

    /// The page that this answer is; nothing where it is none, or holds no list.
    pub(super) fn open(&self, response: &Response) -> Option<Page<'_>> {
        let body = serde_json::from_slice::<Value>(&response.body).ok()?;
        let list = dig(&body, &self.items)?.as_array()?.clone();
        Some(Page { shape: self, body, list })
    }
}

/// An answer with a list.
pub(super) struct Page<'s> {
    shape: &'s PageShape,
    body: Value,
    list: Vec<Value>,
}

impl Page<'_> {
    /// The records on it.
    pub(super) fn records(&self) -> impl Iterator<Item = &Value> {
        self.list.iter().filter_map(|item| dig(item, &self.shape.inside))
    }

    /// Whether the record with this key is on it.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.records().filter_map(|record| dig(record, &self.shape.key)).any(|own| text_of(own) == key)
    }

    /// The answer's body with this record before the others, so that the last record of the page stays the last.
    pub(super) fn with_first(mut self, record: Value) -> bytes::Bytes {
        let mut item = Value::Null;
        put(&mut item, &self.shape.inside, record);
        self.list.insert(0, item);
        put(&mut self.body, &self.shape.items, Value::Array(self.list));
        self.body.to_string().into()
    }
}
