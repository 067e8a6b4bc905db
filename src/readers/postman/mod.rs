//! Postman collections 2.0 and 2.1. A collection is a list of requests that somebody sent, with answers that somebody got:
//! paths, parameters and authentication are stated, shapes are inferred from the examples. Values of credentials are never
//! read into the model.

mod auth;
mod observed;
mod requests;
mod url;

use super::facts::{Hints, Prose};
use super::openapi::document::{At, Document};
use super::openapi::version_text;
use super::{Draft, Form, Reader, Source};
use crate::base::text::{plural, quoted};
use crate::base::tree::Node;
use crate::finding::Severity;
use crate::model::System;

/// The reader of this format.
pub(super) const READER: Reader = Reader { format: "postman", form: Form::Tree { sniff, read } };

/// A list of items under an `info` that names the collection's schema or id.
fn sniff(document: Node<'_>) -> bool {
    let of_schema = |s: &str| s.contains("getpostman.com") && s.contains("/v2");
    let info = document.get("info");
    document.get("item").is_some_and(|i| i.as_list().is_some())
        && info.is_some_and(|info| {
            info.get("_postman_id").is_some() || info.get("schema").and_then(Node::as_str).is_some_and(of_schema)
        })
}

/// A description is a text, or an object around one.
fn description<'d>(at: &At<'d>) -> Option<(&'d str, String)> {
    let own = at.child("description")?;
    match own.value {
        Node::Text(text) => Some((text, own.pointer())),
        _ => own.child("content").and_then(|c| Some((c.value.as_str()?, c.pointer()))),
    }
}

fn read<'d>(value: Node<'d>, source: &Source<'d>) -> Draft<'d> {
    let mut doc = Document::new(value, &source.origin, source.arena);
    let top = doc.top();
    let mut hints = Hints::of_examples();
    let info = top.child("info");
    if let Some((text, pointer)) = info.as_ref().and_then(description) {
        hints.prose.push(Prose { operation: None, pointer: pointer.into(), text });
    }
    let read = requests::read(&mut doc, &mut hints);
    if read.operations.is_empty() {
        doc.warn("no-operation", "#/item", "the collection has no request", "export the collection with its requests");
    }
    if read.servers.is_empty() {
        let message = "no request names a host that is known, so the base URL is not known";
        let fix = "set systems.<name>.base_url in integration.yaml, or give the collection's variables their values";
        doc.warn("no-server", "#/variable", message, fix);
    }
    if read.schemes.is_empty() {
        let message = "no request says how it authenticates";
        doc.find(Severity::Note, "no-security-scheme", "#/auth", message, "record how the system authenticates");
    }
    let message = if read.examples == 0 {
        "the collection holds no example answer, so what the system answers is not known".to_owned()
    } else {
        format!(
            "shapes were inferred from {}; a field that occurs in none of them is not seen, and nothing says which must be sent",
            plural(read.examples, "example")
        )
    };
    doc.find(
        Severity::Note,
        "shapes-from-examples",
        "#/item",
        message,
        "hold them against the system before relying on them",
    );
    let schema = info.as_ref().and_then(|i| i.text("schema")).unwrap_or("");
    let version = schema.split('/').find_map(|s| s.strip_prefix('v').filter(|s| s.starts_with('2')));
    let api_version = info.as_ref().and_then(|i| i.value.get("version")).map(version_text).unwrap_or_default();
    let system = System {
        title: info.as_ref().map(|i| i.quoted("name", 120)).unwrap_or_default(),
        format: READER.format,
        format_version: quoted(version.unwrap_or("2"), 20),
        api_version,
        origin: source.origin.clone(),
        digest: source.digest.clone(),
        servers: read.servers,
        schemes: read.schemes,
        operations: read.operations,
        events: Vec::new(),
        entities: std::collections::BTreeMap::new(),
        schemas: read.schemas,
        facts: Vec::new(),
        remarks: Vec::new(),
    };
    Draft { system: Some(system), hints, findings: doc.into_findings() }
}
