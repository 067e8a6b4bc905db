//! Formats that are closed: a key that they do not know disables the server or the whole manifest.

use crate::base::text::nearest;
use crate::base::yaml::Node;
use crate::finding::{Finding, Location, Severity};
use crate::package::{self, Kind};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "manifest-key-unknown",
    id: "PI050",
    severity: Severity::Error,
    finds: "A manifest of a closed format has a key that the format does not know.",
    source: "Agent Plugins 1.0.0 §5.2 and §7.2.1, MCPB manifest 0.3: no additional properties",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

const PLUGIN: &[&str] = &[
    "$schema",
    "name",
    "version",
    "description",
    "author",
    "homepage",
    "repository",
    "license",
    "keywords",
    "extensions",
];
const AUTHOR: &[&str] = &["name", "email", "url"];
const MCP: &[&str] = &["$schema", "mcpServers"];
const STDIO: &[&str] = &["type", "command", "args", "env", "cwd"];
const REMOTE: &[&str] = &["type", "url", "headers"];
const BUNDLE: &[&str] = &[
    "$schema",
    "dxt_version",
    "manifest_version",
    "name",
    "display_name",
    "version",
    "description",
    "long_description",
    "author",
    "repository",
    "homepage",
    "documentation",
    "support",
    "icon",
    "icons",
    "screenshots",
    "localization",
    "server",
    "tools",
    "tools_generated",
    "prompts",
    "prompts_generated",
    "keywords",
    "license",
    "privacy_policies",
    "compatibility",
    "user_config",
    "_meta",
];

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for read in package::read(&subject.project.tree) {
        let Ok(node) = &read.node else { continue };
        let file = subject.project.show(&read.path);
        let mut hold = |node: Option<&Node>, known: &[&str], what: &str| {
            for entry in node.and_then(Node::entries).unwrap_or_default() {
                if known.contains(&entry.key.as_str()) {
                    continue;
                }
                let key = crate::base::text::quoted(&entry.key, 60);
                let near = nearest(&entry.key, known.iter().copied());
                out.push(
                    RULE.at(Location::at(&file, entry.key_at), format!("{what} knows no key \"{key}\""))
                        .near(near)
                        .fix(format!("take {key} out: {what} has {}", known.join(", "))),
                );
            }
        };
        match read.kind {
            Kind::AgentPlugin => {
                hold(Some(node), PLUGIN, "plugin.json of Agent Plugins");
                hold(node.get("author"), AUTHOR, "an author of Agent Plugins");
            }
            Kind::AgentMcp => {
                hold(Some(node), MCP, "mcp.json of Agent Plugins");
                for entry in node.get("mcpServers").and_then(Node::entries).unwrap_or_default() {
                    match entry.value.get("type").and_then(Node::as_str) {
                        Some("stdio") => hold(Some(&entry.value), STDIO, "a stdio server of Agent Plugins"),
                        Some("streamable-http" | "sse") => {
                            hold(Some(&entry.value), REMOTE, "a remote server of Agent Plugins");
                        }
                        _ => {}
                    }
                }
            }
            Kind::Bundle => hold(Some(node), BUNDLE, "a bundle's manifest"),
            _ => {}
        }
    }
    out
}
