//! What is asked of a description: the simplest list that it has, and records to be made where a body for that is described.

use std::path::Path;

use platform_integration::base::rng::Rng;
use platform_integration::model::{
    Action, ApiKeyPlace, Direction, Method, Operation, ParamIn, SchemeKind, System, sample,
};
use platform_integration::readers;
use serde_json::Value;

/// Whole HTTP/1.1 requests.
pub(crate) struct Asks {
    /// A list.
    pub(crate) read: Vec<u8>,
    /// Records to be made, each another; none where no operation makes any without a path parameter.
    pub(crate) make: Vec<Vec<u8>>,
}

/// The requests for a description; nothing where it has no list without path parameters.
pub(crate) fn asks(file: &Path) -> Option<Asks> {
    let bytes = std::fs::read(file).ok()?;
    let system = readers::read_bytes(&bytes, &file.to_string_lossy()).system?;
    let plain = |o: &&Operation| !o.path.contains('{');
    let needs = |o: &&Operation| o.parameters.iter().filter(|p| p.required).count();
    let read = system
        .operations
        .iter()
        .filter(|o| o.method == Method::Get && matches!(o.action, Action::List | Action::Search | Action::Get))
        .filter(plain)
        .min_by_key(|o| (needs(o), o.action != Action::List))
        .or_else(|| system.operations.iter().filter(|o| o.method == Method::Get).filter(plain).min_by_key(needs))?;
    let make = system.operations.iter().filter(plain).find(|o| {
        o.action == Action::Create
            && o.body.as_ref().is_some_and(|b| b.content_type == "application/json" && b.schema.is_some())
    });
    let mut rng = Rng::seeded(7);
    let read = request(&system, read, &mut rng, None);
    let make = make.map_or_else(Vec::new, |op| {
        let schema = op.body.as_ref().and_then(|b| b.schema);
        let mut one = || {
            let body = schema.map(|s| sample::sample(&system.schemas, s, &mut rng, Direction::Request));
            request(&system, op, &mut rng.fork("head"), body.as_ref())
        };
        (0..500).map(|_| one()).collect()
    });
    Some(Asks { read, make })
}

fn request(system: &System, op: &Operation, rng: &mut Rng, body: Option<&Value>) -> Vec<u8> {
    let mut query = Vec::new();
    let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
    for p in op.parameters.iter().filter(|p| p.required) {
        let value = p.schema.map(|s| sample::sample(&system.schemas, s, rng, Direction::Request)).unwrap_or_default();
        let text = match value {
            Value::String(s) => s,
            Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
            other => other.to_string(),
        };
        let plain: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.,:".contains(*c)).collect();
        match p.place {
            ParamIn::Query => query.push(format!("{}={plain}", p.name)),
            ParamIn::Header => headers.push((p.name.clone(), plain)),
            ParamIn::Path | ParamIn::Cookie | ParamIn::Variable => {}
        }
    }
    for used in op.security.first().into_iter().flatten() {
        match system.schemes.get(&used.scheme).map(|s| &s.kind) {
            Some(SchemeKind::ApiKey { place: ApiKeyPlace::Header, name }) => {
                headers.push((name.clone(), "key".to_owned()))
            }
            Some(SchemeKind::ApiKey { place: ApiKeyPlace::Query, name }) => query.push(format!("{name}=key")),
            Some(SchemeKind::ApiKey { place: ApiKeyPlace::Cookie, name }) => {
                headers.push(("cookie".to_owned(), format!("{name}=key")));
            }
            Some(SchemeKind::Basic) => headers.push(("authorization".to_owned(), "Basic YTpi".to_owned())),
            Some(_) => headers.push(("authorization".to_owned(), "Bearer token".to_owned())),
            None => {}
        }
    }
    let body = body.map(|b| serde_json::to_vec(b).unwrap_or_default()).unwrap_or_default();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut text = format!("{} {}{query} HTTP/1.1\r\nhost: 127.0.0.1\r\n", op.method.as_str(), op.path);
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend(body);
    bytes
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
