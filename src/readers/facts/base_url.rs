//! `base_url`: host and path of each server.

use serde_json::json;

use super::{Detector, Hints, Look, Prose, shown};
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "base_url", look: Look::Observe(run) };

/// Host and path of an absolute URL; the path without its last slash.
pub(super) fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.find('/').map_or((rest, ""), |i| rest.split_at(i));
    // The port that everybody means is no part of the host (RFC 3986 section 3.2.3).
    let port = if url.starts_with("https:") { ":443" } else { ":80" };
    let host = host.strip_suffix(port).unwrap_or(host);
    (!host.is_empty()).then(|| (host, path.trim_end_matches('/')))
}

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut facts: Vec<Fact> = system
        .servers
        .iter()
        .take(5)
        .filter_map(|server| {
            let (host, path) = host_and_path(&server.url)?;
            Some(Fact::stated("base_url", json!({"host": host, "path": path}), server.pointer.clone()))
        })
        .collect();
    // A host that is all placeholder, or this machine, is not the system's.
    let known = |f: &Fact| f.value["host"].as_str().is_some_and(|host| is_host(host) && !is_loopback(host));
    if !facts.iter().any(known) {
        let told = of_prose(system, hints);
        if told.is_some() {
            facts.retain(known);
        }
        facts.extend(told);
    } else {
        facts.retain(known);
    }
    found.extend(facts);
}

/// Something of it is fixed. `HOSTNAME` holds a place as `{hostname}` does.
fn is_host(host: &str) -> bool {
    if host.chars().all(|c| c.is_ascii_uppercase() || "_-".contains(c)) {
        return false;
    }
    let mut depth = 0_u32;
    host.chars().any(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && c.is_alphanumeric()
    })
}

/// The machine that asks.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.starts_with("127.") || matches!(name, "0.0.0.0" | "[::1]")
}

/// Where no server is absolute: an URL in prose that leads to a path of the description, else a host with a
/// placeholder, which stands for one host of each account.
fn of_prose(system: &System, hints: &Hints<'_>) -> Option<Fact> {
    let servers = system.servers.iter().map(|s| shown(&s.description, &s.pointer));
    let texts = || hints.prose.iter().map(Prose::shown).chain(servers.clone());
    let parameters = || hints.parameters().map(|(_, p)| p.shown());
    let paths: std::collections::BTreeSet<&str> = system.operations.iter().map(|o| fixed(&o.path)).collect();
    for (text, pointer) in texts().chain(parameters()) {
        for url in urls(text) {
            let Some((host, path)) = host_and_path(url) else { continue };
            if let Some(base) = before_own(path, &paths).filter(|_| host.contains('.')) {
                let value = json!({"host": braced(host), "path": base});
                return Some(Fact::inferred("base_url", value, "own-path-in-prose", vec![pointer.to_string()], 0.65));
            }
        }
    }
    let of_system = || hints.prose.iter().filter(|p| p.operation.is_none()).map(Prose::shown);
    for (text, pointer) in of_system() {
        if let Some((host, path)) = named_base(text) {
            let value = json!({"host": braced(host), "path": path});
            return Some(Fact::inferred("base_url", value, "base-url-in-prose", vec![pointer.to_string()], 0.60));
        }
    }
    let schemas = system.schemas.iter().map(|s| shown(&s.description, &s.pointer));
    texts().chain(schemas).find_map(|(text, pointer)| {
        let host = host_of_account(text)?;
        let value = json!({"host": host, "path": ""});
        Some(Fact::inferred("base_url", value, "host-of-account-in-prose", vec![pointer.to_string()], 0.40))
    })
}

/// The URL that a text calls the base of all, or the root, or where requests go.
fn named_base(text: &str) -> Option<(&str, &str)> {
    const CALLED: [&str; 9] = [
        "base url",
        "base uri",
        "baseurl",
        "root url",
        "api root",
        "api endpoint",
        "api url",
        "requests to",
        "available at",
    ];
    let lower = text.to_ascii_lowercase();
    urls(text).find_map(|url| {
        let start = url.as_ptr() as usize - text.as_ptr() as usize;
        let before = lower.get(..start)?;
        let near = before.char_indices().rev().nth(60).map_or(before, |(at, _)| before.get(at..).unwrap_or(before));
        let (host, path) = host_and_path(url)?;
        let pages = ["docs.", "developer.", "developers.", "help.", "support.", "www."];
        let fits = host.contains('.') && !pages.iter().any(|p| host.starts_with(p));
        (fits && CALLED.iter().any(|w| near.contains(w))).then_some((host, path))
    })
}

/// What stands before an own path in the path of an URL.
fn before_own<'p>(path: &'p str, own: &std::collections::BTreeSet<&str>) -> Option<&'p str> {
    let slashes: Vec<usize> = path.match_indices('/').map(|(at, _)| at).take(12).collect();
    let ends = || slashes.iter().copied().chain([path.len()]);
    slashes.iter().find_map(|start| {
        let has = ends().any(|end| path.get(*start..end).is_some_and(|part| own.contains(part)));
        has.then(|| path.get(..*start)).flatten()
    })
}

/// The path up to its first parameter; too short to be told from others, nothing that any URL has.
fn fixed(path: &str) -> &str {
    let fixed = path.split('{').next().unwrap_or(path).trim_end_matches('/');
    if fixed.matches('/').count() >= 2 { fixed } else { "\0" }
}

/// The http URLs of a text.
fn urls(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("://").filter_map(move |(at, _)| {
        let start = if text.get(..at)?.ends_with("https") { at - 5 } else { at.checked_sub(4)? };
        let rest = text.get(start..).filter(|r| r.starts_with("http"))?;
        rest.split([' ', '\n', '"', '`', ')', '\'', ',']).next()
    })
}

/// `<account>` as `{account}`.
fn braced(host: &str) -> String {
    host.replace(['<', '['], "{").replace(['>', ']'], "}")
}

/// `{account}.example.com` or `<account>.example.com`, wherever a text has it.
fn host_of_account(text: &str) -> Option<String> {
    for (open, close) in [('{', "}."), ('<', ">."), ('[', "].")] {
        if !text.contains(close) {
            continue;
        }
        for (at, _) in text.match_indices(close) {
            let (Some(before), Some(after)) = (text.get(..at), text.get(at + close.len()..)) else { continue };
            let Some((_, name)) = before.rsplit_once(open) else { continue };
            let domain = after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')).next()?;
            let domain = domain.trim_end_matches('.');
            let named =
                !name.is_empty() && name.len() <= 40 && name.chars().all(|c| c.is_alphanumeric() || "-_ .".contains(c));
            let labels: Vec<&str> = domain.split('.').collect();
            let top = labels.last().is_some_and(|l| l.len() >= 2 && l.chars().all(|c| c.is_ascii_lowercase()));
            // A host, not `{id}.json`.
            if named && labels.len() >= 2 && top && labels.iter().all(|l| !l.is_empty()) {
                return Some(format!("{{{}}}.{}", name.trim(), domain.to_lowercase()));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::values_of;

    fn read(servers: &str, operation: &str) -> Vec<String> {
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\nservers: {servers}\npaths: {{'/v3/downloads/images/{{id}}': {{get: {{description: \"{operation}\", responses: {{}}}}}}}}\n"
        );
        let values = values_of(&text, "base_url");
        values
            .iter()
            .map(|v| format!("{}{}", v["host"].as_str().unwrap_or(""), v["path"].as_str().unwrap_or("")))
            .collect()
    }

    #[test]
    fn an_url_in_prose_that_leads_to_an_own_path_tells_the_host() {
        let told = "Ask https://api.pictures.example/rest/v3/downloads/images/7?auto=1 for it.";
        assert_eq!(read("[]", told), ["api.pictures.example/rest"]);
        assert_eq!(read("[{url: https://stated.example/v1}]", told), ["stated.example/v1"]);
        assert_eq!(read("[]", "See https://docs.example/guide for it."), Vec::<String>::new());
    }

    #[test]
    fn the_port_that_everybody_means_is_left_out() {
        assert_eq!(read("[{url: 'https://a.example:443/v1'}]", ""), ["a.example/v1"]);
        assert_eq!(read("[{url: 'https://a.example:8443'}]", ""), ["a.example:8443"]);
    }

    #[test]
    fn a_parameter_tells_the_host_too() {
        let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/v1/letters: {get: {parameters: [{name: id, in: query, description: 'See GET https://api.letters.example/v1/letters for it'}], responses: {}}}}\n";
        assert_eq!(values_of(text, "base_url")[0]["host"], "api.letters.example");
    }

    #[test]
    fn a_host_with_a_placeholder_is_the_host_of_an_account() {
        let servers = "[{url: /, description: 'Of the form `https://<your-account>.books.example/api/3/<thing>`'}]";
        assert_eq!(read(servers, ""), ["{your-account}.books.example"]);
        assert_eq!(read("[]", "Download {id}.json or <b>.now"), Vec::<String>::new());
    }

    #[test]
    fn a_host_that_says_nothing_gives_way_to_one_that_does() {
        let told = "The base URL is https://api.letters.example/v2, see https://docs.letters.example/v2 for more.";
        let text = |servers: &str, told: &str| {
            format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1', description: \"{told}\"}}\nservers: {servers}\npaths: {{}}\n"
            )
        };
        let hosts = |servers: &str, told: &str| {
            let values = values_of(&text(servers, told), "base_url");
            values.iter().map(|v| v["host"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>()
        };
        for servers in
            ["[]", "[{url: 'https://{host}'}]", "[{url: 'https://HOSTNAME/v2'}]", "[{url: 'http://localhost:8080/'}]"]
        {
            assert_eq!(hosts(servers, told), ["api.letters.example"], "{servers}");
        }
        assert_eq!(hosts("[{url: 'http://localhost:8080/'}]", "Nothing."), ["localhost:8080"]);
        assert_eq!(hosts("[{url: 'https://a.example'}, {url: 'http://localhost:8080/'}]", "Nothing."), ["a.example"]);
    }
}
