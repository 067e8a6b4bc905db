//! Makes generated schemas small and portable: no `$schema`, no Rust-only formats that validators warn about, no
//! `anyOf` with null for optional fields.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

/// Input schema of a type: what a client may send.
pub(super) fn input<T: JsonSchema>() -> Arc<JsonObject> {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = Arc::unwrap_or_clone(portable(settings.into_generator(), &T::json_schema));
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, said) in SAID_ONCE {
            if let Some(Value::Object(property)) = properties.get_mut(*name)
                && property.get("description").and_then(Value::as_str) == Some(*said)
            {
                property.remove("description");
            }
        }
    }
    Arc::new(schema)
}

/// What the server's instructions say once for all tools, and no tool says again.
const SAID_ONCE: &[(&str, &str)] = &[("session", "From open_session."), ("cursor", "From the previous page.")];

/// Output schema of every tool: an object. Hosts do not show it to the model, a client that validates loses nothing that it
/// would act on, and the whole list has to fit into 3,500 tokens (law 10): what a field holds is told by the answer itself.
pub(super) fn output() -> Arc<JsonObject> {
    Arc::new(JsonObject::from_iter([("type".to_owned(), "object".into())]))
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
