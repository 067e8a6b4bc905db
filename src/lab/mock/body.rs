//! Request bodies: JSON, and forms in the bracket notation (`a[b]=c`, `a[]=d`).

use serde_json::{Map, Number, Value};

use crate::connector::Request;
use crate::model::{SchemaId, Schemas, TypeSet};

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BadBody {
    /// The media type is not the one documented.
    MediaType(String),
    /// It does not parse.
    Syntax(String),
}

/// What a request carries, JSON or a form, whatever any description says of it; nothing where it is neither.
pub(in crate::lab) fn sent(request: &Request) -> Option<Value> {
    let kind = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Some(from_form(&Schemas::default(), None, &String::from_utf8_lossy(&request.body)));
    }
    serde_json::from_slice(&request.body).ok()
}

/// Reads a body; nothing for an empty one.
pub(super) fn read(
    schemas: &Schemas,
    schema: Option<SchemaId>,
    wanted: &str,
    content_type: Option<&str>,
    bytes: &[u8],
) -> Result<Option<Value>, BadBody> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let kind = |t: &str| t.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let sent = content_type.map(kind).unwrap_or_default();
    let form = sent == "application/x-www-form-urlencoded";
    let json = sent == "application/json" || sent.ends_with("+json");
    let wants_form = kind(wanted) == "application/x-www-form-urlencoded";
    if form && wants_form {
        let text = String::from_utf8_lossy(bytes);
        return Ok(Some(from_form(schemas, schema, &text)));
    }
    if json && !wants_form {
        return serde_json::from_slice(bytes).map(Some).map_err(|e| BadBody::Syntax(e.to_string()));
    }
    Err(BadBody::MediaType(sent))
}

fn from_form(schemas: &Schemas, schema: Option<SchemaId>, text: &str) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in super::url::pairs(text) {
        let mut path = vec![name.split('[').next().unwrap_or_default()];
        path.extend(name.split('[').skip(1).map(|p| p.trim_end_matches(']')));
        insert(&mut root, &path, Value::String(value));
    }
    match schema {
        Some(id) => typed(schemas, id, root, 0),
        None => root,
    }
}

fn insert(at: &mut Value, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        *at = value;
        return;
    };
    if first.is_empty() {
        if !at.is_array() {
            *at = Value::Array(Vec::new());
        }
        if let Value::Array(items) = at {
            let mut item = Value::Null;
            insert(&mut item, rest, value);
            items.push(item);
        }
        return;
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Value::Object(map) = at {
        insert(map.entry((*first).to_owned()).or_insert(Value::Null), rest, value);
    }
}

/// A form knows text only: numbers, booleans and lists become what the schema says they are.
fn typed(schemas: &Schemas, id: SchemaId, value: Value, depth: usize) -> Value {
    if depth > 32 {
        return value;
    }
    let schema = schemas.get(id);
    match value {
        Value::String(text) => scalar(schema.types, text),
        Value::Array(items) => match schema.items {
            Some(item) => Value::Array(items.into_iter().map(|v| typed(schemas, item, v, depth + 1)).collect()),
            None => Value::Array(items),
        },
        Value::Object(map) => {
            let numbered = !map.is_empty() && map.keys().all(|k| k.bytes().all(|b| b.is_ascii_digit()));
            if numbered && schema.types.has(TypeSet::ARRAY) {
                let items = map.into_iter().map(|(_, v)| v).collect();
                return typed(schemas, id, Value::Array(items), depth + 1);
            }
            Value::Object(
                map.into_iter()
                    .map(|(name, v)| match schemas.property(id, &name) {
                        Some((property, _)) => (name, typed(schemas, property, v, depth + 1)),
                        None => (name, v),
                    })
                    .collect(),
            )
        }
        other => other,
    }
}

/// Text as the first of the schema's types that it fits.
pub(super) fn scalar(types: TypeSet, text: String) -> Value {
    if types.has(TypeSet::STRING) || types.is_any() {
        return Value::String(text);
    }
    if types.has(TypeSet::INTEGER)
        && let Ok(n) = text.parse::<i64>()
    {
        return Value::Number(n.into());
    }
    if types.has(TypeSet::NUMBER)
        && let Ok(n) = text.parse::<Number>()
    {
        return Value::Number(n);
    }
    match text.as_str() {
        "true" if types.has(TypeSet::BOOLEAN) => Value::Bool(true),
        "false" if types.has(TypeSet::BOOLEAN) => Value::Bool(false),
        "" if types.has(TypeSet::NULL) => Value::Null,
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schema;
    use serde_json::json;

    #[test]
    fn a_form_becomes_what_the_schema_says() {
        let mut s = Schemas::default();
        let int = s.push(Schema { types: TypeSet::INTEGER, ..Schema::default() });
        let text = s.push(Schema { types: TypeSet::STRING, ..Schema::default() });
        let list = s.push(Schema { types: TypeSet::ARRAY, items: Some(int), ..Schema::default() });
        let root = s.push(Schema {
            types: TypeSet::OBJECT,
            properties: [("n".to_owned(), int), ("t".to_owned(), text), ("l".to_owned(), list)].into_iter().collect(),
            ..Schema::default()
        });
        let form = "n=7&t=7&l[]=1&l[]=2&meta[a][b]=x%26y";
        let read = read(
            &s,
            Some(root),
            "application/x-www-form-urlencoded",
            Some("application/x-www-form-urlencoded"),
            form.as_bytes(),
        );
        assert_eq!(read, Ok(Some(json!({"n": 7, "t": "7", "l": [1, 2], "meta": {"a": {"b": "x&y"}}}))));
        assert_eq!(from_form(&s, Some(root), "l[0]=3&l[1]=4"), json!({"l": [3, 4]}));
    }

    #[test]
    fn another_media_type_is_refused() {
        let s = Schemas::default();
        let no = read(&s, None, "application/json", Some("text/plain"), b"{}");
        assert_eq!(no, Err(BadBody::MediaType("text/plain".into())));
        assert!(matches!(read(&s, None, "application/json", Some("application/json"), b"{"), Err(BadBody::Syntax(_))));
        assert_eq!(read(&s, None, "application/json", None, b""), Ok(None));
    }
}
