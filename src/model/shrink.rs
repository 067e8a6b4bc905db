//! From a record that shows something to a small one that still does.

use serde_json::{Map, Number, Value};

use super::{Direction, SchemaId, Schemas, validate};

/// Most records that are tried: a small record is worth looking for, but not for long.
const TRIES: u32 = 600;

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
    let mut keeps = |candidate: &Value| {
        if left == 0 {
            return false;
        }
        left -= 1;
        validate(schemas, id, candidate, dir).is_empty() && shows(candidate)
    };
    loop {
        let smaller = candidates(&best).into_iter().find(|c| keeps(c));
        match smaller {
            Some(next) => best = next,
            None => return best,
        }
    }
}

/// Values one step smaller, the largest steps first.
fn candidates(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) => {
            let mut out: Vec<Value> = Vec::new();
            for name in fields.keys() {
                let rest: Map<String, Value> =
                    fields.iter().filter(|(k, _)| *k != name).map(|(k, v)| (k.clone(), v.clone())).collect();
                out.push(Value::Object(rest));
            }
            for (name, inner) in fields {
                for smaller in candidates(inner) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), smaller);
                    out.push(Value::Object(changed));
                }
            }
            out
        }
        Value::Array(items) => {
            let mut out = Vec::new();
            if items.len() > 3 {
                out.push(Value::Array(items[..items.len() / 2].to_vec()));
            }
            for i in (0..items.len().min(12)).rev() {
                let mut rest = items.clone();
                rest.remove(i);
                out.push(Value::Array(rest));
            }
            for (i, inner) in items.iter().enumerate().take(6) {
                for smaller in candidates(inner) {
                    let mut changed = items.clone();
                    if let Some(slot) = changed.get_mut(i) {
                        *slot = smaller;
                    }
                    out.push(Value::Array(changed));
                }
            }
            out
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
            out
        }
        Value::Number(n) => {
            let mut out = Vec::new();
            for small in ["0", "1", "10"] {
                if n.to_string() != small
                    && n.to_string().len() >= small.len()
                    && n.to_string() != "0"
                    && n.to_string() != "1"
                {
                    out.extend(small.parse::<Number>().map(Value::Number));
                }
            }
            out
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schema;
    use serde_json::json;

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
