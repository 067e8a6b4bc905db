//! The manifests that a project has, whoever wrote them: each with its kind and the place of every key.

use serde_json::Value;

use crate::base::pointer;
use crate::base::yaml::{self, Kind as NodeKind, Limits, Node, Span};
use crate::skill::Tree;

/// What a manifest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `.mcp.json`, or a `mcp.json` that names no standard.
    Mcp,
    /// `.claude-plugin/plugin.json`.
    ClaudePlugin,
    /// `.claude-plugin/marketplace.json`.
    ClaudeMarketplace,
    /// `plugin.json` of Agent Plugins.
    AgentPlugin,
    /// `mcp.json` of Agent Plugins.
    AgentMcp,
    /// `.codex-plugin/plugin.json`.
    CodexPlugin,
    /// `.agents/plugins/marketplace.json`.
    CodexMarketplace,
    /// `.cursor-plugin/plugin.json`.
    CursorPlugin,
    /// `gemini-extension.json`.
    Gemini,
    /// `server.json` of the MCP registry.
    Registry,
    /// `manifest.json` of a bundle.
    Bundle,
}

impl Kind {
    /// Whether it names the plugin, its version and what it is.
    #[must_use]
    pub const fn is_plugin(self) -> bool {
        matches!(self, Self::ClaudePlugin | Self::AgentPlugin | Self::CodexPlugin | Self::CursorPlugin | Self::Gemini)
    }
}

/// One manifest.
#[derive(Debug, Clone)]
pub struct Read {
    /// Below the root.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// What it holds, or where and why it is no JSON object.
    pub node: Result<Node, (Span, String)>,
}

/// A server that a manifest declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server<'r> {
    /// Its key.
    pub key: &'r str,
    /// Where the key stands.
    pub key_at: Span,
    /// JSON pointer of the declaration.
    pub pointer: String,
    /// Program and arguments, where it is started.
    pub command: Vec<&'r str>,
    /// Where the program is named.
    pub command_at: Span,
}

const PATHS: [(&str, Kind); 12] = [
    (".mcp.json", Kind::Mcp),
    ("mcp.json", Kind::AgentMcp),
    (".claude-plugin/plugin.json", Kind::ClaudePlugin),
    (".claude-plugin/marketplace.json", Kind::ClaudeMarketplace),
    ("plugin.json", Kind::AgentPlugin),
    (".codex-plugin/plugin.json", Kind::CodexPlugin),
    (".agents/plugins/marketplace.json", Kind::CodexMarketplace),
    (".cursor-plugin/plugin.json", Kind::CursorPlugin),
    ("gemini-extension.json", Kind::Gemini),
    ("server.json", Kind::Registry),
    ("manifest.json", Kind::Bundle),
    ("mcpb/manifest.json", Kind::Bundle),
];

/// The manifests at the root of a project. A file that only shares its name with one is passed over.
#[must_use]
pub fn read(tree: &Tree) -> Vec<Read> {
    let mut out = Vec::new();
    for (path, kind) in PATHS {
        let Some(text) = tree.text(path) else { continue };
        let node = object(text);
        // Other programs have files of these names: what it says decides.
        let standard = match kind {
            Kind::AgentPlugin | Kind::AgentMcp => "agent-plugins.org/",
            Kind::Registry => "modelcontextprotocol",
            Kind::Bundle => "\"server\"",
            _ => "",
        };
        let kind = match kind {
            Kind::AgentMcp if !text.contains(standard) && text.contains("mcpServers") => Kind::Mcp,
            kind if text.contains(standard) => kind,
            _ => continue,
        };
        if kind == Kind::Bundle {
            let version = |key: &str| node.as_ref().is_ok_and(|n| n.get(key).is_some_and(|v| v.as_str().is_some()));
            if node.is_ok() && !version("manifest_version") && !version("dxt_version") {
                continue;
            }
        }
        out.push(Read { path: path.to_owned(), kind, node });
    }
    out
}

/// A JSON object with places. What serde does not take for JSON is none; what it takes is read again for its places.
fn object(text: &str) -> Result<Node, (Span, String)> {
    let at = |line: usize, column: usize| Span {
        line: u32::try_from(line.max(1)).unwrap_or(u32::MAX),
        column: u32::try_from(column.max(1)).unwrap_or(u32::MAX),
    };
    if text.starts_with('\u{feff}') {
        return Err((at(1, 1), "it begins with a byte order mark, which is no JSON".to_owned()));
    }
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let words = e.to_string();
        let because = words.split(" at line ").next().unwrap_or(&words).to_owned();
        (at(e.line(), e.column()), format!("it is no JSON: {because}"))
    })?;
    if !value.is_object() {
        return Err((at(1, 1), "it is no JSON object".to_owned()));
    }
    // Tabs and escapes that YAML does not know cost the places, not the finding.
    Ok(yaml::parse(text, Limits::default()).ok().filter(|n| n.to_value() == value).unwrap_or_else(|| placeless(&value)))
}

fn placeless(value: &Value) -> Node {
    let at = Span { line: 1, column: 1 };
    let kind = match value {
        Value::Null => NodeKind::Null,
        Value::Bool(b) => NodeKind::Bool(*b),
        Value::Number(n) => NodeKind::Number(n.clone()),
        Value::String(s) => NodeKind::String(s.clone()),
        Value::Array(items) => NodeKind::Seq(items.iter().map(placeless).collect()),
        Value::Object(map) => NodeKind::Map(
            map.iter().map(|(k, v)| yaml::Entry { key: k.clone(), key_at: at, value: placeless(v) }).collect(),
        ),
    };
    Node { kind, at }
}

impl Read {
    /// The text under a key at the top.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<(&str, Span)> {
        let value = self.node.as_ref().ok()?.get(key)?;
        Some((value.as_str()?, value.at))
    }

    /// Servers that are started as processes or reached by URL.
    #[must_use]
    pub fn servers(&self) -> Vec<Server<'_>> {
        let Ok(node) = &self.node else { return Vec::new() };
        if self.kind == Kind::Bundle {
            let Some(config) = node.get("server").and_then(|s| s.get("mcp_config")) else { return Vec::new() };
            return vec![server("", config.at, "/server/mcp_config".to_owned(), config)];
        }
        let Some(entries) = node.get("mcpServers").and_then(Node::entries) else { return Vec::new() };
        entries.iter().map(|e| server(&e.key, e.key_at, pointer::join("/mcpServers", &e.key), &e.value)).collect()
    }

    /// Local files and directories that it names, with their JSON pointers, below the root. Patterns, addresses and what
    /// is only there once it was built are not among them.
    #[must_use]
    pub fn names(&self) -> Vec<(String, String)> {
        let Ok(node) = &self.node else { return Vec::new() };
        let keys: &[&str] = match self.kind {
            Kind::ClaudePlugin => {
                &["skills", "commands", "agents", "hooks", "mcpServers", "lspServers", "outputStyles"]
            }
            Kind::CodexPlugin => &["skills", "hooks", "mcpServers", "apps"],
            Kind::CursorPlugin => &["skills", "rules", "commands", "agents", "hooks", "mcpServers", "logo"],
            Kind::Gemini => &["contextFileName"],
            Kind::ClaudeMarketplace | Kind::CodexMarketplace => return sources(node),
            _ => return Vec::new(),
        };
        let mut out = Vec::new();
        for key in keys {
            let Some(value) = node.get(key) else { continue };
            match &value.kind {
                NodeKind::String(path) => out.extend(local(path).map(|p| (format!("/{key}"), p))),
                NodeKind::Seq(items) => {
                    for (i, path) in items.iter().enumerate().filter_map(|(i, n)| Some((i, n.as_str()?))) {
                        out.extend(local(path).map(|p| (format!("/{key}/{i}"), p)));
                    }
                }
                _ => {}
            }
        }
        out
    }
}

/// Local sources of a marketplace's plugins.
fn sources(node: &Node) -> Vec<(String, String)> {
    let root = node.get("metadata").and_then(|m| m.get("pluginRoot")).and_then(Node::as_str);
    let mut out = Vec::new();
    for (i, plugin) in node.get("plugins").and_then(Node::items).unwrap_or_default().iter().enumerate() {
        let Some(source) = plugin.get("source") else { continue };
        let (pointer, path) = match &source.kind {
            NodeKind::String(path) => (format!("/plugins/{i}/source"), path.as_str()),
            NodeKind::Map(_) if source.get("source").and_then(Node::as_str) == Some("local") => {
                let Some(path) = source.get("path").and_then(Node::as_str) else { continue };
                (format!("/plugins/{i}/source/path"), path)
            }
            _ => continue,
        };
        let path = match root {
            Some(root) if !path.starts_with("./") => format!("{}/{path}", root.trim_end_matches('/')),
            // Without a root, a name that is no path may be an address of somebody's.
            None if !path.starts_with("./") => continue,
            _ => path.to_owned(),
        };
        out.extend(local(&path).map(|p| (pointer, p)));
    }
    out
}

/// A path below the root, without `./` and a final `/`; nothing for patterns and addresses, and for what climbs out.
fn local(path: &str) -> Option<String> {
    if path.contains(['*', '{', '$', '\\']) || path.contains("://") || path.starts_with(['/', '~']) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    if parts.contains(&"..") {
        return None;
    }
    Some(parts.join("/"))
}

fn server<'r>(key: &'r str, key_at: Span, pointer: String, node: &'r Node) -> Server<'r> {
    let mut command: Vec<&str> = node.get("command").and_then(Node::as_str).into_iter().collect();
    if !command.is_empty() {
        command.extend(node.get("args").and_then(Node::items).into_iter().flatten().filter_map(Node::as_str));
    }
    let command_at = node.get("command").map_or(node.at, |c| c.at);
    Server { key, key_at, pointer, command, command_at }
}

/// The first place where a manifest is not what it should be: where, and what is wrong, as a fragment.
#[must_use]
pub fn difference(node: &Node, want: &Value) -> Option<(Span, String)> {
    step(node, want, "")
}

fn step(node: &Node, want: &Value, at: &str) -> Option<(Span, String)> {
    let name = |at: &str| if at.is_empty() { "it".to_owned() } else { at.trim_start_matches('/').replace('/', ".") };
    match (&node.kind, want) {
        (NodeKind::Map(entries), Value::Object(object)) => {
            for entry in entries {
                let path = pointer::join(at, &entry.key);
                match object.get(&entry.key) {
                    Some(want) => {
                        if let Some(found) = step(&entry.value, want, &path) {
                            return Some(found);
                        }
                    }
                    None => return Some((entry.key_at, format!("{} is not in the source", name(&path)))),
                }
            }
            let missing = object.keys().find(|k| node.get(k).is_none())?;
            Some((node.at, format!("{} is missing", name(&pointer::join(at, missing)))))
        }
        (NodeKind::Seq(items), Value::Array(wanted)) => {
            for (i, (item, want)) in items.iter().zip(wanted).enumerate() {
                if let Some(found) = step(item, want, &format!("{at}/{i}")) {
                    return Some(found);
                }
            }
            (items.len() != wanted.len()).then(|| {
                (node.at, format!("{} has {} entries, and the source gives {}", name(at), items.len(), wanted.len()))
            })
        }
        _ => {
            let is = node.to_value();
            (is != *want)
                .then(|| (node.at, format!("{} is {}, and the source gives {}", name(at), short(&is), short(want))))
        }
    }
}

fn short(value: &Value) -> String {
    crate::base::text::quoted(&value.to_string(), 60)
}
