//! `.cursor-plugin/plugin.json`. What it does not name, Cursor's cache drops; so it names skill and server.
//! <https://cursor.com/docs/plugins/building>

use serde_json::{Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "cursor", path: ".cursor-plugin/plugin.json", make };

fn make(source: &Source, place: &Place) -> Value {
    // An author there has a name and an address, no page.
    let mut out = super::identity(source, false);
    out.shift_insert(1, "displayName".to_owned(), json!(source.display_name));
    out.insert("skills".to_owned(), json!(place.skills(source)));
    out.insert("mcpServers".to_owned(), json!("./.mcp.json"));
    Value::Object(out)
}
