//! OpenAPI 3.0 and 3.1. Differences of the versions are read from the content, not from the version: many documents
//! say one and use the words of the other.

mod document;
mod keywords;
mod operations;
mod schemas;
mod security;
mod servers;

use self::document::Document;
use super::facts::{Hints, Prose};
use super::{Draft, Form, Reader, Source};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::finding::Severity;
use crate::model::System;

/// The reader of this format.
pub(super) const READER: Reader = Reader { format: "openapi", form: Form::Tree { sniff, read } };

/// OpenAPI 3, or a document with the shape of one and no version.
fn sniff(document: Node<'_>) -> bool {
    match document.get("openapi") {
        Some(version) => version_text(version).starts_with('3'),
        None => {
            document.get("swagger").is_none()
                && document.get("asyncapi").is_none()
                && document.get("paths").is_some_and(Node::is_map)
                && document.get("info").is_some_and(Node::is_map)
        }
    }
}

/// `openapi: 3.0` without quotes is a number in YAML.
fn version_text(version: Node<'_>) -> String {
    match version {
        Node::Text(s) | Node::Number(s) => quoted(s, 20),
        _ => String::new(),
    }
}

fn read<'d>(value: Node<'d>, source: &Source<'d>) -> Draft<'d> {
    let mut doc = Document::new(value, &source.origin).with(&source.others);
    let top = doc.top();
    let version = value.get("openapi").map(version_text).unwrap_or_default();
    let minor = version.split('.').nth(1).unwrap_or("");
    if version.is_empty() {
        let message = "the description has no \"openapi\" version; it is read as OpenAPI 3.0";
        doc.warn("unknown-version", "#", message, "add openapi: 3.0.3 or the version that holds");
    } else if !matches!(minor, "0" | "1") {
        let message = format!("OpenAPI {version} is read as 3.1; what is new in it is not seen");
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
        hints.prose.push(Prose { operation: None, pointer: at.pointer, text });
    }
    for tag in top.child("tags").iter().flat_map(document::At::items) {
        if let (Some(text), Some(at)) = (tag.text("description"), tag.child("description")) {
            hints.prose.push(Prose { operation: None, pointer: at.pointer, text });
        }
    }
    hints.extensions_of(top.value, &top.pointer, None);
    if let Some(info) = &info {
        hints.extensions_of(info.value, &info.pointer, None);
    }

    let schemes = security::schemes(&mut doc);
    let servers = servers::read(&mut doc, &source.origin);
    let (operations, events, schemas) = operations::read(&mut doc, &schemes, &mut hints);
    // A system that only sends has webhooks and no operation.
    if operations.is_empty() && events.is_empty() {
        doc.warn("no-operation", "#/paths", "the description has no operation", "pass the description with its paths");
    }
    if schemes.is_empty() {
        let message = "no security scheme is declared; how to authenticate is not stated, or stated only in prose";
        doc.find(Severity::Note, "no-security-scheme", "#/components", message, "record how the system authenticates");
    }
    let system = System {
        title: about("title", 120),
        format: READER.format,
        format_version: if version.is_empty() { "3.0".to_owned() } else { version },
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
    };
    Draft { system: Some(system), hints, findings: doc.into_findings() }
}
