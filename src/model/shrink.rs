//! From a record that shows something to a small one that still does.

use std::collections::HashSet;

use serde_json::{Number, Value};

use super::{Direction, SchemaId, Schemas, validate};

/// Most records that are tried: a small record is worth looking for, but not for long.
const TRIES: usize = 600;
/// Of an object with more fields, parts are left out before single ones are.
const MANY: usize = 32;

/// The smallest record found for which `shows` still holds and which still fits the schema: fields and items are left out,
/// texts shortened, numbers made small. Deterministic; the record itself where nothing smaller shows it.
pub fn shrink(
    schemas: &Schemas,
    id: SchemaId,
    record: &Value,
    dir: Direction,
    shows: impl Fn(&Value) -> bool,
) -> Value {
    let mut left = TRIES;
    let mut best = record.clone();
    loop {
        let mut smaller = None;
        for candidate in candidates(&best).take(left) {
            left -= 1;
            if validate(schemas, id, &candidate, dir).is_empty() && shows(&candidate) {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(next) => best = next,
            None => return best,
        }
    }
}

/// Values one step smaller, the largest steps first; each is made when it is asked for, since of a large record few are.
fn candidates(value: &Value) -> Box<dyn Iterator<Item = Value> + '_> {
    match value {
        Value::Object(fields) => {
            let names: Vec<&String> = if fields.len() > MANY { fields.keys().collect() } else { Vec::new() };
            // Of many fields half are left out at once, then a quarter, an eighth.
            let parts = [2, 4, 8, 16].into_iter().flat_map(move |n| {
                let size = names.len().div_ceil(n).max(1);
                names.chunks(size).map(|part| part.to_vec()).collect::<Vec<_>>()
            });
            let without = parts.map(|part| {
                let gone: HashSet<&String> = part.into_iter().collect();
                Value::Object(fields.iter().filter(|(k, _)| !gone.contains(k)).map(owned).collect())
            });
            let without_one =
                fields.keys().map(|name| Value::Object(fields.iter().filter(|(k, _)| *k != name).map(owned).collect()));
            let inside = fields.iter().flat_map(|(name, inner)| {
                candidates(inner).map(|smaller| {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), smaller);
                    Value::Object(changed)
                })
            });
            Box::new(without.chain(without_one).chain(inside))
        }
        Value::Array(items) => {
            let half = (items.len() > 3).then(|| Value::Array(items[..items.len() / 2].to_vec()));
            let without_one = (0..items.len().min(12)).rev().map(|i| {
                let mut rest = items.clone();
                rest.remove(i);
                Value::Array(rest)
            });
            let inside = items.iter().enumerate().take(6).flat_map(move |(i, inner)| {
                candidates(inner).map(move |smaller| {
                    let mut changed = items.clone();
                    if let Some(slot) = changed.get_mut(i) {
                        *slot = smaller;
                    }
                    Value::Array(changed)
                })
            });
            Box::new(half.into_iter().chain(without_one).chain(inside))
        }
        Value::String(text) => {
            let length = text.chars().count();
            let cut = |n: usize| Value::String(text.chars().take(n).collect());
            let mut out = Vec::new();
            if length > 0 {
                out.push(cut(0));
            }
            if length > 2 {
                out.push(cut(length / 2));
            }
            if length > 1 {
                out.push(cut(length - 1));
            }
            // Plain letters are easier to read than odd ones.
            if length <= 40 && !text.chars().all(|c| c == 'a') {
                out.push(Value::String("a".repeat(length)));
            }
            Box::new(out.into_iter())
        }
        Value::Number(n) => {
            let shown = n.to_string();
            let mut out = Vec::new();
            for small in ["0", "1", "10"] {
                if shown != small && shown.len() >= small.len() && shown != "0" && shown != "1" {
                    out.extend(small.parse::<Number>().map(Value::Number));
                }
            }
            Box::new(out.into_iter())
        }
        _ => Box::new(std::iter::empty()),
    }
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schema;
    use serde_json::json;

    /// A thousand fields of which one matters: found by halves, within the tries.
    #[test]
    fn one_of_many_fields_is_left() {
        let mut schemas = Schemas::default();
        let any = schemas.push(Schema::default());
        let record: Value = (0..1000).map(|i| (format!("f{i}"), json!(i))).collect::<serde_json::Map<_, _>>().into();
        let tried = std::cell::Cell::new(0);
        let small = shrink(&schemas, any, &record, Direction::Response, |r| {
            tried.set(tried.get() + 1);
            r.get("f700").is_some()
        });
        assert!(small.as_object().is_some_and(|o| o.len() <= 2), "{small}");
        assert!(tried.get() <= TRIES);
    }

    #[test]
    fn what_does_not_matter_is_gone() {
        let mut schemas = Schemas::default();
        let any = schemas.push(Schema::default());
        let record = json!({"a": {"b": ["x", "long text here", "y"], "c": 12}, "d": "e", "n": 400});
        let shows = |r: &Value| {
            r["a"]["b"].as_array().is_some_and(|b| b.iter().any(|v| v.as_str().is_some_and(|s| s.len() > 3)))
        };
        let small = shrink(&schemas, any, &record, Direction::Response, shows);
        assert_eq!(small.to_string(), r#"{"a":{"b":["aaaa"]}}"#);
    }
}
