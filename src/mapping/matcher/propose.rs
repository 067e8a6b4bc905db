//! The rule between two fields: a plain copy, or the transforms that make it type-check. Where none does, nothing.

use serde_json::Value;

use super::leaves::Leaf;
use super::steps::steps;
use super::table::{table, unclear};
use super::words::Vocabulary;
use crate::base::yaml::{self, Limits};
use crate::mapping::path::Path;
use crate::mapping::{compile, typecheck};
use crate::model::{SchemaId, Schemas};

/// A rule as written, and why.
pub(super) struct Proposal {
    pub(super) yaml: String,
    pub(super) because: String,
}

pub(super) type Schema<'a> = (&'a Schemas, SchemaId);

/// The rule from `s` to `t`.
pub(super) fn rule(source: Schema<'_>, target: Schema<'_>, from: &[Leaf], s: &Leaf, t: &Leaf) -> Option<Proposal> {
    let mut why = vec![names(s, t)];
    let mut steps = steps(from, s, t, &mut why);
    let mut extra = String::new();
    let cased = steps.iter().any(|s| s == "lower" || s == "upper");
    if let (Some(given), Some(taken)) = (&s.kind.values, &t.kind.values)
        && !cased
        && !given.iter().all(|v| taken.contains(v))
    {
        let table = table(given, taken);
        if unclear(&table, given) {
            return None; // most values have no counterpart, and would be rejected: a person must say what they mean
        }
        let lacking = given.len() - table.len();
        if lacking > 0 {
            why.push(format!("open: {lacking} of {} values have no counterpart by name and are rejected", given.len()));
        }
        let entries: Vec<String> = table.iter().map(|(a, b)| format!("{}: {}", scalar(a), scalar(b))).collect();
        extra = format!(", values: {{{}}}, else: reject", entries.join(", "));
        steps.clear();
    }
    if t.required && (s.kind.optional || s.kind.nullable) {
        why.push("open: the source may lack it, the target requires it; add a default".to_owned());
    } else if s.kind.nullable && !t.kind.takes_null() {
        why.push("open: the source may be null, the target takes none; add a default".to_owned());
    }
    let path = quoted(&s.path);
    let yaml = match (steps.is_empty(), extra.is_empty()) {
        (true, true) => path,
        (true, false) => format!("{{from: {path}{extra}}}"),
        (false, _) => format!("{{from: {path}, with: [{}]{extra}}}", steps.join(", ")),
    };
    fits(source, target, t, &yaml).then(|| Proposal { yaml, because: why.join("; ") })
}

/// Whether names or paths share a word, or a word of the same meaning.
pub(super) fn share_words(s: &Leaf, t: &Leaf) -> bool {
    let vocabulary = Vocabulary::get();
    let theirs = || t.name.iter().chain(&t.above);
    s.name.iter().chain(&s.above).any(|w| theirs().any(|o| vocabulary.akin(w, o)))
}

/// Why these two, in words.
pub(super) fn names(s: &Leaf, t: &Leaf) -> String {
    let vocabulary = Vocabulary::get();
    let (a, b) = (s.path.leaf(), t.path.leaf());
    if a == b {
        "same name".to_owned()
    } else if s.name == t.name {
        "names mean the same".to_owned()
    } else {
        let shared: Vec<&str> = s
            .name
            .iter()
            .chain(&s.above)
            .filter(|w| t.name.iter().chain(&t.above).any(|o| vocabulary.akin(w, o)))
            .map(String::as_str)
            .collect();
        if shared.is_empty() {
            "types, values or descriptions are alike".to_owned()
        } else {
            format!("names share {}", shared.join(", "))
        }
    }
}

/// Whether the rule compiles and no error of the type checker speaks against it, but for what a default mends.
pub(super) fn fits(source: Schema<'_>, target: Schema<'_>, t: &Leaf, yaml: &str) -> bool {
    let text = format!("{}: {yaml}\n", quoted(&t.path));
    let Ok(node) = yaml::parse(&text, Limits::default()) else { return false };
    let (mapping, findings) = compile(node.entries().unwrap_or_default(), "");
    const MENDED: [&str; 2] = ["optional-into-required", "nullable-into-non-nullable"];
    findings.is_empty() && typecheck::rule_errors(&mapping, source, target).iter().all(|code| MENDED.contains(code))
}

/// A path as YAML, also inside `{}` and `[]`.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.to_string();
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || b == b'-')
        && !["true", "false", "null"].contains(&text.to_lowercase().as_str());
    if plain { text } else { Value::String(text).to_string() }
}

/// A value as YAML, also inside `{}`; JSON is YAML.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(s)
            if s.starts_with(|c: char| c.is_ascii_alphabetic())
                && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !["true", "false", "null"].contains(&s.to_lowercase().as_str()) =>
        {
            s.clone()
        }
        other => other.to_string(),
    }
}
