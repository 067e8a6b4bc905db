//! `.agents/plugins/marketplace.json`. A local source may not be the root itself (Codex refuses an empty path), a git
//! source may: `./` is then the repository that holds the catalogue. <https://developers.openai.com/codex/plugins>

use serde_json::{Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "codex", path: ".agents/plugins/marketplace.json", make };

fn make(source: &Source, place: &Place) -> Value {
    let from = match place {
        Place::Repository => json!({"source": "url", "url": "./"}),
        Place::Built { .. } => json!({"source": "local", "path": format!("./plugins/{}", source.plugin)}),
    };
    json!({
        "name": source.marketplace,
        "interface": {"displayName": source.display_name},
        "plugins": [{
            "name": source.plugin,
            "source": from,
            "policy": {"installation": "AVAILABLE", "authentication": "ON_INSTALL"},
            "category": "Developer Tools",
        }],
    })
}
