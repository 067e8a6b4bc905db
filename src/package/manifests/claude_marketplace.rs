//! `.claude-plugin/marketplace.json`: a catalogue of one, the plugin at the root. The version is the plugin's to say: an
//! entry that repeats it can only disagree. <https://code.claude.com/docs/en/plugin-marketplaces>

use serde_json::{Map, Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "claude", path: ".claude-plugin/marketplace.json", make };

fn make(source: &Source, _: &Place) -> Value {
    let mut owner = Map::new();
    owner.insert("name".to_owned(), json!(source.author.name));
    if let Some(url) = &source.author.url {
        owner.insert("url".to_owned(), json!(url));
    }
    json!({
        "$schema": "https://json.schemastore.org/claude-code-marketplace.json",
        "name": source.marketplace,
        "description": source.short,
        "owner": owner,
        "plugins": [{
            "name": source.plugin,
            "source": "./",
            "description": source.description,
            "category": source.category,
        }],
    })
}
