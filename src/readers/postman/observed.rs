//! Shapes of examples: what all values seen at a place have in common.

use indexmap::IndexMap;
use serde_json::Value;

use crate::base::text::quoted;
use crate::model::{Schema, SchemaId, Schemas, TypeSet};

/// Most places of one shape; examples are no place for data.
const MOST_PLACES: usize = 5_000;

/// What was seen at one place.
#[derive(Debug, Default)]
pub(super) struct Shape {
    types: TypeSet,
    /// How many objects.
    objects: u64,
    /// Fields, and in how many objects each was.
    fields: IndexMap<String, (Self, u64)>,
    items: Option<Box<Self>>,
    /// What all texts are, as a format; nothing once one is not.
    format: Option<&'static str>,
    texts: u64,
    null: bool,
}

impl Shape {
    /// Takes one more value into account; `room` is how many places may still be added.
    pub(super) fn see(&mut self, value: &Value, room: &mut usize) {
        match value {
            // Says only that it may be empty.
            Value::Null => {
                self.null = true;
                return;
            }
            Value::String(text) => {
                let format = format_of(text);
                self.format = if self.texts == 0 { format } else { self.format.filter(|f| Some(*f) == format) };
                self.texts += 1;
            }
            Value::Object(map) => {
                self.objects += 1;
                for (name, value) in map {
                    if !self.fields.contains_key(name) {
                        if *room == 0 {
                            continue;
                        }
                        *room -= 1;
                    }
                    let (shape, seen) = self.fields.entry(name.clone()).or_default();
                    *seen += 1;
                    shape.see(value, room);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.items.get_or_insert_default().see(item, room);
                }
            }
            Value::Bool(_) | Value::Number(_) => {}
        }
        self.types = self.types.with(TypeSet::of(value));
    }

    /// The shape of all these values.
    pub(super) fn of<'v>(values: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut shape = Self::default();
        let mut room = MOST_PLACES;
        for value in values {
            shape.see(value, &mut room);
        }
        shape
    }

    /// Puts it among the schemas. A field counts as required where several objects were seen and all had it. As deep as the
    /// JSON it was read from, which its parser bounds.
    pub(super) fn into_schema(self, schemas: &mut Schemas, pointer: &str) -> SchemaId {
        let Self { types, objects, fields, items, format, texts, null } = self;
        let mut schema = Schema { types, pointer: pointer.to_owned(), ..Schema::default() };
        if types.has(TypeSet::INTEGER) && types.has(TypeSet::NUMBER) {
            schema.types = types.without(TypeSet::INTEGER);
        }
        if null && !types.is_any() {
            schema.types = schema.types.with(TypeSet::NULL);
        }
        if texts > 0 {
            schema.format = format.map(str::to_owned);
        }
        for (name, (shape, seen)) in fields {
            let name = quoted(&name, 200);
            if objects > 1 && seen == objects {
                schema.required.insert(name.clone());
            }
            let id = shape.into_schema(schemas, pointer);
            schema.properties.insert(name, id);
        }
        schema.items = items.map(|items| items.into_schema(schemas, pointer));
        schemas.push(schema)
    }
}

/// The format that a text has beyond doubt.
fn format_of(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let like = |pattern: &str| {
        bytes.len() >= pattern.len()
            && pattern.bytes().zip(bytes).all(|(p, b)| if p == b'0' { b.is_ascii_digit() } else { p == *b })
    };
    if like("0000-00-00T00:00:00") && (text.ends_with('Z') || text.get(19..).is_some_and(|z| z.contains(['+', '-']))) {
        return Some("date-time");
    }
    if like("0000-00-00") && bytes.len() == 10 {
        return Some("date");
    }
    if bytes.len() == 36
        && bytes
            .iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
    {
        return Some("uuid");
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        return Some("uri");
    }
    let (name, host) = text.split_once('@')?;
    let plain = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic() && b != b'@');
    (plain(name) && plain(host) && host.contains('.')).then_some("email")
}

/// A body as JSON. Variables that stand for values outside of texts (`"id": {{id}}`) are read as null.
pub(super) fn json(body: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(body) {
        return Some(value);
    }
    if !body.contains("{{") {
        return None;
    }
    let mut out = String::with_capacity(body.len());
    let (mut text, mut escaped) = (false, false);
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        if !text
            && let Some(after) = rest.strip_prefix("{{")
            && let Some((name, after)) = after.split_once("}}")
            && !name.contains(['{', '"', '\n'])
        {
            out.push_str("null");
            rest = after;
            continue;
        }
        match c {
            '"' if !escaped => text = !text,
            _ => {}
        }
        escaped = text && c == '\\' && !escaped;
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    serde_json::from_str(&out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_all_examples_have_is_required_and_what_differs_is_both() {
        let values = [
            json!({"id": 1, "at": "2024-01-02T03:04:05Z", "x": 1.5}),
            json!({"id": 2, "at": null, "y": "a@b.example"}),
        ];
        let mut schemas = Schemas::default();
        let id = Shape::of(&values).into_schema(&mut schemas, "#");
        let schema = schemas.get(id).clone();
        assert_eq!(schema.required.iter().map(String::as_str).collect::<Vec<_>>(), ["at", "id"]);
        let told: Vec<String> = schema
            .properties
            .iter()
            .map(|(n, id)| format!("{n} {} {:?}", schemas.get(*id).types, schemas.get(*id).format))
            .collect();
        assert_eq!(
            told,
            ["id integer None", "at string or null Some(\"date-time\")", "x number None", "y string Some(\"email\")"]
        );
    }

    #[test]
    fn one_example_says_nothing_of_what_is_required() {
        let mut schemas = Schemas::default();
        let id = Shape::of(&[json!([{"id": 1}])]).into_schema(&mut schemas, "#");
        let items = schemas.get(id).items.expect("items");
        assert!(schemas.get(items).required.is_empty());
    }

    #[test]
    fn variables_in_the_place_of_values_are_read_as_null() {
        assert_eq!(json("{\"a\": {{id}}, \"b\": \"{{x}} \\\"{{y}}\"}"), Some(json!({"a": null, "b": "{{x}} \"{{y}}"})));
        assert_eq!(json("{\"a\": "), None);
        assert_eq!(json("{{{{"), None);
    }
}
