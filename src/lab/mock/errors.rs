//! Answers that say no, in the shape that the description documents for them.

use serde_json::{Map, Value, json};

use crate::base::rng::Rng;
use crate::base::text;
use crate::connector::Response;
use crate::model::{Direction, Operation, Schema, SchemaId, System, TypeSet, Violation, sample};

/// What went wrong.
pub(super) struct Refusal<'a> {
    /// Status code.
    pub(super) status: u16,
    /// Kebab-case.
    pub(super) code: &'a str,
    /// In words.
    pub(super) because: String,
    /// Where the body does not fit.
    pub(super) violations: &'a [Violation],
}

impl<'a> Refusal<'a> {
    pub(super) fn new(status: u16, code: &'a str, because: impl Into<String>) -> Self {
        Self { status, code, because: because.into(), violations: &[] }
    }

    /// The answer: as documented for this status, else problem details (RFC 9457).
    pub(super) fn answer(&self, system: &System, op: Option<&Operation>) -> Response {
        let status = self.status.to_string();
        let class = format!("{}XX", self.status / 100);
        let documented = op.and_then(|o| {
            [status.as_str(), class.as_str(), "default"]
                .into_iter()
                .find_map(|s| o.responses.iter().find(|r| r.status.eq_ignore_ascii_case(s)))
        });
        let (content_type, body) = match documented.and_then(|d| d.schema.map(|s| (d, s))) {
            Some((doc, schema)) if doc.content_type.contains("json") => {
                (doc.content_type.clone(), self.shaped(system, schema))
            }
            _ => ("application/problem+json".to_owned(), self.problem()),
        };
        Response {
            status: self.status,
            headers: vec![("content-type".to_owned(), content_type)],
            body: body.to_string().into(),
        }
    }

    fn problem(&self) -> Value {
        let mut problem = json!({
            "type": format!("urn:problem:{}", self.code),
            "title": self.code.replace('-', " "),
            "status": self.status,
            "detail": self.because,
        });
        if !self.violations.is_empty() {
            problem["errors"] = self.errors();
        }
        problem
    }

    fn errors(&self) -> Value {
        self.violations.iter().map(|v| json!({"pointer": v.pointer, "detail": v.because})).collect()
    }

    fn shaped(&self, system: &System, schema: SchemaId) -> Value {
        let mut value = sample::sample(&system.schemas, schema, &mut Rng::seeded(1), Direction::Response);
        self.fill(system, schema, &mut value, 0);
        value
    }

    /// Puts what we have to say into the fields that are there for it.
    fn fill(&self, system: &System, id: SchemaId, value: &mut Value, depth: usize) {
        let Value::Object(map) = value else { return };
        for (name, property) in system.schemas.properties(id) {
            let schema = system.schemas.get(property);
            match text::words(name).join("_").as_str() {
                "message" | "detail" | "error_description" | "msg" | "reason" => {
                    self.say(map, name, schema, &self.because)
                }
                "title" => self.say(map, name, schema, &self.code.replace('-', " ")),
                "type" | "code" | "error_code" | "slug" => {
                    if schema.types.allows(TypeSet::STRING) {
                        self.say(map, name, schema, &self.code.replace('-', "_"));
                    } else if schema.types.allows(TypeSet::INTEGER) {
                        map.insert(name.to_owned(), json!(self.status));
                    }
                }
                "status" | "status_code" | "http_status" if schema.types.allows(TypeSet::INTEGER) => {
                    map.insert(name.to_owned(), json!(self.status));
                }
                "ok" | "success" if schema.types.allows(TypeSet::BOOLEAN) => {
                    map.insert(name.to_owned(), json!(false));
                }
                "errors" => self.list(system, map, name, schema, depth),
                // An error inside an error, as Stripe and many others send it.
                "error" if depth < 3 => {
                    if let Some(inner) = map.get_mut(name).filter(|v| v.is_object()) {
                        self.fill(system, property, inner, depth + 1);
                    } else {
                        self.say(map, name, schema, &self.because);
                    }
                }
                _ => {}
            }
        }
    }

    fn list(&self, system: &System, map: &mut Map<String, Value>, name: &str, schema: &Schema, depth: usize) {
        let Some(item) = schema.items.filter(|_| schema.types.allows(TypeSet::ARRAY)) else { return };
        let fields = system.schemas.properties(item);
        if fields.contains_key("pointer") || self.violations.is_empty() {
            map.insert(name.to_owned(), self.errors());
        } else if let Some(Value::Array(items)) = map.get_mut(name) {
            for one in items {
                self.fill(system, item, one, depth + 1);
            }
        }
    }

    /// Sets a text, where it is one; among documented values the nearest.
    fn say(&self, map: &mut Map<String, Value>, name: &str, schema: &Schema, words: &str) {
        if !schema.types.allows(TypeSet::STRING) {
            return;
        }
        let said = match &schema.values {
            None => Some(words.to_owned()),
            Some(values) => {
                let known: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                let close = |k: &&&str| words.contains(**k) || k.contains(words);
                known
                    .iter()
                    .find(close)
                    .copied()
                    .or_else(|| text::nearest(words, known.iter().copied()))
                    .map(str::to_owned)
            }
        };
        if let Some(said) = said {
            map.insert(name.to_owned(), Value::String(said));
        }
    }
}
