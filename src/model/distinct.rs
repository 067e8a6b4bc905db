//! `uniqueItems`: which values are equal in JSON Schema's sense.

use std::collections::HashMap;

use serde_json::Value;

use super::multiple;
use crate::base::digest::canonical;

/// A text that two values share just where JSON Schema calls them equal: properties in any order, numbers by their value
/// (`1` and `1.0`), as far as 28 digits.
#[must_use]
pub fn identity(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Number(_) | Value::Array(_) | Value::Object(_) => canonical(&plain(value), &mut out),
        scalar => canonical(scalar, &mut out),
    }
    out
}

/// The same with each number in its shortest form.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(n) => {
            let shortest = multiple::decimal(n).and_then(|d| d.normalize().to_string().parse().ok());
            Value::Number(shortest.unwrap_or_else(|| n.clone()))
        }
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(name, v)| (name.clone(), plain(v))).collect()),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// The places of the first two items that are equal, where there are such; each item is looked at once.
#[must_use]
pub fn twins(items: &[Value]) -> Option<(usize, usize)> {
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(items.len());
    items.iter().enumerate().find_map(|(at, item)| seen.insert(identity(item), at).map(|first| (first, at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_is_what_json_schema_calls_equal() {
        let twins = |v: Value| twins(v.as_array().map_or(&[], Vec::as_slice));
        assert_eq!(twins(json!([1, 2, 1.0])), Some((0, 2)));
        assert_eq!(twins(json!([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}])), Some((0, 1)));
        assert_eq!(twins(json!(["1", 1, true, null, [1], {"a": 1}])), None);
        assert_eq!(twins(json!([0, false, ""])), None);
    }
}
