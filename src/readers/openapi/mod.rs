//! Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2. Differences of the versions are read from the content, not from the version: many documents
//! say one and use the words of the other.

mod apart;
mod built;
mod discriminator;
pub(super) mod document;
mod keywords;
mod operations;
pub(super) mod schemas;
pub(super) mod security;
pub(super) mod servers;
mod swagger;
mod tags;
pub(super) mod words;

use self::document::Document;
use super::facts::{Hints, Prose};
use super::{Draft, Form, Reader, Source};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::finding::Severity;
use crate::model::System;

/// The reader of this format.
pub(super) const READER: Reader = Reader { format: "openapi", form: Form::Tree { sniff, read } };

/// The reader of Swagger 2.0, which became OpenAPI 3.
pub(super) const SWAGGER: Reader =
    Reader { format: "swagger", form: Form::Tree { sniff: swagger::sniff, read: read_swagger } };

/// Where things stand, which is what sets Swagger 2.0 and OpenAPI 3 apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `definitions`, `securityDefinitions`, `host`; bodies among the parameters, schemas on the answers.
    Swagger2,
    /// `components`, `servers`; bodies and answers by media type.
    Openapi3,
}

impl Dialect {
    /// The place of the named schemas.
    const fn schemas(self) -> &'static [&'static str] {
        match self {
            Self::Swagger2 => &["definitions"],
            Self::Openapi3 => &["components", "schemas"],
        }
    }

    /// The place of the security schemes.
    const fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Swagger2 => &["securityDefinitions"],
            Self::Openapi3 => &["components", "securitySchemes"],
        }
    }
}

/// OpenAPI 3, or a document with the shape of one and no version.
fn sniff(document: Node<'_>) -> bool {
    match document.get("openapi") {
        Some(version) => version_text(version).starts_with('3'),
        None => {
            ["swagger", "swaggerVersion", "asyncapi"].iter().all(|key| document.get(key).is_none())
                && document.get("paths").is_some_and(Node::is_map)
                && document.get("info").is_some_and(Node::is_map)
                && !swagger::shaped(document)
        }
    }
}

/// `openapi: 3.0` without quotes is a number in YAML.
pub(super) fn version_text(version: Node<'_>) -> String {
    match version {
        Node::Text(s) | Node::Number(s) => quoted(s, 20),
        _ => String::new(),
    }
}

fn read<'d>(value: Node<'d>, source: &Source<'d>) -> Draft<'d> {
    read_as(value, Dialect::Openapi3, source)
}

fn read_swagger<'d>(value: Node<'d>, source: &Source<'d>) -> Draft<'d> {
    read_as(value, Dialect::Swagger2, source)
}

fn read_as<'d>(value: Node<'d>, dialect: Dialect, source: &Source<'d>) -> Draft<'d> {
    let mut doc = Document::new(value, &source.origin, source.arena).with(&source.others);
    let top = doc.top();
    let (key, reader, name, assumed) = match dialect {
        Dialect::Swagger2 => ("swagger", SWAGGER, "Swagger", "2.0"),
        Dialect::Openapi3 => ("openapi", READER, "OpenAPI", "3.0"),
    };
    let version = value.get(key).map(version_text).unwrap_or_default();
    if version.is_empty() {
        let message = format!("the description has no \"{key}\" version; it is read as {name} {assumed}");
        doc.warn("unknown-version", "#", message, &format!("add {key}: with the version that holds"));
    } else if dialect == Dialect::Openapi3 && !matches!(version.split('.').nth(1), Some("0" | "1" | "2")) {
        let message = format!("OpenAPI {version} is read as 3.2; what is new in it is not seen");
        doc.warn("unknown-version", "#/openapi", message, "check the map against the description");
    }

    let mut hints = Hints::default();
    let info = top.child("info");
    let about = |key: &str, max| info.as_ref().map(|i| i.quoted(key, max)).unwrap_or_default();
    let api_version = info.as_ref().and_then(|i| i.value.get("version")).map(|v| match v {
        Node::Text(s) | Node::Number(s) => quoted(s, 60),
        other => quoted(&other.to_value().to_string(), 60),
    });
    if let Some((text, at)) = info.as_ref().and_then(|i| Some((i.text("description")?, i.child("description")?))) {
        hints.prose.push(Prose { operation: None, pointer: at.place.into(), text });
    }
    for tag in top.child("tags").iter().flat_map(document::At::items) {
        if let (Some(text), Some(at)) = (tag.text("description"), tag.child("description")) {
            hints.prose.push(Prose { operation: None, pointer: at.place.into(), text });
        }
    }
    for server in top.child("servers").iter().flat_map(document::At::items).take(50) {
        if let (Some(text), Some(at)) = (server.text("description"), server.child("description")) {
            hints.prose.push(Prose { operation: None, pointer: at.place.into(), text });
        }
    }
    tags::check(&mut doc, &top);
    hints.extensions_of(top.value, top.place, None);
    for (name, steps) in [
        ("terms", &["info", "termsOfService"][..]),
        ("contact", &["info", "contact", "url"]),
        ("contact-email", &["info", "contact", "email"]),
        ("documentation", &["externalDocs", "url"]),
    ] {
        let found = steps.iter().try_fold(top.value, |at, step| at.get(step)).and_then(Node::as_str);
        if let Some(text) = found {
            hints.about.push((name, text, format!("#/{}", steps.join("/"))));
        }
    }
    if let Some(info) = &info {
        hints.extensions_of(info.value, info.place, None);
    }

    let schemes = security::schemes(&mut doc, dialect.schemes());
    let servers = servers::read(&mut doc, dialect, &source.origin);
    let (operations, events, schemas) = operations::read(&mut doc, &schemes, dialect, &mut hints);
    // A system that only sends has webhooks and no operation.
    if operations.is_empty() && events.is_empty() {
        doc.warn("no-operation", "#/paths", "the description has no operation", "pass the description with its paths");
    }
    if schemes.is_empty() {
        let place = if dialect == Dialect::Swagger2 { "#/securityDefinitions" } else { "#/components" };
        let message = "no security scheme is declared; how to authenticate is not stated, or stated only in prose";
        doc.find(Severity::Note, "no-security-scheme", place, message, "record how the system authenticates");
    }
    let system = System {
        title: about("title", 120),
        format: reader.format,
        format_version: if version.is_empty() { assumed.to_owned() } else { version },
        api_version: api_version.unwrap_or_default(),
        origin: source.origin.clone(),
        digest: source.digest.clone(),
        servers,
        schemes,
        operations,
        events,
        entities: std::collections::BTreeMap::new(),
        schemas,
        facts: Vec::new(),
        remarks: Vec::new(),
    };
    Draft { system: Some(system), hints, findings: doc.into_findings() }
}
