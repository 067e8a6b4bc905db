//! What the verifier says: for people, as annotations of a GitHub workflow, as an in-toto statement.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Text;
use super::findings::drawn;
use super::page::{BOLD, Page, styled};
use crate::app::FindingOut;
use crate::app::verify::Answer;
use crate::base::text;
use crate::finding::Severity;

impl Text for Answer {
    fn text(&self, page: &mut Page) {
        let findings: Vec<FindingOut> = self.findings.iter().map(|f| f.finding.clone()).collect();
        let text = drawn(&findings, &|_| None);
        if !text.is_empty() {
            page.line(text.trim_end());
            page.gap();
        }
        for file in &self.fixed {
            page.line(format!("mended {file}"));
        }
        for server in &self.servers {
            page.line(format!("asked {server}"));
        }
        for what in &self.not_verified {
            page.line(format!("not verified: {what}"));
        }
        page.line(format!(
            "{}: profile {}, {}, {}",
            styled(BOLD, &self.skill),
            self.profile.as_str(),
            text::plural(self.checks as u64, "rule"),
            self.counts
        ));
        page.next(&self.next);
    }
}

/// One workflow command a finding.
/// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>
#[must_use]
pub fn github(answer: &Answer) -> String {
    let mut out = String::new();
    for found in &answer.findings {
        let f = &found.finding;
        let level = match f.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut properties = format!("file={}", property(&f.file));
        if f.line > 0 {
            let _ = write!(properties, ",line={},col={}", f.line, f.column.max(1));
        }
        let _ = write!(properties, ",title={}", property(&format!("{} ({})", f.code, found.rule)));
        let fix = if f.fix.is_empty() { String::new() } else { format!("\nfix: {}", f.fix) };
        let _ = writeln!(out, "::{level} {properties}::{}", data(&format!("{}{fix}", f.message)));
    }
    let _ = writeln!(out, "{}: {}", answer.skill, answer.counts);
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// An in-toto Statement v1 with a Test Result v0.1: its subjects are the files of the skill by digest.
/// <https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md>
#[must_use]
pub fn in_toto(answer: &Answer) -> Value {
    let subjects: Vec<Value> = answer
        .subjects
        .iter()
        .map(|(path, digest)| {
            let hex = digest.as_str();
            json!({"name": path, "digest": {"sha256": hex.strip_prefix("sha256:").unwrap_or(hex)}})
        })
        .collect();
    let mut failed = Vec::new();
    let mut warned = Vec::new();
    let mut passed = Vec::new();
    for rule in crate::verify::rules_of(answer.profile) {
        let worst = answer.findings.iter().filter(|f| f.finding.code == rule.code).map(|f| f.finding.severity).max();
        match worst {
            Some(Severity::Error) => failed.push(rule.code),
            Some(Severity::Warning) => warned.push(rule.code),
            _ => passed.push(rule.code),
        }
    }
    // What is found by running examples has no rule in the table.
    for f in answer.findings.iter().filter(|f| f.rule.is_empty() && f.finding.severity == Severity::Error) {
        if !failed.iter().any(|c| *c == f.finding.code) {
            failed.push(&f.finding.code);
        }
    }
    let result = if failed.is_empty() { if warned.is_empty() { "PASSED" } else { "WARNED" } } else { "FAILED" };
    let version = env!("CARGO_PKG_VERSION");
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": result,
            "configuration": [{
                "name": format!("platform-integration {version} verify --profile {}", answer.profile.as_str()),
                "digest": {"sha256": crate::verify::table_digest().as_str().trim_start_matches("sha256:")},
            }],
            "passedTests": passed,
            "warnedTests": warned,
            "failedTests": failed,
        },
    })
}
