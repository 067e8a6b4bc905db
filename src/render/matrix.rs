//! The test matrix for people.

use indexmap::IndexMap;

use super::page::{BOLD, DIM, Page, styled, verdict_style};
use crate::app::run_drills::{Answer, DrillOut};
use crate::base::text;
use crate::evidence::Verdict;

/// Whose records are counted: those of the happy path, of the one drill that was asked for, or of all that were, in all their
/// schedules. Nothing where none was run.
pub(super) fn counted_over(a: &Answer) -> Option<String> {
    let first = a.drills.first()?.code.as_str();
    let any = |code: &str| a.drills.iter().any(|d| d.code == code);
    let (over, of) = match a.drills.iter().all(|d| d.code == first) {
        _ if any("happy-path") => ("happy path", Some("happy-path")),
        true => (first, Some(first)),
        false => ("all drills", None),
    };
    let counted = a.drills.iter().filter(|d| of.is_none_or(|code| d.code == code));
    let schedules = counted.map(|d| d.schedules).sum();
    Some(format!("{over}, {}", text::plural(schedules, "schedule")))
}

/// Writes the matrix: one row a drill, then what does not apply, and last, where it is looked for, what failed, with its seeds.
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
    if a.clauses.iter().any(|c| !c.reached) {
        page.gap();
        for c in a.clauses.iter().filter(|c| !c.reached) {
            let flow = if several { format!("{}/", c.flow) } else { String::new() };
            page.line(format!("  {DIM}no drill came to:{DIM:#} {flow}{} {DIM}(line {}){DIM:#}", c.clause, c.line));
        }
    }
    if !a.not_applicable.is_empty() {
        page.gap();
        page.table(&["not applicable", "because"], &not_applicable(a, several));
    }
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
}

/// Drills that do not apply, those of one reason together; each with its flow where there are several.
fn not_applicable(a: &Answer, several: bool) -> Vec<Vec<String>> {
    let mut by_reason: IndexMap<&str, Vec<String>> = IndexMap::new();
    for n in &a.not_applicable {
        let name = if several { format!("{}/{}", n.flow, n.code) } else { n.code.clone() };
        by_reason.entry(&n.because).or_default().push(name);
    }
    by_reason.into_iter().map(|(because, codes)| vec![codes.join(", "), because.to_owned()]).collect()
}
