//! A mapping told to people: one row a rule.

use super::Mapping;
use super::path::Path;
use super::rule::{Else, Rule, Source};

/// One rule as a row of a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MappingRow {
    /// Target path.
    pub target: String,
    /// Source path, paths joined by ` + `, or `const`.
    pub from: String,
    /// What happens on the way; empty for a plain copy.
    pub how: String,
}

impl Mapping {
    /// One row a rule, in the order written.
    #[must_use]
    pub fn rows(&self) -> Vec<MappingRow> {
        self.rules
            .iter()
            .map(|r| MappingRow { target: r.target.to_string(), from: r.source.to_string(), how: how(r) })
            .collect()
    }

    /// Every source path that any rule reads, each once, sorted.
    #[must_use]
    pub fn source_paths(&self) -> Vec<Path> {
        let mut paths: Vec<Path> = self.rules.iter().flat_map(|r| r.reads().cloned().collect::<Vec<_>>()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Every target path that is written, in the order of the rules.
    #[must_use]
    pub fn target_paths(&self) -> Vec<Path> {
        self.rules.iter().map(|r| r.target.clone()).collect()
    }
}

fn how(rule: &Rule) -> String {
    let mut parts = Vec::new();
    match &rule.source {
        Source::Const(value) => parts.push(shown(value)),
        Source::Join { separator, .. } => {
            parts.push(format!("joined by {}", serde_json::Value::from(separator.as_str())))
        }
        Source::When(when) => {
            let case = |c: &super::rule::Case| told(format!("if {}", c.condition), &c.then);
            parts.extend(when.cases.iter().map(case));
            parts.extend(when.otherwise.iter().map(|r| told("otherwise".to_owned(), r)));
        }
        Source::Each(each) => {
            if let Some(map) = &each.map {
                let rules: Vec<String> = map.rules.iter().map(|r| told(r.target.to_string(), r)).collect();
                parts.push(format!("each item {{{}}}", crate::base::text::truncate(&rules.join("; "), 200)));
            }
        }
        Source::Jq(program) => parts.push(crate::base::text::truncate(&crate::base::redact::text(program.text()), 200)),
        Source::Template(template) => {
            let piece = |p: Result<&str, &Path>| match p {
                Ok(text) => text.to_owned(),
                Err(field) => format!("{{{field}}}"),
            };
            parts.push(shown(&template.pieces().map(piece).collect::<String>().into()));
        }
        Source::Path(_) | Source::FirstOf(_) => {}
    }
    parts.extend(rule.steps.iter().map(|s| crate::base::redact::text(&s.shown)));
    if let Some(table) = &rule.values {
        let shown = table.entries.iter().take(6).map(|(k, v)| match v {
            serde_json::Value::String(s) => format!("{}={s}", k.value),
            other => format!("{}={other}", k.value),
        });
        let more = table.entries.len().saturating_sub(6);
        let mut text = crate::base::redact::text(&shown.collect::<Vec<_>>().join(", "));
        if more > 0 {
            text.push_str(&format!(", {more} more"));
        }
        text.push_str(match &table.otherwise {
            Some(Else::Keep) => ", else keep",
            Some(Else::Default(_)) => ", else default",
            Some(Else::Reject) | None => ", else reject",
        });
        parts.push(text);
    }
    if let Source::Each(each) = &rule.source
        && !each.then.is_empty()
    {
        parts.push(format!("then {}", each.then.iter().map(|s| s.shown.clone()).collect::<Vec<_>>().join(", ")));
    }
    if let Some(default) = &rule.default {
        parts.push(format!("default {}", shown(&default.value)));
    }
    if rule.required.is_some() {
        parts.push("required".to_owned());
    }
    parts.join(" | ")
}

/// A rule inside another: `if type is company: company_name, trim`.
fn told(what: String, rule: &Rule) -> String {
    let how = how(rule);
    let from = if let Source::Const(_) = rule.source { String::new() } else { rule.source.to_string() };
    let parts: Vec<String> = [from, how].into_iter().filter(|p| !p.is_empty()).collect();
    format!("{what}: {}", parts.join(", "))
}

/// A value of the contract, bounded, and masked where it looks like a secret: tables end up in logs and dossiers.
fn shown(value: &serde_json::Value) -> String {
    crate::base::text::truncate(&crate::base::redact::text(&value.to_string()), 60)
}
