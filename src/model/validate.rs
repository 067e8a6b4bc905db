//! Does a value fit a schema? Used by the lab's systems and to prove mappings; says where and why not.

use serde_json::{Map, Number, Value};

use super::{Additional, Schema, SchemaId, Schemas, TypeSet};
use crate::base::pointer;
use crate::base::text::plural;

/// Which way the value goes: read-only properties are not required in a request, write-only ones not in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Sent to the system.
    Request,
    /// Sent by the system.
    Response,
}

/// One place where a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer into the value.
    pub pointer: String,
    /// `must be a string, is null` …
    pub because: String,
}

impl Violation {
    /// The reason without the value: for records that somebody sent.
    #[must_use]
    pub fn without_value(&self) -> String {
        let because = self.because.as_str();
        if because.starts_with("must be one of ") {
            // What is allowed is public; where it cannot be told from the value for certain, it is left out as well.
            return because.split(", is ").next().unwrap_or("must be another value").to_owned();
        }
        let format = because.strip_prefix("is not a ").or_else(|| because.strip_prefix("is not an "));
        if let Some((rule, _)) = format.and_then(|_| because.split_once(": ")) {
            return rule.to_owned();
        }
        for mark in [", below ", ", above ", ", outside ", ", no multiple of "] {
            if because.starts_with("is ")
                && let Some((_, rule)) = because.split_once(mark)
            {
                return format!("is {}{rule}", mark.trim_start_matches(", "));
            }
        }
        because.to_owned()
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", if self.pointer.is_empty() { "/" } else { &self.pointer }, self.because)
    }
}

/// All places where `value` does not fit the schema; empty when it fits. At most 20, at most 64 levels deep.
/// Formats are checked where they are unambiguous: `date-time`, `date`, `email`, `uuid`, `uri`, `int32`, `int64`.
/// A pattern outside the regular languages (look-around, back references) is not checked.
#[must_use]
pub fn validate(schemas: &Schemas, id: SchemaId, value: &Value, direction: Direction) -> Vec<Violation> {
    let mut out = Vec::new();
    check(schemas, id, value, direction, &At { up: None, step: Step::Top }, 0, &mut out);
    out
}

/// Where in the value a check is; written as a pointer only where something is wrong.
struct At<'a> {
    up: Option<&'a Self>,
    step: Step<'a>,
}

enum Step<'a> {
    Top,
    Name(&'a str),
    Item(usize),
}

impl At<'_> {
    fn pointer(&self) -> String {
        let mut out = self.up.map_or_else(String::new, Self::pointer);
        match self.step {
            Step::Top => {}
            Step::Name(name) => pointer::push(&mut out, name),
            Step::Item(index) => pointer::push(&mut out, &index.to_string()),
        }
        out
    }
}

const MOST: usize = 20;

fn check(
    schemas: &Schemas,
    id: SchemaId,
    value: &Value,
    dir: Direction,
    at: &At<'_>,
    depth: usize,
    out: &mut Vec<Violation>,
) {
    if depth > 64 || out.len() >= MOST {
        return;
    }
    let schema = schemas.get(id);
    let kind = TypeSet::of(value);
    let mut no = |because: String| out.push(Violation { pointer: at.pointer(), because });
    let null_fits = value.is_null() && schema.nullable();
    if !schema.types.allows(kind) && !null_fits {
        no(format!("must be {}, is {kind}", schema.types));
        return;
    }
    if null_fits {
        return;
    }
    if let Some(values) = &schema.values
        && !values.contains(value)
    {
        if values.is_empty() {
            no("is ruled out whatever it is".to_owned());
            return;
        }
        let shown: Vec<String> = values.iter().take(8).map(Value::to_string).collect();
        no(format!("must be one of {}, is {}", shown.join(", "), crate::base::text::truncate(&value.to_string(), 60)));
    }
    match value {
        Value::String(s) => text(schema, s, &mut no),
        Value::Number(n) => number(schema, n, &mut no),
        Value::Array(items) => {
            let count = items.len() as u64;
            if schema.min_items.is_some_and(|m| count < m) || schema.max_items.is_some_and(|m| count > m) {
                no(format!("has {count} items, outside the allowed range"));
            }
            if schema.unique_items
                && let Some((first, second)) = super::distinct::twins(items)
            {
                no(format!("has equal items, at {first} and {second}"));
            }
            if let Some(item) = schema.items {
                for (i, v) in items.iter().enumerate() {
                    check(schemas, item, v, dir, &At { up: Some(at), step: Step::Item(i) }, depth + 1, out);
                }
            }
        }
        Value::Object(map) => {
            properties(schema, map, &mut no);
            for name in &schema.required {
                if !map.contains_key(name) && !exempt(schemas, schema, name, dir) {
                    out.push(Violation {
                        pointer: at.pointer(),
                        because: format!("lacks the required property \"{name}\""),
                    });
                }
            }
            for (name, v) in map {
                let here = At { up: Some(at), step: Step::Name(name) };
                if let Some(property) = schema.properties.get(name) {
                    check(schemas, *property, v, dir, &here, depth + 1, out);
                } else {
                    match schema.additional {
                        Additional::Of(other) => check(schemas, other, v, dir, &here, depth + 1, out),
                        Additional::No if schema.variants.is_empty() => {
                            out.push(Violation {
                                pointer: here.pointer(),
                                because: "is not a property of this schema".to_owned(),
                            });
                        }
                        Additional::No | Additional::Any => {}
                    }
                }
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
    if !schema.variants.is_empty() {
        let mut best: Option<Vec<Violation>> = None;
        for variant in &schema.variants {
            let mut found = Vec::new();
            check(schemas, *variant, value, dir, at, depth + 1, &mut found);
            if found.is_empty() {
                return;
            }
            if best.as_ref().is_none_or(|b| found.len() < b.len()) {
                best = Some(found);
            }
        }
        out.extend(best.unwrap_or_default().into_iter().take(3));
    }
}

/// How many properties there are, and those that others ask for.
fn properties(schema: &Schema, map: &Map<String, Value>, no: &mut impl FnMut(String)) {
    let count = map.len() as u64;
    if let Some(least) = schema.min_properties.filter(|least| count < *least) {
        no(format!("has {}, at least {least} are required", plural(count, "property")));
    }
    if let Some(most) = schema.max_properties.filter(|most| count > *most) {
        no(format!("has {}, at most {most} are allowed", plural(count, "property")));
    }
    for (name, needed) in schema.needs.iter().filter(|(name, _)| map.contains_key(name)) {
        for lacking in needed.iter().filter(|n| !map.contains_key(*n)) {
            no(format!("lacks the property \"{lacking}\", which must be there beside \"{name}\""));
        }
    }
}

fn exempt(schemas: &Schemas, schema: &Schema, name: &str, dir: Direction) -> bool {
    schema.properties.get(name).is_some_and(|p| {
        let p = schemas.get(*p);
        match dir {
            Direction::Request => p.read_only,
            Direction::Response => p.write_only,
        }
    })
}

fn text(schema: &Schema, s: &str, no: &mut impl FnMut(String)) {
    let length = s.chars().count() as u64;
    if let Some(max) = schema.max_length.filter(|m| length > *m) {
        no(format!("is {length} characters long, at most {max} are allowed"));
    }
    if let Some(min) = schema.min_length.filter(|m| length < *m) {
        no(format!("is {length} characters long, at least {min} are required"));
    }
    if let Some(pattern) = &schema.pattern
        && super::pattern::matches(pattern, s) == Some(false)
    {
        no(format!("does not match the pattern {}", crate::base::text::quoted(pattern, 60)));
    }
    let fits = match schema.format.as_deref() {
        Some("date-time") => s.parse::<jiff::Timestamp>().is_ok(),
        Some("date") => s.len() == 10 && s.parse::<jiff::civil::Date>().is_ok(),
        Some("email") => s
            .split_once('@')
            .is_some_and(|(l, d)| !l.is_empty() && !d.is_empty() && !d.contains('@') && !s.contains(' ')),
        Some("uuid") => {
            s.len() == 36
                && s.bytes()
                    .enumerate()
                    .all(|(i, b)| if [8, 13, 18, 23].contains(&i) { b == b'-' } else { b.is_ascii_hexdigit() })
        }
        Some("uri") => s.split_once(':').is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        }),
        _ => true,
    };
    if !fits {
        let format = crate::base::text::article(schema.format.as_deref().unwrap_or("text"));
        no(format!("is not {format}: {}", crate::base::text::quoted(s, 40)));
    }
}

fn number(schema: &Schema, n: &Number, no: &mut impl FnMut(String)) {
    let compare = |bound: &Number| -> Option<std::cmp::Ordering> {
        use std::str::FromStr as _;
        match (rust_decimal::Decimal::from_str(n.as_str()), rust_decimal::Decimal::from_str(bound.as_str())) {
            (Ok(a), Ok(b)) => Some(a.cmp(&b)),
            _ => n.as_f64()?.partial_cmp(&bound.as_f64()?),
        }
    };
    if let Some(min) = &schema.minimum
        && let Some(order) = compare(min)
        && (order.is_lt() || (schema.exclusive_minimum && order.is_eq()))
    {
        no(format!("is {n}, below the minimum {min}"));
    }
    if let Some(max) = &schema.maximum
        && let Some(order) = compare(max)
        && (order.is_gt() || (schema.exclusive_maximum && order.is_eq()))
    {
        no(format!("is {n}, above the maximum {max}"));
    }
    let step = super::multiple::step(schema.multiple_of.as_ref());
    if let Some((step, n)) = step.zip(super::multiple::decimal(n))
        && super::multiple::is_multiple(n, step) == Some(false)
    {
        no(format!("is {n}, no multiple of {step}"));
    }
    let range_ok = match schema.format.as_deref() {
        Some("int32") => n.as_i64().is_some_and(|i| i32::try_from(i).is_ok()) || !super::schema::is_integer(n),
        Some("int64") => {
            n.as_i64().is_some() || !super::schema::is_integer(n) || n.as_f64().is_some_and(|f| f.abs() < 9.2e18)
        }
        _ => true,
    };
    if !range_ok {
        no(format!("is {n}, outside {}", schema.format.as_deref().unwrap_or("")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Facets;
    use serde_json::json;

    fn because(schemas: &Schemas, id: SchemaId, value: &Value) -> Vec<String> {
        validate(schemas, id, value, Direction::Request).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn steps_twins_and_company_are_told() {
        let mut s = Schemas::default();
        let cents = s.push(Schema {
            types: TypeSet::NUMBER,
            facets: Facets { multiple_of: "0.01".parse().ok(), ..Facets::default() }.into(),
            ..Schema::default()
        });
        let tags = s.push(Schema {
            types: TypeSet::ARRAY,
            facets: Facets { unique_items: true, ..Facets::default() }.into(),
            ..Schema::default()
        });
        let card = s.push(Schema {
            types: TypeSet::OBJECT,
            properties: [("price".to_owned(), cents), ("tags".to_owned(), tags)].into_iter().collect(),
            facets: Facets {
                min_properties: Some(1),
                max_properties: Some(2),
                needs: vec![("price".to_owned(), ["currency".to_owned()].into())],
                ..Facets::default()
            }
            .into(),
            ..Schema::default()
        });
        assert_eq!(because(&s, card, &json!({"price": 19.99, "currency": "EUR"})), Vec::<String>::new());
        let wrong = json!({"price": 0.125, "tags": ["a", "b", "a"], "more": 1});
        insta::assert_snapshot!(because(&s, card, &wrong).join("\n"), @r#"
        /: has 3 properties, at most 2 are allowed
        /: lacks the property "currency", which must be there beside "price"
        /price: is 0.125, no multiple of 0.01
        /tags: has equal items, at 0 and 2
        "#);
        assert_eq!(because(&s, card, &json!({})), ["/: has 0 properties, at least 1 are required"]);
        let told: Vec<String> =
            validate(&s, cents, &json!(0.125), Direction::Request).iter().map(Violation::without_value).collect();
        assert_eq!(told, ["is no multiple of 0.01"]);
    }

    #[test]
    fn each_rule_says_where_and_why() {
        let mut s = Schemas::default();
        let email = s.push(Schema {
            types: TypeSet::STRING,
            format: Some("email".into()),
            facets: Facets { max_length: Some(12), ..Facets::default() }.into(),
            ..Schema::default()
        });
        let age = s.push(Schema {
            types: TypeSet::INTEGER.with(TypeSet::NULL),
            facets: Facets { minimum: Some(0.into()), ..Facets::default() }.into(),
            ..Schema::default()
        });
        let id = s.push(Schema { types: TypeSet::STRING, read_only: true, ..Schema::default() });
        let person = s.push(Schema {
            types: TypeSet::OBJECT,
            properties: [("email".to_owned(), email), ("age".to_owned(), age), ("id".to_owned(), id)]
                .into_iter()
                .collect(),
            required: ["email".to_owned(), "id".to_owned()].into(),
            additional: Additional::No,
            ..Schema::default()
        });
        assert_eq!(because(&s, person, &json!({"email": "a@b", "age": null})), Vec::<String>::new());
        assert_eq!(
            because(&s, person, &json!({"age": -1, "x": 1})),
            [
                "/: lacks the required property \"email\"",
                "/age: is -1, below the minimum 0",
                "/x: is not a property of this schema",
            ]
        );
        assert_eq!(
            because(&s, person, &json!({"email": "someone@example"})),
            ["/email: is 15 characters long, at most 12 are allowed"]
        );
        assert_eq!(because(&s, person, &json!({"email": 1.5})), ["/email: must be string, is number"]);
    }

    #[test]
    fn one_variant_that_fits_is_enough() {
        let mut s = Schemas::default();
        let text = s.push(Schema { types: TypeSet::STRING, ..Schema::default() });
        let number = s.push(Schema { types: TypeSet::NUMBER, ..Schema::default() });
        let either = s.push(Schema { variants: vec![text, number], ..Schema::default() });
        assert!(because(&s, either, &json!(1)).is_empty());
        assert_eq!(because(&s, either, &json!(true)).len(), 1);
    }

    #[test]
    fn a_reason_can_be_told_without_the_value() {
        let bare = |because: &str| Violation { pointer: String::new(), because: because.to_owned() }.without_value();
        for (whole, want) in [
            ("must be one of a, is b, is \"secret, is here\"", "must be one of a"),
            ("must be one of a, b, is \"secret\"", "must be one of a, b"),
            ("is not an email: secret: x", "is not an email"),
            ("is not a uuid: secret: x", "is not a uuid"),
            ("is 17, below the minimum 18", "is below the minimum 18"),
            ("is 17, above the maximum 9", "is above the maximum 9"),
            ("is 17, outside int32", "is outside int32"),
            ("is 8 characters long, at most 5 are allowed", "is 8 characters long, at most 5 are allowed"),
            ("must be string, is number", "must be string, is number"),
        ] {
            assert_eq!(bare(whole), want);
        }
    }
}
