//! Addresses of requests: variables replaced where the collection gives their value, kept as `{name}` where it does not.

use std::collections::BTreeMap;

use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::readers::openapi::document::At;

/// Values of variables by name, the nearest folder's first.
pub(super) type Variables<'d> = BTreeMap<&'d str, &'d str>;

/// Most replacements in one address: a variable may name another.
const MOST_STEPS: usize = 8;
/// Longest address.
const MOST_LENGTH: usize = 4000;

/// An address taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Address {
    /// Scheme and host, and what a variable held of the path; empty where it is not known.
    pub(super) base: String,
    /// The path, with `{name}` for what varies.
    pub(super) path: String,
    /// Names and values of the query, where it is only written in the address.
    pub(super) query: Vec<(String, String)>,
}

/// Adds the variables of a collection or a folder.
pub(super) fn declared<'d>(at: &At<'d>, into: &mut Variables<'d>) {
    for variable in at.child("variable").iter().flat_map(At::items) {
        let name = variable.text("key").or_else(|| variable.text("id"));
        if let (Some(name), Some(value)) = (name, variable.text("value").filter(|v| !v.is_empty())) {
            into.insert(name, value);
        }
    }
}

/// The address of a request: a text, or an object whose `raw` is one.
pub(super) fn of(url: &At<'_>, variables: &Variables<'_>) -> Address {
    let raw = match url.value {
        Node::Text(text) => text.to_owned(),
        _ => url.text("raw").map_or_else(|| joined(url), str::to_owned),
    };
    taken_apart(&raw, variables)
}

/// `protocol`, `host` and `path` put together.
fn joined(url: &At<'_>) -> String {
    let list = |key: &str, between: &str| -> String {
        match url.value.get(key) {
            Some(Node::Text(text)) => text.to_owned(),
            Some(other) => {
                let steps = other.items().filter_map(|step| step.as_str().or_else(|| step.get("value")?.as_str()));
                steps.collect::<Vec<_>>().join(between)
            }
            None => String::new(),
        }
    };
    let host = list("host", ".");
    let scheme = match url.text("protocol") {
        Some(protocol) if !host.contains("://") => format!("{protocol}://"),
        _ => String::new(),
    };
    let path = list("path", "/");
    format!("{scheme}{host}/{}", path.trim_start_matches('/'))
}

fn taken_apart(raw: &str, variables: &Variables<'_>) -> Address {
    let raw = quoted(raw, MOST_LENGTH);
    // The base ends where the path of the request begins: after a leading variable, or after the host.
    let after_scheme = raw.find("://").map_or(0, |i| i + 3);
    let rest = raw.get(after_scheme..).unwrap_or("");
    let end = rest.find(['/', '?', '#']).map_or(raw.len(), |i| after_scheme + i);
    let (base, rest) = raw.split_at_checked(end).unwrap_or((&raw, ""));
    let rest = rest.split('#').next().unwrap_or("");
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut base = replaced(base, variables);
    if !base.contains("://") && !base.starts_with('{') && !base.is_empty() {
        base = format!("https://{base}");
    }
    if base.starts_with('{') {
        // What the first variable stands for is not told.
        base.clear();
    }
    let steps = path.split('/').filter(|s| !s.is_empty()).map(|step| match step.strip_prefix(':') {
        Some(name) if !name.is_empty() => format!("{{{name}}}"),
        _ => braces(step),
    });
    let path = format!("/{}", steps.collect::<Vec<_>>().join("/"));
    let query = query.split('&').filter(|p| !p.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    });
    Address { base: base.trim_end_matches('/').to_owned(), path, query: query.collect() }
}

/// Variables replaced by their values, again and again while they name others.
fn replaced(text: &str, variables: &Variables<'_>) -> String {
    let mut text = text.to_owned();
    for _ in 0..MOST_STEPS {
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        let mut changed = false;
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            let Some((name, after)) = after.split_once("}}") else {
                out.push_str("{{");
                rest = after;
                continue;
            };
            match variables.get(name.trim()) {
                Some(value) => {
                    out.push_str(value);
                    changed = true;
                }
                None => out.push_str(&format!("{{{{{name}}}}}")),
            }
            rest = after;
        }
        out.push_str(rest);
        text = out;
        if !changed || text.len() > MOST_LENGTH {
            break;
        }
    }
    braces(&text)
}

/// `{{name}}` as `{name}`.
fn braces(text: &str) -> String {
    quoted(&text.replace("{{", "{").replace("}}", "}"), 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(raw: &str) -> (String, String) {
        let mut variables = Variables::new();
        variables.insert("baseUrl", "https://{{host}}/v1/");
        variables.insert("host", "api.x.example");
        variables.insert("loop", "{{loop}}{{loop}}");
        let address = taken_apart(raw, &variables);
        (address.base, address.path)
    }

    fn pair(base: &str, path: &str) -> (String, String) {
        (base.to_owned(), path.to_owned())
    }

    #[test]
    fn variables_become_hosts_or_parameters() {
        assert_eq!(at("{{baseUrl}}/orders/:id?x=1"), pair("https://api.x.example/v1", "/orders/{id}"));
        assert_eq!(at("https://{{host}}/a/{{order}}"), pair("https://api.x.example", "/a/{order}"));
        assert_eq!(at("https://{{tenant}}.x.example/a"), pair("https://{tenant}.x.example", "/a"));
        assert_eq!(at("{{unknown}}/a"), pair("", "/a"));
        assert_eq!(at("x.example/a#b"), pair("https://x.example", "/a"));
        assert_eq!(at(""), pair("", "/"));
        assert!(at("{{loop}}/a").0.len() < 5000);
    }

    #[test]
    fn a_query_in_the_address_is_seen() {
        let address = taken_apart("https://x.example/a?limit=10&cursor", &Variables::new());
        let pairs: Vec<(&str, &str)> = address.query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("limit", "10"), ("cursor", "")]);
    }
}
