//! A drift for people: what breaks, in whole sentences; the rest as one line each.

use super::Text;
use super::page::{BOLD, DIM, Page, styled};
use crate::app::check_drift::{Answer, ChangeOut};
use crate::finding::Severity;

/// Most changes that break nobody, on a page for people.
const MOST_OTHERS: usize = 40;

impl Text for Answer {
    fn text(&self, page: &mut Page) {
        page.line(styled(BOLD, &self.system));
        let (breaking, others): (Vec<&ChangeOut>, Vec<&ChangeOut>) = self.changes.iter().partition(|c| c.breaking);
        if !breaking.is_empty() {
            page.heading("breaks");
            for change in breaking {
                one(page, change);
            }
        }
        if !others.is_empty() {
            page.heading("changed");
            for c in others.iter().take(MOST_OTHERS) {
                let bites = if c.severity == Severity::Warning { "may bite: " } else { "" };
                let at = c.at.as_ref().map_or_else(String::new, |at| format!("  {DIM}{at}{DIM:#}"));
                page.line(format!("  {} {DIM}({}){DIM:#} {bites}{}{at}", c.code, c.direction.as_str(), c.message));
            }
            if others.len() > MOST_OTHERS {
                page.line(format!("  {DIM}and {} more; --format json lists all{DIM:#}", others.len() - MOST_OTHERS));
            }
        }
        for gap in &self.unread {
            page.line(format!("  not read: {gap}"));
        }
        page.gap();
        page.line(self.counts());
        page.next(&self.next);
    }
}

fn one(page: &mut Page, c: &ChangeOut) {
    page.line(format!("  {} {DIM}({}, {}){DIM:#}", styled(BOLD, &c.code), c.severity.as_str(), c.direction.as_str()));
    page.line(format!("    {}", c.message));
    if let (Some(flow), Some(at)) = (&c.flow, &c.at) {
        page.line(format!("    at {at}, flow {flow}"));
    }
    if !c.fix.is_empty() {
        page.line(format!("    fix: {}", c.fix));
    }
    for (what, names) in [("constraints", &c.constraints), ("drill again", &c.drills), ("reaches", &c.operations)] {
        if !names.is_empty() {
            page.line(format!("    {DIM}{what}: {}{DIM:#}", names.join(", ")));
        }
    }
    let place = |p: &Option<String>| p.clone().unwrap_or_else(|| "not there".to_owned());
    page.line(format!("    {DIM}{} -> {}  {}{DIM:#}", place(&c.old), place(&c.new), c.fingerprint));
}
