//! One manifest a file. What each may hold is its vendor's to say; the place it is written down is named in each file.

mod agent_mcp;
mod agent_plugin;
mod claude_marketplace;
mod claude_mcp;
mod claude_plugin;
mod codex_marketplace;
mod codex_plugin;
mod cursor_plugin;
mod gemini;
mod mcpb;
mod registry;

use serde_json::{Map, Value, json};

use super::{Manifest, Source};

/// All manifests.
pub const ALL: &[&Manifest] = &[
    &claude_mcp::MANIFEST,
    &claude_plugin::MANIFEST,
    &claude_marketplace::MANIFEST,
    &agent_plugin::MANIFEST,
    &agent_mcp::MANIFEST,
    &codex_plugin::MANIFEST,
    &codex_marketplace::MANIFEST,
    &cursor_plugin::MANIFEST,
    &gemini::MANIFEST,
    &registry::MANIFEST,
    &mcpb::MANIFEST,
];

/// What the plugin manifests say alike: name, version, description, author, links, licence, keywords.
fn identity(source: &Source, author_url: bool) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(source.plugin));
    out.insert("version".to_owned(), json!(source.version));
    out.insert("description".to_owned(), json!(source.description));
    let mut author = Map::new();
    author.insert("name".to_owned(), json!(source.author.name));
    if author_url && let Some(url) = &source.author.url {
        author.insert("url".to_owned(), json!(url));
    }
    out.insert("author".to_owned(), Value::Object(author));
    for (key, value) in
        [("homepage", &source.homepage), ("repository", &source.repository), ("license", &source.license)]
    {
        if let Some(value) = value {
            out.insert(key.to_owned(), json!(value));
        }
    }
    if !source.keywords.is_empty() {
        out.insert("keywords".to_owned(), json!(source.keywords));
    }
    out
}

/// `{command, args, env}` for one client.
fn server(source: &Source, client: &str) -> Map<String, Value> {
    let mut out = Map::new();
    let (program, arguments) = source.command.split_first().map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
    out.insert("command".to_owned(), json!(program));
    if !arguments.is_empty() {
        out.insert("args".to_owned(), json!(arguments));
    }
    if let Some(env) = source.env_of(client) {
        out.insert("env".to_owned(), json!(env));
    }
    out
}

/// `{KEY: server}`.
fn servers(source: &Source, server: Map<String, Value>) -> Value {
    let mut out = Map::new();
    out.insert(source.server_key.clone(), Value::Object(server));
    Value::Object(out)
}

/// With `$schema` first.
fn under(schema: &str, rest: Map<String, Value>) -> Value {
    let mut out = Map::new();
    out.insert("$schema".to_owned(), json!(schema));
    out.extend(rest);
    Value::Object(out)
}
