//! A text into a document, and a name for what a document is when no reader knows it.

use super::{Draft, Form, Source};
use crate::base::text::{plural, quoted};
use crate::base::tree::{Arena, Node, Tree, from_json, from_yaml};
use crate::base::yaml::{Limits, Span};
use crate::finding::{Finding, Location};

const READS: &str = "this release reads OpenAPI 3, Swagger 2.0, AsyncAPI, Postman collections and JSON Schema, as JSON or YAML; \
                     GraphQL, as SDL or as an introspection result; Protocol Buffers; and tables as SQL DDL";

/// What bytes turned out to be.
#[derive(Clone, Copy)]
pub(super) enum Document<'d> {
    /// JSON or YAML; no reader has looked at it yet.
    Tree(Node<'d>),
    /// A text in the language of a reader, and that reader.
    Text(&'d str, for<'t> fn(&'t str, &Source<'t>) -> Draft<'t>),
}

/// The document in a text, by its content; nothing, and a finding, where there is none.
pub(super) fn document<'d>(
    text: &'d str,
    origin: &str,
    arena: &'d Arena,
    findings: &mut Vec<Finding>,
) -> Option<Document<'d>> {
    let whole = Location { file: origin.to_owned(), ..Location::default() };
    let bytes = text.as_bytes();
    if bytes.iter().take(8192).any(|b| *b == 0) || binary_magic(bytes) {
        let what = if bytes.starts_with(b"PK") {
            "a ZIP archive"
        } else if bytes.starts_with(b"%PDF") {
            "a PDF file"
        } else {
            "binary data"
        };
        findings.push(
            Finding::error("binary-input", whole, format!("the input is {what}, not a text"))
                .fix(format!("pass the API description itself; {READS}")),
        );
        return None;
    }
    let start = text.trim_start();
    if start.is_empty() {
        findings.push(
            Finding::error("empty-input", whole, "the input is empty")
                .fix(format!("pass the API description itself; {READS}")),
        );
        return None;
    }
    let tree = start.starts_with(['{', '[']);
    let language = super::ALL.iter().filter(|_| !tree).find_map(|r| match r.form {
        Form::Text { sniff, read } => sniff(start).then_some(read),
        Form::Tree { .. } => None,
    });
    if let Some(read) = language {
        return Some(Document::Text(text, read));
    }
    if let Some(what) = foreign_text(start) {
        findings.push(unknown_format(whole, what));
        return None;
    }
    self::tree(text, origin, arena, findings).map(Document::Tree)
}

/// The tree in a text, JSON or else YAML; nothing, and a finding, where there is none.
pub(super) fn tree<'d>(text: &'d str, origin: &str, arena: &'d Arena, findings: &mut Vec<Finding>) -> Option<Node<'d>> {
    let json_error = if text.trim_start().starts_with(['{', '[']) {
        match from_json(text, arena) {
            Ok(tree) => return Some(told(tree, origin, findings)),
            Err(e) => Some(e),
        }
    } else {
        None
    };
    // JSON with comments or trailing commas is YAML, so YAML gets a look at what JSON refused.
    match from_yaml(text, arena, Limits::default()) {
        Ok(tree) => {
            if let Some(e) = json_error {
                findings.push(
                    Finding::warning("lenient-json", at_json(origin, &e), format!("read as YAML, since as JSON: {e}"))
                        .fix("make it valid JSON, for other tools will refuse it"),
                );
            }
            Some(told(tree, origin, findings))
        }
        Err(e) => {
            findings.push(match json_error {
                Some(e) => {
                    Finding::error("unreadable-input", at_json(origin, &e), format!("the JSON cannot be read: {e}"))
                        .fix("correct the syntax at this place")
                }
                None => Finding::error(
                    "unreadable-input",
                    Location::at(origin, e.at),
                    format!("the YAML cannot be read: {}", quoted(&e.because, 200)),
                )
                .fix("correct the syntax at this place"),
            });
            None
        }
    }
}

/// The top of a tree; keys written twice become findings.
fn told<'d>(tree: Tree<'d>, origin: &str, findings: &mut Vec<Finding>) -> Node<'d> {
    for pointer in tree.duplicates {
        let at = Location::pointer(origin, pointer);
        let message = "the key stands twice in one mapping; the last value is read, as most tools do";
        findings.push(Finding::warning("duplicate-key", at, message).fix("remove or rename one of the two"));
    }
    tree.root
}

fn at_json(origin: &str, e: &serde_json::Error) -> Location {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Location::at(origin, Span { line: count(e.line()), column: count(e.column()) })
}

fn binary_magic(bytes: &[u8]) -> bool {
    const MAGIC: [&[u8]; 4] = [b"PK\x03\x04", b"%PDF", b"\x7fELF", b"BZh"];
    MAGIC.iter().any(|m| bytes.starts_with(m))
}

/// A format that is neither JSON nor YAML, by how it starts.
fn foreign_text(start: &str) -> Option<&'static str> {
    let head: String = start.chars().take(4000).collect::<String>().to_lowercase();
    if head.starts_with('<') {
        return Some(if head.contains("<!doctype html") || head.contains("<html") {
            "an HTML page, perhaps a login or documentation page in place of the description"
        } else if head.contains(":definitions") || head.contains("<definitions") {
            "WSDL"
        } else if head.contains("<edmx") {
            "OData metadata"
        } else {
            "XML"
        });
    }
    if head.starts_with("#%raml") {
        return Some("RAML");
    }
    if head.starts_with("format: 1a") {
        return Some("API Blueprint");
    }
    None
}

/// A document that no reader took, named as well as its marks allow.
pub(super) fn unknown(document: Node<'_>, origin: &str) -> Finding {
    let has = |key: &str| document.get(key).is_some();
    let whole = Location { file: origin.to_owned(), ..Location::default() };
    let version = |key: &str| document.get(key).map(shown).unwrap_or_default();
    if has("openapi") {
        let version = version("openapi");
        return Finding::error(
            "unknown-version",
            Location::pointer(origin, "#/openapi"),
            format!("the OpenAPI version {version} is unknown; {READS}"),
        )
        .fix("pass a description in OpenAPI 3.0, 3.1 or 3.2");
    }
    let what = if has("swagger") || has("swaggerVersion") {
        format!("Swagger {}", version(if has("swagger") { "swagger" } else { "swaggerVersion" }))
    } else if has("asyncapi") {
        format!("AsyncAPI {}", version("asyncapi"))
    } else if has("openrpc") {
        format!("OpenRPC {}", version("openrpc"))
    } else if document.pointer("/info/_postman_id").is_some()
        || document.pointer("/info/schema").and_then(Node::as_str).is_some_and(|s| s.contains("postman"))
    {
        "a Postman collection of version 1, or without its items".to_owned()
    } else if document.pointer("/data/__schema").is_some() || has("__schema") {
        "a GraphQL introspection result without its types".to_owned()
    } else if document.pointer("/log/entries").is_some() {
        "an HTTP archive (HAR)".to_owned()
    } else if has("discoveryVersion") {
        "a Google API discovery document".to_owned()
    } else if has("smithy") {
        "a Smithy model".to_owned()
    } else if document.get("apiVersion").and_then(Node::as_str).is_some_and(|v| v.starts_with("platform-integration/"))
    {
        "an integration contract, which `check` reads".to_owned()
    } else if has("apiVersion") && has("kind") {
        "a Kubernetes manifest".to_owned()
    } else if has("$schema") || (has("type") && has("properties")) {
        "a JSON Schema".to_owned()
    } else {
        match document {
            Node::Map(map) if map.is_empty() => "an empty object".to_owned(),
            Node::Map(map) => {
                let mut what = format!("a document with {}", plural(map.len() as u64, "key"));
                let names: Vec<&str> = map.keys().filter(|k| is_name(k)).take(5).collect();
                if !names.is_empty() {
                    what.push_str(&format!(", among them {}", names.join(", ")));
                }
                what
            }
            Node::List(_) => "a list".to_owned(),
            _ => "plain text".to_owned(),
        }
    };
    unknown_format(whole, &what)
}

fn unknown_format(at: Location, what: &str) -> Finding {
    let fix = if what.starts_with("Swagger") {
        "convert it to OpenAPI 3 and pass the result"
    } else if what.contains("HTML") {
        "pass the address of the description itself, not of the page that shows it"
    } else {
        "pass a description of the API in one of these formats"
    };
    Finding::error("unknown-format", at, format!("the input looks like {what}; {READS}")).fix(fix)
}

/// Whether a key is a name as descriptions have them. Anything may be read as a document, so that a line of a password
/// file can be a key: that is content, and not repeated.
fn is_name(key: &str) -> bool {
    let digits = key.chars().filter(char::is_ascii_digit).count();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.$-".contains(c);
    (1..=24).contains(&key.len()) && key.chars().all(plain) && digits <= 4 && !key.trim_start_matches('$').contains('$')
}

/// A scalar for a message.
fn shown(value: Node<'_>) -> String {
    match value {
        Node::Text(s) | Node::Number(s) => quoted(s, 20),
        other => quoted(&other.to_value().to_string(), 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks_like(text: &str) -> String {
        let (mut findings, arena) = (Vec::new(), Arena::default());
        match document(text, "x", &arena, &mut findings) {
            Some(Document::Tree(node)) => unknown(node, "x").message,
            Some(Document::Text(..)) => "read as text".to_owned(),
            None => findings.remove(0).message,
        }
    }

    #[test]
    fn what_we_do_not_read_is_named() {
        for (text, name) in [
            (r#"{"swagger": "1.1"}"#, "Swagger 1.1"),
            (r#"{"swaggerVersion": "1.2"}"#, "Swagger 1.2"),
            ("asyncapi: 9.0.0\n", "AsyncAPI 9.0.0"),
            ("<!DOCTYPE html><html>", "an HTML page"),
            ("schema {\n  query: Query\n}\n", "read as text"),
            ("\"\"\"doc\"\"\"\ntype Query {\n  a: Int\n}\n", "read as text"),
            (r#"{"info": {"_postman_id": "1"}, "requests": []}"#, "a Postman collection"),
            (r#"{"$schema": "x", "type": "object"}"#, "a JSON Schema"),
            ("<?xml version=\"1.0\"?><wsdl:definitions>", "WSDL"),
            ("hello", "plain text"),
            ("%PDF-1.4", "a PDF file"),
            ("", "the input is empty"),
            ("openapi: 2.9\n", "OpenAPI version 2.9"),
        ] {
            assert!(looks_like(text).contains(name), "{text}: {}", looks_like(text));
        }
    }

    #[test]
    fn what_is_no_description_is_not_repeated() {
        let text = "root:$6$Ab1Cd2Ef3G$hij: 19000\nname: 1\nhunter22 of mine: 2\n0123456789abcdef: 3\n$id: 4\n";
        let said = looks_like(text);
        assert!(said.contains("a document with 5 keys, among them name, $id; this release"), "{said}");
        let said = looks_like("root:$6$Ab1Cd2Ef3G$hij: 19000\n");
        assert!(said.contains("a document with 1 key; this release"), "{said}");
    }

    #[test]
    fn a_syntax_error_has_line_and_column() {
        let (mut findings, arena) = (Vec::new(), Arena::default());
        assert!(document("{\n  \"a\": [1,\n  \"b\" }", "api.json", &arena, &mut findings).is_none());
        assert_eq!(findings[0].location.to_string(), "api.json:3:7");
    }

    #[test]
    fn json_with_a_trailing_comma_is_read_and_noted() {
        let (mut findings, arena) = (Vec::new(), Arena::default());
        let read = document("{\"a\": 1,}", "x", &arena, &mut findings);
        assert!(matches!(read, Some(Document::Tree(node)) if node.to_value() == serde_json::json!({"a": 1})));
        assert_eq!(findings[0].code, "lenient-json");
    }
}
