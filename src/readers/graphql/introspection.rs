//! The answer to the introspection query (GraphQL, section 4): whole with `data`, or the `__schema` alone.

use serde_json::Value;

use super::graph::{Field, Graph, Input, Kind, MOST_WRAPS, Of, Type, Wrap};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::finding::{Finding, Location};

fn schema(document: Node<'_>) -> Option<Node<'_>> {
    let found = document.get("__schema").or_else(|| document.pointer("/data/__schema"));
    found.filter(|s| s.get("types").and_then(Node::as_list).is_some())
}

/// Whether a document is an introspection result.
pub(super) fn sniff(document: Node<'_>) -> bool {
    schema(document).is_some()
}

/// Reads a document that [`sniff`] recognised; never fails.
pub(super) fn read<'d>(document: Node<'d>, origin: &str, findings: &mut Vec<Finding>) -> Graph<'d> {
    let mut graph = Graph::default();
    let Some(schema) = schema(document) else { return graph };
    let root = |key: &str| Some(schema.get(key)?.get("name")?.as_str()?.to_owned());
    graph.description = text(schema, "description");
    graph.query = root("queryType");
    graph.mutation = root("mutationType");
    graph.subscription = root("subscriptionType");
    if document.get("errors").and_then(Node::as_list).is_some_and(|e| !e.is_empty()) {
        findings.push(
            Finding::warning(
                "partial-introspection",
                Location::pointer(origin, "#/errors"),
                "the answer to the introspection query holds errors; what is missing is not known",
            )
            .fix("ask again, with a credential that may see the whole schema"),
        );
    }
    for (i, one) in list(schema, "types").enumerate() {
        let kind = match one.get("kind").and_then(Node::as_str) {
            Some("SCALAR") => Kind::Scalar,
            Some("OBJECT") => Kind::Object,
            Some("INTERFACE") => Kind::Interface,
            Some("UNION") => Kind::Union,
            Some("ENUM") => Kind::Enum,
            Some("INPUT_OBJECT") => Kind::Input,
            other => {
                let message = format!("the kind \"{}\" of a type is unknown", quoted(other.unwrap_or(""), 40));
                let at = Location::pointer(origin, format!("#/__schema/types/{i}"));
                findings
                    .push(Finding::warning("unknown-kind", at, message).fix("take the schema from the server again"));
                continue;
            }
        };
        let name = text(one, "name");
        if name.is_empty() || name.starts_with("__") {
            continue;
        }
        let mut read = Type::new(kind);
        read.description = text(one, "description");
        read.fields = list(one, "fields").filter_map(field).collect();
        read.inputs = list(one, "inputFields").filter_map(input).collect();
        read.values = list(one, "enumValues").map(|v| text(v, "name").to_owned()).filter(|n| !n.is_empty()).collect();
        let related = if kind == Kind::Union { "possibleTypes" } else { "interfaces" };
        read.related = list(one, related).map(|t| text(t, "name").to_owned()).filter(|n| !n.is_empty()).collect();
        graph.types.entry(name.to_owned()).or_insert(read);
    }
    graph
}

fn text<'d>(value: Node<'d>, key: &str) -> &'d str {
    value.get(key).and_then(Node::as_str).unwrap_or("")
}

fn list<'d>(value: Node<'d>, key: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
    value.get(key).into_iter().flat_map(Node::items)
}

fn deprecated(value: Node<'_>) -> bool {
    value.get("isDeprecated").and_then(Node::as_bool) == Some(true)
}

fn field(value: Node<'_>) -> Option<Field<'_>> {
    let name = text(value, "name");
    (!name.is_empty()).then(|| Field {
        name: name.to_owned(),
        description: text(value, "description"),
        arguments: list(value, "args").filter_map(input).collect(),
        of: of(value.get("type")),
        deprecated: deprecated(value),
    })
}

fn input(value: Node<'_>) -> Option<Input<'_>> {
    let name = text(value, "name");
    // A default is told in the language of GraphQL; scalars are written as in JSON, names as they are.
    let default = value.get("defaultValue").and_then(Node::as_str).map(|d| {
        let bare = !d.is_empty() && d.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        serde_json::from_str(d).unwrap_or_else(|_| if bare { Value::String(d.to_owned()) } else { Value::Null })
    });
    (!name.is_empty()).then(|| Input {
        name: name.to_owned(),
        description: text(value, "description"),
        of: of(value.get("type")),
        default,
        deprecated: deprecated(value),
    })
}

fn of(value: Option<Node<'_>>) -> Of {
    let mut out = Of::default();
    let mut here = value;
    while let Some(now) = here {
        if out.wraps.len() > MOST_WRAPS {
            return Of::default();
        }
        match text(now, "kind") {
            "NON_NULL" => out.wraps.push(Wrap::NonNull),
            "LIST" => out.wraps.push(Wrap::List),
            _ => {
                out.name = text(now, "name").to_owned();
                return out;
            }
        }
        here = now.get("ofType");
    }
    out
}
