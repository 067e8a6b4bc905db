//! `server.json` of the MCP registry, schema 2025-12-11. The package of the language's own registry is always named; the
//! bundle only where it was built, since its digest is part of the entry.
//! <https://modelcontextprotocol.io/registry/package-types>

use serde_json::{Map, Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "registry", path: "server.json", make };

fn make(source: &Source, place: &Place) -> Value {
    let mut out = Map::new();
    if let Some(name) = &source.registry_name {
        out.insert("name".to_owned(), json!(name));
    }
    out.insert("title".to_owned(), json!(source.display_name));
    out.insert("description".to_owned(), json!(source.short));
    out.insert("version".to_owned(), json!(source.version));
    if let Some(url) = &source.homepage {
        out.insert("websiteUrl".to_owned(), json!(url));
    }
    if let Some(url) = &source.repository {
        let host = url.strip_prefix("https://").and_then(|u| u.split('/').next()).unwrap_or_default();
        out.insert("repository".to_owned(), json!({"url": url, "source": host.split('.').next().unwrap_or(host)}));
    }
    let arguments: Vec<Value> =
        source.command.iter().skip(1).map(|a| json!({"type": "positional", "value": a})).collect();
    let package = |kind: &str, identifier: String| {
        let mut package = Map::new();
        package.insert("registryType".to_owned(), json!(kind));
        package.insert("identifier".to_owned(), json!(identifier));
        package.insert("version".to_owned(), json!(source.version));
        package.insert("transport".to_owned(), json!({"type": "stdio"}));
        package
    };
    let mut packages = Vec::new();
    if let (Some(registry), Some(name)) = (source.home.registry, &source.home.name) {
        let mut own = package(registry.as_str(), name.clone());
        if !arguments.is_empty() {
            own.insert("packageArguments".to_owned(), Value::Array(arguments));
        }
        packages.push(Value::Object(own));
    }
    if let (Place::Built { bundle: Some((file, sha256)), .. }, Some(repository)) = (place, &source.repository) {
        let url = format!("{}/releases/download/v{}/{file}", repository.trim_end_matches('/'), source.version);
        let mut bundle = package("mcpb", url);
        bundle.shift_insert(3, "fileSha256".to_owned(), json!(sha256));
        packages.push(Value::Object(bundle));
    }
    if !packages.is_empty() {
        out.insert("packages".to_owned(), Value::Array(packages));
    }
    super::under("https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json", out)
}
