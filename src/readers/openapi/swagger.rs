//! What Swagger 2.0 keeps elsewhere than OpenAPI 3: bodies among the parameters, one schema for all media types of an
//! answer, media types on the operation or on the document.

use super::document::{At, Document};
use super::operations::rank;
use super::schemas::Builder;
use super::version_text;
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::model::{Body, Schema, SchemaId, TypeSet};

/// Swagger 2, or a document with the shape of one and no version.
pub(super) fn sniff(document: Node<'_>) -> bool {
    match document.get("swagger") {
        Some(version) => version_text(version).starts_with('2'),
        None => document.get("openapi").is_none() && document.get("asyncapi").is_none() && shaped(document),
    }
}

/// Paths beside keys that only Swagger 2 has.
pub(super) fn shaped(document: Node<'_>) -> bool {
    let has = |key: &str| document.get(key).is_some();
    has("swagger")
        || (document.get("paths").is_some_and(Node::is_map)
            && document.get("info").is_some_and(Node::is_map)
            && !has("components")
            && (has("securityDefinitions") || has("definitions") || (has("host") && has("basePath"))))
}

/// Whether a parameter is the body, or a field of it.
pub(super) fn of_body(parameter: &At<'_>) -> bool {
    matches!(parameter.text("in"), Some("body" | "formData"))
}

/// The body of an operation: its `body` parameter, or all its `formData` parameters as one object.
pub(super) fn body<'d>(doc: &mut Document<'d>, builder: &mut Builder<'d>, item: &At<'d>, at: &At<'d>) -> Option<Body> {
    let mut fields: Vec<(&'d str, At<'d>)> = Vec::new();
    for place in [at, item] {
        for parameter in place.child("parameters").iter().flat_map(At::items) {
            if parameter.value.get("$ref").is_none_or(Node::is_null) && !of_body(&parameter) {
                continue;
            }
            let Some(parameter) = doc.resolve(parameter) else { continue };
            match (parameter.text("in"), parameter.text("name")) {
                (Some("body"), _) => {
                    let (content_type, others) = media_type(doc, at, "consumes", |_| true, "application/json");
                    return Some(Body {
                        required: parameter.flag("required"),
                        content_type,
                        others,
                        schema: parameter.child("schema").map(|s| builder.schema(doc, s)),
                        pointer: parameter.pointer(),
                    });
                }
                (Some("formData"), Some(name)) if !fields.iter().any(|(n, _)| *n == name) => {
                    fields.push((name, parameter));
                }
                _ => {}
            }
        }
    }
    let (_, first) = fields.first()?;
    let pointer = first.pointer();
    let with_file = fields.iter().any(|(_, f)| f.text("type") == Some("file"));
    let fallback = if with_file { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
    let form = |name: &str| name.contains("form") && (!with_file || name.starts_with("multipart/"));
    let (content_type, others) = media_type(doc, at, "consumes", form, fallback);
    let mut schema = Schema { types: TypeSet::OBJECT, pointer: pointer.clone(), ..Schema::default() };
    for (name, field) in fields {
        let name = quoted(name, 200);
        if field.flag("required") {
            schema.required.insert(name.clone());
        }
        schema.properties.insert(name, builder.schema(doc, field));
    }
    let required = !schema.required.is_empty();
    Some(Body { required, content_type, others, schema: Some(builder.push(schema)), pointer })
}

/// Media type, other media types and schema of an answer.
pub(super) fn answer<'d>(
    doc: &mut Document<'d>,
    builder: &mut Builder<'d>,
    operation: &At<'d>,
    response: &At<'d>,
) -> (String, Vec<String>, Option<SchemaId>) {
    match response.child("schema") {
        Some(schema) => {
            let (media, others) = media_type(doc, operation, "produces", |_| true, "application/json");
            (media, others, Some(builder.schema(doc, schema)))
        }
        None => (String::new(), Vec::new(), None),
    }
}

/// The best media type that the operation, else the document, lists under a key, and the others.
fn media_type(
    doc: &Document<'_>,
    operation: &At<'_>,
    key: &str,
    fits: impl Fn(&str) -> bool,
    fallback: &str,
) -> (String, Vec<String>) {
    let listed = operation.child(key).or_else(|| doc.top().child(key));
    let names = || listed.iter().flat_map(|l| l.value.items()).filter_map(Node::as_str).filter(|n| fits(n));
    match names().min_by_key(|n| rank(n)) {
        Some(chosen) => (quoted(chosen, 120), names().filter(|n| *n != chosen).map(|n| quoted(n, 120)).collect()),
        None => (fallback.to_owned(), Vec::new()),
    }
}
