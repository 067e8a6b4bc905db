//! A change as a row of the answer, and as a finding of a report.

use super::{ChangeOut, Params};
use crate::app::wire::FindingOut;
use crate::base::text;
use crate::drift::{Change, Touched};
use crate::finding::Severity;

fn out(c: &Change) -> ChangeOut {
    ChangeOut {
        code: c.code.to_owned(),
        breaking: c.breaking,
        severity: c.severity,
        direction: c.side,
        subject: text::quoted(&c.subject, 240),
        message: c.message.clone(),
        fix: c.fix.clone(),
        old: c.old.clone(),
        new: c.new.clone(),
        guess: c.guess.as_ref().map(|g| text::quoted(g, 120)),
        operations: c.reaches.clone(),
        flow: None,
        at: None,
        constraints: Vec::new(),
        drills: Vec::new(),
        fingerprint: c.fingerprint(),
    }
}

/// A change as a finding in the description that has the place.
fn finding(c: &Change, old: &str, new: &str) -> FindingOut {
    let (file, pointer) = match (&c.new, &c.old) {
        (Some(new_at), _) => (new, Some(new_at.clone())),
        (None, old_at) => (old, old_at.clone()),
    };
    FindingOut {
        code: c.code.to_owned(),
        severity: if c.breaking { c.severity } else { c.severity.min(Severity::Warning) },
        confidence: 0.9,
        file: file.to_owned(),
        line: 0,
        column: 0,
        pointer,
        message: format!("{} ({}{})", c.message, if c.breaking { "breaking, " } else { "" }, c.side.as_str()),
        fix: c.fix.clone(),
        related: Vec::new(),
        sample: None,
        fixable: false,
    }
}

pub(super) fn plain(c: &Change, params: &Params) -> (ChangeOut, FindingOut) {
    let mut row = out(c);
    // Everything that a change reaches is for who asks; an answer shows a few.
    row.operations.truncate(5);
    (row, finding(c, &params.old, &params.new))
}

pub(super) fn felt(t: &Touched, file: &str) -> (ChangeOut, FindingOut) {
    let mut row = out(&t.change);
    row.operations = Vec::new();
    row.flow = Some(t.flow.clone());
    row.at = Some(format!("{file}:{} {}", t.at, t.clause));
    row.constraints.clone_from(&t.constraints);
    row.drills = t.drills.iter().map(|d| (*d).to_owned()).collect();
    let mut found = finding(&t.change, file, file);
    (found.line, found.column) = (t.at.line, t.at.column);
    found.message = format!("flow {}, {}: {}", t.flow, t.clause, found.message);
    if !t.constraints.is_empty() {
        found.message.push_str(&format!("; constraints that rest on it: {}", t.constraints.join(", ")));
    }
    if t.change.breaking && !t.drills.is_empty() {
        found.fix = format!("{}; then drill again: {}", found.fix, t.drills.join(", "));
    }
    (row, found)
}
