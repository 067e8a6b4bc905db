//! Methods into operations: each way to call one over HTTP is an operation, and so is a method that can be called by gRPC alone.

use std::collections::BTreeSet;

use super::file::{Rpc, Service};
use super::http::{self, Binding, Forms};
use super::lex::{inner, said};
use super::schemas::{Builder, behaves, name_of};
use super::world::World;
use crate::base::pointer;
use crate::base::text::quoted;
use crate::finding::Finding;
use crate::model::{self, Action, GRPC, Method, Operation, Parameter, Response, SchemaId, SchemeUse};
use crate::readers::facts::{Hints, Prose};

/// Most operations of one description.
const MOST_OPERATIONS: usize = 50_000;
const JSON: &str = "application/json";
/// The scheme of services that say which scopes they ask for, by the option that says it: nothing else names it.
pub(super) const SCHEME: &str = "oauth_scopes";

/// What the methods told.
pub(super) struct Told {
    pub(super) operations: Vec<Operation>,
    /// Methods that have no annotation.
    pub(super) grpc: usize,
    /// Methods of which messages stream.
    pub(super) streams: usize,
}

/// Reads all methods of services; each service has the package of its file.
pub(super) fn read<'d>(
    services: &[(usize, &Service<'d>)],
    builder: &mut Builder<'_, 'd>,
    hints: &mut Hints<'d>,
) -> Told {
    let forms = Forms::of(builder.world);
    let mut reader = Reader { builder, forms, hints, operations: Vec::new(), ids: BTreeSet::new(), parameters: 0 };
    let (mut grpc, mut streams) = (0, 0);
    for (file, service) in services {
        let base = format!("{}/rpcs", pointer_of(reader.builder.world, *file, service));
        let scopes = scopes(service);
        for rpc in &service.rpcs {
            if reader.operations.len() >= MOST_OPERATIONS {
                break;
            }
            streams += usize::from(rpc.streams);
            let at = pointer::join(&base, rpc.name);
            let (bindings, wrong) = http::bindings(&rpc.options);
            if let Some(because) = wrong {
                reader.wrong(&at, because);
            }
            grpc += usize::from(bindings.is_empty());
            let call = Call { file: *file, service, rpc, scopes: &scopes, at };
            if bindings.is_empty() {
                reader.grpc(&call);
            }
            for binding in &bindings {
                reader.http(&call, binding);
            }
        }
    }
    Told { operations: reader.operations, grpc, streams }
}

/// The place of a service.
pub(super) fn pointer_of(world: &World<'_>, file: usize, service: &Service<'_>) -> String {
    let name = world.files.get(file).map_or("", |f| &f.name);
    pointer::join(&format!("{name}#/services"), service.name)
}

/// Scopes of which any one is enough.
pub(super) fn scopes(service: &Service<'_>) -> Vec<String> {
    let stated = service.options.text("google.api.oauth_scopes").unwrap_or("");
    stated.split(',').map(str::trim).filter(|s| !s.is_empty()).take(100).map(|s| quoted(s, 200)).collect()
}

struct Call<'r, 'd> {
    file: usize,
    service: &'r Service<'d>,
    rpc: &'r Rpc<'d>,
    scopes: &'r [String],
    at: String,
}

pub(super) struct Reader<'r, 'w, 'd> {
    pub(super) builder: &'r mut Builder<'w, 'd>,
    forms: Forms,
    pub(super) hints: &'r mut Hints<'d>,
    pub(super) operations: Vec<Operation>,
    ids: BTreeSet<String>,
    /// Of all operations so far.
    pub(super) parameters: usize,
}

impl<'d> Reader<'_, '_, 'd> {
    pub(super) fn wrong(&mut self, at: &str, because: &str) {
        let finding = Finding::warning("unreadable-http-rule", self.builder.location(at), because);
        self.builder.find(finding.fix("write it as in google/api/http.proto: get: \"/v1/books/{id}\""));
    }

    fn grpc(&mut self, call: &Call<'_, 'd>) {
        let package = self.builder.world.package(call.file);
        let (_, input) = self.builder.named(package, call.rpc.input, &call.at);
        let (_, output) = self.builder.named(package, call.rpc.output, &call.at);
        let dot = if package.is_empty() { "" } else { "." };
        let path = format!("/{package}{dot}{}/{}", call.service.name, call.rpc.name);
        let body = model::Body {
            required: true,
            content_type: GRPC.to_owned(),
            others: Vec::new(),
            schema: Some(input),
            pointer: call.at.clone(),
        };
        self.push(call, Method::Post, path, Vec::new(), Some(body), Some(output), GRPC);
    }

    fn http(&mut self, call: &Call<'_, 'd>, binding: &Binding) {
        let Some((path, bound)) = http::path(&binding.template, &self.forms) else {
            self.wrong(&call.at, "the path is no template that can be read");
            return;
        };
        let package = self.builder.world.package(call.file);
        let (input, request) = self.builder.named(package, call.rpc.input, &call.at);
        let (output, answer) = self.builder.named(package, call.rpc.output, &call.at);
        let mut parameters = Vec::new();
        for part in &bound {
            parameters.push(self.of_path(&call.at, input, part));
        }
        let mut body = None;
        match (binding.body.as_str(), input) {
            ("*", _) => {
                let held = bound.iter().filter(|b| !b.field.contains('.')).filter_map(|b| {
                    let fields = self.builder.world.fields(input?);
                    fields.iter().find(|f| f.name == b.field).map(name_of)
                });
                let schema = self.builder.without(request, held.collect(), &call.at);
                body = Some((true, schema));
            }
            (name, Some(of)) => {
                let world = self.builder.world;
                let field = world.fields(of).iter().find(|f| f.name == name);
                if let Some(field) = field {
                    let place = self.builder.place(of, field);
                    body = Some((behaves(field, "REQUIRED"), self.builder.field(of, field, place)));
                } else if !name.is_empty() {
                    self.wrong(&call.at, "the annotation names a body that is no field of the request");
                }
                parameters.extend(self.of_query(of, &bound, name));
            }
            _ => {}
        }
        let body = body.map(|(required, schema)| model::Body {
            required,
            content_type: JSON.to_owned(),
            others: Vec::new(),
            schema: Some(schema),
            pointer: call.at.clone(),
        });
        let mut answer = Some(answer);
        let part = output
            .and_then(|of| Some((of, self.builder.world.fields(of).iter().find(|f| f.name == binding.response_body)?)));
        if let Some((of, field)) = part {
            let place = self.builder.place(of, field);
            answer = Some(self.builder.field(of, field, place));
        }
        self.push(call, binding.method, path, parameters, body, answer, JSON);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    fn push(
        &mut self,
        call: &Call<'_, 'd>,
        method: Method,
        path: String,
        parameters: Vec<Parameter>,
        body: Option<model::Body>,
        answer: Option<SchemaId>,
        content_type: &str,
    ) {
        let names = [
            call.rpc.name.to_owned(),
            format!("{}.{}", call.service.name, call.rpc.name),
            format!("{} {path}", method.as_str()),
        ];
        let Some(id) = names.into_iter().find(|n| !self.ids.contains(n)) else { return };
        self.ids.insert(id.clone());
        let index = self.operations.len();
        if !call.rpc.comment.is_empty() {
            let pointer = format!("{}/description", call.at);
            self.hints.prose.push(Prose {
                operation: Some(index),
                pointer: pointer.into(),
                text: inner(call.rpc.comment),
            });
        }
        let security =
            call.scopes.iter().map(|scope| vec![SchemeUse { scheme: SCHEME.to_owned(), scopes: vec![scope.clone()] }]);
        self.operations.push(Operation {
            id,
            method,
            path,
            summary: quoted(&said(call.rpc.comment), 160),
            deprecated: call.rpc.options.on("deprecated") || call.service.options.on("deprecated"),
            parameters,
            body,
            responses: vec![Response {
                status: "200".to_owned(),
                content_type: content_type.to_owned(),
                others: Vec::new(),
                schema: answer,
                headers: Vec::new(),
                examples: indexmap::IndexMap::new(),
                pointer: call.at.clone(),
            }],
            security: security.collect(),
            pointer: call.at.clone(),
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
}
