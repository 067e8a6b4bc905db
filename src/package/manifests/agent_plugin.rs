//! `plugin.json` of Agent Plugins 1.0.0: a closed set of keys; the places of `skills/` and `mcp.json` are fixed.
//! <https://agent-plugins.org/specification>

use serde_json::Value;

use crate::package::{Manifest, Place, Source};

pub(super) const MANIFEST: Manifest = Manifest { client: "agent-plugins", path: "plugin.json", make };

fn make(source: &Source, _: &Place) -> Value {
    super::under("https://agent-plugins.org/schemas/1.0.0/plugin.schema.json", super::identity(source, true))
}
