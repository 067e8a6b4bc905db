//! Protocol Buffers: `.proto` files. Methods with a `google.api.http` annotation are operations of HTTP with bodies of JSON;
//! methods without one are told as what they are, calls of gRPC, which can be mapped and not made here. Pointers are of one form:
//! `#/messages/Book/fields/page_count`, `#/services/Library/rpcs/GetBook`, `#/enums/State/values/OPEN`.

mod file;
mod http;
mod lex;
mod messages;
mod operations;
mod options;
mod parameters;
mod parse;
mod schemas;
mod services;
mod sniff;
mod types;
mod world;

use std::collections::BTreeMap;

use self::file::{Body, Service, Value};
use self::schemas::Builder;
use self::world::World;
use super::entity;
use super::facts::{Hints, Prose};
use super::{Draft, Form, Reader, Source};
use crate::base::pointer;
use crate::base::text::{plural, quoted};
use crate::finding::{Finding, Location};
use crate::model::{Entity, Schemas, SchemeKind, SecurityScheme, Server, System};

pub(super) use sniff::sniff;

/// The reader of this format.
pub(super) const READER: Reader = Reader { format: "protobuf", form: Form::Text { sniff, read } };

/// Most servers read.
const MOST_SERVERS: usize = 50;

/// Names under which the files that a text imports may lie.
pub(super) fn imports(text: &str) -> Vec<String> {
    let file = parse::parse(text);
    file.imports.iter().flat_map(|i| world::places(&i.path)).map(str::to_owned).collect()
}

fn read<'d>(text: &'d str, source: &Source<'d>) -> Draft<'d> {
    let mut findings = Vec::new();
    let mut hints = Hints::default();
    let world = World::load(text, source, &mut findings);
    let own = |only_main: bool| -> Vec<(usize, &Service<'d>)> {
        let files = world.files.iter().enumerate().filter(|(f, _)| (*f == 0) == only_main);
        files.flat_map(|(f, loaded)| loaded.file.services.iter().map(move |s| (f, s))).collect()
    };
    // A file that has no method of its own may gather those of others.
    let services = Some(own(true)).filter(|s| !s.is_empty()).unwrap_or_else(|| own(false));
    for (f, service) in services.iter().filter(|(_, s)| !s.comment.is_empty()) {
        let pointer = format!("{}/description", operations::pointer_of(&world, *f, service));
        hints.prose.push(Prose { operation: None, pointer: pointer.into(), text: lex::inner(service.comment) });
    }
    let mut builder = Builder::new(&world, source);
    let told = operations::read(&services, &mut builder, &mut hints);
    let mut named = Vec::new();
    for (t, of) in world.files.first().into_iter().flat_map(|f| f.file.types.iter().enumerate()) {
        let Body::Message(fields) = &of.body else { continue };
        let resource = of.options.message("google.api.resource");
        let by_name = resource.as_ref().map(|r| r.all("name_field").find_map(Value::text).unwrap_or("name").to_owned());
        let key = fields.iter().find(|f| schemas::behaves(f, "IDENTIFIER") || by_name.as_deref() == Some(f.name));
        // Where there are methods, those say what the description is about.
        let alone = services.is_empty() && !of.name.contains('.') && !fields.is_empty();
        if resource.is_some() || key.is_some() || alone {
            named.push((of.name.clone(), builder.message((0, t)), key.map(schemas::name_of)));
        }
    }
    let (schemas, more) = builder.finish();
    findings.extend(more);
    let entities = entities(named, &schemas);
    let servers = servers(&world, &services);
    let schemes = schemes(&world, &services);
    let missing = Missing {
        empty: schemas.is_empty(),
        told: &told,
        services: &services,
        servers: &servers,
        schemes: schemes.is_empty(),
    };
    if !missing.find(&source.origin, &mut findings) {
        return Draft { system: None, hints, findings };
    }
    let main = world.files.first().map(|f| &f.file);
    let syntax = main.map_or("", |f| &f.syntax);
    let system = System {
        title: title(&world, &services, &source.origin),
        format: READER.format,
        format_version: if syntax.is_empty() { "proto2".to_owned() } else { quoted(syntax, 20) },
        api_version: version(world.package(0)),
        origin: source.origin.clone(),
        digest: source.digest.clone(),
        servers,
        schemes,
        operations: told.operations,
        events: Vec::new(),
        entities,
        schemas,
        facts: Vec::new(),
        remarks: Vec::new(),
    };
    Draft { system: Some(system), hints, findings }
}

fn entities(
    named: Vec<(String, crate::model::SchemaId, Option<String>)>,
    schemas: &Schemas,
) -> BTreeMap<String, Entity> {
    let mut out = BTreeMap::new();
    for (name, id, key) in named {
        let last = name.rsplit('.').next().unwrap_or(&name);
        if let Some(found) = entity::of(last, id, schemas, key) {
            out.entry(found.name.clone()).or_insert(found);
        }
    }
    out
}

fn servers(world: &World<'_>, services: &[(usize, &Service<'_>)]) -> Vec<Server> {
    let mut out: Vec<Server> = Vec::new();
    for (f, service) in services {
        let Some(host) = service.options.text("google.api.default_host").filter(|h| !h.is_empty()) else { continue };
        let url = format!("https://{}", quoted(host.trim_end_matches(":443"), 300));
        if out.len() < MOST_SERVERS && !out.iter().any(|s| s.url == url) {
            let pointer = operations::pointer_of(world, *f, service);
            out.push(Server {
                url,
                description: String::new(),
                pointer: pointer::join(&pointer, "google.api.default_host"),
            });
        }
    }
    out
}

fn schemes(world: &World<'_>, services: &[(usize, &Service<'_>)]) -> BTreeMap<String, SecurityScheme> {
    let asks = services.iter().find(|(_, s)| !operations::scopes(s).is_empty());
    let scheme = |(f, service): &(usize, &Service<'_>)| {
        let pointer = pointer::join(&operations::pointer_of(world, *f, service), "google.api.oauth_scopes");
        let scheme = SecurityScheme { kind: SchemeKind::Oauth2(Vec::new()), description: String::new(), pointer };
        (operations::SCHEME.to_owned(), scheme)
    };
    asks.map(scheme).into_iter().collect()
}

/// The only service, else the package, else the file.
fn title(world: &World<'_>, services: &[(usize, &Service<'_>)], origin: &str) -> String {
    let package = world.package(0);
    let name = match services {
        [(_, only)] => only.name,
        _ if !package.is_empty() => package,
        _ => origin.rsplit('/').next().and_then(|f| f.split('.').next()).unwrap_or(""),
    };
    quoted(name, 120)
}

/// `v1beta1` of `library.v1beta1`.
fn version(package: &str) -> String {
    let last = package.rsplit('.').next().unwrap_or("");
    let is = last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is { quoted(last, 60) } else { String::new() }
}

/// What a description lacks, and what of it cannot be called.
struct Missing<'m, 'd> {
    empty: bool,
    told: &'m operations::Told,
    services: &'m [(usize, &'m Service<'d>)],
    servers: &'m [Server],
    schemes: bool,
}

impl Missing<'_, '_> {
    /// Whether there is a system at all.
    fn find(&self, origin: &str, findings: &mut Vec<Finding>) -> bool {
        let operations::Told { operations, grpc, streams } = self.told;
        let whole = || Location::pointer(origin, "#");
        if self.empty && operations.is_empty() {
            let message = "no message and no method could be read";
            findings.push(
                Finding::error("unreadable-input", whole(), message).fix("pass the file that defines the services"),
            );
            return false;
        }
        if operations.is_empty() {
            let message = "messages say what records look like, and not how to reach them";
            let fix = "pass the file with the services, or write the operations down";
            findings.push(Finding::note("no-operation", whole(), message).fix(fix));
            return true;
        }
        if *grpc > 0 {
            let message = format!(
                "{} of {} have no google.api.http annotation: they are called by gRPC, which this release maps and does not call",
                grpc,
                plural(self.services.iter().map(|(_, s)| s.rpcs.len() as u64).sum(), "method")
            );
            let fix = "call them through a gateway that speaks HTTP, and pass its description";
            findings.push(Finding::note("grpc-not-called", whole(), message).fix(fix));
        }
        if *streams > 0 {
            let message =
                format!("messages stream in {}; they are told as if one came", plural(*streams as u64, "method"));
            findings
                .push(Finding::note("streams-not-read", whole(), message).fix("read by another method, or in pages"));
        }
        if self.servers.is_empty() {
            let message = "no service names its host, so the base URL is not known";
            let fix = "set systems.<name>.base_url in integration.yaml";
            findings.push(Finding::warning("no-server", whole(), message).fix(fix));
        }
        if self.schemes {
            let message = "a .proto file without oauth_scopes does not say how to authenticate";
            findings
                .push(Finding::note("no-security-scheme", whole(), message).fix("record how the system authenticates"));
        }
        true
    }
}
