//! `.claude-plugin/plugin.json`. The server is in `.mcp.json`, which Claude Code reads by itself; so is a skill in
//! `skills/`. <https://code.claude.com/docs/en/plugins-reference>

use serde_json::{Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "claude", path: ".claude-plugin/plugin.json", make };

fn make(source: &Source, place: &Place) -> Value {
    let mut out = super::identity(source, true);
    out.shift_insert(1, "displayName".to_owned(), json!(source.display_name));
    let skill = place.skill(source);
    if !skill.starts_with("./skills/") {
        // The skill's own directory: `npx skills` looks beside each that is named.
        out.insert("skills".to_owned(), json!([skill]));
    }
    super::under("https://json.schemastore.org/claude-code-plugin-manifest.json", out)
}
