//! The graph into the model: each field of a root type is an operation.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Field, Graph, Input};
use super::schemas::{Builder, Place};
use super::{SDL, plain};
use crate::base::pointer;
use crate::base::text::{plural, quoted};
use crate::finding::{Finding, Location};
use crate::model::{
    Action, Method, Operation, ParamIn, Parameter, Response, Root, RootField, Schema, SchemaId, System, TypeSet,
};
use crate::readers::facts::{Hints, Prose};
use crate::readers::{Draft, Source};

/// Most operations of one schema.
const MOST_OPERATIONS: usize = 50_000;

/// The system that a graph describes. Nothing where it defines no type at all.
pub(super) fn draft<'d>(graph: Graph<'d>, form: &str, source: &Source, mut findings: Vec<Finding>) -> Draft<'d> {
    let mut hints = Hints::default();
    if graph.types.is_empty() {
        let at = Location { file: source.origin.clone(), ..Location::default() };
        findings.push(
            Finding::error("unreadable-input", at, "no type of GraphQL could be read")
                .fix("pass the schema as SDL, or the whole answer to the introspection query"),
        );
        return Draft { system: None, hints, findings };
    }
    if !graph.description.is_empty() {
        hints.prose.push(Prose { operation: None, pointer: "#/description".into(), text: graph.description });
    }
    let mut builder = Builder::new(&graph, &source.origin);
    let errors = errors(&mut builder);
    let mut reader = Reader { builder, errors, operations: Vec::new(), ids: BTreeSet::new() };
    let mut fields: Vec<(usize, &Field<'d>, String)> = Vec::new();
    for (root, name) in [(Root::Query, &graph.query), (Root::Mutation, &graph.mutation)] {
        let Some((name, of)) = name.as_ref().and_then(|n| graph.types.get_key_value(n)) else { continue };
        let base = format!("{}/fields", pointer::join("#/types", name));
        for field in of.fields.iter().take(MOST_OPERATIONS) {
            let at = pointer::join(&base, &field.name);
            fields.push((reader.operations.len(), field, at.clone()));
            reader.operation(root, field, at);
        }
    }
    let Reader { builder, operations, .. } = reader;
    for (index, field, at) in fields {
        if !field.description.is_empty() {
            hints.prose.push(Prose {
                operation: Some(index),
                pointer: format!("{at}/description").into(),
                text: field.description,
            });
        }
        for argument in field.arguments.iter().filter(|a| !a.description.is_empty()) {
            let pointer = format!("{}/description", pointer::join(&format!("{at}/args"), &argument.name));
            let prose = Prose { operation: Some(index), pointer: pointer.into(), text: argument.description };
            hints.of_parameter(index, argument.name.clone(), prose);
        }
    }
    let (schemas, more) = builder.finish();
    findings.extend(more);
    told(&graph, &operations, &source.origin, &mut findings);
    let system = System {
        events: Vec::new(),
        title: title(graph.description),
        format: SDL.format,
        format_version: form.to_owned(),
        api_version: String::new(),
        origin: source.origin.clone(),
        digest: source.digest.clone(),
        servers: Vec::new(),
        schemes: BTreeMap::new(),
        operations,
        entities: BTreeMap::new(),
        schemas,
        facts: Vec::new(),
        remarks: Vec::new(),
    };
    Draft { system: Some(system), hints, findings }
}

/// The first sentence of what the schema says of itself.
fn title(description: &str) -> String {
    let plain = plain(description);
    let first = plain.split(['\n', '.']).map(str::trim).find(|s| !s.is_empty()).unwrap_or("");
    quoted(first, 120)
}

/// What a schema cannot state, or this release does not read.
fn told(graph: &Graph<'_>, operations: &[Operation], origin: &str, findings: &mut Vec<Finding>) {
    if operations.is_empty() {
        findings.push(
            Finding::warning(
                "no-operation",
                Location::pointer(origin, "#/types"),
                "the schema has no Query and no Mutation type, so nothing can be asked for",
            )
            .fix("pass the whole schema, with its root types"),
        );
    }
    findings.push(
        Finding::note(
            "endpoint-not-stated",
            Location::pointer(origin, "#"),
            "a GraphQL schema states neither where the endpoint is nor how to authenticate",
        )
        .fix("give base_url (the endpoint itself) and auth to the system in the contract"),
    );
    let streams = graph.subscription.as_ref().and_then(|n| Some((n, graph.types.get(n)?.fields.len())));
    if let Some((name, count)) = streams.filter(|(_, n)| *n > 0) {
        let message = format!("{}, which this release does not read", plural(count as u64, "subscription"));
        let at = Location::pointer(origin, pointer::join("#/types", name));
        findings.push(Finding::note("subscriptions-not-read", at, message).fix("poll with a query instead"));
    }
}

struct Reader<'g> {
    builder: Builder<'g>,
    /// The schema of `errors`, the same for all answers.
    errors: SchemaId,
    operations: Vec<Operation>,
    ids: BTreeSet<String>,
}

impl<'g> Reader<'g> {
    fn operation(&mut self, root: Root, field: &'g Field<'g>, at: String) {
        let mut id = field.name.clone();
        if !self.ids.insert(id.clone()) {
            // The same name in both root types.
            id = format!("{} {}", root.as_str(), field.name);
            self.ids.insert(id.clone());
        }
        // The operation itself is marked where it is deprecated.
        let place = Place { pointer: at.clone(), description: field.description, deprecated: false };
        let answer = self.builder.of(&field.of, &place);
        let parameters = field.arguments.iter().map(|a| self.argument(a, &at)).collect();
        let body = self.body(&field.name, answer, &at);
        self.operations.push(Operation {
            id,
            method: Method::Post,
            path: "/".to_owned(),
            summary: quoted(&plain(field.description), 160),
            deprecated: field.deprecated,
            parameters,
            body: None,
            responses: vec![Response {
                status: "200".to_owned(),
                content_type: "application/json".to_owned(),
                others: Vec::new(),
                schema: Some(body),
                headers: Vec::new(),
                examples: indexmap::IndexMap::new(),
                pointer: at.clone(),
            }],
            security: Vec::new(),
            pointer: at,
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
            root_field: Some(RootField {
                root,
                name: field.name.clone(),
                arguments: field.arguments.iter().map(|a| (a.name.clone(), a.of.text())).collect(),
                answer,
            }),
        });
    }

    fn argument(&mut self, argument: &'g Input<'g>, at: &str) -> Parameter {
        let pointer = pointer::join(&format!("{at}/args"), &argument.name);
        Parameter {
            name: argument.name.clone(),
            place: ParamIn::Variable,
            required: argument.required(),
            schema: Some(self.builder.input(argument, pointer.clone())),
            description: quoted(&plain(argument.description), 300),
            pointer,
        }
    }

    /// `{"data": {NAME: answer} or null, "errors": […]}` (GraphQL, section 7.1).
    fn body(&mut self, name: &str, answer: SchemaId, pointer: &str) -> SchemaId {
        let data = self.builder.push(Schema {
            types: TypeSet::OBJECT.with(TypeSet::NULL),
            properties: [(name.to_owned(), answer)].into_iter().collect(),
            pointer: pointer.to_owned(),
            ..Schema::default()
        });
        self.builder.push(Schema {
            types: TypeSet::OBJECT,
            properties: [("data".to_owned(), data), ("errors".to_owned(), self.errors)].into_iter().collect(),
            pointer: pointer.to_owned(),
            ..Schema::default()
        })
    }
}

fn errors(builder: &mut Builder<'_>) -> SchemaId {
    let schema = |types| Schema { types, pointer: "#".to_owned(), ..Schema::default() };
    let message = builder.push(schema(TypeSet::STRING));
    let extensions = builder.push(schema(TypeSet::OBJECT));
    let one = builder.push(Schema {
        properties: [("message".to_owned(), message), ("extensions".to_owned(), extensions)].into_iter().collect(),
        required: ["message".to_owned()].into(),
        ..schema(TypeSet::OBJECT)
    });
    builder.push(Schema { items: Some(one), ..schema(TypeSet::ARRAY) })
}
