//! What the verifier says: for people, as annotations of a GitHub workflow, as an in-toto statement.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Text;
use super::findings::drawn;
use super::page::{BOLD, DIM, Page, styled};
use crate::app::FindingOut;
use crate::app::verify::{Answer, FoundOut, RanOut};
use crate::base::text;
use crate::finding::Severity;

/// The most findings of one code that are drawn; of the others their number and files are said.
const DRAWN: usize = 8;

impl Text for Answer {
    fn text(&self, page: &mut Page) {
        let mut drawn_of: BTreeMap<&str, usize> = BTreeMap::new();
        let mut more: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
        let mut file = "";
        for found in &self.findings {
            let (code, of) = (found.finding.code.as_str(), found.finding.file.as_str());
            let drawn = drawn_of.entry(code).or_default();
            if *drawn == DRAWN {
                let (count, files) = more.entry(code).or_default();
                *count += 1;
                files.insert(of);
                continue;
            }
            *drawn += 1;
            if of != file {
                file = of;
                page.gap();
                page.line(styled(BOLD, of));
                page.gap();
            }
            one(page, found, self.sources.get(of).map(String::as_str));
        }
        page.gap();
        for (code, (count, files)) in more {
            page.line(format!(
                "and {} {code} in {}; `--format json` has all",
                text::plural(count as u64, "more finding"),
                text::plural(files.len() as u64, "file")
            ));
        }
        page.gap();
        for file in &self.fixed {
            page.line(format!("mended {file}"));
        }
        for server in &self.servers {
            page.line(format!("asked {server}"));
        }
        if let Some(ran) = &self.ran {
            for line in counted(ran) {
                page.line(line);
            }
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

/// One finding: what, where with its line drawn, why, what to do.
fn one(page: &mut Page, found: &FoundOut, source: Option<&str>) {
    let f = &found.finding;
    let text = drawn(std::slice::from_ref(f), &|_| source.map(str::to_owned));
    page.line(text.trim_end());
    let said = |label: &str, what: &str| format!("  {DIM}{label}{DIM:#} {what}");
    if let Some(nearest) = found.nearest.as_ref().filter(|n| !f.fix.contains(n.as_str())) {
        page.line(said("near:", nearest));
    }
    if !found.rule.is_empty() {
        let mended = if found.fixable { "; --fix does it" } else { "" };
        page.line(said("rule:", &format!("{} {}{mended}", found.rule, found.source)));
    }
    page.gap();
}

/// One line for each thing that was run; nothing for what there was none of.
fn counted(ran: &RanOut) -> Vec<String> {
    let line = |count: usize, noun: &str, failed: usize, more: &str| {
        (count > 0).then(|| format!("ran {}{more}, {failed} failed", text::plural(count as u64, noun)))
    };
    let cases = if ran.cases > 0 { format!(" with {}", text::plural(ran.cases, "case")) } else { String::new() };
    let mut out: Vec<String> = [
        line(ran.blocks, "code block", ran.blocks_failed, ""),
        line(ran.tests, "test file", ran.tests_failed, &cases),
        line(ran.rows, "matrix row", ran.rows_failed, ""),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !ran.mutants.is_empty() {
        let killed = ran.mutants.iter().filter(|m| m.killed_by.is_some()).count();
        out.push(format!("tried {}, {killed} noticed", text::plural(ran.mutants.len() as u64, "mutant")));
    }
    out
}

/// One workflow command a finding.
/// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>
#[must_use]
pub fn github(answer: &Answer) -> String {
    let mut out = String::new();
    for found in &answer.findings {
        annotation(&mut out, &found.finding, &format!("{} ({})", found.finding.code, found.rule));
    }
    for what in &answer.not_verified {
        let _ = writeln!(out, "::notice title=not verified::{}", data(what));
    }
    let _ = writeln!(out, "{}: {}", answer.skill, answer.counts);
    out
}

/// Findings as annotations of a GitHub workflow, and a last line that counts them.
#[must_use]
pub fn github_findings(findings: &[FindingOut], counts: &str) -> String {
    let mut out = String::new();
    for f in findings {
        annotation(&mut out, f, &f.code);
    }
    let _ = writeln!(out, "{counts}");
    out
}

fn annotation(out: &mut String, f: &FindingOut, title: &str) {
    let level = match f.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = format!("file={}", property(&f.file));
    if f.line > 0 {
        let _ = write!(properties, ",line={},col={}", f.line, f.column.max(1));
    }
    let _ = write!(properties, ",title={}", property(title));
    let fix = if f.fix.is_empty() { String::new() } else { format!("\nfix: {}", f.fix) };
    let _ = writeln!(out, "::{level} {properties}::{}", data(&format!("{}{fix}", f.message)));
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Whether what a rule looks at was not there to be looked at: it has then not passed, whatever it found.
fn unproven(answer: &Answer, id: &str) -> bool {
    let ran = answer.ran.as_ref();
    match id {
        "PI020" | "PI021" | "PI022" | "PI023" | "PI025" | "PI026" | "PI027" | "PI051" => answer.servers.is_empty(),
        "PI030" => ran.is_none_or(|r| r.blocks == 0),
        "PI031" => ran.is_none_or(|r| r.tests == 0),
        "PI032" => ran.is_none_or(|r| r.rows == 0),
        "PI033" => ran.is_none_or(|r| r.mutants.is_empty()),
        _ => false,
    }
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
            _ if unproven(answer, rule.id) => {}
            _ => passed.push(rule.code),
        }
    }
    // What is found by running examples has no rule in the table.
    for f in answer.findings.iter().filter(|f| f.rule.is_empty() && f.finding.severity == Severity::Error) {
        if !failed.iter().any(|c| *c == f.finding.code) {
            failed.push(&f.finding.code);
        }
    }
    let result = if !failed.is_empty() {
        "FAILED"
    } else if warned.is_empty() && answer.not_verified.is_empty() {
        "PASSED"
    } else {
        "WARNED"
    };
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
