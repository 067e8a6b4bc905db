//! Reads and writes bodies: JSON, forms, values at a path.

use bytes::Bytes;
use serde_json::{Map, Number, Value};

use super::Response;
use super::address::encode as percent;
use crate::model::TypeSet;

/// The value at a path of property names, and of numbers where it leads into a list.
pub(super) fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |v, name| match v {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => v.get(name),
    })
}

/// Takes the value at a path out of `value`, leaving null: a page's records are moved, never copied.
pub(super) fn take_at(value: &mut Value, path: &[String]) -> Option<Value> {
    path.iter().try_fold(value, |v, name| v.get_mut(name)).map(Value::take)
}

/// The text of a scalar as it stands in a URL or as a key; nothing for null, lists and objects.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text as a value of these types: a number where they want one, and text where they leave it open.
pub(super) fn typed(types: TypeSet, text: String) -> Value {
    if types.is_any() || types.has(TypeSet::STRING) {
        return Value::String(text);
    }
    match text.as_str() {
        "true" if types.has(TypeSet::BOOLEAN) => Value::Bool(true),
        "false" if types.has(TypeSet::BOOLEAN) => Value::Bool(false),
        _ if types.has(TypeSet::INTEGER) || types.has(TypeSet::NUMBER) => {
            text.parse::<Number>().map_or(Value::String(text), Value::Number)
        }
        _ => Value::String(text),
    }
}

/// Sets the value at a dotted path, with the objects on the way to it.
pub(super) fn put(root: &mut Value, dotted: &str, value: Value) {
    let mut at = root;
    for name in dotted.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(name.to_owned()).or_insert(Value::Null);
    }
    *at = value;
}

/// Whether the runtime can write this media type.
pub(super) fn writable(content_type: &str) -> bool {
    is_form(content_type) || is_json(content_type)
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A form, which knows texts and no null.
pub(super) fn is_form(content_type: &str) -> bool {
    essence(content_type) == "application/x-www-form-urlencoded"
}

/// `application/json`, `text/json`, `application/problem+json` …
fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// The body of a write.
pub(super) fn encode(content_type: &str, value: &Value) -> Bytes {
    if is_form(content_type) {
        let mut out = String::new();
        form("", value, &mut out);
        return Bytes::from(out);
    }
    // A Value always serialises: its keys are text.
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}

/// `a[b]=c`, `tags[0]=x`: the nesting of forms that Rails, PHP and Stripe read. Null is the empty text.
fn form(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let inner = if name.is_empty() { key.clone() } else { format!("{name}[{key}]") };
                form(&inner, value, out);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                form(&format!("{name}[{i}]"), item, out);
            }
        }
        leaf => {
            if !out.is_empty() {
                out.push('&');
            }
            out.push_str(&percent(name));
            out.push('=');
            out.push_str(&percent(&scalar(leaf).unwrap_or_default()));
        }
    }
}

/// Stands for half a surrogate pair; a noncharacter, which Unicode keeps out of texts that are exchanged.
const HALF: char = '\u{fdd0}';

/// Reads JSON. A text that holds half a character, as senders make it that cut texts by UTF-16 units (RFC 8259 section 8.2), does
/// not take the rest with it: it is read with a mark that [`has_broken_text`] finds.
pub(super) fn json(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| {
        let Some(marked) = halves_marked(body) else { return Err(error) };
        serde_json::from_slice(&marked)
    })
}

/// The JSON with a mark in the place of each escaped half of a surrogate pair; nothing where there is none.
fn halves_marked(body: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut out = Vec::with_capacity(body.len());
    let (mut at, mut any) = (0, false);
    while let Some(byte) = body.get(at) {
        let length = match (*byte, unit(at)) {
            (b'\\', Some(0xd800..=0xdbff)) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            (b'\\', Some(0xd800..=0xdfff)) => {
                out.extend_from_slice(HALF.to_string().as_bytes());
                (at, any) = (at + 6, true);
                continue;
            }
            (b'\\', _) => 2,
            _ => 1,
        };
        out.extend_from_slice(body.get(at..at + length).unwrap_or_default());
        at += length;
    }
    any.then_some(out)
}

/// Whether a text in it was read with a mark in the place of half a character.
pub(super) fn has_broken_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(HALF),
        Value::Array(items) => items.iter().any(has_broken_text),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains(HALF) || has_broken_text(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What the body of a successful answer is.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    /// Nothing at all.
    Empty,
    /// JSON.
    Json(Value),
    /// Text that claims to be neither JSON nor a page for people, e.g. `text/plain` `ok`.
    Other,
    /// A page for people, JSON that ends early, or bytes that are not what they claim: why, in words.
    Broken(String),
}

/// Whether an answer calls itself a page for people.
pub(super) fn is_page(response: &Response) -> bool {
    response.header("content-type").is_some_and(|content_type| essence(content_type).contains("html"))
}

/// Whether an answer says nothing although its status says that something follows: 202, 204 and 205 do not.
pub(super) fn is_void(response: &Response) -> bool {
    matches!(response.status, 200 | 201) && response.body.trim_ascii().is_empty()
}

/// Reads the body of an answer. What cannot be read is [`Content::Broken`], never empty.
pub(super) fn content(response: &Response) -> Content {
    // A byte order mark may be ignored (RFC 8259 section 8.1), and some servers put one before their JSON.
    let body = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body).trim_ascii();
    if body.is_empty() {
        return Content::Empty;
    }
    let content_type = response.header("content-type").unwrap_or_default();
    if is_page(response) {
        return Content::Broken(format!("answered {} where JSON was expected", essence(content_type)));
    }
    match json(body) {
        Ok(value) => Content::Json(value),
        Err(_) if body.starts_with(b"<") => Content::Broken("answered markup where JSON was expected".to_owned()),
        Err(e) if content_type.is_empty() || is_json(content_type) => {
            Content::Broken(format!("the JSON cannot be read at line {} column {}", e.line(), e.column()))
        }
        Err(_) => Content::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(content_type: &str, body: &'static str) -> Content {
        content(&Response {
            status: 200,
            headers: vec![("content-type".into(), content_type.into())],
            body: Bytes::from_static(body.as_bytes()),
        })
    }

    #[test]
    fn forms_nest_with_brackets() {
        let body = encode(
            "application/x-www-form-urlencoded",
            &json!({"name": "A & B", "address": {"city": "Köln"}, "tags": ["x", 1], "gone": null}),
        );
        assert_eq!(body, "name=A%20%26%20B&address%5Bcity%5D=K%C3%B6ln&tags%5B0%5D=x&tags%5B1%5D=1&gone=");
    }

    #[test]
    fn a_broken_body_is_never_empty() {
        assert!(matches!(answer("application/json", r#"{"data": [1, "#), Content::Broken(_)));
        assert!(matches!(answer("text/html; charset=utf-8", "<html>"), Content::Broken(_)));
        assert!(matches!(answer("", "<!doctype html>"), Content::Broken(_)));
        assert_eq!(answer("text/plain", "ok"), Content::Other);
        assert_eq!(answer("application/json", " \n"), Content::Empty);
        assert_eq!(answer("application/problem+json", "{}"), Content::Json(json!({})));
        assert_eq!(answer("application/json", "\u{feff}{}"), Content::Json(json!({})), "after a byte order mark");
    }

    #[test]
    fn half_a_character_takes_nothing_else_with_it() {
        let body = br#"{"a": "cut \ud83d", "b": "\ud83d\ude00", "c": "\\ud83d", "d": "\udc00x", "e": 1}"#;
        let read = json(body).unwrap();
        assert_eq!((&read["b"], &read["c"], &read["e"]), (&json!("\u{1f600}"), &json!("\\ud83d"), &json!(1)));
        assert!(has_broken_text(&read["a"]) && has_broken_text(&read["d"]) && has_broken_text(&read));
        assert!(!has_broken_text(&read["b"]) && !has_broken_text(&read["c"]));
        assert!(json(br#"{"a": "cut \ud8"}"#).is_err());
        assert!(json(b"{").is_err());
    }

    #[test]
    fn records_are_moved_out_of_a_page() {
        let mut page = json!({"data": {"items": [1]}, "more": true});
        let path = ["data".to_owned(), "items".to_owned()];
        assert_eq!(take_at(&mut page, &path), Some(json!([1])));
        assert_eq!(at(&page, &path), Some(&Value::Null));
        assert_eq!(take_at(&mut page, &["nothing".to_owned()]), None);
    }
}
