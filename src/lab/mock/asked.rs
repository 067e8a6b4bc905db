//! What a list is asked: the pairs of its query, and of a search that is a POST the fields of its body.

use std::borrow::Cow;

use serde_json::Value;

use super::errors::Refusal;
use super::{Call, Effect, body, text_of, url};
use crate::connector::{Request, Response};
use crate::model::{Direction, validate};

/// Pairs of a query and fields of a body, each by its dotted name.
pub(crate) type Pairs = Vec<(String, String)>;

/// All that a request asks, whatever it is: the pairs of its query, and the fields of a body that is JSON or a form.
pub(crate) fn asked_of(request: &Request) -> Pairs {
    let mut pairs = url::query_of(&request.url);
    let content_type = request.header("content-type").unwrap_or_default();
    if content_type.contains("json") {
        if let Ok(body) = serde_json::from_slice(&request.body) {
            flatten(&body, "", &mut pairs);
        }
    } else if content_type.contains("form-urlencoded") {
        let form = url::pairs(&String::from_utf8_lossy(&request.body));
        pairs.extend(form.into_iter().map(|(name, value)| (name.replace('[', ".").replace(']', ""), value)));
    }
    pairs
}

/// Why a request is refused: the answer, and what it did.
type Refused = Box<(Response, Effect)>;

impl Call<'_> {
    /// What this list is asked; the body of a search is held against its schema first.
    pub(super) fn asked(&self) -> Result<Cow<'_, [(String, String)]>, Refused> {
        if !self.op.asks_in_body() {
            return Ok(Cow::Borrowed(&self.query));
        }
        let Some(body) = self.body(true)? else { return Ok(Cow::Borrowed(&self.query)) };
        let mut pairs = self.query.clone();
        flatten(&body, "", &mut pairs);
        Ok(Cow::Owned(pairs))
    }

    /// The body, read and checked against the schema of the request; nothing where none was sent and none is required. Of a
    /// `search`, a page size above its maximum is cut down, not refused.
    pub(super) fn body(&self, search: bool) -> Result<Option<Value>, Refused> {
        let schemas = &self.blueprint.system.schemas;
        let no = |status, code: &str, because: String| Err(Box::new(self.refuse(status, code, because)));
        let documented = self.op.body.as_ref();
        let wanted = documented.map_or("application/json", |b| b.content_type.as_str());
        let schema = documented.and_then(|b| b.schema);
        let sent = self.request.header("content-type");
        let mut body = match body::read(schemas, schema, wanted, sent, &self.request.body) {
            Ok(Some(body)) => body,
            Ok(None) if documented.is_some_and(|b| b.required) => {
                return no(400, "bad-request", "a body is required".to_owned());
            }
            Ok(None) => return Ok(None),
            Err(body::BadBody::MediaType(sent)) => {
                return no(415, "unsupported-media-type", format!("the body is {sent}, {wanted} is taken"));
            }
            Err(body::BadBody::Syntax(why)) => {
                return no(400, "bad-request", format!("the body does not parse: {why}"));
            }
        };
        if search {
            self.cut_down(&mut body);
        }
        let Some(schema) = schema else { return Ok(Some(body)) };
        let violations = validate(schemas, schema, &body, Direction::Request);
        if violations.is_empty() {
            return Ok(Some(body));
        }
        // Vendors that do not document 422 answer 400.
        let documents = |s: &str| self.op.responses.iter().any(|r| r.status == s);
        let status = if !documents("422") && documents("400") { 400 } else { 422 };
        let words: Vec<String> = violations.iter().take(3).map(ToString::to_string).collect();
        let refusal = Refusal {
            status,
            code: "invalid",
            because: format!("the body does not fit: {}", words.join("; ")),
            violations: &violations,
        };
        Err(Box::new((refusal.answer(&self.blueprint.system, Some(self.op)), Effect::Nothing)))
    }

    /// Lowers a page size above what is stated to it.
    fn cut_down(&self, body: &mut Value) {
        let Some(pages) = &self.op.pagination else { return };
        let (Some(name), Some(most)) = (&pages.limit_param, pages.limit_max) else { return };
        let size = name.split('.').try_fold(body, |at, name| at.get_mut(name));
        if let Some(size) = size.filter(|s| s.as_u64().is_some_and(|n| n > most)) {
            *size = most.into();
        }
    }
}

/// Scalars by their dotted names. Null asks for nothing.
fn flatten(value: &Value, name: &str, out: &mut Pairs) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let inner = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(value, &inner, out);
            }
        }
        Value::Null | Value::Array(_) => {}
        scalar if !name.is_empty() => out.push((name.to_owned(), text_of(scalar))),
        _ => {}
    }
}
