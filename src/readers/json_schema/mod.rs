//! JSON Schema as a source of entities: a document that describes things and no way to reach them. The schema itself and
//! each named one that is an object is an entity.

use std::collections::BTreeMap;

use super::entity;
use super::facts::{Hints, Prose};
use super::openapi::document::{At, Document};
use super::openapi::schemas::Builder;
use super::{Draft, Form, Reader, Source};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::finding::Severity;
use crate::model::{SchemaId, System};

/// The reader of this format.
pub(super) const READER: Reader = Reader { format: "json-schema", form: Form::Tree { sniff, read } };

/// Keys of documents that hold schemas without being one.
const OTHERS: [&str; 6] = ["openapi", "swagger", "asyncapi", "paths", "info", "apiVersion"];

/// A document that says it is a schema, or has the shape of one.
fn sniff(document: Node<'_>) -> bool {
    let has = |key: &str| document.get(key).is_some();
    if !document.is_map() || OTHERS.iter().any(|key| has(key)) {
        return false;
    }
    let dialect = document.get("$schema").and_then(Node::as_str).is_some_and(|s| s.contains("json-schema.org"));
    let object = |key: &str| document.get(key).is_some_and(Node::is_map);
    dialect
        || object("$defs")
        || (document.get("type").is_some_and(|t| t.as_str() == Some("object")) && object("properties"))
}

fn read<'d>(value: Node<'d>, source: &Source<'d>) -> Draft<'d> {
    let mut doc = Document::new(value, &source.origin, source.arena).with(&source.others);
    let top = doc.top();
    let mut hints = Hints::default();
    if let Some(text) = top.text("description") {
        hints.prose.push(Prose { operation: None, pointer: "#/description".into(), text });
    }
    let mut builder = Builder::new();
    let mut named: Vec<(String, SchemaId)> = Vec::new();
    let title = top.quoted("title", 120);
    if describes(&top) {
        let called = match title.as_str() {
            "" => top.text("$id").or_else(|| top.text("id")).map(file_name).unwrap_or_default(),
            title => title.to_owned(),
        };
        named.push((if called.is_empty() { "record".to_owned() } else { called }, builder.schema(&mut doc, top)));
    }
    for key in ["$defs", "definitions"] {
        for (name, at) in top.child(key).iter().flat_map(At::children) {
            let id = builder.schema(&mut doc, at);
            named.push((quoted(name, 120), id));
        }
    }
    let schemas = builder.finish(&mut doc);
    let mut entities = BTreeMap::new();
    for (name, id) in named {
        let object = !schemas.properties(id).is_empty();
        if let Some(found) = object.then(|| entity::of(&name, id, &schemas, None)).flatten() {
            entities.entry(found.name.clone()).or_insert(found);
        }
    }
    if entities.is_empty() {
        let message = "the schema describes no object with properties";
        doc.warn("no-entity", "#", message, "pass a schema of records");
    }
    let message = "a schema says what records look like, and not how to reach them";
    doc.find(
        Severity::Note,
        "no-operation",
        "#",
        message,
        "pass a description of the API too, or write the operations down",
    );
    let system = System {
        title,
        format: READER.format,
        format_version: top.text("$schema").map(dialect).unwrap_or_default(),
        api_version: top.quoted("version", 60),
        origin: source.origin.clone(),
        digest: source.digest.clone(),
        servers: Vec::new(),
        schemes: BTreeMap::new(),
        operations: Vec::new(),
        events: Vec::new(),
        entities,
        schemas,
        facts: Vec::new(),
        remarks: Vec::new(),
    };
    Draft { system: Some(system), hints, findings: doc.into_findings() }
}

/// Whether the top says anything itself: a file of definitions does not.
fn describes(top: &At<'_>) -> bool {
    ["properties", "allOf", "oneOf", "anyOf", "$ref", "items"].iter().any(|key| top.value.get(key).is_some())
}

/// `draft-07` of `http://json-schema.org/draft-07/schema#`.
fn dialect(uri: &str) -> String {
    let mut steps = uri.split('/').filter(|s| s.starts_with("draft") || s.starts_with("20"));
    let found = steps.next_back().unwrap_or("");
    let year = uri.split('/').find(|s| s.starts_with("20")).unwrap_or(found);
    quoted(year, 20)
}

/// `order` of `https://x.example/schemas/order.schema.json`.
fn file_name(uri: &str) -> String {
    let last = uri.trim_end_matches(['#', '/']).rsplit('/').next().unwrap_or("");
    quoted(last.split('.').next().unwrap_or(last), 120)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_told_by_its_year_or_its_draft() {
        assert_eq!(dialect("https://json-schema.org/draft/2020-12/schema"), "2020-12");
        assert_eq!(dialect("http://json-schema.org/draft-07/schema#"), "draft-07");
        assert_eq!(file_name("https://x.example/schemas/order-line.schema.json"), "order-line");
    }
}
