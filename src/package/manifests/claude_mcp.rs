//! `.mcp.json`: the server, for Claude Code (a project's, and a plugin's) and for the plugin manifests that point to it.
//! <https://code.claude.com/docs/en/mcp>

use serde_json::{Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "claude", path: ".mcp.json", make };

fn make(source: &Source, _: &Place) -> Value {
    json!({"mcpServers": super::servers(source, super::server(source, "claude"))})
}
