//! `mcp.json` of Agent Plugins 1.0.0. The working directory is the plugin's own, and only `${PLUGIN_DATA}` outlives an
//! update: what the server keeps belongs there. <https://agent-plugins.org/specification>

use serde_json::{Value, json};

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "agent-plugins", path: "mcp.json", make };

fn make(source: &Source, _: &Place) -> Value {
    let mut server = super::server(source, "agent-plugins");
    server.shift_insert(0, "type".to_owned(), json!("stdio"));
    json!({
        "$schema": "https://agent-plugins.org/schemas/1.0.0/mcp.schema.json",
        "mcpServers": super::servers(source, server),
    })
}
