//! What a document restates of the server must be what the server says: generated lists, and tables of parameters that
//! somebody wrote by hand.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::base::pointer;
use crate::base::text::{nearest, quoted};
use crate::base::yaml::Span;
use crate::finding::{Change, Finding, Location, Severity};
use crate::probe::Tool;
use crate::skill::Document;
use crate::verify::restated::{TOOLS_BEGIN, TOOLS_END, tools_markdown};
use crate::verify::tools::is_own;
use crate::verify::{Check, Profile, Rule, Subject};

const BLOCK: Rule = Rule {
    code: "generated-block-stale",
    id: "PI024",
    severity: Severity::Error,
    finds: "A generated list of tools is not what the server lists.",
    source: "a schema restated is a second truth; the block says that it is generated",
};
const TABLE: Rule = Rule {
    code: "restated-schema-wrong",
    id: "PI024",
    severity: Severity::Error,
    finds: "A table of a tool's parameters contradicts the tool's schema.",
    source: "a schema restated by hand goes stale when the server changes",
};

pub(super) const CHECK: Check = Check { rules: &[BLOCK, TABLE], profile: Profile::Sync, run };

/// Titles of a first column that names parameters, and those that may name fields of an answer as well.
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:parameters?|params?|arguments?|args?|inputs?|options?)\b").expect("a constant pattern")
});
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^(?:names?|fields?|key|property)$").expect("a constant pattern"));
/// Words around a table of what comes back.
static OUTPUT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:outputs?|returns?|results?|responses?|answers?)\b").expect("a constant pattern")
});
static IDENTIFIER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z_][A-Za-z0-9_-]*$").expect("a constant pattern"));

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for skill in subject.skills() {
        let own = subject.facts.answered().find(|(server, _)| is_own(subject, skill, server));
        for document in &skill.documents {
            if let Some((_, surface)) = own {
                out.extend(block(subject, document, &tools_markdown(surface)));
            }
            tables(subject, document, &mut out);
        }
    }
    out
}

fn block(subject: &Subject<'_>, document: &Document, now: &str) -> Option<Finding> {
    let mark = TOOLS_BEGIN.trim_end();
    let begin = document.text.find(mark)?;
    let from = begin + mark.len();
    let at = subject.place(&document.path, begin);
    let Some(length) = document.text.get(from..)?.find(TOOLS_END) else {
        let found = BLOCK.at(at, "the generated list of tools has no end");
        return Some(found.fix(format!("write {TOOLS_END} after its last line")));
    };
    let body = document.text.get(from..from + length)?;
    let plain = |t: &str| t.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n");
    let (was, is) = (plain(body), plain(now));
    if was == is {
        return None;
    }
    let differs = was.lines().zip(is.lines()).find(|(a, b)| a != b).map_or_else(
        || format!("it has {} lines, and should have {}", was.lines().count(), is.lines().count()),
        |(a, b)| format!("\"{}\" should be \"{}\"", quoted(a, 60), quoted(b, 60)),
    );
    let with = format!("\n{now}");
    let with = if body.contains("\r\n") { with.replace('\n', "\r\n") } else { with };
    Some(
        BLOCK
            .at(at, format!("the generated list of tools is not what the server lists: {differs}"))
            .fix("verify --fix writes it anew")
            .edit(&document.path, Change::Replace { from, to: from + length, with }),
    )
}

struct Table<'d> {
    tool: &'d Tool,
    /// Titles of the columns.
    head: Vec<String>,
    /// Line from 1, and the cells.
    rows: Vec<(u32, Vec<String>)>,
    line: u32,
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|');
    let line = line.strip_suffix('|').unwrap_or(line);
    // A bar that is escaped is text.
    line.replace("\\|", "\u{1}").split('|').map(|c| c.trim().replace('\u{1}', "|")).collect()
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.contains('-') && line.contains('|') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

/// Finds the tables of parameters, each with the tool that its heading or the line before it names.
fn tables(subject: &Subject<'_>, document: &Document, out: &mut Vec<Finding>) {
    let lines: Vec<&str> = document.text.lines().collect();
    let (mut heading, mut before, mut fence, mut generated) = ("", "", false, false);
    let mut i = 0;
    while let Some(line) = lines.get(i).copied() {
        let trimmed = line.trim();
        generated = (generated || trimmed.starts_with("<!-- generated")) && !trimmed.starts_with("<!-- /generated");
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fence = !fence;
        } else if !fence && trimmed.starts_with('#') {
            (heading, before) = (trimmed, "");
        } else if !fence && trimmed.starts_with('|') && lines.get(i + 1).is_some_and(|l| is_rule(l)) {
            let first = i;
            i += 2;
            let mut rows = Vec::new();
            while let Some(row) = lines.get(i).filter(|l| l.trim().starts_with('|')) {
                rows.push((number(i), cells(row)));
                i += 1;
            }
            let tool = named(subject, before).or_else(|| named(subject, heading));
            if let Some(tool) = tool.filter(|_| !generated && !OUTPUT.is_match(before) && !OUTPUT.is_match(heading)) {
                judge(subject, document, &Table { tool, head: cells(line), rows, line: number(first) }, out);
            }
            before = "";
            continue;
        } else if !fence && !trimmed.is_empty() {
            before = trimmed;
        }
        i += 1;
    }
}

fn number(i: usize) -> u32 {
    u32::try_from(i + 1).unwrap_or(u32::MAX)
}

/// The one tool that a line names.
fn named<'s>(subject: &Subject<'s>, line: &str) -> Option<&'s Tool> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let words: Vec<&str> = line.split(|c| !part(c)).map(|w| w.trim_end_matches('.')).collect();
    let mut found: Option<&'s Tool> = None;
    for (_, surface) in subject.facts.answered() {
        for tool in &surface.tools {
            // A tool called `search` is a word as well: there it must be code.
            let here = if tool.name.contains(['_', '-']) {
                words.iter().any(|w| *w == tool.name || w.ends_with(&format!("__{}", tool.name)))
            } else {
                line.contains(&format!("`{}`", tool.name)) || line.contains(&format!("`{}(", tool.name))
            };
            if here {
                if found.is_some_and(|f| f.name != tool.name) {
                    return None;
                }
                found = Some(tool);
            }
        }
    }
    found
}

/// The parameter that a cell names.
fn parameter(cell: &str) -> Option<String> {
    let cell = cell.trim_matches(['*', ' ']);
    let inner = cell.split('`').nth(1).unwrap_or(cell).trim_end_matches(['?', '*']).trim();
    IDENTIFIER.is_match(inner).then(|| inner.to_owned())
}

fn judge(subject: &Subject<'_>, document: &Document, table: &Table<'_>, out: &mut Vec<Finding>) {
    let schema = &table.tool.input;
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let first = table.head.first().map_or("", |h| h.trim_matches(['*', '`', ' ']));
    let sure = PARAMETER.is_match(first);
    if !sure && !NAME.is_match(first) {
        return;
    }
    let rows: Vec<(u32, String, &Vec<String>)> =
        table.rows.iter().filter_map(|(line, row)| Some((*line, parameter(row.first()?)?, row))).collect();
    let known = rows.iter().filter(|(_, n, _)| properties.contains_key(n)).count();
    // A table most of whose names are strangers is about something else.
    if known == 0 || known * if sure { 3 } else { 2 } < rows.len() {
        return;
    }
    let column = |words: &[&str]| {
        let title = |h: &String| words.contains(&h.to_lowercase().trim_matches(['*', '`', ' ', '?']));
        table.head.iter().position(title)
    };
    let types = column(&["type", "types"]);
    let (required, optional) = (column(&["required", "req", "mandatory"]), column(&["optional"]));
    let must: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|r| r.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let tool = quoted(&table.tool.name, 64);
    let names = || properties.keys().map(String::as_str);
    let mut say = |line: u32, message: String, fix: String, near: Option<&str>| {
        let at = Location::at(&document.file, Span { line, column: 1 });
        let basis = format!("tools/list: {} inputSchema", table.tool.name);
        out.push(TABLE.at(at, message).fix(fix).near(near).because_of(basis));
    };
    for (line, name, row) in &rows {
        let shown = quoted(name, 64);
        let Some(property) = properties.get(name) else {
            let near = nearest(name, names());
            let fix = near.map_or_else(|| format!("take \"{shown}\" out of the table"), |n| format!("write \"{n}\""));
            say(*line, format!("{tool} has no parameter \"{shown}\""), fix, near);
            continue;
        };
        let elsewhere = property.get("$ref").and_then(Value::as_str).and_then(|r| pointer::resolve(schema, r));
        if let Some(said) = types.and_then(|i| row.get(i)).and_then(|cell| kind(cell))
            && let Some(real) = kinds(elsewhere.unwrap_or(property))
            && !real.iter().any(|r| said == r || (said == "number" && r == "integer"))
        {
            let real = real.join(" or ");
            say(*line, format!("parameter \"{shown}\" of {tool} is {real}, not {said}"), format!("write {real}"), None);
        }
        let is_must = must.contains(&name.as_str());
        let cell = |column: Option<usize>| column.and_then(|i| row.get(i)).and_then(|c| yes(c));
        let said = cell(required).or_else(|| cell(optional).map(|o| !o));
        if said.is_some_and(|said| said != is_must) {
            let is = if is_must { "required" } else { "optional" };
            say(*line, format!("parameter \"{shown}\" of {tool} is {is}"), format!("say that it is {is}"), None);
        }
    }
    // Who says what is required says all of it.
    if required.is_none() && !(sure && known >= 2) {
        return;
    }
    for missing in must.iter().filter(|m| !rows.iter().any(|(_, n, _)| n == *m)) {
        // A misspelt row has been told.
        if !rows.iter().any(|(_, n, _)| !properties.contains_key(n) && nearest(n, names()) == Some(*missing)) {
            let shown = quoted(missing, 64);
            let message = format!("the table leaves out the required parameter \"{shown}\" of {tool}");
            say(table.line, message, format!("add a row for \"{shown}\""), None);
        }
    }
    let _ = subject;
}

/// The JSON type that a cell names; nothing where it names several or none.
fn kind(cell: &str) -> Option<&'static str> {
    let cell = cell.to_lowercase();
    let cell = cell.trim_matches(['`', '*', ' ']).split([',', ';']).next().unwrap_or_default();
    let cell = cell.trim_matches(['`', ' ']);
    if cell.ends_with("[]") || cell.starts_with("array") || cell.starts_with("list") {
        return Some("array");
    }
    Some(match cell {
        "string" | "str" | "text" => "string",
        "integer" | "int" => "integer",
        "number" | "float" | "double" | "decimal" => "number",
        "boolean" | "bool" => "boolean",
        "object" | "map" | "dict" => "object",
        _ => return None,
    })
}

/// The JSON types that a schema allows, `null` apart; nothing where it does not say.
fn kinds(property: &Value) -> Option<Vec<String>> {
    if let Some(any) = property.get("anyOf").or_else(|| property.get("oneOf")).and_then(Value::as_array) {
        let each: Option<Vec<Vec<String>>> = any.iter().map(kinds).collect();
        return each.map(|e| e.into_iter().flatten().collect());
    }
    let all: Vec<String> = match property.get("type")? {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    Some(all.into_iter().filter(|t| t != "null").collect())
}

fn yes(cell: &str) -> Option<bool> {
    match cell.to_lowercase().trim_matches(['*', '`', ' ', '.']) {
        "yes" | "true" | "required" | "✓" | "✔" | "✅" | "y" | "x" => Some(true),
        "no" | "false" | "optional" | "✗" | "✘" | "❌" | "n" | "-" | "–" | "—" => Some(false),
        _ => None,
    }
}
