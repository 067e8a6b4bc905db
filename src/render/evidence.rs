//! Answers about the evidence, for people.

use super::page::{BOLD, DIM, Page, styled};
use super::text::{Text, traced};
use crate::app::diff_sessions::DiffOut;
use crate::app::show_record::{RecordOut, TextOut};
use crate::app::{compact_evidence, export_evidence, import_evidence, query_evidence, seal_evidence, verify_evidence};
use crate::base::text::{plural, thousands};

impl Text for query_evidence::Answer {
    fn text(&self, page: &mut Page) {
        if let Some(sessions) = &self.sessions {
            let rows: Vec<Vec<String>> = sessions
                .iter()
                .map(|s| vec![s.session.clone(), s.opened_at.clone(), s.name.clone(), s.client.clone(), s.goal.clone()])
                .collect();
            page.table(&["session", "opened", "integration", "client", "goal"], &rows);
            if rows.is_empty() {
                page.line("no session in this store");
            }
        }
        if let Some(events) = &self.events {
            let rows: Vec<Vec<String>> = events
                .iter()
                .map(|e| {
                    vec![
                        e.seq.to_string(),
                        e.at.clone(),
                        e.phase.as_str().to_owned(),
                        e.kind.as_str().to_owned(),
                        e.outcome.clone(),
                        e.client.clone(),
                        e.summary.clone(),
                    ]
                })
                .collect();
            page.table(&["#", "at", "phase", "kind", "outcome", "client", "what"], &rows);
            if rows.is_empty() {
                page.line("no event matches");
            }
        }
        if let Some(record) = &self.record {
            record_text(record, page);
        }
        if let Some(trace) = &self.trace {
            traced(page, trace);
        }
        if let Some(diff) = &self.diff {
            diff_text(diff, page);
        }
        page.gap();
        if let Some(chain) = &self.chain {
            page.pair("log", chain);
        }
        page.pair("head", &self.head);
        if let Some(cursor) = &self.cursor {
            page.pair("cursor", cursor);
        }
        page.next(&self.next);
    }
}

/// One record whole.
fn record_text(record: &RecordOut, page: &mut Page) {
    let RecordOut { event, data, input, output, proof } = record;
    page.line(format!("{}  {}", styled(BOLD, &format!("record {}", event.seq)), event.summary));
    page.pair("when", &event.at);
    page.pair("who", &event.who);
    page.pair("why", &event.why);
    page.pair("what", format!("{} by {} in phase {}: {}", event.kind, event.tool, event.phase, event.outcome));
    let from = [
        Some(event.client.clone()),
        event.principal.as_ref().map(|p| format!("as {p}")),
        event.protocol.as_ref().map(|p| format!("over MCP {p}")),
        event.traceparent.as_ref().map(|t| format!("within trace {t}")),
        event.parent.map(|p| format!("because of record {p}")),
    ];
    page.pair("from", from.into_iter().flatten().collect::<Vec<_>>().join(", "));
    page.pair("hash", format!("{} {DIM}({proof}, form {}){DIM:#}", event.hash, event.format));
    page.pair("prev", &event.prev);
    text_text("input", input, page);
    text_text("answer", output, page);
    page.heading("data");
    match data {
        Some(data) => pretty(data, page),
        None => page.line("  dropped by the rule of retention"),
    }
}

fn text_text(name: &str, text: &TextOut, page: &mut Page) {
    page.heading(&format!("{name} {DIM}{}{DIM:#}", text.digest));
    match (&text.json, &text.because) {
        (Some(json), _) => pretty(json, page),
        (None, because) => page.line(format!("  {}", because.as_deref().unwrap_or("not kept"))),
    }
}

fn pretty(json: &serde_json::Value, page: &mut Page) {
    let text = serde_json::to_string_pretty(json).unwrap_or_else(|_| json.to_string());
    for line in text.lines() {
        page.line(format!("  {line}"));
    }
}

/// Two sessions side by side.
fn diff_text(diff: &DiffOut, page: &mut Page) {
    let DiffOut { left, right, same, differs, left_out } = diff;
    page.line(format!("{} and {}: {} differ, {same} alike", styled(BOLD, left), styled(BOLD, right), differs.len()));
    for d in differs {
        page.line(format!("  {} {}", d.what, styled(BOLD, &d.name)));
        page.line(format!("    - {}", d.left.as_deref().unwrap_or("not there")));
        page.line(format!("    + {}", d.right.as_deref().unwrap_or("not there")));
    }
    if let Some(left_out) = left_out {
        page.line(format!("  and {left_out} more"));
    }
}

impl Text for verify_evidence::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!("{}  {}", styled(BOLD, if self.holds() { "whole" } else { "broken" }), self.of));
        for problem in &self.problems {
            page.line(format!("  {problem}"));
        }
        if let Some(session) = &self.session {
            page.pair("session", session);
        }
        if !self.holds() {
            page.pair("proven up to", format!("record {}", thousands(self.records)));
            if let Some(seal) = &self.seal {
                page.pair("seal", seal);
            }
            return page.next(&self.next);
        }
        let left_out =
            self.skipped.filter(|n| *n > 0).map(|n| format!(", {} left out", thousands(n))).unwrap_or_default();
        page.pair("records", format!("{}{left_out}", thousands(self.records)));
        if let Some(on_trust) = self.on_trust.filter(|n| *n > 0) {
            page.pair(
                "on trust",
                format!("{}, since an older form of record proves only as a whole", plural(on_trust, "record")),
            );
        }
        if let Some(sessions) = self.sessions {
            page.pair("sessions", thousands(sessions));
        }
        page.pair("texts", format!("{} inputs and answers", thousands(self.blobs)));
        if let Some(thinned) = self.thinned.filter(|n| *n > 0) {
            page.pair("thinned out", format!("{} by the rule of retention", plural(thinned, "record")));
        }
        page.pair("head", &self.head);
        if let Some(origin) = &self.origin {
            page.pair("origin", origin);
        }
        if let Some(seal) = &self.seal {
            page.pair("seal", seal);
        }
        page.next(&self.next);
    }
}

impl Text for seal_evidence::Answer {
    fn text(&self, page: &mut Page) {
        match &self.file {
            Some(file) => page.line(format!("sealed to {}", styled(BOLD, file))),
            None => pretty(&self.statement, page),
        }
        if let Some(signature) = &self.signature {
            page.pair("signature", signature);
        }
        if self.file.is_some() {
            let said = |key: &str| self.statement["predicate"][key].to_string().trim_matches('"').to_owned();
            page.pair("record", said("seq"));
            page.pair("hash", said("hash"));
            page.pair("sealed", said("sealedAt"));
        }
        page.next(&self.next);
    }
}

impl Text for export_evidence::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!("exported to {}", styled(BOLD, &self.file)));
        if let Some(session) = &self.session {
            page.pair("session", session);
        }
        let left_out =
            if self.skipped == 0 { String::new() } else { format!(", {} left out", thousands(self.skipped)) };
        page.pair("records", format!("{}{left_out}", thousands(self.records)));
        page.pair("texts", format!("{} inputs and answers", thousands(self.blobs)));
        page.pair("head", &self.head);
        page.next(&self.next);
    }
}

impl Text for import_evidence::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!("{}  {}", styled(BOLD, &self.outcome), self.file));
        if let Some(session) = &self.session {
            page.pair("session", session);
        }
        page.pair("records", thousands(self.records));
        page.pair("bundle", &self.bundle);
        page.pair("origin", &self.origin);
        page.next(&self.next);
    }
}

impl Text for compact_evidence::Answer {
    fn text(&self, page: &mut Page) {
        page.line(format!("dropped what is older than {}", styled(BOLD, &self.before)));
        page.pair("data", format!("of {}", plural(self.data, "record")));
        page.pair("texts", format!("{} inputs and answers", thousands(self.blobs)));
        page.pair("bytes", thousands(self.bytes));
        page.pair(
            "ledger",
            format!(
                "{} of the undo journal, {}",
                plural(self.undo_lines, "line"),
                plural(self.dead_letters, "settled dead letter")
            ),
        );
        page.pair("kept", &self.kept);
        page.pair("record", self.seq.to_string());
        page.next(&self.next);
    }
}
