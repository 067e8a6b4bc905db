//! Real descriptions written anew: as JSON, every key in another order, every component under another name.

use serde_json::Value;

use super::same::{turned, value};
use super::{drift, lines};
use crate::readers::corpus::{folder, rows};

/// Largest description that is tried: enough of them are small.
const MOST_BYTES: u64 = 120_000;

/// Every schema component under another name, wherever it is referred to.
fn renamed(value: Value) -> Value {
    const SCHEMAS: &str = "#/components/schemas/";
    match value {
        Value::Object(map) => {
            let one = |(key, value): (String, Value)| match (key.as_str(), &value) {
                ("$ref", Value::String(to)) => match to.strip_prefix(SCHEMAS) {
                    Some(below) => {
                        let (name, rest) =
                            below.split_once('/').map_or((below, String::new()), |(n, r)| (n, format!("/{r}")));
                        (key, Value::String(format!("{SCHEMAS}{name}Anew{rest}")))
                    }
                    None => (key, value),
                },
                _ => (key, renamed(value)),
            };
            Value::Object(map.into_iter().map(one).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(renamed).collect()),
        other => other,
    }
}

/// The same with its list of components.
fn anew(description: &Value) -> Value {
    let mut other = renamed(turned(description));
    if let Some(Value::Object(schemas)) = other.pointer_mut("/components/schemas") {
        *schemas = std::mem::take(schemas).into_iter().map(|(name, schema)| (format!("{name}Anew"), schema)).collect();
    }
    other
}

#[test]
fn no_description_of_the_corpus_has_changed_where_it_is_written_anew() {
    let Some(folder) = folder() else { return };
    let mut wrong = Vec::new();
    let mut tried = 0;
    for row in rows("index.jsonl") {
        let file = row["file"].as_str().unwrap();
        let small = row["bytes"].as_u64().is_some_and(|bytes| bytes < MOST_BYTES);
        // A discriminator names components by name: there a name is sent.
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        if row["format"] != "openapi" || !small || file.contains("multifile") || text.contains("discriminator") {
            continue;
        }
        let description = value(&text);
        let changes = drift(&text, &serde_json::to_string(&anew(&description)).unwrap());
        tried += 1;
        if !changes.is_empty() {
            wrong.push(format!("{file}:\n{}", lines(&changes)));
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}
