//! What can be told from answers alone: pure, and without any value of a record.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::base::digest::Digest;
use crate::base::text;
use crate::connector::Response;
use crate::model::{Direction, Operation, SchemaId, System, TypeSet, validate};

/// At most so many names or places are told.
const SHOWN: usize = 6;

/// The value at a path.
pub(super) fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |v, name| v.get(name))
}

/// Text of a key or another scalar.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// The types that each field of the records was seen with, and a digest of them.
pub(super) fn shape(records: &[Value]) -> (Value, String) {
    let mut fields: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in records.iter().filter_map(Value::as_object).flatten() {
        fields.entry(name).or_default().insert(TypeSet::of(value).to_string());
    }
    let shape = json!(fields);
    let digest = Digest::of_json(&shape).short().to_owned();
    (shape, digest)
}

/// Where the records do not fit their schema: each place and rule once, items of lists not told apart, no value.
pub(super) fn misfits(system: &System, schema: SchemaId, records: &[Value]) -> Vec<String> {
    let mut out = BTreeSet::new();
    for record in records {
        for violation in validate(&system.schemas, schema, record, Direction::Response) {
            let steps = violation.pointer.split('/').skip(1);
            let place: Vec<&str> = steps.map(|s| if s.bytes().all(|b| b.is_ascii_digit()) { "*" } else { s }).collect();
            let place = if place.is_empty() { "the record".to_owned() } else { place.join(".") };
            out.insert(format!("{} {}", text::quoted(&place, 80), text::quoted(&violation.without_value(), 120)));
        }
    }
    out.into_iter().collect()
}

/// Fields that came and that the schema does not name.
pub(super) fn unknown(system: &System, schema: SchemaId, records: &[Value]) -> Vec<String> {
    let known = system.schemas.properties(schema);
    let names: BTreeSet<&String> = records.iter().filter_map(Value::as_object).flat_map(|m| m.keys()).collect();
    names.into_iter().filter(|n| !known.contains_key(n.as_str())).map(|n| text::quoted(n, 60)).collect()
}

/// How moments are written: with an offset, in UTC, without any zone, as a number.
pub(super) fn zones(values: &[&Value]) -> BTreeSet<&'static str> {
    values
        .iter()
        .filter_map(|value| match value {
            Value::Number(n) if n.as_f64()? > 1e11 => Some("milliseconds since 1970"),
            Value::Number(_) => Some("seconds since 1970"),
            Value::String(s) => {
                let time = s.split_once(['T', ' '])?.1;
                Some(match time.find(['+', '-']) {
                    _ if time.ends_with(['Z', 'z']) => "in UTC (Z)",
                    Some(_) => "with an offset",
                    None => "without a zone",
                })
            }
            _ => None,
        })
        .collect()
}

/// Names of headers that tell of limits.
pub(super) fn limits(response: &Response) -> Vec<String> {
    let tells = |name: &str| name.contains("ratelimit") || name.contains("rate-limit") || name == "retry-after";
    response.headers.iter().filter(|(n, _)| tells(n)).map(|(n, _)| text::quoted(n, 60)).collect()
}

/// What an error looks like, and whether it is as described.
pub(super) fn error(system: &System, op: &Operation, response: &Response) -> (Option<bool>, String) {
    let status = response.status.to_string();
    let class = format!("{}XX", response.status / 100);
    let described = [status.as_str(), class.as_str(), "default"]
        .into_iter()
        .find_map(|s| op.responses.iter().find(|r| r.status.eq_ignore_ascii_case(s)));
    let body = serde_json::from_slice::<Value>(&response.body).ok();
    let keys =
        body.as_ref().and_then(Value::as_object).map(|m| m.keys().map(|k| text::quoted(k, 40)).collect::<Vec<_>>());
    let looks = match (&body, keys) {
        (_, Some(keys)) => format!("with {}", some(&keys)),
        (Some(_), None) => "with JSON that is no object".to_owned(),
        (None, _) if response.body.is_empty() => "without a body".to_owned(),
        (None, _) => "with a body that is no JSON".to_owned(),
    };
    let fits = described
        .and_then(|d| d.schema)
        .map(|schema| body.is_some_and(|b| validate(&system.schemas, schema, &b, Direction::Response).is_empty()));
    (fits, looks)
}

/// The first of them, and how many more.
pub(super) fn some(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_told_apart() {
        let values = [
            json!("2026-01-02T03:04:05Z"),
            json!("2026-01-02T03:04:05+01:00"),
            json!("2026-01-02 03:04:05"),
            json!(1_790_000_000),
            json!(1_790_000_000_000_u64),
            json!("soon"),
        ];
        let zones: Vec<_> = zones(&values.iter().collect::<Vec<_>>()).into_iter().collect();
        assert_eq!(
            zones,
            ["in UTC (Z)", "milliseconds since 1970", "seconds since 1970", "with an offset", "without a zone"]
        );
    }

    #[test]
    fn a_shape_holds_types_and_no_value() {
        let (value, digest) = shape(&[json!({"id": "cus_1", "n": 1}), json!({"id": "cus_2", "n": null})]);
        assert_eq!(value, json!({"id": ["string"], "n": ["integer", "null"]}));
        assert_eq!(digest, shape(&[json!({"id": "x", "n": null}), json!({"n": 7})]).1);
    }
}
