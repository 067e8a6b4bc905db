//! `mcpb/manifest.json`, version 0.3 (0.4 is called experimental by its authors and adds nothing for a binary). In a
//! bundle it lies at the root, beside `server/`. <https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md>

use serde_json::{Map, Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "mcpb", path: "mcpb/manifest.json", make };

fn make(source: &Source, place: &Place) -> Value {
    let program = source.command.first().map_or("server", String::as_str);
    let mut config = super::server(source, "mcpb");
    let (entry, platforms) = match place {
        Place::Repository => (format!("server/{program}"), vec!["darwin", "linux", "win32"]),
        Place::Built { platform, .. } if platform == "win32" => (format!("server/{program}.exe"), vec!["win32"]),
        Place::Built { platform, .. } => (format!("server/{program}"), vec![platform.as_str()]),
    };
    config.insert("command".to_owned(), json!(format!("${{__dirname}}/{entry}")));
    if *place == Place::Repository {
        let command = format!("${{__dirname}}/{entry}.exe");
        config.insert("platform_overrides".to_owned(), json!({"win32": {"command": command}}));
    }
    let mut out = Map::new();
    out.insert("manifest_version".to_owned(), json!("0.3"));
    out.insert("name".to_owned(), json!(source.plugin));
    out.insert("display_name".to_owned(), json!(source.display_name));
    out.insert("version".to_owned(), json!(source.version));
    out.insert("description".to_owned(), json!(source.short));
    out.insert("long_description".to_owned(), json!(source.description));
    let mut author = Map::new();
    author.insert("name".to_owned(), json!(source.author.name));
    if let Some(url) = &source.author.url {
        author.insert("url".to_owned(), json!(url));
    }
    out.insert("author".to_owned(), Value::Object(author));
    if let Some(url) = &source.repository {
        out.insert("repository".to_owned(), json!({"type": "git", "url": url}));
    }
    if let Some(url) = &source.homepage {
        out.insert("homepage".to_owned(), json!(url));
    }
    out.insert("server".to_owned(), json!({"type": "binary", "entry_point": entry, "mcp_config": config}));
    // The tools are the running server's to list.
    out.insert("tools_generated".to_owned(), json!(true));
    if !source.keywords.is_empty() {
        out.insert("keywords".to_owned(), json!(source.keywords));
    }
    if let Some(license) = &source.license {
        out.insert("license".to_owned(), json!(license));
    }
    out.insert("compatibility".to_owned(), json!({"platforms": platforms}));
    if source.user_config.is_object() {
        out.insert("user_config".to_owned(), source.user_config.clone());
    }
    Value::Object(out)
}
