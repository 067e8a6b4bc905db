//! Requests in folders. Requests with one method and path are one operation; what each of them shows is put together.

use indexmap::IndexMap;
use serde_json::Value;

use super::auth::{Auth, Schemes};
use super::description;
use super::observed::{self, Shape};
use super::url::{self, Variables};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::model::{
    Action, Body, Method, Operation, ParamIn, Parameter, Response, Schema, SchemaId, Schemas, SecurityScheme, Server,
    TypeSet,
};
use crate::readers::facts::{Hints, Prose};
use crate::readers::openapi::document::{At, Document};

/// Most requests read.
const MOST_REQUESTS: usize = 20_000;
/// Deepest folder.
const MOST_FOLDERS: usize = 32;
/// Headers that say nothing of one operation.
const COMMON: [&str; 8] =
    ["accept", "accept-encoding", "authorization", "cache-control", "connection", "content-type", "host", "user-agent"];

/// All that the requests told.
pub(super) struct Requests {
    pub(super) operations: Vec<Operation>,
    pub(super) schemas: Schemas,
    pub(super) servers: Vec<Server>,
    pub(super) schemes: std::collections::BTreeMap<String, SecurityScheme>,
    /// How many bodies of JSON were seen.
    pub(super) examples: u64,
}

/// One operation in the making.
struct Made<'d> {
    method: Method,
    path: String,
    summary: String,
    pointer: String,
    auth: Auth,
    parameters: Vec<Parameter>,
    bodies: Vec<Value>,
    body: Option<(String, String)>,
    fields: IndexMap<String, TypeSet>,
    answers: IndexMap<String, Answer<'d>>,
}

struct Answer<'d> {
    content_type: String,
    bodies: Vec<Value>,
    headers: Vec<&'d str>,
    pointer: String,
}

struct Reader<'d, 'h> {
    hints: &'h mut Hints<'d>,
    made: IndexMap<(Method, String), Made<'d>>,
    schemas: Schemas,
    schemes: Schemes,
    bases: IndexMap<String, (usize, String)>,
    examples: u64,
}

/// Reads all requests of the collection.
pub(super) fn read<'d>(doc: &mut Document<'d>, hints: &mut Hints<'d>) -> Requests {
    let top = doc.top();
    let mut reader = Reader {
        hints,
        made: IndexMap::new(),
        schemas: Schemas::default(),
        schemes: Schemes::default(),
        bases: IndexMap::new(),
        examples: 0,
    };
    let auth = reader.schemes.of(doc, &top, &Auth::Unsaid);
    let mut variables = Variables::new();
    url::declared(&top, &mut variables);
    reader.folder(doc, &top, &auth, &variables, 0);
    let Reader { made, mut schemas, schemes, bases, examples, .. } = reader;
    let operations = made.into_values().map(|m| operation(m, &mut schemas)).collect();
    let mut servers: Vec<(usize, Server)> = bases
        .into_iter()
        .map(|(url, (count, pointer))| (count, Server { url, description: String::new(), pointer }))
        .collect();
    servers.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let servers = servers.into_iter().map(|(_, s)| s).take(50).collect();
    Requests { operations, schemas, servers, schemes: schemes.0, examples }
}

impl<'d> Reader<'d, '_> {
    fn folder(&mut self, doc: &mut Document<'d>, at: &At<'d>, auth: &Auth, variables: &Variables<'d>, depth: usize) {
        if depth > MOST_FOLDERS {
            doc.warn(
                "deep-folder",
                &at.pointer(),
                "folders nest too deeply; what is in here is not read",
                "flatten them",
            );
            return;
        }
        for item in at.child("item").iter().flat_map(At::items) {
            if item.value.get("item").is_some() {
                let auth = self.schemes.of(doc, &item, auth);
                let mut own = variables.clone();
                url::declared(&item, &mut own);
                if let Some((text, pointer)) = description(&item) {
                    self.hints.prose.push(Prose { operation: None, pointer: pointer.into(), text });
                }
                self.folder(doc, &item, &auth, &own, depth + 1);
            } else if self.made.len() < MOST_REQUESTS {
                self.request(doc, &item, auth, variables);
            } else {
                doc.warn(
                    "too-many-requests",
                    &item.pointer(),
                    "too many requests; the rest is not read",
                    "split the collection",
                );
            }
        }
    }

    fn request(&mut self, doc: &mut Document<'d>, item: &At<'d>, inherited: &Auth, variables: &Variables<'d>) {
        let Some(request) = item.child("request") else {
            doc.warn("no-request", &item.pointer(), "the item is neither a folder nor a request", "remove it");
            return;
        };
        // A text is an address to be read with GET.
        let address = if request.value.as_str().is_some() { Some(request) } else { request.child("url") };
        let Some(address) = address else {
            doc.warn("no-request", &request.pointer(), "the request has no url", "give it one");
            return;
        };
        let stated = request.text("method").unwrap_or("GET");
        let Some(method) = Method::parse(stated) else {
            let message = format!("the method \"{}\" is unknown", quoted(stated, 20));
            doc.warn("unknown-method", &request.pointer(), message, "use a method of HTTP");
            return;
        };
        let url::Address { base, path, query } = url::of(&address, variables);
        if !base.is_empty() {
            self.bases.entry(base).or_insert_with(|| (0, address.pointer())).0 += 1;
        }
        let mut auth = self.schemes.of(doc, &request, inherited);
        let (index, made) = {
            let entry = self.made.entry((method, path.clone()));
            let index = entry.index();
            let made = entry.or_insert_with(|| Made {
                method,
                path: path.clone(),
                summary: item.quoted("name", 160),
                pointer: request.pointer(),
                auth: Auth::Unsaid,
                parameters: Vec::new(),
                bodies: Vec::new(),
                body: None,
                fields: IndexMap::new(),
                answers: IndexMap::new(),
            });
            (index, made)
        };
        for at in [&request, item] {
            if let Some((text, pointer)) = description(at) {
                self.hints.prose.push(Prose { operation: Some(index), pointer: pointer.into(), text });
            }
        }
        let said: Vec<At<'d>> = address.child("query").iter().flat_map(At::items).collect();
        for at in &said {
            let Some(name) = at.text("key").filter(|n| !n.is_empty()) else { continue };
            add(made, &mut self.schemas, name, ParamIn::Query, at);
            if let Some((text, pointer)) = description(at) {
                self.hints.of_parameter(
                    index,
                    quoted(name, 200),
                    Prose { operation: Some(index), pointer: pointer.into(), text },
                );
            }
        }
        if said.is_empty() {
            for (name, value) in &query {
                add_bare(made, &mut self.schemas, name, ParamIn::Query, value, &address.pointer());
            }
        }
        let of_path: Vec<At<'d>> = address.child("variable").iter().flat_map(At::items).collect();
        for name in path.split('{').skip(1).filter_map(|s| s.split('}').next()) {
            let told = of_path.iter().find(|v| v.text("key").or_else(|| v.text("id")) == Some(name));
            match told {
                Some(at) => add(made, &mut self.schemas, name, ParamIn::Path, at),
                None => add_bare(made, &mut self.schemas, name, ParamIn::Path, "", &request.pointer()),
            }
        }
        for header in request.child("header").iter().flat_map(At::items) {
            let Some(name) = header.text("key").filter(|n| !n.is_empty()) else { continue };
            if name.eq_ignore_ascii_case("authorization") && auth == Auth::Unsaid {
                auth = self.schemes.of_header(header.text("value").unwrap_or(""), header.pointer());
            }
            if !COMMON.contains(&name.to_ascii_lowercase().as_str()) {
                add(made, &mut self.schemas, name, ParamIn::Header, &header);
            }
        }
        if made.auth == Auth::Unsaid {
            made.auth = auth;
        }
        if let Some(body) = request.child("body") {
            self.examples += body_of(doc, made, &body);
        }
        for answer in item.child("response").iter().flat_map(At::items) {
            self.examples += answer_of(doc, made, &answer);
        }
    }
}

/// A parameter from an object with `key`, `value` and `description`.
fn add(made: &mut Made<'_>, schemas: &mut Schemas, name: &str, place: ParamIn, at: &At<'_>) {
    add_bare(made, schemas, name, place, at.text("value").unwrap_or(""), &at.pointer());
    if let (Some((text, _)), Some(known)) = (description(at), made.parameters.last_mut())
        && known.pointer == at.pointer()
    {
        known.description = quoted(text, 300);
    }
}

fn add_bare(made: &mut Made<'_>, schemas: &mut Schemas, name: &str, place: ParamIn, value: &str, pointer: &str) {
    let name = quoted(name, 200);
    if name.is_empty() || made.parameters.iter().any(|p| p.place == place && p.name == name) {
        return;
    }
    let schema = schemas.push(Schema { types: type_of(value), pointer: pointer.to_owned(), ..Schema::default() });
    made.parameters.push(Parameter {
        name,
        place,
        required: place == ParamIn::Path,
        schema: Some(schema),
        description: String::new(),
        pointer: pointer.to_owned(),
    });
}

/// The type that a value written as text seems to have.
fn type_of(value: &str) -> TypeSet {
    match value {
        "true" | "false" => TypeSet::BOOLEAN,
        digits if (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) => TypeSet::INTEGER,
        _ => TypeSet::STRING,
    }
}

/// Takes in a request's body; tells how many examples it was.
fn body_of(doc: &mut Document<'_>, made: &mut Made<'_>, body: &At<'_>) -> u64 {
    if body.flag("disabled") {
        return 0;
    }
    let mode = body.text("mode").unwrap_or("");
    let content_type = match mode {
        "raw" => {
            let Some(text) = body.text("raw").filter(|t| !t.trim().is_empty()) else { return 0 };
            let language = body.value.pointer("/options/raw/language").and_then(Node::as_str);
            let Some(value) = observed::json(text) else {
                if language.is_none_or(|l| l == "json") && text.trim_start().starts_with(['{', '[']) {
                    let message = "the body is no JSON that can be read, so its shape is not known";
                    doc.warn("example-unreadable", &body.pointer(), message, "correct the example");
                }
                return 0;
            };
            made.bodies.push(value);
            "application/json"
        }
        "urlencoded" | "formdata" => {
            for field in body.child(mode).iter().flat_map(At::items) {
                let Some(name) = field.text("key").filter(|n| !n.is_empty()) else { continue };
                made.fields.entry(quoted(name, 200)).or_insert_with(|| type_of(field.text("value").unwrap_or("")));
            }
            if mode == "urlencoded" { "application/x-www-form-urlencoded" } else { "multipart/form-data" }
        }
        "graphql" => {
            made.fields.entry("query".to_owned()).or_insert(TypeSet::STRING);
            made.fields.entry("variables".to_owned()).or_insert(TypeSet::OBJECT);
            "application/json"
        }
        "file" => "application/octet-stream",
        _ => return 0,
    };
    made.body.get_or_insert_with(|| (content_type.to_owned(), body.pointer()));
    u64::from(mode == "raw")
}

/// Takes in an example answer; tells how many examples it was.
fn answer_of<'d>(doc: &mut Document<'_>, made: &mut Made<'d>, at: &At<'d>) -> u64 {
    let status = match at.value.get("code") {
        Some(Node::Number(code)) if code.len() <= 3 => (*code).to_owned(),
        _ => "default".to_owned(),
    };
    let headers: Vec<At<'d>> = at.child("header").iter().flat_map(At::items).collect();
    let answer = made.answers.entry(status).or_insert_with(|| Answer {
        content_type: String::new(),
        bodies: Vec::new(),
        headers: Vec::new(),
        pointer: at.pointer(),
    });
    for header in &headers {
        let Some(name) = header.text("key") else { continue };
        if !answer.headers.contains(&name) && answer.headers.len() < 100 {
            answer.headers.push(name);
        }
        if name.eq_ignore_ascii_case("content-type") && answer.content_type.is_empty() {
            let value = header.text("value").unwrap_or("").split(';').next().unwrap_or("");
            answer.content_type = quoted(value, 120);
        }
    }
    let Some(body) = at.text("body").filter(|b| !b.trim().is_empty()) else { return 0 };
    match observed::json(body) {
        Some(value) => {
            answer.bodies.push(value);
            if answer.content_type.is_empty() {
                answer.content_type = "application/json".to_owned();
            }
            1
        }
        None => {
            if body.trim_start().starts_with(['{', '[']) {
                let message = "the example answer is no JSON that can be read, so its shape is not known";
                doc.warn("example-unreadable", &at.pointer(), message, "correct the example, or save the answer again");
            }
            0
        }
    }
}

fn operation(made: Made<'_>, schemas: &mut Schemas) -> Operation {
    let Made { method, path, summary, pointer, auth, parameters, bodies, body, fields, answers } = made;
    let body = body.map(|(content_type, pointer)| {
        let schema = if bodies.is_empty() {
            form(fields, schemas, &pointer)
        } else {
            Some(Shape::of(&bodies).into_schema(schemas, &pointer))
        };
        Body { required: false, content_type, others: Vec::new(), schema, pointer }
    });
    let responses = answers
        .into_iter()
        .map(|(status, Answer { content_type, bodies, headers, pointer })| {
            let schema = (!bodies.is_empty()).then(|| Shape::of(&bodies).into_schema(schemas, &pointer));
            let headers = headers.into_iter().map(|h| quoted(h, 120)).collect();
            Response {
                status,
                content_type,
                others: Vec::new(),
                schema,
                headers,
                examples: indexmap::IndexMap::new(),
                pointer,
            }
        })
        .collect();
    Operation {
        id: format!("{} {path}", method.as_str()),
        method,
        path,
        summary,
        deprecated: false,
        parameters,
        body,
        responses,
        security: auth.requirement(),
        pointer,
        entity: None,
        action: Action::Other,
        items: None,
        inside: Vec::new(),
        record: None,
        pagination: None,
        incremental: None,
        feed: None,
        idempotency: None,
        rate_limit: None,
        root_field: None,
    }
}

fn form(fields: IndexMap<String, TypeSet>, schemas: &mut Schemas, pointer: &str) -> Option<SchemaId> {
    if fields.is_empty() {
        return None;
    }
    let mut schema = Schema { types: TypeSet::OBJECT, pointer: pointer.to_owned(), ..Schema::default() };
    for (name, types) in fields {
        let id = schemas.push(Schema { types, pointer: pointer.to_owned(), ..Schema::default() });
        schema.properties.insert(name, id);
    }
    Some(schemas.push(schema))
}
