//! Base URLs: variables replaced by their defaults, relative ones set against where the description came from.

use super::Dialect;
use super::document::{At, Document};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::finding::Severity;
use crate::model::{Method, Server};

/// The document's base URLs; where it has none, those of its paths, the most common first.
pub(super) fn read(doc: &mut Document<'_>, dialect: Dialect, origin: &str) -> Vec<Server> {
    let mut servers = below(doc, &doc.top(), origin);
    let place = if dialect == Dialect::Swagger2 { "#/host" } else { "#/servers" };
    if dialect == Dialect::Swagger2 && servers.is_empty() {
        servers = of_host(doc, origin);
    }
    if servers.is_empty() {
        servers = of_paths(doc, origin);
    }
    if servers.is_empty() {
        let message = "no server is declared, so the base URL is not known";
        doc.warn("no-server", place, message, "set systems.<name>.base_url in integration.yaml");
    } else if servers.iter().all(|s| !absolute(&s.url)) {
        let message = "all servers are relative, so the host is not known";
        doc.find(Severity::Warning, "no-server", place, message, "set systems.<name>.base_url in integration.yaml");
    }
    servers
}

/// `schemes`, `host` and `basePath` of Swagger 2. Of http and https on one host, https is enough.
fn of_host(doc: &Document<'_>, origin: &str) -> Vec<Server> {
    let top = doc.top();
    let host = top.quoted("host", 300);
    let base = top.quoted("basePath", 300);
    if host.is_empty() && base.is_empty() {
        return Vec::new();
    }
    let pointer = if host.is_empty() { "#/basePath" } else { "#/host" }.to_owned();
    let schemes = top.child("schemes");
    let offered: Vec<&str> = schemes.iter().flat_map(|s| s.value.items()).filter_map(Node::as_str).collect();
    let mut url = match host.split_once("://") {
        // Not allowed, yet written: the host with its scheme.
        Some(_) => host,
        None if host.is_empty() => String::new(),
        None => {
            let scheme = if offered.contains(&"https") { "https" } else { offered.first().copied().unwrap_or("https") };
            format!("{}://{host}", quoted(scheme, 20))
        }
    };
    url.truncate(url.trim_end_matches('/').len());
    if !base.is_empty() && !base.starts_with('/') {
        url.push('/');
    }
    url.push_str(&base);
    vec![Server { url: resolved(&url, origin), description: String::new(), pointer }]
}

fn of_paths(doc: &mut Document<'_>, origin: &str) -> Vec<Server> {
    let mut seen: indexmap::IndexMap<String, (usize, Server)> = indexmap::IndexMap::new();
    for (_, item) in doc.at(&["paths"]).iter().flat_map(At::children) {
        let methods = item.children().filter(|(name, _)| Method::parse(name).is_some()).map(|(_, at)| at);
        for place in std::iter::once(item).chain(methods) {
            for server in below(doc, &place, origin) {
                seen.entry(server.url.clone()).or_insert((0, server)).0 += 1;
            }
        }
    }
    let mut servers: Vec<(usize, Server)> = seen.into_values().collect();
    servers.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    servers.into_iter().map(|(_, s)| s).collect()
}

fn below(doc: &mut Document<'_>, place: &At<'_>, origin: &str) -> Vec<Server> {
    let Some(list) = place.child("servers") else { return Vec::new() };
    let mut servers: Vec<Server> = Vec::new();
    for server in list.items().take(50) {
        let Some(url) = server.text("url") else {
            doc.warn("no-server", &server.pointer(), "the server has no url", "add the url of the server");
            continue;
        };
        let written = with_defaults(url, &server);
        let bare = bare(&written);
        if bare.len() < written.len() {
            let message = "the address of the server holds credentials, a query or a fragment, which are left out";
            let fix = "keep the address to host and path; a credential that stood in it is known: have it replaced";
            doc.warn("server-address-with-more", &server.pointer(), message, fix);
        }
        let url = resolved(&bare, origin);
        if !servers.iter().any(|s| s.url == url) {
            servers.push(Server { url, description: described(&server), pointer: server.pointer() });
        }
    }
    servers
}

/// What a server is for; OpenAPI 3.2 gives it a name too.
fn described(server: &At<'_>) -> String {
    ["description", "name"].into_iter().map(|key| server.quoted(key, 120)).find(|s| !s.is_empty()).unwrap_or_default()
}

/// `{name}` replaced by the default of the variable; kept where there is none.
pub(in crate::readers) fn with_defaults(url: &str, server: &At<'_>) -> String {
    let mut url = quoted(url, 500);
    for (name, variable) in server.child("variables").iter().flat_map(At::children) {
        // The example of a key that goes into the path is nobody's address.
        if is_secret(name) {
            continue;
        }
        let default = match variable.value.get("default") {
            Some(Node::Text(s)) => quoted(s, 200),
            Some(Node::Number(digits)) => digits.to_owned(),
            _ => continue,
        };
        url = url.replace(&format!("{{{name}}}"), &default);
    }
    url
}

fn is_secret(name: &str) -> bool {
    ["token", "apikey", "api_key", "api-key", "secret", "password"].iter().any(|end| {
        name.len() >= end.len() && name.get(name.len() - end.len()..).is_some_and(|n| n.eq_ignore_ascii_case(end))
    })
}

/// An address without the user and password before its host (RFC 3986 section 3.2.1), without query and fragment: no
/// request could be built on it, and what stands there is nobody's to repeat.
fn bare(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

fn absolute(url: &str) -> bool {
    url.contains("://")
}

/// A relative URL set against an http origin; as it is where the origin is a file.
fn resolved(url: &str, origin: &str) -> String {
    let trimmed = if url.len() > 1 { url.trim_end_matches('/') } else { url };
    if absolute(trimmed) {
        return trimmed.to_owned();
    }
    if let Some(rest) = trimmed.strip_prefix("//") {
        return format!("https://{rest}");
    }
    let Some((scheme, rest)) = origin.split_once("://").filter(|(s, _)| s.starts_with("http")) else {
        return trimmed.to_owned();
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if trimmed.starts_with('/') {
        return format!("{scheme}://{host}{}", trimmed.trim_end_matches('/'));
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let joined = format!("{folder}/{}", trimmed.trim_start_matches("./"));
    format!("{scheme}://{host}/{}", joined.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn urls(root: &serde_json::Value, origin: &str) -> Vec<String> {
        let arena = crate::base::tree::Arena::default();
        read(&mut Document::new(arena.of_value(root), origin, &arena), Dialect::Openapi3, origin)
            .into_iter()
            .map(|s| s.url)
            .collect()
    }

    #[test]
    fn variables_take_their_defaults() {
        let root = json!({"servers": [{"url": "https://{region}.x.example/{v}/{left}/",
            "variables": {"region": {"default": "eu"}, "v": {"default": 2}}}]});
        assert_eq!(urls(&root, "f"), ["https://eu.x.example/2/{left}"]);
    }

    #[test]
    fn credentials_in_an_address_are_left_out_and_told() {
        let root = json!({"servers": [{"url": "https://user:hunter2@x.example/v1?api_key=k-123"}, {"url": "/v2#x"}]});
        let arena = crate::base::tree::Arena::default();
        let mut doc = Document::new(arena.of_value(&root), "f", &arena);
        let servers: Vec<String> = read(&mut doc, Dialect::Openapi3, "f").into_iter().map(|s| s.url).collect();
        assert_eq!(servers, ["https://x.example/v1", "/v2"]);
        let findings = doc.into_findings();
        let told: Vec<String> = findings.iter().map(|f| format!("{} {}", f.code, f.location)).collect();
        assert_eq!(told, ["server-address-with-more f#/servers/0", "server-address-with-more f#/servers/1"]);
        assert!(!format!("{findings:?}").contains("hunter2"), "what is told of a secret does not hold it");
    }

    #[test]
    fn a_key_in_the_path_stays_open() {
        let root = json!({"servers": [{"url": "https://x.example/bot{bot_token}/{tokens}",
            "variables": {"bot_token": {"default": "123:ABC"}, "tokens": {"default": "all"}}}]});
        assert_eq!(urls(&root, "f"), ["https://x.example/bot{bot_token}/all"]);
    }

    #[test]
    fn relative_urls_are_set_against_an_http_origin() {
        let root = json!({"servers": [{"url": "/v1"}, {"url": "v2"}, {"url": "//cdn.example/x"}]});
        assert_eq!(
            urls(&root, "https://api.example/docs/openapi.json"),
            ["https://api.example/v1", "https://api.example/docs/v2", "https://cdn.example/x"]
        );
        assert_eq!(urls(&root, "apis/x.json"), ["/v1", "v2", "https://cdn.example/x"]);
    }

    #[test]
    fn a_host_is_a_server_in_swagger_2() {
        let url = |root: serde_json::Value| {
            let arena = crate::base::tree::Arena::default();
            let mut doc = Document::new(arena.of_value(&root), "f", &arena);
            read(&mut doc, Dialect::Swagger2, "f").into_iter().map(|s| s.url).collect::<Vec<_>>()
        };
        let schemes = json!(["http", "https"]);
        assert_eq!(url(json!({"host": "x.example", "basePath": "/v2/", "schemes": schemes})), ["https://x.example/v2"]);
        assert_eq!(url(json!({"host": "x.example", "basePath": "/", "schemes": ["http"]})), ["http://x.example"]);
        assert_eq!(url(json!({"host": "x.example"})), ["https://x.example"]);
        assert_eq!(url(json!({"host": "https://x.example/"})), ["https://x.example"]);
        assert_eq!(url(json!({"basePath": "v1"})), ["/v1"]);
    }

    #[test]
    fn servers_of_paths_count_where_the_document_has_none() {
        let root = json!({"paths": {"/a": {"servers": [{"url": "https://a"}]}, "/b": {"servers": [{"url": "https://b"}]},
            "/c": {"get": {"servers": [{"url": "https://b"}]}}}});
        assert_eq!(urls(&root, "f"), ["https://b", "https://a"]);
    }
}
