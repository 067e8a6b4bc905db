//! The test matrix for people.

use super::page::{BOLD, DIM, Page, styled, verdict_style};
use crate::app::run_drills::{Answer, DrillOut};
use crate::base::text;
use crate::evidence::Verdict;

/// Whose records are counted: those of the happy path, of the one drill that was asked for, or of all that were. Nothing where
/// none was run.
pub(super) fn counted_over(a: &Answer) -> Option<&str> {
    let first = a.drills.first()?.code.as_str();
    let any = |code: &str| a.drills.iter().any(|d| d.code == code);
    match a.drills.iter().all(|d| d.code == first) {
        _ if any("happy-path") => Some("happy path"),
        true => Some(first),
        false => Some("all of them"),
    }
}

/// Writes the matrix: one row a drill, then failures with their seeds, then what does not apply.
pub fn matrix(page: &mut Page, a: &Answer) {
    let several = a.drills.iter().any(|d| a.drills.first().is_some_and(|f| f.flow != d.flow));
    let name = |d: &DrillOut| if several { format!("{}/{}", d.flow, d.code) } else { d.code.clone() };
    let rows: Vec<Vec<String>> = a
        .drills
        .iter()
        .map(|d| {
            vec![
                name(d),
                d.verdict.to_string(),
                d.schedules.to_string(),
                text::thousands(d.fired),
                d.hypothesis.clone(),
            ]
        })
        .collect();
    page.table(&["drill", "verdict", "runs", "came about", "what it shows"], &rows);
    for d in a.drills.iter().filter(|d| d.failures.is_empty() && d.verdict != Verdict::Pass) {
        page.gap();
        page.line(format!("  {} {}", styled(verdict_style(d.verdict), d.verdict.as_str()), styled(BOLD, &name(d))));
        for c in &d.caveats {
            page.line(format!("    {c}"));
        }
    }
    for d in a.drills.iter().filter(|d| !d.failures.is_empty()) {
        page.gap();
        page.line(format!("  {} {}", styled(verdict_style(Verdict::Fail), "FAIL"), styled(BOLD, &name(d))));
        for f in &d.failures {
            page.line(format!("    {DIM}seed {}:{DIM:#} {}", f.seed, f.because));
            if let Some(size) = &f.size {
                page.line(format!("    {DIM}smallest that fails: {size}{DIM:#}"));
            }
            // What was asked for as a trace stands above.
            let shown = |t: &&String| a.trace.as_ref().is_none_or(|trace| trace.trim_end() != t.trim_end());
            for line in f.timeline.iter().filter(shown).flat_map(|t| t.lines()) {
                page.line(format!("    {line}"));
            }
            page.line(format!("    {DIM}replay: {}{DIM:#}", f.replay));
        }
    }
    if a.clauses.iter().any(|c| !c.reached) {
        page.gap();
        for c in a.clauses.iter().filter(|c| !c.reached) {
            let flow = if several { format!("{}/", c.flow) } else { String::new() };
            page.line(format!("  {DIM}no drill came to:{DIM:#} {flow}{} {DIM}(line {}){DIM:#}", c.clause, c.line));
        }
    }
    if !a.not_applicable.is_empty() {
        page.gap();
        for n in &a.not_applicable {
            page.line(format!("  {DIM}not applicable:{DIM:#} {} {DIM}({}){DIM:#}", n.code, n.because));
        }
    }
}
