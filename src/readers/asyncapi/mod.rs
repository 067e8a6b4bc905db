//! AsyncAPI 1, 2 and 3. What the described application sends is an event; what it receives is told in a note, for nothing
//! here sends messages. Pointers are those of the document.

mod messages;
mod security;
mod servers;

use super::facts::{Hints, Prose};
use super::openapi::document::{At, Document};
use super::openapi::version_text;
use super::{Draft, Form, Reader, Source};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::finding::Severity;
use crate::model::System;

/// The reader of this format.
pub(super) const READER: Reader = Reader { format: "asyncapi", form: Form::Tree { sniff, read } };

/// A document that calls itself AsyncAPI, of a major version that is known.
fn sniff(document: Node<'_>) -> bool {
    document.get("asyncapi").is_some_and(|v| version_text(v).starts_with(['1', '2', '3']))
}

fn read<'d>(value: Node<'d>, source: &Source<'d>) -> Draft<'d> {
    let mut doc = Document::new(value, &source.origin, source.arena).with(&source.others);
    let top = doc.top();
    let mut hints = Hints::default();
    let info = top.child("info");
    if let Some((text, at)) = info.as_ref().and_then(|i| Some((i.text("description")?, i.child("description")?))) {
        hints.prose.push(Prose { operation: None, pointer: at.place.into(), text });
    }
    hints.extensions_of(value, "#", None);
    let schemes = security::schemes(&mut doc);
    let servers = servers::read(&mut doc);
    let (events, schemas) = messages::read(&mut doc, &mut hints);
    if events.is_empty() {
        let message = "the description has no message";
        doc.warn("no-operation", "#/channels", message, "pass the description with its channels and messages");
    }
    if schemes.is_empty() {
        let message = "no security scheme is declared; how to authenticate is not stated, or stated only in prose";
        doc.find(Severity::Note, "no-security-scheme", "#/components", message, "record how the system authenticates");
    }
    let about = |key: &str, max| info.as_ref().map(|i: &At<'_>| i.quoted(key, max)).unwrap_or_default();
    let api_version = info.as_ref().and_then(|i| i.value.get("version")).map(version_text).unwrap_or_default();
    let system = System {
        title: about("title", 120),
        format: READER.format,
        format_version: value.get("asyncapi").map(version_text).unwrap_or_default(),
        api_version: quoted(&api_version, 60),
        origin: source.origin.clone(),
        digest: source.digest.clone(),
        servers,
        schemes,
        operations: Vec::new(),
        events,
        entities: std::collections::BTreeMap::new(),
        schemas,
        facts: Vec::new(),
        remarks: Vec::new(),
    };
    Draft { system: Some(system), hints, findings: doc.into_findings() }
}
