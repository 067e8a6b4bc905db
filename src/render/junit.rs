//! Findings and drills as JUnit XML, for CI that shows tests.

use std::fmt::Write as _;

use crate::app::FindingOut;
use crate::app::run_drills::Answer;
use crate::evidence::Verdict;
use crate::finding::Severity;

/// One test case a finding; an error or warning fails it. A subject without findings is one passed case.
#[must_use]
pub fn junit_findings(subject: &str, findings: &[FindingOut]) -> String {
    let cases: Vec<(String, Option<String>, bool)> = if findings.is_empty() {
        vec![(subject.to_owned(), None, false)]
    } else {
        findings
            .iter()
            .map(|f| {
                let name = format!("{} {}:{}:{}", f.code, f.file, f.line, f.column);
                (name, (f.severity > Severity::Note).then(|| format!("{}\nfix: {}", f.message, f.fix)), false)
            })
            .collect()
    };
    suite("check", &cases)
}

/// One test case a drill; UNPROVEN is skipped, never passed.
#[must_use]
pub fn junit_drills(a: &Answer) -> String {
    let cases: Vec<(String, Option<String>, bool)> = a
        .drills
        .iter()
        .map(|d| {
            let because =
                d.failures.iter().map(|f| format!("seed {}: {}", f.seed, f.because)).collect::<Vec<_>>().join("\n");
            (
                format!("{}/{}", d.flow, d.code),
                (d.verdict == Verdict::Fail).then_some(because),
                d.verdict == Verdict::Unproven,
            )
        })
        .collect();
    suite("drill", &cases)
}

fn suite(name: &str, cases: &[(String, Option<String>, bool)]) -> String {
    let failures = cases.iter().filter(|c| c.1.is_some()).count();
    let skipped = cases.iter().filter(|c| c.2).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut write = |s: String| writeln!(out, "{s}").expect("writing to a string cannot fail");
    write(format!("<testsuites tests=\"{}\" failures=\"{failures}\">", cases.len()));
    write(format!(
        "  <testsuite name=\"platform-integration.{name}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
        cases.len()
    ));
    for (case, failure, skip) in cases {
        let open = format!("    <testcase classname=\"{name}\" name=\"{}\"", escape(case));
        match (failure, skip) {
            (Some(because), _) => {
                let first = because.lines().next().unwrap_or_default();
                write(format!(
                    "{open}><failure message=\"{}\">{}</failure></testcase>",
                    escape(first),
                    escape(because)
                ));
            }
            (None, true) => {
                write(format!("{open}><skipped message=\"proved nothing: its fault never fired\"/></testcase>"))
            }
            (None, false) => write(format!("{open}/>")),
        }
    }
    write("  </testsuite>\n</testsuites>".to_owned());
    out
}

/// XML 1.0 text: markup escaped, characters that XML forbids left out.
fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
