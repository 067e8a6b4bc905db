//! A mapping at work on one record.
//!
//! What a rule does with what it finds, in this order:
//!
//! 1. **missing** (the property, an item or a parent is not there, or a parent is null): the `default`, else the target
//!    stays out of the result; with `required: true` the record is rejected;
//! 2. **null**: the `default`, or rejected where `required`, else looked up in `values` under the key `null`, else passed on as null. Transforms do
//!    not see it. The type checker refuses a null that the target does not take;
//! 3. **empty** text or list: a value like any other;
//! 4. any other value goes through the transforms, then through `values`; what the table lacks goes by `else`
//!    (`reject` where nothing is written). A transform that ends with nothing (`first` of an empty list) is case 1.
//!
//! A join leaves out parts that are missing or null; it is missing itself when all of them are. A template is missing when
//! any of its fields is missing or null. `first_of` takes the first field that is there and not null. `each` does 2. to 4.
//! for each item, and leaves out items whose value is missing; over a missing or null list it is missing or null itself.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::path::{Lookup, Path};
use super::rule::{Each, Else, Rule, Source, Step, ValueTable};
use super::transforms::{Fault, scalar_text};
use super::{Mapping, Rejection};
use crate::model::TypeSet;

/// Longest text that a transform may give, in bytes: replacements can multiply.
const LONGEST: usize = 1 << 20;

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
            Source::FirstOf(paths) => first_of(paths, record)?,
            Source::Template(template) => template.fill(record)?,
            Source::Jq(program) => program.run(record)?,
            Source::When(when) => {
                let rule = when.cases.iter().find(|c| c.condition.holds(record)).map(|c| &c.then);
                let value = rule.or(when.otherwise.as_ref()).map_or(Ok(None), |r| r.value(record))?;
                return self.settled(value);
            }
            Source::Each(each) => {
                let value = self.each(each, record)?;
                return self.settled(value);
            }
        };
        let value = self.finish(found, record)?;
        self.settled(value)
    }

    /// Null gives way to the default, and so does nothing; where the rule is `required`, both reject the record.
    fn settled(&self, value: Option<Value>) -> Result<Option<Value>, Fault> {
        match (&self.default, value) {
            (Some(default), None | Some(Value::Null)) => Ok(Some(default.value.clone())),
            (None, None | Some(Value::Null)) if self.required.is_some() => {
                Err(Fault::new("required-value-missing", "the value is missing or null, and the rule requires it"))
            }
            (_, value) => Ok(value),
        }
    }

    /// Transforms and table.
    fn finish(&self, found: Option<Value>, record: &Value) -> Result<Option<Value>, Fault> {
        let value = match found {
            None => None,
            Some(Value::Null) if self.settles_absence() => None,
            Some(Value::Null) => Some(Value::Null),
            Some(value) => through(&self.steps, value, record)?,
        };
        match (value, &self.values) {
            (Some(value), Some(table)) => table.look_up(value).map(Some),
            (value, _) => Ok(value),
        }
    }

    fn each(&self, each: &Each, record: &Value) -> Result<Option<Value>, Fault> {
        let items = match look(&each.list, record)? {
            None => return Ok(None),
            Some(Value::Null) => return Ok(Some(Value::Null)),
            Some(Value::Array(items)) => items,
            Some(other) => {
                let because = format!("each takes a list, but {} is {}", each.list, TypeSet::of(other));
                return Err(Fault::new("wrong-shape", because));
            }
        };
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let within = |fault: Fault| Fault { because: format!("item {i}: {}", fault.because), ..fault };
            let made = match (&each.map, &each.take) {
                (Some(map), _) => map.apply(item).map(Some).map_err(|r| {
                    within(Fault { code: r.code, because: format!("{} from {}: {}", r.target, r.from, r.because) })
                })?,
                (None, Some(take)) => {
                    let found = look(take, item).map_err(within)?.cloned();
                    self.finish(found, record).map_err(within)?
                }
                (None, None) => self.finish(Some(item.clone()), record).map_err(within)?,
            };
            out.extend(made);
        }
        through(&each.then, Value::Array(out), record)
    }
}

fn through(steps: &[Step], mut value: Value, record: &Value) -> Result<Option<Value>, Fault> {
    for step in steps {
        match step.op.apply(&value, record)? {
            Some(Value::Null) | None => return Ok(None),
            Some(Value::String(s)) if s.len() > LONGEST => {
                return Err(Fault::new(
                    "out-of-range",
                    format!("becomes longer than {LONGEST} bytes by its transforms"),
                ));
            }
            Some(next) => value = next,
        }
    }
    Ok(Some(value))
}

fn first_of(paths: &[Path], record: &Value) -> Result<Option<Value>, Fault> {
    for path in paths {
        match look(path, record)? {
            None | Some(Value::Null) => {}
            Some(v) => return Ok(Some(v.clone())),
        }
    }
    Ok(None)
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
        self.entries.get(self.place(value)?).map(|(_, v)| v)
    }

    /// Where the entry of a value stands.
    pub(super) fn place(&self, value: &Value) -> Option<usize> {
        let written;
        let text = match value {
            Value::String(text) => text.as_str(),
            Value::Null => "null",
            other => {
                written = scalar_text(other)?;
                written.as_str()
            }
        };
        let number = || -> Option<&usize> {
            let number: Decimal = value.is_number().then(|| text.parse().ok())??;
            self.places.numbers.get(&number.normalize())
        };
        self.places.texts.get(text).or_else(number).copied()
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
            ("{first_of: [nowhere, 'null', empty, s]}", r#"{"t":""}"#),
            ("{first_of: [nowhere, 'null'], default: d}", r#"{"t":"d"}"#),
            ("{first_of: [nowhere, s], with: [upper]}", r#"{"t":"AB"}"#),
            ("{template: '<{s}>'}", r#"{"t":"<ab>"}"#),
            ("{template: '<{s}{nowhere}>', default: d}", r#"{"t":"d"}"#),
            (
                "{template: '{list}'}",
                "not-convertible: t from list: the field list is array and cannot stand in a text",
            ),
            ("{when: [{if: s, is: ab, then: s}, {if: s, present: true, then: empty}]}", r#"{"t":"ab"}"#),
            ("{when: [{if: s, is: [x, y], then: s}], otherwise: {const: o}}", r#"{"t":"o"}"#),
            ("{when: [{if: s, is: x, then: s}]}", "{}"),
            ("{when: [{if: s, is: ab, then: 'null'}], default: d}", r#"{"t":"d"}"#),
            ("{each: list}", r#"{"t":[]}"#),
            ("{each: 'null'}", r#"{"t":null}"#),
            ("{each: nowhere, default: []}", r#"{"t":[]}"#),
            ("{each: s}", "wrong-shape: t from s[]: each takes a list, but s is string"),
            ("{jq: '.s + \"x\"', with: [upper]}", r#"{"t":"ABX"}"#),
            ("{jq: 'empty', default: d}", r#"{"t":"d"}"#),
            ("{from: s, required: true}", r#"{"t":"ab"}"#),
            ("{from: empty, required: true}", r#"{"t":""}"#),
            (
                "{from: nowhere, required: true}",
                "required-value-missing: t from nowhere: the value is missing or null, and the rule requires it",
            ),
            (
                "{from: 'null', required: true}",
                "required-value-missing: t from null: the value is missing or null, and the rule requires it",
            ),
            (
                "{from: list, with: [first], required: true}",
                "required-value-missing: t from list: the value is missing or null, and the rule requires it",
            ),
            (
                "{when: [{if: s, is: x, then: s}], required: true}",
                "required-value-missing: t from s: the value is missing or null, and the rule requires it",
            ),
            ("{jq: '.s | error'}", "jq-failed: t from jq: makes the jq program end with an error"),
            ("{const: null}", r#"{"t":null}"#),
        ] {
            assert_eq!(apply(rule, &record), want, "{rule}");
        }
    }

    #[test]
    fn replacements_that_multiply_are_stopped() {
        let step = r#"{replace: {c: cccccccccc}}"#;
        let rule = format!("{{from: s, with: [{}, {{truncate: 4}}]}}", [step; 12].join(", "));
        let want = "out-of-range: t from s: becomes longer than 1048576 bytes by its transforms";
        assert_eq!(apply(&rule, &json!({"s": "c"})), want);
    }

    #[test]
    fn items_are_mapped_one_by_one() {
        let record =
            json!({"tags": ["A", null, "b"], "lines": [{"sku": "x", "qty": 1}, {"qty": 2}, {"sku": "y", "qty": "3"}]});
        for (rule, want) in [
            ("{each: tags, with: [lower]}", r#"{"t":["a",null,"b"]}"#),
            ("{each: tags, with: [lower], default: z}", r#"{"t":["a","b"]}"#),
            (
                "{each: tags, values: {A: 1, b: 2}, else: reject}",
                "unknown-value: t from tags[]: item 1: the table has no entry for null",
            ),
            ("{each: lines, take: sku}", r#"{"t":["x","y"]}"#),
            ("{each: lines, take: sku, then: [first]}", r#"{"t":"x"}"#),
            (
                "{each: lines, map: {code: {from: sku, default: none}, n: qty}}",
                r#"{"t":[{"code":"x","n":1},{"code":"none","n":2},{"code":"y","n":"3"}]}"#,
            ),
            (
                "{each: lines, map: {n: {from: qty, with: [to_boolean]}}}",
                "not-convertible: t from lines[]: item 1: n from qty: is neither a word for true nor one for false",
            ),
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
