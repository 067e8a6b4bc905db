//! Makes generated schemas small and portable: no `$schema`, no Rust-only formats that validators warn about, no
//! `anyOf` with null for optional fields.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

/// Input schema of a type: what a client may send.
pub(super) fn input<T: JsonSchema>() -> Arc<JsonObject> {
    portable(SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true).into_generator(), &T::json_schema)
}

/// Output schema of a type: what we send. An optional field that is left out when empty is not required.
pub(super) fn output<T: JsonSchema>() -> Arc<JsonObject> {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|s| s.inline_subschemas = true);
    let mut schema = Arc::unwrap_or_clone(portable(settings.into_generator(), &T::json_schema));
    // Hosts do not show it to the model: types are what validators need, prose is what costs.
    for (key, value) in &mut schema {
        if key != "description" {
            strip_descriptions(value);
        }
    }
    schema.remove("description");
    // The names stand in `properties`; a client that validates loses nothing that it would act on.
    schema.remove("required");
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(shallow);
    }
    Arc::new(schema)
}

/// Below the first level an object is an object, a list a list, and a text is what is not said to be something else: the
/// whole list has to fit into 3,500 tokens (law 10), and what a field holds is told by the answer itself.
fn shallow(value: &mut Value) {
    let kind = value.get("type").filter(|t| *t != "string").cloned();
    *value = kind.map_or_else(|| Value::Object(JsonObject::new()), |kind| serde_json::json!({"type": kind}));
}

fn portable(mut generator: SchemaGenerator, of: &dyn Fn(&mut SchemaGenerator) -> schemars::Schema) -> Arc<JsonObject> {
    let mut value: Value = of(&mut generator).into();
    walk(&mut value);
    let mut object = match value {
        Value::Object(o) => o,
        _ => JsonObject::new(),
    };
    object.remove("title");
    object.remove("description");
    // Clients insist on both, also where a tool takes nothing.
    object.entry("type").or_insert_with(|| "object".into());
    object.entry("properties").or_insert_with(|| Value::Object(JsonObject::new()));
    Arc::new(object)
}

fn strip_descriptions(value: &mut Value) {
    match value {
        Value::Object(o) => {
            if o.get("description").is_some_and(Value::is_string) {
                o.remove("description");
            }
            o.values_mut().for_each(strip_descriptions);
        }
        Value::Array(a) => a.iter_mut().for_each(strip_descriptions),
        _ => {}
    }
}

fn walk(value: &mut Value) {
    match value {
        Value::Object(o) => {
            o.remove("$schema");
            let rust_only = [
                "uint8", "uint16", "uint32", "uint64", "uint", "int8", "int16", "int32", "int64", "int", "float",
                "double",
            ];
            if o.get("format").and_then(Value::as_str).is_some_and(|f| rust_only.contains(&f)) {
                o.remove("format");
            }
            if o.get("default").is_some_and(|d| d.is_null() || *d == false || d.as_array().is_some_and(Vec::is_empty)) {
                o.remove("default");
            }
            // Counts are never negative; saying so in forty places costs more than it tells.
            if o.get("minimum").is_some_and(|m| *m == 0) {
                o.remove("minimum");
            }
            without_null(o);
            o.values_mut().for_each(walk);
            unite_constants(o);
        }
        Value::Array(a) => a.iter_mut().for_each(walk),
        _ => {}
    }
}

/// An optional field is left out, not sent as null: `[T, null]` is `T`.
fn without_null(o: &mut JsonObject) {
    if let Some(Value::Array(types)) = o.get_mut("type") {
        types.retain(|t| t != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            o.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(variants)) = o.get_mut("anyOf") {
        variants.retain(|v| v.get("type").and_then(Value::as_str) != Some("null"));
        if variants.len() == 1
            && let Some(Value::Object(one)) = variants.pop()
        {
            o.remove("anyOf");
            for (key, value) in one {
                o.entry(key).or_insert(value);
            }
        }
    }
}

/// `oneOf: [{const: a}, {const: b}]` is `enum: [a, b]`, which more clients understand, in a third of the length.
fn unite_constants(o: &mut JsonObject) {
    let Some(Value::Array(variants)) = o.get("oneOf") else { return };
    let constants: Option<Vec<Value>> = variants
        .iter()
        .map(|v| v.get("const").cloned().map(|c| vec![c]).or_else(|| v.get("enum").and_then(Value::as_array).cloned()))
        .collect::<Option<Vec<_>>>()
        .map(|v| v.concat());
    if let Some(constants) = constants {
        o.remove("oneOf");
        o.insert("type".to_owned(), "string".into());
        o.insert("enum".to_owned(), Value::Array(constants));
    }
}
