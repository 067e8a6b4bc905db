//! Conditions of a `when`: one field, one test.

use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::Value;

use super::path::{Lookup, Path};
use super::transforms::scalar_text;

/// When a case holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    field: Path,
    test: Test,
}

/// What is asked of the field. A field that is missing or null is neither above nor below anything.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is one of these values; null stands for null, never for missing.
    Is(Vec<Value>),
    /// It is none of these; a missing field is none of them.
    IsNot(Vec<Value>),
    /// It is there and not null, or not.
    Present(bool),
    /// It is a number, or the text of one, above this.
    Above(Decimal),
    /// It is a number, or the text of one, below this.
    Below(Decimal),
}

impl Condition {
    /// A test of a field.
    #[must_use]
    pub const fn new(field: Path, test: Test) -> Self {
        Self { field, test }
    }

    /// The field that is tested.
    #[must_use]
    pub const fn field(&self) -> &Path {
        &self.field
    }

    /// The test.
    #[must_use]
    pub const fn test(&self) -> &Test {
        &self.test
    }

    /// Whether it holds for a record.
    #[must_use]
    pub fn holds(&self, record: &Value) -> bool {
        let found = if let Lookup::Found(v) = self.field.get(record) { Some(v) } else { None };
        match &self.test {
            Test::Is(values) => found.is_some_and(|v| values.iter().any(|w| same(v, w))),
            Test::IsNot(values) => !found.is_some_and(|v| values.iter().any(|w| same(v, w))),
            Test::Present(wanted) => found.is_some_and(|v| !v.is_null()) == *wanted,
            Test::Above(bound) => found.and_then(number).is_some_and(|n| n > *bound),
            Test::Below(bound) => found.and_then(number).is_some_and(|n| n < *bound),
        }
    }
}

impl std::fmt::Display for Condition {
    /// `type is company`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |values: &[Value]| {
            values
                .iter()
                .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(" or ")
        };
        match &self.test {
            Test::Is(values) => write!(f, "{} is {}", self.field, list(values)),
            Test::IsNot(values) => write!(f, "{} is not {}", self.field, list(values)),
            Test::Present(true) => write!(f, "{} is present", self.field),
            Test::Present(false) => write!(f, "{} is absent", self.field),
            Test::Above(bound) => write!(f, "{} is above {bound}", self.field),
            Test::Below(bound) => write!(f, "{} is below {bound}", self.field),
        }
    }
}

/// The same value; numbers by value, so that 1 and 1.0 are one.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => number(a) == number(b) && number(a).is_some() || a == b,
        _ => a == b,
    }
}

pub(super) fn number(value: &Value) -> Option<Decimal> {
    let text = if value.is_boolean() { None } else { scalar_text(value) }?;
    Decimal::from_str(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn missing_null_and_empty_are_kept_apart() {
        let record = json!({"null": null, "empty": "", "n": 1.0, "text": "12.5", "s": "a"});
        let holds = |field: &str, test: Test| Condition::new(Path::parse(field).expect(field), test).holds(&record);
        assert!(holds("null", Test::Is(vec![Value::Null])));
        assert!(!holds("nowhere", Test::Is(vec![Value::Null])));
        assert!(holds("nowhere", Test::IsNot(vec![json!("x")])));
        assert!(!holds("null", Test::Present(true)));
        assert!(holds("empty", Test::Present(true)));
        assert!(holds("nowhere", Test::Present(false)));
        assert!(holds("n", Test::Is(vec![json!(1)])));
        assert!(!holds("n", Test::Is(vec![json!("1")])));
        assert!(holds("text", Test::Above(Decimal::from(12))));
        assert!(!holds("null", Test::Below(Decimal::from(12))));
        assert!(!holds("s", Test::Below(Decimal::from(12))));
    }
}
