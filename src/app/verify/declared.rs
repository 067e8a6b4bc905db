//! The servers that a project declares: in the manifests of clients, each with its place.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::base::fs;
use crate::base::yaml::{self, Kind, Limits, Node, Span};
use crate::skill::{MAX_FILE, Project};

/// Where clients look, below the root of a project or of a plugin.
const MANIFESTS: [&str; 10] = [
    ".mcp.json",
    "mcp.json",
    ".cursor/mcp.json",
    ".vscode/mcp.json",
    ".github/mcp.json",
    "gemini-extension.json",
    "plugin.json",
    ".claude-plugin/plugin.json",
    ".codex-plugin/plugin.json",
    ".cursor-plugin/plugin.json",
];

/// Variables that stand for the directory of the project or plugin.
const ROOTS: [&str; 8] = [
    "PLUGIN_ROOT",
    "CLAUDE_PLUGIN_ROOT",
    "CODEX_PLUGIN_ROOT",
    "extensionPath",
    "workspaceFolder",
    "workspacePath",
    "CLAUDE_PROJECT_DIR",
    "__dirname",
];

/// Variables that stand for a place where a plugin may keep something.
const DATA: [&str; 2] = ["PLUGIN_DATA", "CLAUDE_PLUGIN_DATA"];

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_.:/]*?)(?::-([^}]*))?\}").expect("a constant pattern")
});

/// A server, as declared.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// The manifest, below the root; nothing where the user named the command.
    pub(super) manifest: Option<String>,
    /// Where in it.
    pub(super) at: Span,
    /// Its key.
    pub(super) key: String,
    /// Program and arguments, as declared.
    pub(super) command: Vec<String>,
    /// Variables that are set for it, as declared.
    pub(super) env: Vec<(String, String)>,
    /// Its directory, as declared.
    pub(super) cwd: Option<String>,
    /// Where it is reached, if it is not started.
    pub(super) url: Option<String>,
}

/// The manifests of a project that declare servers, read; in the order in which they are looked for.
pub(super) fn all(project: &Project) -> Vec<Declared> {
    let mut out = Vec::new();
    let mut bases = vec![String::new()];
    bases.extend(project.skills.iter().map(|s| s.base.clone()).filter(|b| !b.is_empty()));
    for base in bases {
        for manifest in MANIFESTS {
            let path = if base.is_empty() { manifest.to_owned() } else { format!("{base}/{manifest}") };
            let Some(text) = text_of(project, &path) else { continue };
            let text = text.trim_start_matches('\u{feff}');
            let Ok(node) = yaml::parse(text, Limits { depth: 32, nodes: 50_000 }) else { continue };
            for entry in servers(&node).into_iter().flat_map(Node::entries).flatten() {
                out.extend(declared(&path, &entry.key, entry.key_at, &entry.value));
            }
        }
    }
    out
}

/// Of a directory that the tree leaves out, only this one file is read.
fn text_of(project: &Project, path: &str) -> Option<String> {
    if let Some(file) = project.tree.get(path) {
        return file.text().map(str::to_owned);
    }
    let full = project.root.join(path);
    let plain = full.symlink_metadata().is_ok_and(|m| m.is_file()) && fs::lies_in(&project.root, &full);
    if project.root.as_os_str().is_empty() || !plain {
        return None;
    }
    fs::read_text(&full, MAX_FILE).ok()
}

fn servers(node: &Node) -> Option<&Node> {
    let named = ["mcpServers", "servers"].into_iter().find_map(|key| node.get(key)).filter(|n| n.entries().is_some());
    // Claude Code takes a file that is the mapping itself.
    let bare = || {
        let entries = node.entries().filter(|e| !e.is_empty())?;
        entries.iter().all(|e| e.value.get("command").is_some() || e.value.get("url").is_some()).then_some(node)
    };
    named.or_else(bare)
}

fn declared(manifest: &str, key: &str, at: Span, node: &Node) -> Option<Declared> {
    let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let url = text("url").or_else(|| text("httpUrl")).or_else(|| text("serverUrl"));
    let command = text("command");
    if command.is_none() && url.is_none() {
        return None;
    }
    let arguments = node.get("args").and_then(Node::items).unwrap_or_default();
    let word = |n: &Node| match &n.kind {
        Kind::String(s) => Some(s.clone()),
        Kind::Number(n) => Some(n.to_string()),
        Kind::Bool(b) => Some(b.to_string()),
        Kind::Null | Kind::Seq(_) | Kind::Map(_) => None,
    };
    let env = node.get("env").and_then(Node::entries).unwrap_or_default();
    Some(Declared {
        manifest: Some(manifest.to_owned()),
        at: node.get("command").or_else(|| node.get("url")).map_or(at, |n| n.at),
        key: key.to_owned(),
        command: command.into_iter().chain(arguments.iter().filter_map(word)).collect(),
        env: env.iter().filter_map(|e| Some((e.key.clone(), word(&e.value)?))).collect(),
        cwd: text("cwd"),
        url,
    })
}

/// A text with its variables filled in; those that nobody knows are named in `unknown`, and stand for `PLACEHOLDER`.
pub(super) fn expanded(text: &str, root: &Path, data: &Path, unknown: &mut Vec<String>) -> String {
    VARIABLE
        .replace_all(text, |c: &regex::Captures<'_>| {
            let name = &c[1];
            if ROOTS.contains(&name) {
                root.display().to_string()
            } else if DATA.contains(&name) || name == "userHome" || name == "HOME" {
                data.display().to_string()
            } else if name == "pathSeparator" || name == "/" {
                "/".to_owned()
            } else if let Some(default) = c.get(2) {
                default.as_str().to_owned()
            } else {
                unknown.push(name.to_owned());
                "PLACEHOLDER".to_owned()
            }
        })
        .into_owned()
}

/// Splits a command line as a shell does, as far as quotes and backslashes go.
pub(super) fn words(line: &str) -> Vec<String> {
    let (mut out, mut word, mut any) = (Vec::new(), String::new(), false);
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('"') | None, '\\') => word.extend(chars.next()),
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                any = true;
            }
            (None, c) if c.is_whitespace() => {
                if any || !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (None, c) => word.push(c),
        }
    }
    if any || !word.is_empty() {
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skill::Tree;

    #[test]
    fn a_command_line_is_split_as_a_shell_does() {
        assert_eq!(words(r#"a  'b c' "d\"e" f\ g """#), ["a", "b c", "d\"e", "f g", ""]);
        assert_eq!(words("  "), Vec::<String>::new());
    }

    #[test]
    fn variables_have_values_defaults_or_names() {
        let mut unknown = Vec::new();
        let (root, data) = (Path::new("/r"), Path::new("/d"));
        let text = "${CLAUDE_PLUGIN_ROOT}/x ${PLUGIN_DATA} ${A:-b} ${env:TOKEN} ${input:key} $PLAIN";
        assert_eq!(expanded(text, root, data, &mut unknown), "/r/x /d b PLACEHOLDER PLACEHOLDER $PLAIN");
        assert_eq!(unknown, ["TOKEN", "input:key"]);
    }

    #[test]
    fn every_client_s_manifest_is_read() {
        let project = Project::of_tree(
            "p",
            Tree::of_texts(&[
                ("SKILL.md", "---\nname: p\n---\n"),
                (
                    ".mcp.json",
                    "{\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\", \"args\": [\"y\", 1], \"env\": {\"K\": \"v\"}}\n  }\n}",
                ),
                (".vscode/mcp.json", "{\"servers\": {\"b\": {\"type\": \"http\", \"url\": \"https://x\"}}}"),
                ("mcp.json", "{\"c\": {\"command\": \"z\"}}"),
                ("plugin.json", "{\"name\": \"p\", \"mcpServers\": \"./.mcp.json\"}"),
                ("gemini-extension.json", "{broken"),
            ]),
            None,
        );
        let found: Vec<String> = all(&project)
            .iter()
            .map(|d| {
                format!(
                    "{}:{} {} {:?} {:?} {:?}",
                    d.manifest.as_deref().unwrap_or(""),
                    d.at,
                    d.key,
                    d.command,
                    d.env,
                    d.url
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ".mcp.json:3:22 a [\"x\", \"y\", \"1\"] [(\"K\", \"v\")] None",
                "mcp.json:1:19 c [\"z\"] [] None",
                ".vscode/mcp.json:1:43 b [] [] Some(\"https://x\")",
            ]
        );
    }
}
