//! The JSON Schema of the file, for editors, made from the table that the parser checks against.

use serde_json::{Value, json};

use super::keys::{FACTS, Shape};
use super::parse::API_VERSION;
use crate::finding::Ceiling;

/// The JSON Schema (2020-12) of a `*.knowledge.yaml`.
#[must_use]
pub fn json_schema() -> Value {
    let shapes: Vec<Value> = FACTS
        .iter()
        .map(|(name, keys)| {
            let properties: serde_json::Map<String, Value> =
                keys.iter().map(|(key, shape)| ((*key).to_owned(), of(*shape))).collect();
            let required: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
            json!({
                "properties": {
                    "fact": {"const": name},
                    "value": {"type": "object", "properties": properties, "required": required},
                },
            })
        })
        .collect();
    let text = |about: &str| json!({"type": "string", "pattern": "\\S", "description": about});
    let fact = json!({
        "type": "object",
        "properties": {
            "fact": {"enum": FACTS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "description": "Named as in the map."},
            "value": {"type": "object", "description": "Shaped as in the map."},
            "says": text("The same in words, where the value does not say all."),
            "source": {"type": "string", "pattern": "^https://\\S+$", "description": "The page that says so."},
            "checked": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "The day it was looked at."},
            "at": {"type": "string", "pattern": "^#/", "description": "A place of the description; it applies only where that exists."},
            "confidence": {"type": "number", "minimum": 0, "maximum": Ceiling::Research.value()},
        },
        "required": ["fact", "value", "source", "checked"],
        "additionalProperties": false,
        "oneOf": shapes,
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "*.knowledge.yaml",
        "description": "What no API description says and somebody looked up, platform-integration/knowledge/v1.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "about": text("The platform's name."),
            "hosts": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "pattern": "^(\\*\\.)?[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)+$"},
                "description": "Hosts of base URLs that it is about.",
            },
            "facts": {"type": "array", "minItems": 1, "items": fact},
        },
        "required": ["apiVersion", "about", "hosts", "facts"],
        "additionalProperties": false,
    })
}

fn of(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": "string"}),
        Shape::Count => json!({"type": "integer", "minimum": 1}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Word(words) => json!({"enum": words}),
    }
}
