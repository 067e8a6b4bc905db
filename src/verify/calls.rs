//! Calls of tools as documents, examples and evals write them: JSON and YAML, each with its place.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::base::yaml::{self, Entry, Kind, Limits, Node, Span};
use crate::skill::{Document, Skill};
use crate::verify::Subject;

/// One call as written.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The file, below the root.
    pub(super) path: String,
    /// The tool.
    pub(super) tool: String,
    /// Where its name stands.
    pub(super) tool_at: Span,
    /// The arguments, with places; nothing where only the tool is named.
    pub(super) arguments: Option<Node>,
    /// Whether the shape leaves no doubt that a tool is called.
    pub(super) sure: bool,
    /// Whether it is written to show what fails.
    pub(super) fails: bool,
}

static START: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\{\s*"(?:tool|tool_name|toolName|name|method|jsonrpc|type)"\s*:"#).expect("a constant pattern")
});
static WRONG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:wrong|bad|invalid|incorrect|rejected|refused|malformed|fails|don't|do not)\b|❌")
        .expect("a constant pattern")
});

/// Values that are tried in one text.
const TRIES: usize = 200;
/// Directories whose JSON files hold calls.
const DIRS: [&str; 4] = ["examples", "evals", "tests", "resources"];

/// Every call that a skill writes down.
pub(super) fn of(subject: &Subject<'_>, skill: &Skill) -> Vec<Call> {
    let mut out = Vec::new();
    for document in &skill.documents {
        for block in &document.blocks {
            let from = out.len();
            let language = block.language.to_lowercase();
            if matches!(language.as_str(), "yaml" | "yml") {
                if let Ok(node) = yaml::parse(&block.text, Limits { depth: 32, nodes: 10_000 }) {
                    walk(&shifted(node, block.at), &document.path, true, &mut out);
                }
            } else {
                scan(&block.text, block.at, &document.path, is_json(&language), true, &mut out);
            }
            if out.len() > from && shows_what_fails(document, block.at.line) {
                out.iter_mut().skip(from).for_each(|call| call.fails = true);
            }
        }
    }
    for dir in DIRS {
        for below in skill.dirs(&subject.project.tree, dir) {
            for (path, file) in subject.project.tree.below(&below) {
                let ext = path.rsplit_once('.').map_or("", |(_, ext)| ext);
                let Some(text) = file.text().filter(|_| matches!(ext, "json" | "jsonl" | "ndjson")) else { continue };
                if START.is_match(text) || text.contains("\"tool\"") || text.contains("\"arguments\"") {
                    scan(text, Span { line: 1, column: 1 }, path, true, false, &mut out);
                }
            }
        }
    }
    out
}

fn is_json(language: &str) -> bool {
    matches!(language, "json" | "jsonl" | "ndjson" | "json5" | "jsonc" | "")
}

/// Whether the line before a block announces something that is not to be copied.
fn shows_what_fails(document: &Document, line: u32) -> bool {
    let above = usize::try_from(line).unwrap_or(0).saturating_sub(2);
    let before: Vec<&str> = document.text.lines().take(above).collect();
    let last = before.iter().rev().map(|l| l.trim()).find(|l| !l.is_empty());
    last.is_some_and(|l| (l.ends_with(':') || l.starts_with('#')) && WRONG.is_match(l))
}

/// Reads the JSON values of a text. Where it is not JSON as a whole, those that begin as a call does.
fn scan(text: &str, base: Span, path: &str, json: bool, document: bool, out: &mut Vec<Call>) {
    let mut at = 0;
    for _ in 0..TRIES {
        let Some(rest) = text.get(at..) else { return };
        let start = if json {
            let skipped = rest.len() - rest.trim_start().len();
            if rest.trim_start().is_empty() {
                return;
            }
            at + skipped
        } else {
            let Some(found) = START.find(rest) else { return };
            at + found.start()
        };
        let Some(here) = text.get(start..) else { return };
        let mut stream = serde_json::Deserializer::from_str(here).into_iter::<Value>();
        let value = match stream.next() {
            Some(Ok(value)) if value.is_object() || value.is_array() => value,
            _ => {
                // The next line, or the next thing that looks like a call.
                at = if json { start + here.find('\n').map_or(here.len(), |n| n + 1) } else { start + 1 };
                continue;
            }
        };
        let end = start + stream.byte_offset();
        let place = place(text, start, base);
        let slice = text.get(start..end).unwrap_or_default();
        let node = match yaml::parse(slice, Limits::default()) {
            Ok(node) if node.to_value() == value => shifted(node, place),
            _ => placed(&value, place),
        };
        walk(&node, path, document, out);
        at = end;
    }
}

/// The place of a byte of a text that begins at `base`.
fn place(text: &str, byte: usize, base: Span) -> Span {
    let before = text.get(..byte).unwrap_or_default();
    let lines = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX);
    let column = u32::try_from(before.rsplit('\n').next().unwrap_or_default().chars().count()).unwrap_or(u32::MAX);
    let column = if lines == 0 { base.column.saturating_add(column) } else { column.saturating_add(1) };
    Span { line: base.line.saturating_add(lines), column }
}

/// A tree whose places count from `base`.
fn shifted(mut node: Node, base: Span) -> Node {
    fn shift(at: &mut Span, base: Span) {
        if at.line <= 1 {
            at.column = at.column.saturating_add(base.column).saturating_sub(1);
        }
        at.line = at.line.saturating_add(base.line).saturating_sub(1);
    }
    fn each(node: &mut Node, base: Span) {
        shift(&mut node.at, base);
        match &mut node.kind {
            Kind::Seq(items) => items.iter_mut().for_each(|n| each(n, base)),
            Kind::Map(entries) => {
                for entry in entries {
                    shift(&mut entry.key_at, base);
                    each(&mut entry.value, base);
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
        }
    }
    each(&mut node, base);
    node
}

/// A tree all of whose places are one.
fn placed(value: &Value, at: Span) -> Node {
    let kind = match value {
        Value::Null => Kind::Null,
        Value::Bool(b) => Kind::Bool(*b),
        Value::Number(n) => Kind::Number(n.clone()),
        Value::String(s) => Kind::String(s.clone()),
        Value::Array(items) => Kind::Seq(items.iter().map(|v| placed(v, at)).collect()),
        Value::Object(map) => {
            Kind::Map(map.iter().map(|(key, v)| Entry { key: key.clone(), key_at: at, value: placed(v, at) }).collect())
        }
    };
    Node { kind, at }
}

fn walk(node: &Node, path: &str, document: bool, out: &mut Vec<Call>) {
    if let Some(call) = shape(node, path, document) {
        out.push(call);
        return;
    }
    match &node.kind {
        Kind::Seq(items) => items.iter().for_each(|n| walk(n, path, document, out)),
        Kind::Map(entries) => entries.iter().for_each(|e| walk(&e.value, path, document, out)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}

/// The call that a mapping is.
fn shape(node: &Node, path: &str, document: bool) -> Option<Call> {
    node.entries()?;
    let arguments = |of: &Node| {
        ["arguments", "args", "input", "parameters", "params"]
            .into_iter()
            .find_map(|key| of.get(key))
            .filter(|a| matches!(a.kind, Kind::Map(_)))
            .cloned()
    };
    let text = |key: &str| node.get(key).filter(|n| n.as_str().is_some());
    let (name, arguments, sure) = if text("method").is_some_and(|m| m.as_str() == Some("tools/call")) {
        let params = node.get("params")?;
        (params.get("name")?, arguments(params), true)
    } else if let Some(name) = ["tool", "tool_name", "toolName"].into_iter().find_map(text) {
        let arguments = arguments(node);
        // In a file of data, `tool` alone may be any tool.
        let sure = document || arguments.is_some();
        (name, arguments, sure)
    } else if let Some(name) = text("name") {
        let used = text("type").is_some_and(|t| t.as_str() == Some("tool_use"));
        let arguments = if used { arguments(node) } else { node.get("arguments").cloned() };
        let arguments = arguments.filter(|a| matches!(a.kind, Kind::Map(_)))?;
        (name, Some(arguments), used)
    } else {
        return None;
    };
    let failing = ["is_error", "isError", "error", "expect_error", "expectError", "should_fail", "invalid"];
    let fails =
        failing.into_iter().filter_map(|key| node.get(key)).any(|n| !matches!(n.kind, Kind::Null | Kind::Bool(false)));
    Some(Call { path: path.to_owned(), tool: name.as_str()?.to_owned(), tool_at: name.at, arguments, sure, fails })
}
