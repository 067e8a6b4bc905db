//! Findings and drills as JUnit XML, for CI that shows tests.

use std::fmt::Write as _;

use crate::app::FindingOut;
use crate::app::run_drills::Answer;
use crate::evidence::Verdict;
use crate::finding::Severity;

/// What a test case came to.
enum Came {
    Passed,
    Failed(String),
    Skipped(String),
}

/// One test case a finding; an error or warning fails it. A subject without findings is one passed case. Each gap, what was
/// not looked at and why, is one that was skipped: it has not passed.
#[must_use]
pub fn junit_findings(subject: &str, findings: &[FindingOut], gaps: &[String]) -> String {
    let mut cases: Vec<(String, Came)> = findings
        .iter()
        .map(|f| {
            let name = format!("{} {}:{}:{}", f.code, f.file, f.line, f.column);
            let failed = || Came::Failed(format!("{}\nfix: {}", f.message, f.fix));
            (name, if f.severity > Severity::Note { failed() } else { Came::Passed })
        })
        .collect();
    if cases.is_empty() {
        cases.push((subject.to_owned(), Came::Passed));
    }
    cases
        .extend(gaps.iter().map(|gap| (format!("not verified: {gap}"), Came::Skipped(format!("not verified: {gap}")))));
    suite("check", &cases)
}

/// One test case a change; one that breaks fails.
#[must_use]
pub fn junit_drift(a: &crate::app::check_drift::Answer) -> String {
    let mut cases: Vec<(String, Came)> = a
        .changes
        .iter()
        .map(|c| {
            let at = c.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
            let name = format!("{} {} {}{at}", c.code, c.direction.as_str(), c.subject);
            (name, if c.breaking { Came::Failed(format!("{}\nfix: {}", c.message, c.fix)) } else { Came::Passed })
        })
        .collect();
    if cases.is_empty() {
        cases.push((a.system.clone(), Came::Passed));
    }
    cases.extend(a.unread.iter().map(|gap| (format!("not read: {gap}"), Came::Skipped(format!("not read: {gap}")))));
    suite("drift", &cases)
}

/// One test case a drill; UNPROVEN is skipped, never passed.
#[must_use]
pub fn junit_drills(a: &Answer) -> String {
    let cases: Vec<(String, Came)> = a
        .drills
        .iter()
        .map(|d| {
            let because =
                || d.failures.iter().map(|f| format!("seed {}: {}", f.seed, f.because)).collect::<Vec<_>>().join("\n");
            let came = match d.verdict {
                Verdict::Fail => Came::Failed(because()),
                Verdict::Unproven => Came::Skipped("proved nothing: its fault never fired".to_owned()),
                Verdict::Pass | Verdict::Partial => Came::Passed,
            };
            (format!("{}/{}", d.flow, d.code), came)
        })
        .collect();
    suite("drill", &cases)
}

fn suite(name: &str, cases: &[(String, Came)]) -> String {
    let failures = cases.iter().filter(|c| matches!(c.1, Came::Failed(_))).count();
    let skipped = cases.iter().filter(|c| matches!(c.1, Came::Skipped(_))).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut write = |s: String| writeln!(out, "{s}").expect("writing to a string cannot fail");
    write(format!("<testsuites tests=\"{}\" failures=\"{failures}\">", cases.len()));
    write(format!(
        "  <testsuite name=\"platform-integration.{name}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
        cases.len()
    ));
    for (case, came) in cases {
        let open = format!("    <testcase classname=\"{name}\" name=\"{}\"", escape(case));
        match came {
            Came::Failed(because) => {
                let first = because.lines().next().unwrap_or_default();
                write(format!(
                    "{open}><failure message=\"{}\">{}</failure></testcase>",
                    escape(first),
                    escape(because)
                ));
            }
            Came::Skipped(because) => {
                write(format!("{open}><skipped message=\"{}\"/></testcase>", escape(because)));
            }
            Came::Passed => write(format!("{open}/>")),
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

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_not_looked_at_is_skipped_and_has_not_passed() {
        let gap = "server a <b>: it needs the network".to_owned();
        let xml = super::junit_findings("skill/x", &[], &[gap]);
        insta::assert_snapshot!(xml, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites tests="2" failures="0">
          <testsuite name="platform-integration.check" tests="2" failures="0" skipped="1">
            <testcase classname="check" name="skill/x"/>
            <testcase classname="check" name="not verified: server a &lt;b&gt;: it needs the network"><skipped message="not verified: server a &lt;b&gt;: it needs the network"/></testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
