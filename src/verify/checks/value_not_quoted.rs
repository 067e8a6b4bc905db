//! Values that one reader of YAML takes for text and the next for a number, a date or a boolean.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::yaml::{Kind, Node};
use crate::finding::{Change, Finding, Severity};
use crate::skill::{FrontMatter, Skill, byte_at};
use crate::verify::{Check, Profile, Rule, Subject};

/// What YAML 1.1 takes for something else than text: booleans, dates, numbers to the base of 60.
static OLD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:(?i:yes|no|on|off|y|n)|\d{4}-\d{1,2}-\d{1,2}|\d+(?::[0-5]?\d)+)$").expect("a constant pattern")
});

const NOT_QUOTED: Rule = Rule {
    code: "value-not-quoted",
    id: "PI004",
    severity: Severity::Warning,
    finds: "A value of the front matter is meant as text, and readers of YAML take it for something else.",
    source: "YAML 1.1 and 1.2 differ in what yes, 1.0 and 2026-01-01 are; 1.10 becomes 1.1 in both",
};

const NOT_TEXT: Rule = Rule {
    code: "metadata-not-text",
    id: "PI004",
    severity: Severity::Error,
    finds: "Metadata is no mapping from text to text.",
    source: "Agent Skills specification, \"metadata\": a map from string keys to string values",
};

pub(super) const CHECK: Check = Check { rules: &[NOT_QUOTED, NOT_TEXT], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject
        .skills()
        .flat_map(|skill| skill.front.as_ref().map_or_else(|_| Vec::new(), |front| of(skill, front)))
        .collect()
}

fn of(skill: &Skill, front: &FrontMatter) -> Vec<Finding> {
    let mut out = Vec::new();
    for key in ["name", "description", "license", "compatibility"] {
        out.extend(front.node.get(key).and_then(|node| plain(skill, key, node)));
    }
    let Some(metadata) = front.node.get("metadata") else { return out };
    let Some(entries) = metadata.entries() else {
        let because = format!("metadata must be a mapping, this is {}", metadata.kind_name());
        let finding = NOT_TEXT.in_document(skill.main(), metadata.at, because);
        out.push(finding.fix("write metadata as indented key: \"text\" lines"));
        return out;
    };
    for entry in entries {
        let name = format!("metadata.{}", entry.key);
        if entry.value.items().is_some() || entry.value.entries().is_some() {
            let because = format!("{name} must be text, this is {}", entry.value.kind_name());
            let finding = NOT_TEXT.in_document(skill.main(), entry.value.at, because);
            out.push(finding.fix("write it as one text, its parts with blanks between them"));
        } else {
            out.extend(plain(skill, &name, &entry.value));
        }
    }
    out
}

/// A finding where the value is plain and somebody's number, boolean or date.
fn plain(skill: &Skill, name: &str, node: &Node) -> Option<Finding> {
    let main = skill.main();
    let start = byte_at(&main.text, node.at)?;
    let line = main.text.get(start..)?.lines().next()?;
    let raw = line.split(" #").next().unwrap_or(line).trim_end();
    let what = match &node.kind {
        Kind::Bool(_) => "true or false",
        Kind::Number(_) => "a number",
        Kind::String(text) if text == raw && OLD.is_match(raw) => "a boolean, a date or a number by YAML 1.1",
        _ => return None,
    };
    let because = format!("{name} is meant as text, and {raw} is {what}");
    // A number or a boolean is none by any version of YAML; the rest only by some.
    let certain = name.starts_with("metadata.") && !matches!(node.kind, Kind::String(_));
    let rule = if certain { &NOT_TEXT } else { &NOT_QUOTED };
    let mut finding = rule.in_document(main, node.at, because);
    finding.severity = Severity::Warning;
    let finding = finding.fix(format!("write \"{raw}\", in quotes"));
    let simple = raw.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | ':' | '_'));
    if !simple || raw.is_empty() {
        return Some(finding);
    }
    let change = Change::Replace { from: start, to: start + raw.len(), with: format!("\"{raw}\"") };
    Some(finding.edit(&main.path, change))
}
