//! What documents restate of a server, as it must read: one renderer for the check that compares and for whoever writes it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::probe::{Surface, Tool};

/// What stands before the list of tools in a document.
pub const TOOLS_BEGIN: &str = "<!-- generated: tools -->\n";
/// What stands after it.
pub const TOOLS_END: &str = "<!-- /generated -->";
/// How much of a description is repeated, in characters.
const MOST: usize = 400;

/// The tools of a server in Markdown, in the order listed: a heading, what it does and changes, its arguments.
#[must_use]
pub fn tools_markdown(surface: &Surface) -> String {
    let mut out = String::new();
    for tool in &surface.tools {
        let _ = write!(out, "\n## {}\n\n{}\n\n{}\n\n", line(&tool.name), line(&tool.description), effect(tool));
        let rows = arguments(&tool.input);
        if rows.is_empty() {
            out.push_str("No arguments.\n");
        } else {
            out.push_str("| argument | type | |\n|---|---|---|\n");
            out.push_str(&rows.concat());
        }
    }
    out.push('\n');
    out
}

/// What the hints say; a hint that is not given means the worst, by the protocol.
fn effect(tool: &Tool) -> &'static str {
    let hint = |name: &str, default: bool| tool.annotations.get(name).and_then(Value::as_bool).unwrap_or(default);
    if hint("readOnlyHint", false) {
        "Only reads."
    } else if hint("destructiveHint", true) {
        "May change or remove what is there."
    } else if hint("idempotentHint", false) {
        "Adds; the same call again changes nothing more."
    } else {
        "Adds; the same call again adds again."
    }
}

fn arguments(schema: &Value) -> Vec<String> {
    let required: Vec<&str> =
        schema["required"].as_array().map(|r| r.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
    let properties = schema["properties"].as_object();
    let row = |(name, field): (&String, &Value)| {
        let must = if required.contains(&name.as_str()) { ", required" } else { "" };
        let default = match field.get("default") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) if text.is_empty() => String::new(),
            Some(value) => format!(" Default: `{}`.", line(&value.to_string())),
        };
        let says = line(field["description"].as_str().unwrap_or_default());
        format!("| `{}` | {}{must} | {} |\n", line(name), line(&kind(field)), format!("{says}{default}").trim())
    };
    properties.map(|p| p.iter().map(row).collect()).unwrap_or_default()
}

/// The type in a word, or the values that it may have.
fn kind(field: &Value) -> String {
    if let Some(values) = field["enum"].as_array() {
        let words: Vec<String> =
            values.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
        return words.join(", ");
    }
    match &field["type"] {
        Value::String(one) if one == "array" => format!("list of {}", kind(&field["items"])),
        Value::String(one) => one.clone(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}

/// One line that cannot break out of a table or a comment: the text is somebody else's.
fn line(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out: String = text.chars().take(MOST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_reads_as_its_schema_says() {
        let tool = Tool {
            name: "put".to_owned(),
            description: "Puts | a\nthing <!-- here -->.".to_owned(),
            input: json!({"type": "object", "required": ["id"], "properties": {
                "id": {"type": "string", "description": "Which."},
                "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "note": {"type": ["string", "null"], "default": null},
            }}),
            annotations: json!({"destructiveHint": false}),
            ..Tool::default()
        };
        let bare = Tool { name: "ping".to_owned(), annotations: json!({"readOnlyHint": true}), ..Tool::default() };
        let surface = Surface { tools: vec![tool, bare], ..Surface::default() };
        let expected = "
## put

Puts \\| a thing &lt;!-- here -->.

Adds; the same call again adds again.

| argument | type | |
|---|---|---|
| `id` | string, required | Which. |
| `kind` | a, b | Default: `\"a\"`. |
| `tags` | list of string |  |
| `note` | string or null |  |

## ping



Only reads.

No arguments.

";
        assert_eq!(tools_markdown(&surface), expected);
    }
}
