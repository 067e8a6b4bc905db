//! The JSON Schema of the file, for editors, made from the tables that the parser checks against.

use serde_json::{Map, Value, json};

use super::keys::{ROOT, Shape, Table};
use super::parse::API_VERSION;

/// The JSON Schema (2020-12) of `integration.yaml`. What this release does not run is not in it.
#[must_use]
pub fn json_schema() -> Value {
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".to_owned(), json!("integration.yaml"));
    root.insert("description".to_owned(), json!("The contract between two systems, platform-integration/v1."));
    if let Value::Object(rest) = table(&ROOT) {
        root.extend(rest);
    }
    root.insert("$defs".to_owned(), json!({"rule": rule()}));
    Value::Object(root)
}

fn table(t: &Table) -> Value {
    let mut properties = Map::new();
    for key in t.keys.iter().filter(|k| !matches!(k.shape, Shape::Later(_))) {
        let mut schema = shape(key.shape);
        if let Value::Object(s) = &mut schema {
            s.insert("description".to_owned(), json!(key.doc));
        }
        properties.insert(key.name.to_owned(), schema);
    }
    let required: Vec<&str> = t.keys.iter().filter(|k| k.required).map(|k| k.name).collect();
    let mut out = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if let Value::Object(o) = &mut out {
        if !required.is_empty() {
            o.insert("required".to_owned(), json!(required));
        }
        if !t.one_of.is_empty() {
            o.insert("oneOf".to_owned(), t.one_of.iter().map(|k| json!({"required": [k]})).collect());
        }
        if !t.any_of.is_empty() {
            o.insert("anyOf".to_owned(), t.any_of.iter().map(|k| json!({"required": [k]})).collect());
        }
    }
    out
}

fn shape(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": "string", "pattern": "\\S"}),
        Shape::Version => json!({"const": API_VERSION}),
        Shape::Kebab => json!({"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": 100}),
        Shape::Header => json!({"type": "string", "pattern": "^[0-9A-Za-z!#$%&'*+.^_`|~-]+$"}),
        Shape::Reference => {
            json!({"type": "string", "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$", "examples": ["env:TOKEN"]})
        }
        Shape::Duration => json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$", "examples": ["10s"]}),
        Shape::DurationOr(t) => json!({"anyOf": [self::shape(Shape::Duration), table(t)]}),
        Shape::Rate => {
            json!({"type": "string", "pattern": "^[0-9]+/[0-9]*(ms|s|m|h|d)$", "examples": ["100/10s"]})
        }
        Shape::Count(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
        Shape::Percent => json!({"type": "number", "minimum": 0, "maximum": 100}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Word(now, _) => json!({"enum": now}),
        Shape::Texts => json!({"type": "array", "items": {"type": "string", "pattern": "\\S"}}),
        Shape::Scalars => json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
        Shape::Rules => {
            json!({"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/rule"}})
        }
        Shape::Table(t) => table(t),
        Shape::TextOr(t) => json!({"anyOf": [{"type": "string", "pattern": "\\S"}, table(t)]}),
        Shape::TableOrList(t) => json!({"anyOf": [table(t), {"type": "array", "minItems": 1, "items": table(t)}]}),
        Shape::WordOr(words, t) => json!({"anyOf": [{"enum": words}, table(t)]}),
        Shape::Named(t) => json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,100}$"},
            "additionalProperties": table(t),
        }),
        Shape::List(t) => json!({"type": "array", "items": table(t)}),
        Shape::Later(_) => json!(false),
    }
}

/// A rule of `map`. Its transforms are the mapping room's; here only their form is described.
fn rule() -> Value {
    let step = json!({
        "description": "A transform by name, or name and argument: trim, {split: \" \"}.",
        "anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}],
    });
    let path = json!({"type": "string", "pattern": "\\S"});
    let paths = json!({"type": "array", "items": path, "minItems": 1});
    let steps = json!({"type": "array", "items": step, "description": "Transforms, in order."});
    let values = json!({
        "type": "object",
        "description": "Source value to target value; or a table in a file: {file: codes.csv, from: COLUMN, to: COLUMN, sha256: DIGEST}.",
    });
    let default = json!({"description": "Used where the value is missing or null."});
    let otherwise = json!({
        "description": "What to do with a value that the table lacks.",
        "anyOf": [
            {"enum": ["reject", "keep"]},
            {
                "type": "object",
                "properties": {"default": true},
                "required": ["default"],
                "additionalProperties": false,
            },
        ],
    });
    let rule = json!({"$ref": "#/$defs/rule"});
    let one = |key: &str, says: &str, shape: Value, beside: &[(&str, &Value)]| {
        let mut shape = shape;
        shape["description"] = json!(says);
        let mut properties = serde_json::Map::new();
        properties.insert(key.to_owned(), shape);
        properties.extend(beside.iter().map(|(k, v)| ((*k).to_owned(), (*v).clone())));
        json!({"type": "object", "properties": properties, "required": [key], "additionalProperties": false})
    };
    let required = json!({"const": true, "description": "A record whose value is missing or null is rejected; not beside default."});
    let finish =
        [("with", &steps), ("values", &values), ("else", &otherwise), ("default", &default), ("required", &required)];
    let case = json!({
        "type": "object",
        "properties": {
            "if": path,
            "is": {"description": "A value, or a list of values."},
            "is_not": {"description": "A value, or a list of values."},
            "present": {"type": "boolean"},
            "above": {"type": "number"},
            "below": {"type": "number"},
            "then": rule,
        },
        "required": ["if", "then"],
        "additionalProperties": false,
    });
    let separator = json!({"type": "string", "description": "Between the parts; a space where left out."});
    let map = json!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": rule,
        "description": "Target field of an item to a rule that reads the item.",
    });
    json!({
        "description": "A source path, or a rule.",
        "anyOf": [
            path,
            one("from", "Source path.", path.clone(), &finish),
            one("const", "The same value for every record.", json!({}), &[]),
            one("join", "Several fields as one text.", paths.clone(), &[("separator", &separator), ("with", &steps), ("default", &default), ("required", &required)]),
            one("first_of", "The first field that is there and not null.", paths, &finish),
            one("template", "A text with fields in braces: \"{last}, {first}\".", path.clone(), &[("with", &steps), ("default", &default), ("required", &required)]),
            one("when", "Cases, tried in order.", json!({"type": "array", "items": case, "minItems": 1}), &[("otherwise", &rule), ("default", &default), ("required", &required)]),
            one(
                "each",
                "A list: one value for each item.",
                path.clone(),
                &[("take", &path), ("map", &map), ("with", &steps), ("values", &values), ("else", &otherwise), ("then", &steps), ("default", &default), ("required", &required)],
            ),
            one("jq", "A jq program over the record; bounded, without input and output.", path.clone(), &finish),
        ],
    })
}
