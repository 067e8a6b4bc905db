//! The records of one kind, keyed, in an order that paging can rely on.

use std::cmp::Ordering;
use std::str::FromStr as _;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::base::clock::Timestamp;

/// A kept record and its place in the order of making.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    /// Counts up with every record made.
    pub(super) serial: u64,
    /// The record.
    pub(super) value: Value,
}

/// The records of one kind.
#[derive(Debug, Clone, Default)]
pub struct Collection {
    records: IndexMap<String, Kept>,
    next: u64,
}

impl Collection {
    /// The record with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.records.get(key).map(|k| &k.value)
    }

    /// Keeps a record under a key, replacing what was there.
    pub fn put(&mut self, key: &str, value: Value) {
        if let Some(kept) = self.records.get_mut(key) {
            kept.value = value;
            return;
        }
        self.records.insert(key.to_owned(), Kept { serial: self.next, value });
        self.next += 1;
    }

    /// Removes a record.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.records.shift_remove(key).map(|k| k.value)
    }

    /// Keys and records, in the order of making.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.records.iter().map(|(k, r)| (k.as_str(), &r.value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The number that the next record made will have.
    #[must_use]
    pub const fn next_serial(&self) -> u64 {
        self.next
    }

    /// All records, ordered by a field (where given), then by making.
    pub(super) fn ordered(&self, field: Option<&str>, newest_first: bool) -> Vec<&Kept> {
        let mut all: Vec<&Kept> = self.records.values().collect();
        all.sort_by(|a, b| {
            let order = position_order(
                (field.and_then(|f| a.value.get(f)), a.serial),
                (field.and_then(|f| b.value.get(f)), b.serial),
            );
            if newest_first { order.reverse() } else { order }
        });
        all
    }
}

/// Compares places in a list: by value of the ordering field, then by making.
pub(super) fn position_order(a: (Option<&Value>, u64), b: (Option<&Value>, u64)) -> Ordering {
    match (a.0, b.0) {
        (Some(x), Some(y)) => compare(x, y),
        (x, y) => x.is_some().cmp(&y.is_some()),
    }
    .then(a.1.cmp(&b.1))
}

/// Compares two values as a database would: times as instants, numbers by value, text by code point.
#[must_use]
pub fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => number_order(&x.to_string(), &y.to_string()),
        (Value::String(x), Value::String(y)) => match (Timestamp::parse(x), Timestamp::parse(y)) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.cmp(y),
        },
        _ => a.to_string().cmp(&b.to_string()),
    }
}

/// Compares two numbers as written.
fn number_order(a: &str, b: &str) -> Ordering {
    match (Decimal::from_str(a), Decimal::from_str(b)) {
        (Ok(x), Ok(y)) => x.cmp(&y),
        _ => {
            let value = |t: &str| t.parse::<f64>().unwrap_or(f64::NAN);
            value(a).total_cmp(&value(b))
        }
    }
}

/// A value and a text of a query, compared in the value's own type: seconds, instants or text.
pub(super) fn compare_text(value: &Value, text: &str) -> Option<Ordering> {
    match value {
        Value::Number(n) => {
            let digits = text.parse::<f64>().is_ok();
            if digits {
                return Some(number_order(&n.to_string(), text));
            }
            // Seconds since 1970 against a written date.
            let at = Timestamp::parse(text)?;
            Some(number_order(&n.to_string(), &(at.0.div_euclid(1000)).to_string()))
        }
        Value::String(s) => match (Timestamp::parse(s), instant(text)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(s.as_str().cmp(text)),
        },
        _ => None,
    }
}

/// An instant written as RFC 3339, as a date or as seconds since 1970.
fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| text.parse::<i64>().ok().map(|s| Timestamp(s.saturating_mul(1000))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_compare_by_what_they_mean() {
        assert_eq!(compare(&json!("2026-01-01T01:00:00+01:00"), &json!("2026-01-01T00:00:00Z")), Ordering::Equal);
        assert_eq!(compare(&json!(10), &json!(9)), Ordering::Greater);
        assert_eq!(compare_text(&json!(1_767_225_600), "2026-01-01T00:00:00Z"), Some(Ordering::Equal));
        assert_eq!(compare_text(&json!("2026-01-01T00:00:00Z"), "1767225599"), Some(Ordering::Greater));
        assert_eq!(compare_text(&json!(null), "x"), None);
    }

    #[test]
    fn the_order_of_making_breaks_ties() {
        let mut c = Collection::default();
        for (key, at) in [("b", 2), ("a", 1), ("c", 2)] {
            c.put(key, json!({"id": key, "at": at}));
        }
        let keys = |newest| {
            c.ordered(Some("at"), newest)
                .iter()
                .map(|k| k.value["id"].as_str().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(false), ["a", "b", "c"]);
        assert_eq!(keys(true), ["c", "b", "a"]);
    }
}
