//! The records of one kind, keyed, in an order that paging can rely on.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::str::FromStr as _;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde_json::Value;

use super::text_of;
use crate::base::clock::Timestamp;

/// A kept record and its place in the order of making.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    /// Counts up with every record made.
    pub(super) serial: u64,
    /// The number of the change that made it what it is.
    pub(super) changed: u64,
    /// The record.
    pub(super) value: Value,
}

/// The records of one kind. Orders and look-ups that were asked for once are kept up with every change, so that a page of a
/// list or a search by value costs no look at the others.
#[derive(Debug, Clone, Default)]
pub struct Collection {
    records: IndexMap<String, Kept>,
    next: u64,
    /// Counts up with every change.
    changes: u64,
    /// Places of records by field that orders them; of none, by making.
    orders: BTreeMap<Option<String>, Vec<u32>>,
    /// Places of records by field, letters folded or not, and value as text.
    values: BTreeMap<(String, bool), HashMap<String, Vec<u32>>>,
}

impl Collection {
    /// The record with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.records.get(key).map(|k| &k.value)
    }

    /// Keeps a record under a key, replacing what was there.
    pub fn put(&mut self, key: &str, value: Value) {
        self.changes += 1;
        if let Some((place, _, kept)) = self.records.get_full_mut(key) {
            kept.changed = self.changes;
            let old = std::mem::replace(&mut kept.value, value);
            let serial = kept.serial;
            self.moved(place, serial, Some(&old));
            return;
        }
        let serial = self.next;
        self.next += 1;
        let (place, _) = self.records.insert_full(key.to_owned(), Kept { serial, changed: self.changes, value });
        self.moved(place, serial, None);
    }

    /// Removes a record.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let removed = self.records.shift_remove(key).map(|k| k.value)?;
        self.changes += 1;
        // Every place behind it is another one now.
        self.orders.clear();
        self.values.clear();
        Some(removed)
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

    /// How often it was changed so far.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// The record at a place.
    pub(super) fn at(&self, place: u32) -> Option<&Kept> {
        self.records.get_index(place as usize).map(|(_, kept)| kept)
    }

    /// Key and record at a place.
    pub(super) fn entry_at(&self, place: u32) -> Option<(&str, &Value)> {
        self.records.get_index(place as usize).map(|(key, kept)| (key.as_str(), &kept.value))
    }

    /// Puts the records in order by a field (where given), then by making. Their places are then in [`Collection::places`].
    pub(super) fn arrange(&mut self, field: Option<&str>) {
        let field = field.map(str::to_owned);
        if self.orders.contains_key(&field) {
            return;
        }
        let mut all: Vec<(Place<'_>, u32)> = (0..)
            .zip(self.records.values())
            .map(|(place, kept)| (Place::of(field.as_ref().and_then(|f| kept.value.get(f)), kept.serial), place))
            .collect();
        all.sort_by(|a, b| a.0.order(&b.0));
        let places = all.into_iter().map(|(_, place)| place).collect();
        self.orders.insert(field, places);
    }

    /// Puts some places in the order of a field (where given), then of making.
    pub(super) fn sort(&self, places: &mut [u32], field: Option<&str>) {
        if places.len() < 2 {
            return;
        }
        let of = |place: &u32| {
            let kept = self.at(*place);
            Place::of(kept.and_then(|k| k.value.get(field?)), kept.map_or(0, |k| k.serial))
        };
        places.sort_by(|a, b| of(a).order(&of(b)));
    }

    /// Places in the order of [`Collection::arrange`]; nothing where it was not asked for.
    pub(super) fn places(&self, field: Option<&str>) -> &[u32] {
        self.orders.get(&field.map(str::to_owned)).map_or(&[], Vec::as_slice)
    }

    /// Places of the records whose field has this value, in the order of making; `fold`: whatever the case of its letters.
    pub(super) fn equal(&mut self, field: &str, text: &str, fold: bool) -> &[u32] {
        let wanted = folded(text, fold);
        let index = self.values.entry((field.to_owned(), fold)).or_insert_with(|| {
            let mut index: HashMap<String, Vec<u32>> = HashMap::new();
            for (place, kept) in (0..).zip(self.records.values()) {
                if let Some(value) = kept.value.get(field) {
                    index.entry(folded(&text_of(value), fold)).or_default().push(place);
                }
            }
            index
        });
        index.get(&wanted).map_or(&[], Vec::as_slice)
    }

    /// Brings orders and look-ups up to date with the record at a place, which was another or none before.
    fn moved(&mut self, place: usize, serial: u64, old: Option<&Value>) {
        if self.orders.is_empty() && self.values.is_empty() {
            return;
        }
        let (Ok(here), Some((_, kept))) = (u32::try_from(place), self.records.get_index(place)) else { return };
        let new = &kept.value;
        for (field, places) in &mut self.orders {
            let of = |value: Option<&Value>| value.and_then(|v| v.get(field.as_ref()?)).cloned();
            let now = of(Some(new));
            if let Some(old) = old {
                if of(Some(old)) == now {
                    continue;
                }
                // Its own place is where the old value stood.
                places.retain(|p| *p != here);
            }
            let own = Place::of(now.as_ref(), serial);
            let at = places.partition_point(|p| {
                self.records.get_index(*p as usize).is_some_and(|(_, k)| {
                    Place::of(field.as_ref().and_then(|f| k.value.get(f)), k.serial).order(&own).is_lt()
                })
            });
            places.insert(at, here);
        }
        for ((field, fold), index) in &mut self.values {
            let text = |value: &Value| value.get(field).map(|v| folded(&text_of(v), *fold));
            let (before, now) = (old.and_then(text), text(new));
            if before == now {
                continue;
            }
            if let Some(places) = before.and_then(|b| index.get_mut(&b)) {
                places.retain(|p| *p != here);
            }
            if let Some(now) = now {
                let places = index.entry(now).or_default();
                let at = places.partition_point(|p| *p < here);
                places.insert(at, here);
            }
        }
    }
}

fn folded(text: &str, fold: bool) -> String {
    if fold { text.to_lowercase() } else { text.to_owned() }
}

/// Where a record stands in a list: by value of the ordering field, then by making. What is compared is read once.
struct Place<'v> {
    value: Option<&'v Value>,
    at: Option<Timestamp>,
    number: Option<Decimal>,
    serial: u64,
}

impl<'v> Place<'v> {
    fn of(value: Option<&'v Value>, serial: u64) -> Self {
        let (mut at, mut number) = (None, None);
        match value {
            Some(Value::String(text)) => at = Timestamp::parse(text),
            Some(Value::Number(n)) => number = Decimal::from_str(n.as_str()).ok(),
            _ => {}
        }
        Self { value, at, number, serial }
    }

    fn order(&self, other: &Self) -> Ordering {
        let by_value = match (self.value, other.value) {
            (Some(x), Some(y)) => match ((self.at, other.at), (self.number, other.number)) {
                ((Some(x), Some(y)), _) => x.cmp(&y),
                (_, (Some(x), Some(y))) => x.cmp(&y),
                _ => compare(x, y),
            },
            (x, y) => x.is_some().cmp(&y.is_some()),
        };
        by_value.then(self.serial.cmp(&other.serial))
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
        (Value::Number(x), Value::Number(y)) => number_order(x.as_str(), y.as_str()),
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
                return Some(number_order(n.as_str(), text));
            }
            // Seconds since 1970 against a written date.
            let at = Timestamp::parse(text)?;
            Some(number_order(n.as_str(), &(at.0.div_euclid(1000)).to_string()))
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
        c.arrange(Some("at"));
        assert_eq!(in_order(&c, Some("at")), ["a", "b", "c"]);
    }

    fn in_order(c: &Collection, field: Option<&str>) -> Vec<String> {
        c.places(field).iter().filter_map(|p| c.entry_at(*p)).map(|(key, _)| key.to_owned()).collect()
    }

    #[test]
    fn orders_and_look_ups_follow_every_change() {
        let fresh = |c: &Collection| {
            let mut anew = Collection::default();
            c.iter().for_each(|(key, value)| anew.put(key, value.clone()));
            anew.arrange(Some("at"));
            in_order(&anew, Some("at"))
        };
        let mut c = Collection::default();
        for (key, at) in [("b", 2), ("a", 1), ("c", 2)] {
            c.put(key, json!({"id": key, "at": at, "name": "Ada"}));
        }
        c.arrange(Some("at"));
        let keys = |c: &mut Collection, text: &str, fold| {
            let places = c.equal("name", text, fold).to_vec();
            places.iter().filter_map(|p| c.entry_at(*p)).map(|(key, _)| key.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(keys(&mut c, "ada", true), ["b", "a", "c"]);
        assert_eq!(keys(&mut c, "ada", false), [""; 0]);
        c.put("b", json!({"id": "b", "at": 9, "name": "ADA"}));
        c.put("d", json!({"id": "d", "at": 0, "name": "Mei"}));
        assert_eq!(in_order(&c, Some("at")), ["d", "a", "c", "b"]);
        assert_eq!(in_order(&c, Some("at")), fresh(&c));
        assert_eq!(keys(&mut c, "ADA", false), ["b"]);
        assert_eq!(keys(&mut c, "ada", true), ["b", "a", "c"]);
        c.remove("a");
        c.arrange(Some("at"));
        assert_eq!(in_order(&c, Some("at")), ["d", "c", "b"]);
        assert_eq!(keys(&mut c, "ada", true), ["b", "c"]);
    }
}
