//! Operations: parameters, bodies, answers, security.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::built::Moved;
use super::document::{At, Document};
use super::schemas::Builder;
use super::security;
use super::{Dialect, swagger};
use crate::base::both::both;
use crate::base::text::quoted;
use crate::base::tree::{Arena, Node};
use crate::finding::Severity;
use crate::model::{
    Action, Body, Event, Method, Operation, ParamIn, Parameter, Response, Schema, SchemaId, Schemas, SchemeUse,
    SecurityScheme, TypeSet,
};
use crate::readers::facts::{Hints, Prose};

/// All operations and events, and the schemas they use, those of unused components included.
pub(super) fn read<'d>(
    doc: &mut Document<'d>,
    schemes: &BTreeMap<String, SecurityScheme>,
    dialect: Dialect,
    hints: &mut Hints<'d>,
) -> (Vec<Operation>, Vec<Event>, Schemas) {
    let components: Vec<At<'d>> = doc.at(dialect.schemas()).iter().flat_map(At::children).map(|(_, at)| at).collect();
    let aside = components.len() >= MANY;
    read_on(doc, schemes, dialect, hints, &components, aside)
}

/// As [`read`]; the schemas with names are built on a second thread where `aside` is set, which changes nothing else.
fn read_on<'d>(
    doc: &mut Document<'d>,
    schemes: &BTreeMap<String, SecurityScheme>,
    dialect: Dialect,
    hints: &mut Hints<'d>,
    components: &[At<'d>],
    aside: bool,
) -> (Vec<Operation>, Vec<Event>, Schemas) {
    if !aside {
        let mut builder = Builder::of(doc, components);
        builder.fill(doc);
        let (operations, events, builder) = walked(doc, builder, schemes, dialect, hints);
        return (operations, events, builder.finish(doc));
    }
    let named = Builder::of(&mut doc.anew(), components);
    let origin = doc.origin();
    let of_components = || {
        let arena = Arena::default();
        let mut doc = origin.document(&arena);
        let places: Vec<At<'_>> = doc.at(dialect.schemas()).iter().flat_map(At::children).map(|(_, at)| at).collect();
        let built = Builder::of(&mut doc, &places).built(&mut doc);
        (built, doc.told())
    };
    let mut own = doc.anew();
    let ((built, told), (mut operations, mut events, unnamed)) = both(of_components, || {
        let (operations, events, builder) = walked(&mut own, named.aside(), schemes, dialect, hints);
        (operations, events, builder.built(&mut own))
    });
    doc.absorb(told);
    doc.absorb(own.told());
    let (built, moved) = built.join(unnamed);
    rewire(&mut operations, &mut events, &moved);
    (operations, events, built.settled())
}

/// From this many named schemas on, a second thread is worth its start.
const MANY: usize = 64;

/// Leads operations and events to where their schemas have gone.
fn rewire(operations: &mut [Operation], events: &mut [Event], moved: &Moved) {
    let of_operation = |o: &mut Operation| {
        let bodies = o.body.iter_mut().map(|b| &mut b.schema).chain(o.responses.iter_mut().map(|r| &mut r.schema));
        let all = bodies.chain(o.parameters.iter_mut().map(|p| &mut p.schema));
        all.flatten().for_each(|id| *id = moved.to(*id));
    };
    let of_event = |e: &mut Event| {
        let all = std::iter::once(&mut e.payload).chain(e.headers.iter_mut().map(|h| &mut h.schema));
        all.flatten().for_each(|id| *id = moved.to(*id));
    };
    operations.iter_mut().for_each(of_operation);
    events.iter_mut().for_each(of_event);
}

/// Operations and events, with the builder that knows their schemas.
fn walked<'d>(
    doc: &mut Document<'d>,
    builder: Builder<'d>,
    schemes: &BTreeMap<String, SecurityScheme>,
    dialect: Dialect,
    hints: &mut Hints<'d>,
) -> (Vec<Operation>, Vec<Event>, Builder<'d>) {
    let default = doc.at(&["security"]).map(|at| security::requirement(doc, &at, schemes)).unwrap_or_default();
    let mut reader =
        Reader { builder, operations: Vec::new(), events: Vec::new(), ids: BTreeSet::new(), schemes, default, dialect };
    // First, so that a callback of the same name is the one that is called after its operation.
    for key in ["webhooks", "x-webhooks"] {
        for (name, at) in doc.at(&[key]).iter().flat_map(At::children) {
            reader.event(doc, hints, name, None, at);
        }
    }
    let paths: Vec<(&str, At<'d>)> = doc.at(&["paths"]).iter().flat_map(At::children).collect();
    // A list of large things is copied whenever it grows.
    let methods = |item: &At<'d>| item.value.entries().filter(|(name, _)| Method::parse(name).is_some()).count();
    reader.operations.reserve_exact(paths.iter().map(|(_, item)| methods(item)).sum());
    for (path, item) in paths {
        let Some(item) = doc.resolve(item) else { continue };
        for (name, at) in item.children() {
            if let Some(method) = Method::parse(name) {
                reader.operation(doc, hints, method, path, &item, at);
            }
        }
        // OpenAPI 3.2: methods that have no key of their own.
        for (name, at) in item.child("additionalOperations").iter().flat_map(At::children) {
            match Method::parse(name) {
                Some(method) => reader.operation(doc, hints, method, path, &item, at),
                None => {
                    let message =
                        format!("the method {} is not known here; the operation is left out", quoted(name, 20));
                    doc.find(Severity::Note, "unknown-method", at.pointer(), message, "call it outside the connector");
                }
            }
        }
    }
    let Reader { builder, operations, events, .. } = reader;
    (operations, events, builder)
}

struct Reader<'d, 's> {
    builder: Builder<'d>,
    operations: Vec<Operation>,
    events: Vec<Event>,
    ids: BTreeSet<String>,
    schemes: &'s BTreeMap<String, SecurityScheme>,
    default: Vec<Vec<SchemeUse>>,
    dialect: Dialect,
}

impl<'d> Reader<'d, '_> {
    fn operation(
        &mut self,
        doc: &mut Document<'d>,
        hints: &mut Hints<'d>,
        method: Method,
        path: &str,
        item: &At<'d>,
        at: At<'d>,
    ) {
        if !at.value.is_map() {
            return;
        }
        let path = quoted(path, 500);
        let id = self.id(doc, method, &path, &at);
        let index = self.operations.len();
        for place in [item, &at] {
            if let (Some(text), Some(said)) = (place.text("description"), place.child("description")) {
                hints.prose.push(Prose { operation: Some(index), pointer: said.place.into(), text });
            }
            hints.extensions_of(place.value, place.place, Some(index));
        }
        for (name, callback) in at.child("callbacks").iter().flat_map(At::children) {
            let Some(callback) = doc.resolve(callback) else { continue };
            // Below it stand the addresses, which the subscriber chose; of each event there is one in practice.
            match callback.children().next() {
                Some((_, item)) => self.event(doc, hints, name, Some(&id), item),
                None => self.event(doc, hints, name, Some(&id), callback),
            }
        }
        let summary = ["summary", "description"]
            .into_iter()
            .map(|key| at.quoted(key, 160))
            .find(|s| !s.is_empty())
            .unwrap_or_default();
        let parameters = self.parameters(doc, hints, index, &path, item, &at);
        // A body of a read has no meaning (RFC 9110 section 9.3.1); generators write empty ones.
        let body = at
            .child("requestBody")
            .and_then(|body| self.body(doc, body))
            .or_else(|| {
                let form =
                    (self.dialect == Dialect::Swagger2).then(|| swagger::body(doc, &mut self.builder, item, &at));
                form.flatten()
            })
            .filter(|b| b.required || !matches!(method, Method::Get | Method::Head));
        let responses = self.responses(doc, hints, index, &at);
        let security = match at.child("security") {
            Some(own) => security::requirement(doc, &own, self.schemes),
            None => self.default.clone(),
        };
        self.operations.push(Operation {
            id,
            method,
            path,
            summary,
            deprecated: at.flag("deprecated"),
            parameters,
            body,
            responses,
            // `[{}]` requires as little as `[]`.
            security: if security.iter().all(Vec::is_empty) { Vec::new() } else { security },
            pointer: at.pointer(),
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
        });
    }

    /// A webhook, or a callback `of` an operation: a path item with one method, as its receiver serves it.
    fn event(&mut self, doc: &mut Document<'d>, hints: &mut Hints<'d>, name: &str, of: Option<&str>, at: At<'d>) {
        let pointer = at.pointer();
        let Some(item) = doc.resolve(at) else { return };
        let stated = quoted(name, 120);
        let taken = |name: &str| self.events.iter().any(|e| e.name == name);
        let name = match of {
            Some(operation) if taken(&stated) => format!("{operation}.{stated}"),
            _ => stated,
        };
        if name.is_empty() || taken(&name) {
            return;
        }
        let sent = item.children().find(|(key, at)| Method::parse(key).is_some() && at.value.is_map());
        let operation = sent.map_or_else(|| item, |(_, at)| at);
        let summary = [&operation, &item]
            .into_iter()
            .flat_map(|at| ["summary", "description"].map(|key| at.quoted(key, 160)))
            .find(|s| !s.is_empty())
            .unwrap_or_default();
        for place in [&item, &operation] {
            if let (Some(text), Some(said)) = (place.text("description"), place.child("description")) {
                hints.events.push((name.clone(), Prose { operation: None, pointer: said.place.into(), text }));
            }
        }
        let payload = operation.child("requestBody").and_then(|body| self.body(doc, body)).and_then(|b| b.schema);
        let mut headers: Vec<Parameter> = Vec::new();
        for place in [&item, &operation] {
            for parameter in place.child("parameters").iter().flat_map(At::items) {
                let Some(parameter) = doc.resolve(parameter) else { continue };
                let Some(read) = self.parameter(doc, &parameter) else { continue };
                if read.place == ParamIn::Header && !headers.iter().any(|h| h.name == read.name) {
                    headers.push(read);
                }
            }
        }
        self.events.push(Event { name, summary, payload, headers, pointer });
    }

    fn id(&mut self, doc: &mut Document<'d>, method: Method, path: &str, at: &At<'d>) -> String {
        let stated = at.quoted("operationId", 200);
        let fallback = format!("{} {path}", method.as_str());
        if stated.is_empty() {
            self.ids.insert(fallback.clone());
            return fallback;
        }
        if self.ids.insert(stated.clone()) {
            return stated;
        }
        let message = format!("the operationId \"{stated}\" is taken; this operation is called \"{fallback}\"");
        doc.warn("duplicate-operation-id", &at.pointer(), message, "give each operation an id of its own");
        self.ids.insert(fallback.clone());
        fallback
    }

    fn parameters(
        &mut self,
        doc: &mut Document<'d>,
        hints: &mut Hints<'d>,
        index: usize,
        path: &str,
        item: &At<'d>,
        at: &At<'d>,
    ) -> Vec<Parameter> {
        let mut out: Vec<Parameter> = Vec::new();
        for place in [item, at] {
            for parameter in place.child("parameters").iter().flat_map(At::items) {
                let Some(parameter) = doc.resolve(parameter) else { continue };
                // Swagger 2 has the body among the parameters.
                if self.dialect == Dialect::Swagger2 && swagger::of_body(&parameter) {
                    continue;
                }
                if parameter.text("in") == Some("querystring") {
                    self.query_string(doc, &parameter, &mut out);
                    continue;
                }
                let Some(read) = self.parameter(doc, &parameter) else { continue };
                if let (Some(text), Some(said)) = (parameter.text("description"), parameter.child("description")) {
                    let written = parameter.text("name").filter(|name| *name == read.name);
                    let name = written.map_or_else(|| read.name.clone().into(), std::borrow::Cow::Borrowed);
                    let prose = Prose { operation: Some(index), pointer: said.place.into(), text };
                    hints.of_parameter(index, name, prose);
                }
                // The operation's own parameter stands in for that of the path.
                match out.iter_mut().find(|p| p.name == read.name && p.place == read.place) {
                    Some(before) => *before = read,
                    None => out.push(read),
                }
            }
        }
        let declared = |name: &str| out.iter().any(|p| p.place == ParamIn::Path && p.name == name);
        let in_path: Vec<&str> = path.split('{').skip(1).filter_map(|s| s.split('}').next()).collect();
        let missing: Vec<String> = in_path.iter().filter(|n| !declared(n)).map(|n| (*n).to_owned()).collect();
        for name in missing {
            let message = format!("the path has {{{name}}}, which is not declared as a parameter");
            doc.warn("undeclared-path-parameter", &at.pointer(), message, "declare it with in: path");
            out.push(Parameter {
                name,
                place: ParamIn::Path,
                required: true,
                schema: None,
                description: String::new(),
                pointer: at.pointer(),
            });
        }
        for parameter in out.iter().filter(|p| p.place == ParamIn::Path && !in_path.contains(&p.name.as_str())) {
            let message = format!("the path parameter \"{}\" does not stand in the path", parameter.name);
            doc.find(
                Severity::Note,
                "unused-path-parameter",
                &parameter.pointer,
                message,
                "remove it or correct its name",
            );
        }
        out
    }

    fn parameter(&mut self, doc: &mut Document<'d>, at: &At<'d>) -> Option<Parameter> {
        let name = at.text("name").map(|n| quoted(n, 200)).filter(|n| !n.is_empty());
        let place = match at.text("in") {
            Some("path") => Some(ParamIn::Path),
            Some("query") => Some(ParamIn::Query),
            Some("header") => Some(ParamIn::Header),
            Some("cookie") => Some(ParamIn::Cookie),
            _ => None,
        };
        let (Some(name), Some(place)) = (name, place) else {
            let message = "the parameter lacks a name or a known place";
            doc.warn(
                "unknown-parameter",
                &at.pointer(),
                message,
                "give it a name, and in: path, query, header or cookie",
            );
            return None;
        };
        let of_content = || at.child("content")?.children().next()?.1.child("schema");
        // In Swagger 2 the parameter is its own schema.
        let itself = || at.value.get("type").map(|_| *at);
        let schema = at.child("schema").or_else(of_content).or_else(itself).map(|s| self.builder.schema(doc, s));
        Some(Parameter {
            name,
            place,
            required: place == ParamIn::Path || at.flag("required"),
            schema,
            description: at.quoted("description", 300),
            pointer: at.pointer(),
        })
    }

    /// The whole query string as one object (OpenAPI 3.2): each of its properties is a parameter.
    fn query_string(&mut self, doc: &mut Document<'d>, at: &At<'d>, out: &mut Vec<Parameter>) {
        let schema = at.child("content").and_then(|c| c.children().next()).and_then(|(_, media)| media.child("schema"));
        let Some(schema) = schema.and_then(|s| doc.resolve(s)) else { return };
        let required: Vec<&str> =
            schema.value.get("required").into_iter().flat_map(Node::items).filter_map(Node::as_str).collect();
        let properties = schema.child("properties");
        for (name, value) in properties.iter().flat_map(|p| p.value.entries()) {
            let Some(place) = properties.map(|p| p.below(name, value)) else { continue };
            out.push(Parameter {
                name: quoted(name, 200),
                place: ParamIn::Query,
                required: required.contains(&name),
                description: place.quoted("description", 300),
                pointer: place.pointer(),
                schema: Some(self.builder.schema(doc, place)),
            });
        }
    }

    fn body(&mut self, doc: &mut Document<'d>, at: At<'d>) -> Option<Body> {
        let at = doc.resolve(at)?;
        let (content_type, others, schema) = self.content(doc, &at);
        Some(Body { required: at.flag("required"), content_type, others, schema, pointer: at.pointer() })
    }

    fn responses(&mut self, doc: &mut Document<'d>, hints: &mut Hints<'d>, index: usize, at: &At<'d>) -> Vec<Response> {
        let mut out = Vec::new();
        for (status, response) in at.child("responses").iter().flat_map(At::children) {
            let Some(response) = doc.resolve(response) else { continue };
            let said = response.child("description").filter(|_| status == "429" || status.starts_with('2'));
            if let Some((text, said)) = said.and_then(|at| Some((at.value.as_str()?, at.place))) {
                let prose = Prose { operation: Some(index), pointer: said.into(), text };
                if status == "429" {
                    hints.of_429.insert(prose.pointer.to_string());
                }
                hints.prose.push(prose);
            }
            let (content_type, others, schema) = match self.dialect {
                Dialect::Openapi3 => self.content(doc, &response),
                Dialect::Swagger2 => swagger::answer(doc, &mut self.builder, at, &response),
            };
            let headers = response.child("headers");
            out.push(Response {
                status: quoted(&status.to_uppercase().replace("DEFAULT", "default"), 10),
                content_type,
                others,
                schema,
                headers: headers.iter().flat_map(|h| h.value.entries()).map(|(name, _)| quoted(name, 120)).collect(),
                examples: named(doc, &response),
                pointer: response.pointer(),
            });
        }
        out
    }

    /// The media type chosen of those offered, the others, and the schema of the chosen one.
    fn content(&mut self, doc: &mut Document<'d>, at: &At<'d>) -> (String, Vec<String>, Option<SchemaId>) {
        let offered: Vec<(&str, At<'d>)> = at.child("content").iter().flat_map(At::children).collect();
        let Some((name, media)) = offered.iter().min_by_key(|(name, _)| rank(name)) else {
            return (String::new(), Vec::new(), None);
        };
        let others = offered.iter().filter(|(other, _)| other != name).map(|(other, _)| quoted(other, 120)).collect();
        let name = quoted(name, 120);
        let Some(media) = doc.resolve(*media) else { return (name, others, None) };
        let schema = match (media.child("schema"), media.child("itemSchema")) {
            (Some(schema), _) => Some(self.builder.schema(doc, schema)),
            // OpenAPI 3.2: a sequence of which only the items are described.
            (None, Some(item)) => {
                let pointer = item.pointer();
                let items = Some(self.builder.schema(doc, item));
                Some(self.builder.push(Schema { types: TypeSet::ARRAY, items, pointer, ..Schema::default() }))
            }
            (None, None) => None,
        };
        (name, others, schema)
    }
}

/// The bodies that the chosen media type of an answer shows by name (OpenAPI 3.1 section 4.8.14.4); what stands elsewhere
/// (`externalValue`) is not fetched.
fn named<'d>(doc: &mut Document<'d>, response: &At<'d>) -> IndexMap<String, Value> {
    let offered: Vec<(&str, At<'d>)> = response.child("content").iter().flat_map(At::children).collect();
    let media = offered.into_iter().min_by_key(|(name, _)| rank(name)).and_then(|(_, media)| doc.resolve(media));
    let examples: Vec<(&str, At<'d>)> =
        media.and_then(|m| m.child("examples")).iter().flat_map(At::children).take(Response::MOST_EXAMPLES).collect();
    let shown = examples.into_iter().filter_map(|(name, example)| {
        let value = doc.resolve(example)?.child("value")?.value.to_value();
        Some((quoted(name, 80), value))
    });
    shown.collect()
}

/// Of several media types the one of lowest rank is read: JSON, anything, forms.
pub(super) fn rank(name: &str) -> u8 {
    let bare = name.split(';').next().unwrap_or(name).trim().to_lowercase();
    match bare.as_str() {
        "application/json" => 0,
        json if json.ends_with("+json") || json.ends_with("/json") => 1,
        "*/*" | "application/*" => 2,
        "application/x-www-form-urlencoded" => 3,
        "multipart/form-data" => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::yaml::Limits;

    /// What is read of a description, all in one text.
    fn told(text: &str, aside: bool) -> String {
        let arena = Arena::default();
        let tree = crate::base::tree::from_yaml(text, &arena, Limits::default()).expect("is YAML");
        let mut doc = Document::new(tree.root, "api.yaml", &arena);
        let schemes = BTreeMap::new();
        let dialect = if tree.root.get("swagger").is_some() { Dialect::Swagger2 } else { Dialect::Openapi3 };
        let components: Vec<At<'_>> =
            doc.at(dialect.schemas()).iter().flat_map(At::children).map(|(_, at)| at).collect();
        let mut hints = Hints::default();
        let read = read_on(&mut doc, &schemes, dialect, &mut hints, &components, aside);
        format!("{:#?}\n{:#?}\n{:#?}", read, hints.prose, doc.into_findings())
    }

    #[test]
    fn two_threads_read_what_one_reads() {
        let text = r##"
openapi: 3.1.0
paths:
  /a/{id}:
    parameters: [{name: id, in: path, schema: {$ref: "#/components/schemas/Id"}}]
    get:
      responses:
        "200":
          content:
            application/json:
              schema: {allOf: [{$ref: "#/components/schemas/Envelope"}, {properties: {data: {$ref: "#/components/schemas/A"}}}]}
        "400": {content: {application/json: {schema: {$ref: "#/components/schemas/A/properties/b"}}}}
        "401": {content: {application/json: {schema: {$ref: "#/components/schemas/Nowhere"}}}}
        "402": {content: {application/json: {schema: true}}}
    post:
      requestBody: {content: {application/json: {schema: {oneOf: [{$ref: "#/components/schemas/A"}, {$ref: "#/components/schemas/B"}, {type: "null"}]}}}}
      responses: {"200": {content: {application/json: {itemSchema: {$ref: "#/components/schemas/Tree"}}}}}
webhooks:
  changed: {post: {requestBody: {content: {application/json: {schema: {properties: {of: {$ref: "#/components/schemas/A/properties/c/items"}}}}}}}}
components:
  schemas:
    Id: {type: string, format: uuid}
    A: {type: object, properties: {id: {$ref: "#/components/schemas/Id"}, b: {type: object, properties: {deep: {type: wrong}}}, c: {type: array, items: {type: object, additionalProperties: {type: integer}}}, none: {$ref: "#/gone"}}}
    B: {allOf: [{$ref: "#/components/schemas/A"}, {$ref: "#/components/schemas/Envelope"}, {required: [id]}]}
    C: {anyOf: [{$ref: "#/components/schemas/A/properties/b"}, {type: string}]}
    Alias: {$ref: "#/components/schemas/A"}
    Envelope: {properties: {data: {description: anything}, tree: {$ref: "#/components/schemas/Tree"}}}
    Tree: {properties: {children: {type: array, items: {$ref: "#/components/schemas/Tree"}}}}
"##;
        assert_eq!(told(text, true), told(text, false));
        assert_eq!(told(text, true).matches("does not exist in the description").count(), 2, "each is told once");
    }

    #[test]
    fn two_threads_read_the_examples_as_one_does() {
        let apis = walkdir::WalkDir::new("examples").into_iter().filter_map(Result::ok).filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            name.ends_with(".yaml") || name.ends_with(".json")
        });
        let texts = apis.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
        let mut count = 0;
        for text in texts.filter(|t| t.contains("openapi") && t.contains("paths")) {
            assert_eq!(told(&text, true), told(&text, false));
            count += 1;
        }
        assert!(count > 5, "{count}");
    }
}
