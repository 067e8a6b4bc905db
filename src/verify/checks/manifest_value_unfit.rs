//! Values that a format forbids: the client refuses the manifest or the server, or the registry the entry.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::quoted;
use crate::base::yaml::{Node, Span};
use crate::finding::{Finding, Location, Severity};
use crate::package::{self, Kind, Read};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "manifest-value-unfit",
    id: "PI050",
    severity: Severity::Error,
    finds: "A value of a manifest is one that its format forbids.",
    source: "Agent Plugins 1.0.0 §5.5, §7.2.1, §9.2 and §10.1; server.json 2025-12-11",
};
const LONG: Rule = Rule {
    code: "manifest-too-long",
    id: "PI050",
    severity: Severity::Error,
    finds: "A text of a manifest is longer than its format allows.",
    source: "server.json 2025-12-11: description and title of at most 100 characters; Agent Plugins 1.0.0 §5.5: a name of at most 64",
};

pub(super) const CHECK: Check = Check { rules: &[RULE, LONG], profile: Profile::Sync, run };

static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-z0-9]+(?:[.-][a-z0-9]+)*$").expect("a constant pattern"));
static REGISTRY_NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$").expect("a constant pattern"));

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let reads = package::read(&subject.project.tree);
    let mut out = Vec::new();
    for read in &reads {
        let Ok(node) = &read.node else { continue };
        let file = subject.project.show(&read.path);
        let mut say = |rule: &Rule, at: Span, message: String, fix: &str| {
            out.push(rule.at(Location::at(&file, at), message).fix(fix));
        };
        let long = |key: &str, most: usize| {
            let (text, at) = read.text(key)?;
            let have = text.chars().count();
            (have > most).then(|| (at, format!("{key} has {have} characters, and {most} are allowed")))
        };
        match read.kind {
            Kind::AgentPlugin => {
                if let Some((at, message)) = long("name", 64) {
                    say(&LONG, at, message, "shorten the name");
                }
                if let Some((name, at)) = read.text("name").filter(|(n, _)| !NAME.is_match(n)) {
                    let message = format!(
                        "name \"{}\" is not of lower-case letters, digits, single hyphens and periods",
                        quoted(name, 64)
                    );
                    say(&RULE, at, message, "write the name in lower case, with hyphens");
                }
            }
            Kind::AgentMcp => {
                let versions = reads.iter().find(|r| r.kind == Kind::AgentPlugin).and_then(|p| p.text("$schema"));
                if let (Some((mine, at)), Some((theirs, _))) = (read.text("$schema"), versions)
                    && release(mine) != release(theirs)
                {
                    let message =
                        format!("it is of Agent Plugins {}, and plugin.json of {}", release(mine), release(theirs));
                    say(&RULE, at, message, "name the same version in both");
                }
                servers(read, node, &mut say);
            }
            Kind::Registry => {
                for key in ["description", "title"] {
                    if let Some((at, message)) = long(key, 100) {
                        say(&LONG, at, message, "shorten it: the registry refuses more");
                    }
                }
                if let Some((name, at)) = read.text("name").filter(|(n, _)| !REGISTRY_NAME.is_match(n)) {
                    let message = format!("name \"{}\" is not a namespace, one slash and a name", quoted(name, 80));
                    say(&RULE, at, message, "write it like io.github.owner/name");
                }
                let packages = node.get("packages").and_then(Node::items).unwrap_or_default();
                for version in [Some(node)].into_iter().flatten().chain(packages).filter_map(|n| n.get("version")) {
                    let text = version.as_str().unwrap_or_default();
                    if text == "latest" || text.starts_with(['^', '~', '>', '<', '=']) || text.contains(['*', '|']) {
                        let message = format!("version \"{}\" is not one version", quoted(text, 40));
                        say(&RULE, version.at, message, "name the exact version");
                    }
                }
            }
            _ => {}
        }
    }
    out
}

/// `1.0.0` of `https://agent-plugins.org/schemas/1.0.0/mcp.schema.json`.
fn release(schema: &str) -> &str {
    schema.split("/schemas/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(schema)
}

/// What §7.2.1 and §9.2 say of servers.
fn servers(read: &Read, node: &Node, say: &mut dyn FnMut(&Rule, Span, String, &str)) {
    for server in read.servers() {
        let Some(config) = node.get("mcpServers").and_then(|s| s.get(server.key)) else { continue };
        let key = quoted(server.key, 60);
        let kind = config.get("type").and_then(Node::as_str).unwrap_or("stdio");
        if !["stdio", "streamable-http", "sse"].contains(&kind) {
            let at = config.get("type").map_or(config.at, |t| t.at);
            let message = format!("server {key} is of type \"{}\", which there is not", quoted(kind, 40));
            say(&RULE, at, message, "write stdio, streamable-http or sse");
        }
        if let Some(program) = server.command.first() {
            let bare = !program.contains(['/', '\\']) || program.starts_with("./");
            if program.contains(char::is_whitespace) {
                let message = format!("the command of server {key} is more than one word");
                say(&RULE, server.command_at, message, "put the arguments into args");
            } else if program.contains("${") {
                let message = format!("the command of server {key} has a placeholder, and none is replaced there");
                say(&RULE, server.command_at, message, "write a path that begins with ./");
            } else if !bare || program.split('/').any(|p| p == "..") {
                let message = format!("the command of server {key} is neither a bare name nor a path below the plugin");
                say(&RULE, server.command_at, message, "write a bare name, or a path that begins with ./");
            }
        }
        for entry in config.get("env").and_then(Node::entries).unwrap_or_default() {
            if entry.key == "PLUGIN_ROOT" || entry.key == "PLUGIN_DATA" {
                let message = format!("env of server {key} sets {}, which the client sets", entry.key);
                say(&RULE, entry.key_at, message, "take it out");
            }
        }
        if let Some((cwd, at)) = config.get("cwd").and_then(|c| Some((c.as_str()?, c.at))) {
            let rooted = |root: &str| cwd == root || cwd.strip_prefix(root).is_some_and(|r| r.starts_with('/'));
            if !(cwd.starts_with("./") || rooted("${PLUGIN_ROOT}") || rooted("${PLUGIN_DATA}")) {
                let message = format!("cwd of server {key} is below neither the plugin nor its data");
                say(&RULE, at, message, "begin it with ./, ${PLUGIN_ROOT} or ${PLUGIN_DATA}");
            }
        }
    }
}
