//! `gemini-extension.json`. Skills are found in `skills/` and nowhere else, so that one lying elsewhere comes with a built
//! package, or by `gemini skills install`. <https://geminicli.com/docs/extensions/reference>

use serde_json::{Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "gemini", path: "gemini-extension.json", make };

fn make(source: &Source, _: &Place) -> Value {
    json!({
        "name": source.plugin,
        "version": source.version,
        "description": source.description,
        "mcpServers": super::servers(source, super::server(source, "gemini")),
    })
}
