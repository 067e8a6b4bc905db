//! Small schemas for tests, from JSON Schema as far as tests need it; the readers have their own tests.

use platform_integration::model::{Additional, Facets, Schema, SchemaId, Schemas, TypeSet};
use serde_json::Value;

/// The schema and its arena.
pub(crate) fn from_json(json: &Value) -> (Schemas, SchemaId) {
    let mut schemas = Schemas::default();
    let id = add(&mut schemas, json, "#");
    (schemas, id)
}

/// Adds one schema.
pub(crate) fn add(schemas: &mut Schemas, json: &Value, pointer: &str) -> SchemaId {
    let text = |k: &str| json.get(k).and_then(Value::as_str).map(str::to_owned);
    let count = |k: &str| json.get(k).and_then(Value::as_u64);
    let flag = |k: &str| json.get(k) == Some(&Value::Bool(true));
    let number = |k: &str| json.get(k).and_then(Value::as_number).cloned();
    let mut types = match json.get("type") {
        Some(Value::String(t)) => TypeSet::named(t).expect("a type"),
        Some(Value::Array(ts)) => ts
            .iter()
            .map(|t| TypeSet::named(t.as_str().expect("text")).expect("a type"))
            .fold(TypeSet::ANY, TypeSet::with),
        _ => TypeSet::ANY,
    };
    if json.get("properties").is_some() && types.is_any() {
        types = TypeSet::OBJECT;
    }
    if flag("nullable") {
        types = types.with(TypeSet::NULL);
    }
    let mut schema = Schema {
        types,
        format: text("format"),
        read_only: flag("readOnly"),
        write_only: flag("writeOnly"),
        description: text("description").unwrap_or_default(),
        pointer: pointer.to_owned(),
        facets: Facets {
            values: json.get("enum").and_then(Value::as_array).cloned(),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            pattern: text("pattern"),
            minimum: number("minimum"),
            maximum: number("maximum"),
            exclusive_minimum: flag("exclusiveMinimum"),
            exclusive_maximum: flag("exclusiveMaximum"),
            example: json.get("example").cloned().map(Box::new),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            unique_items: flag("uniqueItems"),
            multiple_of: number("multipleOf"),
            ..Facets::default()
        }
        .into(),
        ..Schema::default()
    };
    if let Some(items) = json.get("items") {
        schema.items = Some(add(schemas, items, &format!("{pointer}/items")));
    }
    for (name, p) in json.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let id = add(schemas, p, &format!("{pointer}/properties/{name}"));
        schema.properties.insert(name.clone(), id);
    }
    for name in json.get("required").and_then(Value::as_array).into_iter().flatten() {
        schema.required.insert(name.as_str().expect("text").to_owned());
    }
    match json.get("additionalProperties") {
        Some(Value::Bool(false)) => schema.additional = Additional::No,
        Some(other @ Value::Object(_)) => schema.additional = Additional::Of(add(schemas, other, pointer)),
        _ => {}
    }
    for (i, v) in json.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let id = add(schemas, v, &format!("{pointer}/anyOf/{i}"));
        schema.variants.push(id);
    }
    schemas.push(schema)
}
