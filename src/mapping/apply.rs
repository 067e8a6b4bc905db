//! A mapping at work on one record.
//!
//! What a rule does with what it finds, in this order:
//!
//! 1. **missing** (the property, an item or a parent is not there, or a parent is null): the `default`, else the target
//!    stays out of the result;
//! 2. **null**: the `default`, else looked up in `values` under the key `null`, else passed on as null. Transforms do
//!    not see it. The type checker refuses a null that the target does not take;
//! 3. **empty** text or list: a value like any other;
//! 4. any other value goes through the transforms, then through `values`; what the table lacks goes by `else`
//!    (`reject` where nothing is written). A transform that ends with nothing (`first` of an empty list) is case 1.
//!
//! A join leaves out parts that are missing or null; it is missing itself when all of them are.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::path::{Lookup, Path};
use super::rule::{Else, Rule, Source, ValueTable};
use super::transforms::{Fault, scalar_text};
use super::{Mapping, Rejection};
use crate::model::TypeSet;

impl Mapping {
    /// Maps one record; see the module for missing, null and empty. The result is an object, with its fields in the
    /// order of the rules.
    ///
    /// # Errors
    /// The first rule that cannot be applied.
    pub fn apply(&self, record: &Value) -> Result<Value, Rejection> {
        let mut out = Value::Object(Map::new());
        for rule in &self.rules {
            let value = rule.value(record).map_err(|fault| Rejection {
                code: fault.code,
                target: rule.target.to_string(),
                from: rule.source.to_string(),
                because: fault.because,
            })?;
            if let Some(value) = value {
                rule.target.set(&mut out, value);
            }
        }
        Ok(out)
    }
}

impl Rule {
    /// The value for the target; nothing where it stays out.
    pub(super) fn value(&self, record: &Value) -> Result<Option<Value>, Fault> {
        let found = match &self.source {
            Source::Const(value) => return Ok(Some(value.clone())),
            Source::Path(path) => look(path, record)?.cloned(),
            Source::Join { parts, separator } => join(parts, separator, record)?,
        };
        let value = match found {
            None => None,
            Some(Value::Null) if self.default.is_some() => None,
            Some(Value::Null) => Some(Value::Null),
            Some(value) => self.through(value, record)?,
        };
        let value = match (value, &self.values) {
            (Some(value), Some(table)) => Some(table.look_up(value)?),
            (value, _) => value,
        };
        Ok(value.or_else(|| self.default.as_ref().map(|d| d.value.clone())))
    }

    fn through(&self, value: Value, record: &Value) -> Result<Option<Value>, Fault> {
        let mut value = value;
        for step in &self.steps {
            match step.op.apply(&value, record)? {
                Some(Value::Null) | None => return Ok(None),
                Some(next) => value = next,
            }
        }
        Ok(Some(value))
    }
}

fn look<'v>(path: &Path, record: &'v Value) -> Result<Option<&'v Value>, Fault> {
    match path.get(record) {
        Lookup::Found(v) => Ok(Some(v)),
        Lookup::Missing => Ok(None),
        Lookup::WrongShape => Err(Fault::new("wrong-shape", "a parent of the field is neither object nor list")),
    }
}

fn join(parts: &[Path], separator: &str, record: &Value) -> Result<Option<Value>, Fault> {
    let mut texts = Vec::new();
    for part in parts {
        match look(part, record)? {
            None | Some(Value::Null) => {}
            Some(v) => texts.push(scalar_text(v).ok_or_else(|| {
                Fault::new("not-convertible", format!("the part {part} is {} and cannot be joined", TypeSet::of(v)))
            })?),
        }
    }
    Ok((!texts.is_empty()).then(|| Value::String(texts.join(separator))))
}

impl ValueTable {
    /// The value under a key; keys are text, so numbers are compared as decimals: 1 and 1.0 are one key.
    pub(super) fn find(&self, value: &Value) -> Option<&Value> {
        let text = scalar_text(value).or_else(|| value.is_null().then(|| "null".to_owned()))?;
        let exact = self.entries.iter().find(|(k, _)| k.value == text);
        exact
            .or_else(|| {
                let number: Decimal = value.is_number().then(|| text.parse().ok())??;
                self.entries.iter().find(|(k, _)| k.value.parse::<Decimal>().is_ok_and(|k| k == number))
            })
            .map(|(_, v)| v)
    }

    fn look_up(&self, value: Value) -> Result<Value, Fault> {
        if let Some(found) = self.find(&value) {
            return Ok(found.clone());
        }
        match &self.otherwise {
            Some(Else::Keep) => Ok(value),
            Some(Else::Default(d)) => Ok(d.value.clone()),
            Some(Else::Reject) | None => {
                Err(Fault::new("unknown-value", format!("the table has no entry for {}", shown(&value))))
            }
        }
    }
}

/// A value as an operator may see it: short words only, since anything longer may be personal.
fn shown(value: &Value) -> String {
    match value {
        Value::String(s)
            if s.len() <= 40
                && s.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-')
                && !crate::base::redact::looks_secret(s) =>
        {
            format!("\"{s}\"")
        }
        Value::String(s) => format!("a text of {} characters", s.chars().count()),
        Value::Null => "null".to_owned(),
        other => format!("this {}", TypeSet::of(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::compile;
    use crate::base::yaml::{Limits, parse};
    use serde_json::{Value, json};

    fn apply(rule: &str, record: &Value) -> String {
        let node = parse(&format!("t: {rule}\n"), Limits::default()).expect("yaml");
        let (mapping, findings) = compile(node.entries().expect("a mapping"), "x");
        assert_eq!(findings, [], "{rule}");
        match mapping.apply(record) {
            Ok(v) => v.to_string(),
            Err(e) => format!("{}: {e}", e.code),
        }
    }

    #[test]
    fn missing_null_and_empty_are_kept_apart() {
        let record = json!({"null": null, "empty": "", "list": [], "s": "ab", "o": {"in": null}});
        for (rule, want) in [
            ("nowhere", "{}"),
            ("o.in.deeper", "{}"),
            ("\"null\"", r#"{"t":null}"#),
            ("empty", r#"{"t":""}"#),
            ("{from: nowhere, default: d}", r#"{"t":"d"}"#),
            ("{from: 'null', default: d}", r#"{"t":"d"}"#),
            ("{from: empty, default: d}", r#"{"t":""}"#),
            ("{from: 'null', with: [trim]}", r#"{"t":null}"#),
            ("{from: list, with: [first]}", "{}"),
            ("{from: list, with: [first], default: d}", r#"{"t":"d"}"#),
            ("{from: 'null', values: {null: none}, else: reject}", r#"{"t":"none"}"#),
            ("{from: 'null', values: {a: b}, else: keep}", r#"{"t":null}"#),
            ("{from: 'null', values: {a: b}, else: {default: c}}", r#"{"t":"c"}"#),
            ("{from: 'null', values: {a: b}}", "unknown-value: t from null: the table has no entry for null"),
            ("{from: s, values: {a: b}, else: reject}", "unknown-value: t from s: the table has no entry for \"ab\""),
            ("{join: [s, nowhere, 'null', empty, s], separator: '-'}", r#"{"t":"ab--ab"}"#),
            ("{join: [nowhere, 'null']}", "{}"),
            ("{join: [nowhere], default: x}", r#"{"t":"x"}"#),
            ("{join: [list]}", "not-convertible: t from list: the part list is array and cannot be joined"),
            ("s.deeper", "wrong-shape: t from s.deeper: a parent of the field is neither object nor list"),
            ("{const: 0}", r#"{"t":0}"#),
            ("{const: null}", r#"{"t":null}"#),
        ] {
            assert_eq!(apply(rule, &record), want, "{rule}");
        }
    }

    #[test]
    fn table_keys_meet_numbers_and_flags() {
        let record = json!({"n": 1, "b": true});
        assert_eq!(apply("{from: n, values: {1.0: one}}", &record), r#"{"t":"one"}"#);
        assert_eq!(apply("{from: b, values: {true: yes, false: no}}", &record), r#"{"t":"yes"}"#);
    }
}
