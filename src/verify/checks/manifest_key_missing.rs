//! What its vendor's schema requires and a manifest lacks: the client refuses it.

use crate::base::yaml::{Kind as NodeKind, Node, Span};
use crate::finding::{Finding, Location, Severity};
use crate::package::{self, Kind, Read};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "manifest-key-missing",
    id: "PI050",
    severity: Severity::Error,
    finds: "A manifest lacks a key that its format requires, or has another type there.",
    source: "Agent Plugins 1.0.0 §5.3 and §7.2.1; server.json 2025-12-11; MCPB manifest 0.3; Gemini CLI and Claude Code references",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

/// Keys that must be there and be text.
const fn required(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Mcp => &[],
        Kind::ClaudePlugin
        | Kind::CursorPlugin
        | Kind::CodexPlugin
        | Kind::ClaudeMarketplace
        | Kind::CodexMarketplace => &["name"],
        Kind::AgentPlugin => &["$schema", "name"],
        Kind::AgentMcp => &["$schema"],
        Kind::Gemini => &["name", "version"],
        Kind::Registry => &["$schema", "name", "description", "version"],
        Kind::Bundle => &["name", "version", "description"],
    }
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for read in package::read(&subject.project.tree) {
        let Ok(node) = &read.node else { continue };
        let mut miss = |at: Span, message: String, fix: String| {
            out.push(RULE.at(Location::at(subject.project.show(&read.path), at), message).fix(fix));
        };
        for key in required(read.kind) {
            match node.get(key) {
                None => miss(node.at, format!("the key {key} is missing"), format!("add {key}")),
                Some(n) if n.as_str().is_none_or(str::is_empty) => {
                    miss(n.at, format!("{key} is {}, and must be text", kind_of(n)), format!("write {key} as text"));
                }
                Some(_) => {}
            }
        }
        deeper(&read, node, &mut miss);
    }
    out
}

fn kind_of(node: &Node) -> &'static str {
    if node.as_str().is_some_and(str::is_empty) { "empty" } else { node.kind_name() }
}

fn deeper(read: &Read, node: &Node, miss: &mut dyn FnMut(Span, String, String)) {
    match read.kind {
        Kind::Mcp | Kind::AgentMcp => {
            match node.get("mcpServers") {
                Some(n) if n.entries().is_some() => {}
                Some(n) => {
                    miss(n.at, format!("mcpServers is {}", n.kind_name()), "write mcpServers as an object".to_owned())
                }
                // A `.mcp.json` may also be the servers themselves.
                None if read.kind == Kind::Mcp => {}
                None => miss(node.at, "the key mcpServers is missing".to_owned(), "add mcpServers".to_owned()),
            }
            for entry in node.get("mcpServers").and_then(Node::entries).unwrap_or_default() {
                let has = |key: &str| entry.value.get(key).is_some();
                if entry.value.entries().is_some() && !has("command") && !has("url") && !has("httpUrl") {
                    let message = format!("server {} has neither a command nor a url", entry.key);
                    miss(entry.key_at, message, "add the command that starts it, or its url".to_owned());
                }
                if read.kind == Kind::AgentMcp && !has("type") {
                    let message = format!("server {} has no type", entry.key);
                    miss(entry.key_at, message, "add type: stdio, streamable-http or sse".to_owned());
                }
            }
        }
        Kind::ClaudeMarketplace | Kind::CodexMarketplace => {
            let Some(plugins) = node.get("plugins") else {
                return miss(node.at, "the key plugins is missing".to_owned(), "add plugins".to_owned());
            };
            for plugin in plugins.items().unwrap_or_default() {
                for key in ["name", "source"] {
                    if plugin.get(key).is_none() {
                        miss(plugin.at, format!("a plugin without {key}"), format!("add {key}"));
                    }
                }
            }
            if read.kind == Kind::ClaudeMarketplace && node.get("owner").and_then(|o| o.get("name")).is_none() {
                miss(node.at, "the key owner.name is missing".to_owned(), "add owner with a name".to_owned());
            }
        }
        Kind::Registry => {
            for package in node.get("packages").and_then(Node::items).unwrap_or_default() {
                let kind = package.get("registryType").and_then(Node::as_str).unwrap_or_default();
                for key in ["registryType", "identifier", "transport"] {
                    if package.get(key).is_none() {
                        miss(package.at, format!("a package without {key}"), format!("add {key}"));
                    }
                }
                if kind == "mcpb" && package.get("fileSha256").is_none() {
                    let message = "a bundle without fileSha256: the registry refuses it".to_owned();
                    miss(package.at, message, "add the SHA-256 of the file".to_owned());
                }
            }
        }
        Kind::Bundle => {
            if node.get("author").and_then(|a| a.get("name")).is_none() {
                miss(node.at, "the key author.name is missing".to_owned(), "add author with a name".to_owned());
            }
            let server = node.get("server");
            for key in ["type", "entry_point", "mcp_config"] {
                if let Some(server) = server.filter(|s| matches!(s.kind, NodeKind::Map(_)) && s.get(key).is_none()) {
                    miss(server.at, format!("the key server.{key} is missing"), format!("add {key}"));
                }
            }
        }
        _ => {}
    }
}
