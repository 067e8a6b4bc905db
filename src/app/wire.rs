//! The shapes that answers share. They are the wire copy: inner types may change, these may not.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::{redact, text};
use crate::evidence::Reconciliation;
use crate::finding::{Finding, Severity};
use crate::knowledge::Known;
use crate::model::{Basis, Fact};

/// Something that is wrong.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct FindingOut {
    /// Kebab-case name of the bad thing.
    pub code: String,
    /// error, warning or note.
    pub severity: Severity,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// The file.
    pub file: String,
    /// Line from 1; 0 where only a pointer is known.
    pub line: u32,
    /// Column from 1; 0 where only a pointer is known.
    pub column: u32,
    /// JSON pointer into the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What is wrong, and why.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// Other places of the descriptions that it rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// A generated record that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// check --fix mends it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fixable: bool,
}

impl From<&Finding> for FindingOut {
    fn from(f: &Finding) -> Self {
        let Finding { code, severity, confidence, location, message, fix, related, nearest: _, sample, edits } = f;
        let first = usize::from(location.pointer.is_none());
        Self {
            code: (*code).to_owned(),
            severity: *severity,
            confidence: *confidence,
            file: location.file.clone(),
            line: location.at.line,
            column: location.at.column,
            pointer: location.pointer.clone().or_else(|| related.first().cloned()),
            message: redact::keys(message),
            fix: redact::keys(fix),
            related: related.iter().skip(first).cloned().collect(),
            sample: sample.clone(),
            fixable: !edits.is_empty(),
        }
    }
}

/// Findings by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CountsOut {
    /// Does not compile.
    pub errors: usize,
    /// Will bite under some condition.
    pub warnings: usize,
    /// Worth knowing.
    pub notes: usize,
}

impl CountsOut {
    /// Counts them.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let count = |s| findings.iter().filter(|f| f.severity == s).count();
        Self { errors: count(Severity::Error), warnings: count(Severity::Warning), notes: count(Severity::Note) }
    }
}

impl std::fmt::Display for CountsOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n = |count: usize, noun| text::plural(count as u64, noun);
        write!(f, "{}, {}, {}", n(self.errors, "error"), n(self.warnings, "warning"), n(self.notes, "note"))
    }
}

/// Something known about a system, with its ground.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct FactOut {
    /// auth_mode, base_url, pagination, rate_limit, idempotency ...
    pub fact: String,
    /// Its value.
    pub value: Value,
    /// stated, inferred, research (looked up), confirmed (by a person) or observed (by this server).
    pub basis: String,
    /// 0 to 1, under the ceiling of its ground.
    pub confidence: f64,
    /// Where it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The rule that inferred it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where it was looked up, with the day and the age; who confirmed it; what was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl FactOut {
    /// A fact that somebody looked up; `age` in days.
    #[must_use]
    pub fn known(known: &Known, age: Option<i64>) -> Self {
        let mut value = known.value.clone();
        if let (Some(map), false) = (value.as_object_mut(), known.says.is_empty()) {
            map.insert("says".to_owned(), Value::String(known.says.clone()));
        }
        let days = age.map(|days| text::plural(days.unsigned_abs(), "day")).unwrap_or_else(|| "unknown".to_owned());
        Self {
            fact: known.fact.to_owned(),
            value,
            basis: "research".to_owned(),
            confidence: known.confidence.value(),
            pointer: known.at.clone(),
            rule: None,
            source: Some(format!("{} (checked {}, age {days})", known.source, known.checked)),
        }
    }
}

impl From<&Fact> for FactOut {
    fn from(f: &Fact) -> Self {
        let rule = match &f.basis {
            Basis::Stated { .. } => None,
            Basis::Inferred { rule, .. } => Some((*rule).to_owned()),
        };
        Self {
            fact: f.fact.to_owned(),
            value: f.value.clone(),
            basis: f.basis_name().to_owned(),
            confidence: f.confidence.value(),
            pointer: f.pointer().map(str::to_owned),
            rule,
            source: None,
        }
    }
}

/// One line of a reconciliation, for people.
#[must_use]
pub fn counts_line(c: &Reconciliation) -> String {
    let expected = c.expected.map_or_else(|| "unstated".to_owned(), text::thousands);
    let open = match c.unique.saturating_sub(c.settled()) {
        0 => String::new(),
        open => format!(", undelivered {}", text::thousands(open)),
    };
    format!(
        "expected {expected}, read {}, unique {}, written {}, unchanged {}, rejected {}, dead-lettered {}{open}",
        text::thousands(c.read),
        text::thousands(c.unique),
        text::thousands(c.written),
        text::thousands(c.unchanged),
        text::thousands(c.rejected),
        text::thousands(c.dead_lettered)
    )
}
