//! What those who operate a connector read: what was undone and what stays, what the target holds, how the flows stand.

use super::Text;
use super::page::{BOLD, DIM, Page, styled, verdict_style};
use crate::app::dead_letters::{LetterAnswer, ReplayAnswer};
use crate::app::operate::{PauseOut, RunOut, RunState, RunsAnswer, StatusAnswer};
use crate::app::rollback;
use crate::app::run_connector::VerifiedOut;
use crate::app::wire::counts_line;
use crate::base::text;
use crate::connector::ConfirmTally;

/// Records shown in a text; all that are named are in the JSON.
const SHOWN: usize = 20;

/// Why something ended early.
pub(super) fn stopped(because: &str) -> String {
    // A signal is told by the code that says so already.
    format!("  stopped: {}", because.strip_prefix("stopped: ").unwrap_or(because))
}

fn more(page: &mut Page, all: u64, shown: usize) {
    let left = all.saturating_sub(shown as u64);
    if left > 0 {
        page.line(format!("  and {} more", text::thousands(left)));
    }
}

impl Text for rollback::Answer {
    fn text(&self, page: &mut Page) {
        if !self.applied {
            page.line("dry run, nothing was written");
        }
        for run in &self.runs {
            let verdict = styled(verdict_style(run.verdict), run.verdict.as_str());
            page.line(format!("{verdict} {} of {}, begun {}", styled(BOLD, &run.run), run.flow, run.started));
            page.line(format!("  {}", rollback::line(&run.counts)));
            if run.counts.writes == 0 {
                page.line("  the journal holds nothing of it: it wrote nothing, or retention dropped it");
            }
            if let Some(stopped) = &run.stopped {
                page.line(self::stopped(stopped));
            }
            let would = if self.applied { "taken back" } else { "would be taken back" };
            for (head, items, all) in [
                (would, &run.undone, run.counts.deleted + run.counts.restored),
                ("stays", &run.stays, run.counts.changed_since + run.counts.cannot + run.counts.failed),
            ] {
                if items.is_empty() {
                    continue;
                }
                page.gap();
                let rows: Vec<Vec<String>> = items
                    .iter()
                    .take(SHOWN)
                    .map(|i| {
                        let id = i.target_id.clone().unwrap_or_default();
                        vec![i.key.clone(), id, i.run_did.to_owned(), i.outcome.to_owned(), i.because.clone()]
                    })
                    .collect();
                page.table(&[head, "target id", "run did", "outcome", "because"], &rows);
                more(page, all, rows.len());
            }
        }
        for flow in &self.paused {
            page.line(format!("flow {flow} is paused, and stays so"));
        }
        page.next(&self.next);
    }
}

/// What reading a target back came to.
pub(super) fn verified(page: &mut Page, verified: &VerifiedOut) {
    let ConfirmTally {
        unique,
        same,
        missing,
        different,
        doubled,
        since_changed,
        mapping_changed,
        not_delivered,
        unreadable,
    } = verified.counts;
    let verdict = styled(verdict_style(verified.verdict), verified.verdict.as_str());
    if unique == 0 {
        page.line(format!("  read back: {verdict}, {}", verified.how));
    } else {
        page.line(format!(
            "  read back {}: {verdict}, {} of {} the same, {missing} missing, {different} different, {doubled} doubled, {since_changed} \
             changed since, {mapping_changed} by an earlier mapping, {not_delivered} not delivered, {unreadable} unreadable",
            verified.how,
            text::thousands(same),
            text::thousands(unique),
        ));
    }
    if let Some(stopped) = &verified.stopped {
        page.line(self::stopped(stopped));
    }
    if verified.differences.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = verified
        .differences
        .iter()
        .take(SHOWN)
        .map(|d| vec![d.key.clone(), d.wrong.to_owned(), d.fields.join(" "), d.because.clone()])
        .collect();
    page.table(&["key", "wrong", "fields", "because"], &rows);
    more(page, unique - same, rows.len());
}

/// What is to be said of a run at a glance: the verdict of one that has not ended is none.
fn outcome(run: &RunOut) -> String {
    match run.state {
        RunState::Ended => run.verdict.clone(),
        RunState::Running | RunState::Killed => run.state.as_str().to_owned(),
    }
}

impl Text for StatusAnswer {
    fn text(&self, page: &mut Page) {
        if let Some(did) = &self.did {
            page.line(styled(BOLD, did));
        }
        if let Some(all) = &self.all_paused {
            page.line(format!("all flows are paused by {} since {}: {}", all.by, all.at, all.because));
        }
        let all = self.all_paused.is_some();
        let rows: Vec<Vec<String>> = self
            .flows
            .iter()
            .map(|f| {
                // What switches all off is told above, once.
                let told =
                    |p: &PauseOut| if all { p.by.clone() } else { format!("{} since {}: {}", p.by, p.at, p.because) };
                let paused = f.paused.as_ref().map(told);
                let last = f.last_run.as_ref();
                vec![
                    f.flow.clone(),
                    paused.unwrap_or_else(|| "no".to_owned()),
                    last.map(|r| r.run.clone()).unwrap_or_default(),
                    last.map(|r| r.started.clone()).unwrap_or_default(),
                    last.map(outcome).unwrap_or_default(),
                    f.dead_letters.to_string(),
                ]
            })
            .collect();
        if rows.is_empty() {
            page.line("the ledger knows no flow");
        } else {
            page.table(&["flow", "paused by", "last run", "begun", "outcome", "dead letters"], &rows);
        }
        page.next(&self.next);
    }
}

impl Text for RunsAnswer {
    fn text(&self, page: &mut Page) {
        let rows: Vec<Vec<String>> = self
            .runs
            .iter()
            .map(|r| {
                let counts = serde_json::from_value(r.reconciliation.clone()).map(|c| counts_line(&c));
                vec![
                    r.run.clone(),
                    r.flow.clone(),
                    r.started.clone(),
                    outcome(r),
                    counts.unwrap_or_else(|_| "not ended".to_owned()),
                    r.journal.open.to_string(),
                    r.journal.undone.to_string(),
                ]
            })
            .collect();
        if rows.is_empty() {
            page.line("no runs");
        } else {
            page.table(&["run", "flow", "begun", "outcome", "counts", "writes", "undone"], &rows);
        }
        page.next(&self.next);
    }
}

impl Text for LetterAnswer {
    fn text(&self, page: &mut Page) {
        let l = &self.letter;
        page.line(styled(BOLD, &format!("dead letter {} of {}", l.id, l.flow)));
        page.pair("key", &l.key);
        page.pair("state", format!("{:?}", l.state).to_lowercase());
        page.pair("because", format!("{}: {}", l.code, l.because));
        page.pair("buried", &l.at);
        page.pair("record", &self.digest);
        if let (Some(by), Some(because)) = (&self.dropped_by, &self.dropped_because) {
            page.pair("dropped", format!("by {by}: {because}"));
        }
        if self.history.is_empty() {
            page.line(format!("  {DIM}no request was made for it{DIM:#}"));
        } else {
            let rows: Vec<Vec<String>> = self
                .history
                .iter()
                .map(|a| {
                    let status = if a.status == 0 { "none".to_owned() } else { a.status.to_string() };
                    vec![a.at.clone(), a.code.clone(), status]
                })
                .collect();
            page.table(&["attempt", "code", "status"], &rows);
        }
        if let Some(payload) = &self.payload {
            page.gap();
            page.line(serde_json::to_string_pretty(payload).unwrap_or_default());
        }
        page.next(&self.next);
    }
}

impl Text for ReplayAnswer {
    fn text(&self, page: &mut Page) {
        for f in &self.flows {
            page.line(format!("{} {}", styled(verdict_style(f.verdict), f.verdict.as_str()), styled(BOLD, &f.flow)));
            page.line(format!("  {}", counts_line(&f.reconciliation)));
            if !f.delivered.is_empty() {
                let shown: Vec<&str> = f.delivered.iter().take(SHOWN).map(String::as_str).collect();
                page.line(format!("  delivered: {}", shown.join(", ")));
                more(page, f.delivered.len() as u64, shown.len());
            }
            for l in f.waiting.iter().take(SHOWN) {
                page.line(format!("  still waiting as {}: {} ({}: {})", l.id, l.key, l.code, l.because));
            }
            more(page, f.waiting.len() as u64, f.waiting.len().min(SHOWN));
            if let Some(because) = &f.stopped {
                page.line(stopped(because));
            }
        }
        page.next(&self.next);
    }
}
