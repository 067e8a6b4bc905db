//! `.codex-plugin/plugin.json`. Where the root has a `plugin.json` of Agent Plugins too, Codex reads that one.
//! <https://developers.openai.com/codex/plugins>

use serde_json::{Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "codex", path: ".codex-plugin/plugin.json", make };

fn make(source: &Source, place: &Place) -> Value {
    let mut out = super::identity(source, true);
    out.insert("skills".to_owned(), json!(place.skills(source)));
    out.insert("mcpServers".to_owned(), json!("./.mcp.json"));
    let mut interface = json!({
        "displayName": source.display_name,
        "shortDescription": source.short,
        "longDescription": source.description,
        "developerName": source.author.name,
        "category": "Developer Tools",
        "capabilities": ["Interactive", "Write"],
    });
    if let (Some(object), Some(url)) =
        (interface.as_object_mut(), source.homepage.as_ref().or(source.repository.as_ref()))
    {
        object.insert("websiteURL".to_owned(), json!(url));
    }
    out.insert("interface".to_owned(), interface);
    Value::Object(out)
}
