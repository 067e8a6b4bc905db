//! The edges of a schema: the least, the most and the oddest value that it allows, made from one that fits.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

use super::distinct::identity;
use super::multiple::{align, decimal, step};
use super::{Direction, Schema, SchemaId, Schemas, TypeSet, validate};

/// Longest text that is made, whatever the schema allows.
const LONGEST: u64 = 4_096;
/// Most items that are made, whatever the schema allows.
const MOST_ITEMS: u64 = 200;
/// Below this depth a value is left as it is.
const DEEPEST: usize = 8;

/// Which edge is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// Nothing that may be missing, null where it may be, empty where it may be, the smallest number.
    Least,
    /// The same, with null left alone: empty and missing are other things.
    Empty,
    /// The longest texts and lists, the largest number.
    Most,
    /// Letters beyond ASCII, quotes, line ends.
    Odd,
}

/// Values at the edges of the schema, made from one that fits; only those that fit themselves. Texts are at most 4,096
/// characters long, lists 200 items.
#[must_use]
pub fn extremes(schemas: &Schemas, id: SchemaId, base: &Value, direction: Direction) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for edge in [Edge::Least, Edge::Empty, Edge::Most, Edge::Odd] {
        let value = at_edge(schemas, id, base, edge, direction, 0);
        if value != *base && !out.contains(&value) && validate(schemas, id, &value, direction).is_empty() {
            out.push(value);
        }
    }
    out
}

fn at_edge(schemas: &Schemas, id: SchemaId, base: &Value, edge: Edge, dir: Direction, depth: usize) -> Value {
    let schema = schemas.get(id);
    if depth > DEEPEST || schema.values.is_some() {
        return base.clone();
    }
    if edge == Edge::Least && depth > 0 && schema.nullable() {
        return Value::Null;
    }
    // Of alternatives, the one that the value is.
    if !schema.variants.is_empty() && schema.properties.is_empty() {
        let one = schema.variants.iter().find(|v| validate(schemas, **v, base, dir).is_empty());
        return one.map_or_else(|| base.clone(), |v| at_edge(schemas, *v, base, edge, dir, depth + 1));
    }
    match base {
        Value::Object(fields) => {
            let mut map = Map::new();
            for (name, value) in fields {
                let Some((property, required)) = schemas.property(id, name) else {
                    map.insert(name.clone(), value.clone());
                    continue;
                };
                if required || !matches!(edge, Edge::Least | Edge::Empty) {
                    map.insert(name.clone(), at_edge(schemas, property, value, edge, dir, depth + 1));
                } else if edge == Edge::Empty {
                    // Present and empty, where it is a text or a list; else it stays as it is.
                    map.insert(name.clone(), at_edge(schemas, property, value, edge, dir, depth + 1));
                }
            }
            Value::Object(map)
        }
        Value::Array(items) => {
            let inside =
                |v: &Value| schema.items.map_or_else(|| v.clone(), |i| at_edge(schemas, i, v, edge, dir, depth + 1));
            let least = schema.min_items.unwrap_or(0);
            let count = match edge {
                Edge::Least | Edge::Empty => least,
                Edge::Most => schema.max_items.unwrap_or(least + 5).min(MOST_ITEMS),
                Edge::Odd => items.len() as u64,
            };
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let all = items.iter().cycle().take(if items.is_empty() { 0 } else { count }).map(inside);
            let all = all.enumerate().map(|(at, item)| another(item, at));
            if schema.unique_items {
                let mut seen = BTreeSet::new();
                return Value::Array(all.filter(|item| seen.insert(identity(item))).collect());
            }
            Value::Array(all.collect())
        }
        Value::String(text) => Value::String(text_at(schema, text, edge)),
        Value::Number(n) => Value::Number(number_at(schema, n, edge)),
        _ => base.clone(),
    }
}

/// An item as another of its kind than those before it: two things do not share an id.
fn another(mut item: Value, at: usize) -> Value {
    if let Some(id) = item.get_mut("id") {
        match id {
            Value::String(text) if at > 0 => {
                // In the place of its end, so that it is no longer than it was.
                let (number, length) = (at.to_string(), text.chars().count());
                let kept = length.saturating_sub(number.len());
                *text = text.chars().take(kept).chain(number.chars()).collect();
            }
            Value::Number(n) => *n = n.as_u64().map_or_else(|| n.clone(), |n| n.saturating_add(at as u64).into()),
            _ => {}
        }
    }
    item
}

fn text_at(schema: &Schema, text: &str, edge: Edge) -> String {
    if schema.format.is_some() || schema.pattern.is_some() {
        return text.to_owned();
    }
    // A text of gigabytes shows nothing that one of thousands does not.
    let (least, most) = (schema.min_length.unwrap_or(0), schema.max_length.unwrap_or(LONGEST).min(LONGEST));
    let least = least.min(super::text::FILLED);
    let cut = |s: &str, n: u64| s.chars().cycle().take(usize::try_from(n).unwrap_or(0)).collect::<String>();
    match edge {
        Edge::Least | Edge::Empty => cut(if text.is_empty() { "x" } else { text }, least),
        Edge::Most => cut(if text.is_empty() { "x" } else { text }, most),
        // Two code points that look like one letter, a right-to-left word, a quote, a line end, one beyond the first plane.
        Edge::Odd => {
            const ODD: &str = "Zoe\u{308} \"\u{5e9}\u{5dc}\u{5d5}\u{5dd}\"\n\u{1f980} \u{df}";
            let length = (ODD.chars().count() as u64).clamp(least, most.max(least));
            cut(ODD, length)
        }
    }
}

fn number_at(schema: &Schema, n: &Number, edge: Edge) -> Number {
    let whole = schema.types == TypeSet::INTEGER;
    let parse = |text: &str| text.parse::<Number>().unwrap_or_else(|_| n.clone());
    if let Some(step) = step(schema.multiple_of.as_ref()) {
        return stepped(schema, n, step, edge).unwrap_or_else(|| n.clone());
    }
    match edge {
        Edge::Least | Edge::Empty if !schema.exclusive_minimum => schema.minimum.clone().unwrap_or_else(|| parse("0")),
        Edge::Most if !schema.exclusive_maximum => {
            schema.maximum.clone().unwrap_or_else(|| match schema.format.as_deref() {
                Some("int32") => parse("2147483647"),
                Some("int64") => parse("9223372036854775807"),
                _ if whole => parse("9007199254740993"), // one beyond what a double holds
                _ => parse("99999999.99"),
            })
        }
        _ => n.clone(),
    }
}

/// The multiple at the edge, where there is one inside.
fn stepped(schema: &Schema, n: &Number, step: Decimal, edge: Edge) -> Option<Number> {
    let n = decimal(n)?;
    let at = match edge {
        Edge::Least | Edge::Empty => {
            let low = schema.minimum.as_ref().and_then(decimal).unwrap_or(Decimal::ZERO);
            let first = align(low, step, true)?;
            if schema.exclusive_minimum && first == low { first.checked_add(step)? } else { first }
        }
        Edge::Most => {
            let high = schema.maximum.as_ref().and_then(decimal);
            let high = match high {
                Some(high) => high,
                None => step.checked_mul(Decimal::from(9_999_999_999_u64))?,
            };
            let last = align(high, step, false)?;
            if schema.exclusive_maximum && last == high { last.checked_sub(step)? } else { last }
        }
        Edge::Odd => n,
    };
    at.normalize().to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::model::sample::sample;
    use crate::model::{Facets, Names};

    #[test]
    fn each_edge_is_reached_and_fits() {
        let mut schemas = Schemas::default();
        let text = schemas.push(Schema {
            types: TypeSet::STRING,
            facets: Facets { min_length: Some(2), max_length: Some(30), ..Facets::default() }.into(),
            ..Schema::default()
        });
        let number = schemas.push(Schema {
            types: TypeSet::INTEGER.with(TypeSet::NULL),
            facets: Facets { minimum: Some(3.into()), maximum: Some(9.into()), ..Facets::default() }.into(),
            ..Schema::default()
        });
        let mut record = Schema { types: TypeSet::OBJECT, ..Schema::default() };
        record.properties.insert("name".to_owned(), text);
        record.properties.insert("age".to_owned(), number);
        record.required = Names::default();
        record.required.insert("name".to_owned());
        let id = schemas.push(record);
        let base = serde_json::json!({"name": "Ada Lovelace", "age": 5});
        let _ = sample(&schemas, id, &mut Rng::seeded(1), Direction::Response);
        let all = extremes(&schemas, id, &base, Direction::Response);
        let page: Vec<String> = all.iter().map(Value::to_string).collect();
        insta::assert_snapshot!(page.join("\n"));
    }
}
