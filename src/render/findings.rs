//! Findings for people: severity, code, place, the source line with a caret, reason, fix.

use std::fmt::Write as _;

use super::page::{BOLD, DIM, severity_style, styled};
use crate::app::FindingOut;
use crate::base::{redact, text};

/// All findings, drawn; `source` gives the text of a file where it is at hand.
#[must_use]
pub fn drawn(findings: &[FindingOut], source: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    for f in findings {
        one(&mut out, f, source);
    }
    out
}

fn one(out: &mut String, f: &FindingOut, source: &dyn Fn(&str) -> Option<String>) {
    let style = severity_style(f.severity);
    let mut write = |s: String| writeln!(out, "{s}").expect("writing to a string cannot fail");
    write(format!("{}{BOLD}: {}{BOLD:#}", styled(style, &format!("{}[{}]", f.severity.as_str(), f.code)), f.message));
    let place = if f.line > 0 { format!("{}:{}:{}", f.file, f.line, f.column) } else { f.file.clone() };
    let pointer = f.pointer.as_ref().map(|p| format!("  {p}")).unwrap_or_default();
    write(format!("  {DIM}-->{DIM:#} {place}{DIM}{pointer}{DIM:#}"));
    if f.line > 0
        && let Some(text) = source(&f.file)
        && let Some(line) = text.lines().nth(f.line as usize - 1)
    {
        let number = f.line.to_string();
        let pad = " ".repeat(number.len());
        // Columns count characters; a tab is drawn as one space so that the caret stays under its place.
        // A secret in the file is refused by name; it is not printed into a log on that occasion.
        let line = redact::text(line);
        let shown: String = text::truncate(&line, 160).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let caret = " ".repeat((f.column as usize).saturating_sub(1).min(159));
        write(format!("  {DIM}{number} |{DIM:#} {shown}"));
        write(format!("  {DIM}{pad} |{DIM:#} {caret}{}", styled(style, "^")));
    }
    if !f.related.is_empty() {
        write(format!("  {DIM}from:{DIM:#} {}", f.related.join(", ")));
    }
    if let Some(sample) = &f.sample {
        write(format!("  {DIM}shown by:{DIM:#} {sample}"));
    }
    if !f.fix.is_empty() {
        let safe = if f.fixable { " (check --fix does it)" } else { "" };
        write(format!("  {DIM}fix:{DIM:#} {}{safe}", f.fix));
    }
    out.push('\n');
}
