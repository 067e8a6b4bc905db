//! A key outside the standard makes clients refuse the whole skill, or ignore what it says.

use crate::base::text::nearest;
use crate::base::yaml::{Entry, Kind, Node};
use crate::finding::{Change, Finding, Severity};
use crate::skill::{FrontMatter, KEYS, Skill, byte_at};
use crate::verify::{Check, Profile, Rule, Subject};

/// Keys that Claude Code reads, and other clients refuse or ignore.
const CLAUDE_CODE: [&str; 14] = [
    "when_to_use",
    "argument-hint",
    "arguments",
    "disable-model-invocation",
    "user-invocable",
    "disallowed-tools",
    "model",
    "effort",
    "context",
    "agent",
    "hooks",
    "paths",
    "shell",
    "mode",
];

const UNKNOWN: Rule = Rule {
    code: "key-not-portable",
    id: "PI004",
    severity: Severity::Error,
    finds: "The front matter has a key that neither the standard nor a client knows.",
    source: "Agent Skills specification: six keys; skills-ref and uploads refuse others",
};

const ONE_CLIENT: Rule = Rule {
    code: "key-of-one-client",
    id: "PI004",
    severity: Severity::Warning,
    finds: "The front matter has a key that one client reads and others refuse.",
    source: "Agent Skills specification: six keys; Claude Code documents further ones of its own",
};

const TOOLS: Rule = Rule {
    code: "tools-not-by-blanks",
    id: "PI004",
    severity: Severity::Warning,
    finds: "allowed-tools is a list or has commas; the standard wants one text with blanks between tools.",
    source: "Agent Skills specification, \"allowed-tools\": a space-separated string",
};

pub(super) const CHECK: Check = Check { rules: &[UNKNOWN, ONE_CLIENT, TOOLS], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject
        .skills()
        .flat_map(|skill| skill.front.as_ref().map_or_else(|_| Vec::new(), |front| of(skill, front)))
        .collect()
}

fn of(skill: &Skill, front: &FrontMatter) -> Vec<Finding> {
    let main = skill.main();
    let entries = front.node.entries().unwrap_or_default();
    let unknown: Vec<&Entry> = entries.iter().filter(|e| !KEYS.contains(&e.key.as_str())).collect();
    let mut out = Vec::new();
    let mut moved = String::new();
    let indent = indent(front);
    for entry in &unknown {
        let key = &entry.key;
        let known = CLAUDE_CODE.contains(&key.as_str());
        // What is nearly a key of the standard was meant as one.
        let meant = nearest(key, KEYS).filter(|n| !known && strsim::osa_distance(n, key) <= 2);
        let meant = meant.filter(|n| front.node.get(n).is_none());
        let mut finding = if known {
            ONE_CLIENT
                .in_document(
                    main,
                    entry.key_at,
                    format!("key {key} is read by Claude Code alone, and uploads refuse it"),
                )
                .fix(format!("keep {key} if the skill is for Claude Code alone; else move it under metadata"))
        } else {
            let because = format!("key {key} is not one of {}", KEYS.join(", "));
            let fix = meant.map_or_else(|| format!("move {key} under metadata, as text"), |n| format!("write {n}"));
            UNKNOWN.in_document(main, entry.key_at, because).fix(fix).near(meant)
        };
        if let (Some(meant), Some(from)) = (meant, byte_at(&main.text, entry.key_at)) {
            let change = Change::Replace { from, to: from + key.len(), with: meant.to_owned() };
            finding = finding.edit(&main.path, change);
        } else if !known
            && meant.is_none()
            && let (Some(indent), Some(value)) = (&indent, text_of(&entry.value))
            && let Some(lines) = front.lines_of(&main.text, key)
            && front.node.get("metadata").is_none_or(|m| m.get(key).is_none())
        {
            let change = Change::Replace { from: lines.start, to: lines.end, with: String::new() };
            moved.push_str(&format!("{indent}{key}: {value}\n"));
            finding = finding.edit(&main.path, change);
        }
        out.push(finding);
    }
    // One insertion takes all that is moved; it rides on the first of them.
    if !moved.is_empty() {
        let place = front.lines_of(&main.text, "metadata").map(|r| r.end);
        let with = if place.is_some() { moved } else { format!("metadata:\n{moved}") };
        let at = place.unwrap_or(front.yaml.end);
        if let Some(first) = out.iter_mut().find(|f| f.edits.iter().any(|e| is_removal(&e.change))) {
            let change = Change::Replace { from: at, to: at, with };
            first.edits.push(crate::finding::Edit { file: main.path.clone(), change });
        }
    }
    out.extend(tools(skill, front));
    out
}

fn is_removal(change: &Change) -> bool {
    matches!(change, Change::Replace { with, .. } if with.is_empty())
}

/// What stands before a key of metadata; nothing where metadata is written so that no line can be added.
fn indent(front: &FrontMatter) -> Option<String> {
    let Some(metadata) = front.node.get("metadata") else { return Some("  ".to_owned()) };
    let first = metadata.entries()?.first()?;
    let column = usize::try_from(first.key_at.column).ok()?;
    (first.key_at.line > front.at("metadata").line).then(|| " ".repeat(column.saturating_sub(1)))
}

/// A value as one quoted text; lists with blanks between their parts. Nothing for what has no such form.
fn text_of(node: &Node) -> Option<String> {
    let text = match &node.kind {
        Kind::String(s) => s.trim_end().to_owned(),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::Seq(items) => items
            .iter()
            .map(|i| match &i.kind {
                Kind::String(s) => Some(s.clone()),
                Kind::Number(n) => Some(n.to_string()),
                Kind::Bool(b) => Some(b.to_string()),
                _ => None,
            })
            .collect::<Option<Vec<String>>>()?
            .join(" "),
        Kind::Null | Kind::Map(_) => return None,
    };
    serde_json::to_string(&text).ok()
}

fn tools(skill: &Skill, front: &FrontMatter) -> Option<Finding> {
    let main = skill.main();
    let node = front.node.get("allowed-tools")?;
    let list = match &node.kind {
        Kind::Seq(items) => items.iter().map(|i| i.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>(),
        Kind::String(text) if separated(text).len() > 1 => Some(separated(text)),
        Kind::String(_) => return None,
        _ => None,
    };
    let because = match &node.kind {
        Kind::Seq(_) => "allowed-tools is a list, and the standard wants one text".to_owned(),
        Kind::String(_) => "allowed-tools has commas between tools, and the standard wants blanks".to_owned(),
        _ => format!("allowed-tools must be text, this is {}", node.kind_name()),
    };
    let finding = TOOLS.in_document(main, front.at("allowed-tools"), because);
    let (Some(list), Some(lines)) = (list, front.lines_of(&main.text, "allowed-tools")) else {
        return Some(finding.fix("write the names of tools with blanks between them"));
    };
    let joined = list.join(" ");
    let plain =
        joined.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '(' | ')' | '/' | '.'));
    let written = if plain { joined.clone() } else { serde_json::to_string(&joined).ok()? };
    let change = Change::Replace { from: lines.start, to: lines.end, with: format!("allowed-tools: {written}\n") };
    Some(
        finding
            .fix(format!("write allowed-tools: {}", crate::base::text::quoted(&joined, 120)))
            .edit(&main.path, change),
    )
}

/// The parts between commas that stand in no brackets.
fn separated(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.into_iter().map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}
