//! Takes back what a run wrote: deletes what it made, writes back what it changed, by the journal. A record that is not any
//! more as the run left it is somebody else's by now, and stays. Each line is looked at in the target first and marked in
//! the ledger last, so that an undoing that is killed is gone on with.

mod filled;
mod journal;
mod restoring;
mod todo;

pub use self::journal::{undo, undo_with};
pub(super) use self::restoring::{refusal, sent};
pub(super) use self::todo::as_before;
use crate::evidence::{UndoAct, Verdict};

/// Records that an answer names; the rest are counted.
pub const MOST_NAMED: usize = 1_000;

/// What became of one write, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoItem {
    /// Key of the source record.
    pub key: String,
    /// What the run did.
    pub act: UndoAct,
    /// Key of the target's record, where it is known.
    pub target_id: Option<String>,
    /// What came of it.
    pub outcome: UndoOutcome,
    /// Why, where it stays.
    pub because: String,
}

/// What came of undoing one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UndoOutcome {
    /// It was deleted, or would be.
    Deleted,
    /// Its former values were written back, or would be.
    Restored,
    /// There is nothing to undo: it is as before already.
    AsBefore,
    /// Somebody changed it since; it stays.
    ChangedSince,
    /// The target or the journal does not allow it.
    Cannot,
    /// It was tried, and the target did not do it.
    Failed,
}

impl UndoOutcome {
    /// Kebab-case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::AsBefore => "as-before",
            Self::ChangedSince => "changed-since",
            Self::Cannot => "cannot-be-undone",
            Self::Failed => "failed",
        }
    }
}

/// Counted writes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct UndoTally {
    /// Writes in the journal.
    pub writes: u64,
    /// Deleted, or to be.
    pub deleted: u64,
    /// Restored, or to be.
    pub restored: u64,
    /// As before already, those undone earlier among them.
    pub as_before: u64,
    /// Changed by somebody since.
    pub changed_since: u64,
    /// Not possible.
    pub cannot: u64,
    /// Tried in vain.
    pub failed: u64,
}

impl UndoTally {
    const fn add(&mut self, outcome: UndoOutcome) {
        let count = match outcome {
            UndoOutcome::Deleted => &mut self.deleted,
            UndoOutcome::Restored => &mut self.restored,
            UndoOutcome::AsBefore => &mut self.as_before,
            UndoOutcome::ChangedSince => &mut self.changed_since,
            UndoOutcome::Cannot => &mut self.cannot,
            UndoOutcome::Failed => &mut self.failed,
        };
        *count += 1;
    }

    /// Whether each write of the journal is accounted for.
    #[must_use]
    pub const fn whole(&self) -> bool {
        self.deleted + self.restored + self.as_before + self.changed_since + self.cannot + self.failed == self.writes
    }

    /// PASS where everything is undone (or can be), PARTIAL where something stays, FAIL where something was tried in vain
    /// or is not accounted for, UNPROVEN where the journal holds nothing of a run that wrote.
    #[must_use]
    pub const fn verdict(&self, wrote: bool, finished: bool) -> Verdict {
        if self.writes == 0 && wrote {
            return Verdict::Unproven;
        }
        if self.failed > 0 || (finished && !self.whole()) {
            return Verdict::Fail;
        }
        if !finished || self.changed_since + self.cannot > 0 {
            return Verdict::Partial;
        }
        Verdict::Pass
    }
}

/// What undoing a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoReport {
    /// The run that is undone.
    pub run: String,
    /// Its flow.
    pub flow: String,
    /// See [`UndoTally::verdict`].
    pub verdict: Verdict,
    /// Counted writes.
    pub tally: UndoTally,
    /// The first [`MOST_NAMED`] of them that are or would be undone, by key.
    pub done: Vec<UndoItem>,
    /// The first [`MOST_NAMED`] of them that stay, by key.
    pub stay: Vec<UndoItem>,
    /// Why it ended early, if it did: kebab-case code and words.
    pub stopped: Option<(String, String)>,
    /// Requests sent.
    pub requests: u64,
}

impl UndoReport {
    /// Nothing was asked of the journal yet.
    #[must_use]
    pub fn nothing(flow: &str) -> Self {
        Self {
            run: String::new(),
            flow: flow.to_owned(),
            verdict: Verdict::Unproven,
            tally: UndoTally::default(),
            done: Vec::new(),
            stay: Vec::new(),
            stopped: None,
            requests: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_from_the_counts() {
        let tally = |deleted, changed_since, failed, writes| UndoTally {
            writes,
            deleted,
            changed_since,
            failed,
            ..UndoTally::default()
        };
        assert_eq!(tally(3, 0, 0, 3).verdict(true, true), Verdict::Pass);
        assert_eq!(tally(2, 1, 0, 3).verdict(true, true), Verdict::Partial);
        assert_eq!(tally(2, 0, 1, 3).verdict(true, true), Verdict::Fail);
        assert_eq!(tally(2, 0, 0, 3).verdict(true, true), Verdict::Fail, "one is not accounted for");
        assert_eq!(tally(2, 0, 0, 3).verdict(true, false), Verdict::Partial, "gone on with later");
        assert_eq!(tally(0, 0, 0, 0).verdict(true, true), Verdict::Unproven, "it wrote, and the journal is gone");
        assert_eq!(tally(0, 0, 0, 0).verdict(false, true), Verdict::Pass);
    }
}
