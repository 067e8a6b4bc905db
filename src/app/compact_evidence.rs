//! Drops, by rule, what is old and what nothing is computed from. The chain still proves.

use serde::Serialize;
use serde_json::json;

use super::{App, Fault, No, Refusal, conditions, note_record};
use crate::base::text;
use crate::evidence::{Dropped, EventKind, Keep, Outcome, Phase};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// How far back everything is kept.
#[derive(Debug, Clone)]
pub enum Rule {
    /// `90d`, `12w`.
    Keep(String),
    /// A date or time.
    Before(String),
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Records before this time were thinned out.
    pub before: String,
    /// Records whose data went.
    pub data: u64,
    /// Inputs and answers that went.
    pub blobs: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Lines of the undo journal that went: what they tell of cannot be taken back any more.
    pub undo_lines: u64,
    /// Dead letters that went; none that waits.
    pub dead_letters: u64,
    /// What stays of every record, and what stays of some.
    pub kept: String,
    /// Number of the record of this.
    pub seq: u64,
    /// What to do next.
    pub next: String,
}

/// Thins out the log.
///
/// # Errors
/// A rule that cannot be read or lies in the future, a log that does not prove, faults of the store.
pub fn run(app: &App, rule: &Rule) -> Result<Answer, No> {
    let now = app.clock.now();
    let before = match rule {
        Rule::Keep(span) => now.plus_ms(-span_of(span)?),
        Rule::Before(time) => conditions::time(time)?,
    };
    if before > now {
        return Err(Refusal::new(
            "bad-argument",
            format!("{} lies in the future", before.rfc3339()),
            "give a time that has passed, or --keep 90d",
        )
        .into());
    }
    // What does not prove must not lose the evidence of what is wrong with it.
    let proof = app.store.verify()?;
    if !proof.holds() {
        return Err(Refusal::new(
            "log-does-not-prove",
            format!("the log is {}", proof.words()),
            "platform-integration evidence verify",
        )
        .into());
    }
    let kept = kept();
    // Records of people are in the ledger as well: in the undo journal and in letters that are settled.
    let (undo_lines, dead_letters) = app.ledger.forget(before)?;
    let mut record = |dropped: &Dropped| {
        note_record(
            app,
            super::Note {
                session: None,
                phase: Phase::Validate,
                kind: EventKind::EvidenceCompacted,
                tool: "evidence compact",
                input: json!({"before": before.rfc3339()}),
                summary: format!(
                    "dropped data of {} and {} from before {}",
                    text::plural(dropped.data, "record"),
                    text::plural(dropped.blobs, "blob"),
                    before.rfc3339()
                ),
                data: json!({"before_ms": before.0, "before": before.rfc3339(), "dropped": dropped,
                    "undo_lines": undo_lines, "dead_letters": dead_letters}),
            },
            Outcome::Ok,
            None,
        )
    };
    let (dropped, event) = app.store.compact(before, &mut record).map_err(Fault::from)?;
    Ok(Answer {
        before: before.rfc3339(),
        data: dropped.data,
        blobs: dropped.blobs,
        bytes: dropped.bytes,
        undo_lines,
        dead_letters,
        kept,
        seq: event.seq,
        next: "platform-integration evidence verify proves what is left".to_owned(),
    })
}

/// A span in milliseconds.
fn span_of(span: &str) -> Result<i64, Refusal> {
    let bad = || {
        Refusal::new(
            "bad-argument",
            format!("\"{}\" is no span of time", text::quoted(span, 40)),
            "give days or weeks: 90d, 12w",
        )
    };
    let (number, unit) = span.split_at_checked(span.len().saturating_sub(1)).ok_or_else(bad)?;
    let days: i64 = match unit {
        "d" => 1,
        "w" => 7,
        _ => return Err(bad()),
    };
    let number: i64 = number.parse::<u32>().map_err(|_| bad())?.into();
    Ok(number.saturating_mul(days).saturating_mul(DAY))
}

/// What is never dropped, in words.
fn kept() -> String {
    let of = |keep: Keep| {
        let names: Vec<&str> = EventKind::ALL.iter().filter(|k| k.keep() == keep).map(|k| k.as_str()).collect();
        names.join(", ")
    };
    format!("every record with its hash; the data of {}; all of {}", of(Keep::Data), of(Keep::All))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_days_or_weeks() {
        assert_eq!(span_of("90d"), Ok(90 * DAY));
        assert_eq!(span_of("2w"), Ok(14 * DAY));
        for bad in ["", "d", "90", "-1d", "90h", "90 d", "ä"] {
            assert!(span_of(bad).is_err_and(|r| r.next == "give days or weeks: 90d, 12w"), "{bad}");
        }
    }
}
