//! What those who operate a connector need its ledger to keep: what was in the target before each write, which flows are
//! paused, what was tried for a record before it was given up.

use serde_json::Value;

use crate::base::clock::Timestamp;

/// What a write did to the record in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UndoAct {
    /// Made it. Undone by deleting it.
    Created,
    /// Changed one that was looked at before. Undone by writing back what it held.
    Updated,
    /// Wrote it without a look at what was there, or found it after a creation that nobody answered. Cannot be undone.
    Replaced,
    /// Deleted it, since the source did. Undone by making it again of what it held.
    Deleted,
}

impl UndoAct {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::Replaced, Self::Deleted];

    /// `created`, `updated`, `replaced`, `deleted`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Replaced => "replaced",
            Self::Deleted => "deleted",
        }
    }

    /// Reads [`UndoAct::as_str`] back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == word)
    }

    /// What was intended and never acknowledged is not what was done, once more is known of it.
    #[must_use]
    pub const fn gives_way_to(self, later: Self) -> bool {
        matches!(
            (self, later),
            (Self::Created, Self::Updated | Self::Replaced) | (Self::Replaced, Self::Created | Self::Updated)
        )
    }
}

/// One line of the undo journal: what a run did to one record of the target, by the key of its source record. Holds
/// records, as dead letters do.
#[derive(Debug, Clone, PartialEq)]
pub struct Undo {
    /// Handle of the run.
    pub run: String,
    /// The flow.
    pub flow: String,
    /// Key of the source record, as text.
    pub key: String,
    /// What the run did to the record first.
    pub act: UndoAct,
    /// Key of the target's record, where it is known.
    pub target_id: Option<String>,
    /// The target's record as it was found before the run wrote to it; only where it was looked at.
    pub before: Option<Value>,
    /// What was sent and not acknowledged yet: the target may hold it or not.
    pub intends: Option<Value>,
    /// The written fields as the target holds them since: as its acknowledgement shows them, else as they were sent.
    pub wrote: Option<Value>,
    /// When it was last written to.
    pub at: Timestamp,
    /// It was undone.
    pub undone: bool,
}

impl Undo {
    /// The line after a further write of the same run to the same record. What was there before the first write stays;
    /// a creation that was never acknowledged gives way to a record that was found after all, since nobody can tell that
    /// it is ours. What the run changed first and deleted then is made again of what was there before it changed it.
    #[must_use]
    pub fn then(self, later: &Self) -> Self {
        let gives_way = self.wrote.is_none() && self.act.gives_way_to(later.act);
        let deleted = later.act == UndoAct::Deleted && matches!(self.act, UndoAct::Updated | UndoAct::Replaced);
        let (act, before) = match (gives_way, deleted) {
            (true, _) => (later.act, later.before.clone()),
            (false, true) if self.act == UndoAct::Updated => (UndoAct::Deleted, self.before),
            (false, true) => (UndoAct::Deleted, None),
            (false, false) => (self.act, self.before),
        };
        Self {
            act,
            before,
            target_id: later.target_id.clone().or(self.target_id),
            intends: later.intends.clone(),
            wrote: later.wrote.clone().or(self.wrote),
            at: later.at,
            undone: later.undone,
            run: self.run,
            flow: self.flow,
            key: self.key,
        }
    }
}

/// How many lines of a run's journal there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct UndoCounts {
    /// Writes that can be asked to be undone.
    pub open: u64,
    /// Writes that were undone.
    pub undone: u64,
}

/// Stands for every flow of the ledger.
pub const ALL_FLOWS: &str = "*";

/// A flow that was switched off.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Pause {
    /// The flow, or [`ALL_FLOWS`].
    pub flow: String,
    /// Why, in the words of whoever did it.
    pub because: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a pause says while a run is taken back, after its handle.
const TAKING_BACK: &str = " is being rolled back";

impl Pause {
    /// Why a flow is off while this run is taken back.
    #[must_use]
    pub fn taking_back(run: &str) -> String {
        format!("run {run}{TAKING_BACK}")
    }

    /// The run whose rollback switched the flow off and did not come to its end.
    #[must_use]
    pub fn unfinished_rollback(&self) -> Option<&str> {
        self.because.strip_prefix("run ")?.strip_suffix(TAKING_BACK)
    }
}

/// Attempts of one record that are kept; the newest.
pub const MOST_ATTEMPTS: usize = 20;

/// One attempt at a record that failed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attempted {
    /// Kebab-case: `rate-limited`, `rejected-by-target`, `timeout`.
    pub code: String,
    /// Status of the answer; 0 where there was none.
    pub status: u16,
    /// When.
    pub at: Timestamp,
}

/// Who put a dead letter aside, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Closed {
    /// Who.
    pub by: String,
    /// In their words.
    pub because: String,
    /// When.
    pub at: Timestamp,
}

/// The newest attempts of both, oldest first.
#[must_use]
pub fn attempts_kept(mut before: Vec<Attempted>, now: Vec<Attempted>) -> Vec<Attempted> {
    before.extend(now);
    let many = before.len().saturating_sub(MOST_ATTEMPTS);
    before.drain(..many);
    before
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(act: UndoAct, before: Option<Value>, intends: Option<Value>, wrote: Option<Value>) -> Undo {
        Undo {
            run: "r-1".into(),
            flow: "f".into(),
            key: "k".into(),
            act,
            target_id: None,
            before,
            intends,
            wrote,
            at: Timestamp(1),
            undone: false,
        }
    }

    #[test]
    fn what_was_there_before_the_first_write_stays() {
        let first = line(UndoAct::Updated, Some(json!({"a": 1})), None, Some(json!({"a": 2})));
        let second = line(UndoAct::Updated, Some(json!({"a": 2})), Some(json!({"a": 3})), None);
        let both = first.then(&second);
        assert_eq!((both.before, both.intends), (Some(json!({"a": 1})), Some(json!({"a": 3}))));
        assert_eq!(both.wrote, Some(json!({"a": 2})), "the second write may not have arrived");
    }

    #[test]
    fn a_creation_nobody_acknowledged_gives_way_to_a_record_that_was_found() {
        let made = line(UndoAct::Created, None, Some(json!({"a": 1})), None);
        let found = line(UndoAct::Updated, Some(json!({"a": 9})), Some(json!({"a": 1})), None);
        assert_eq!(made.then(&found).act, UndoAct::Updated);
        let made = line(UndoAct::Created, None, None, Some(json!({"a": 1})));
        assert_eq!(made.then(&found).act, UndoAct::Created, "this one is known to be ours");
    }

    #[test]
    fn what_was_changed_and_then_deleted_is_made_again_as_it_was_first() {
        let changed = line(UndoAct::Updated, Some(json!({"a": 1})), None, Some(json!({"a": 2})));
        let gone = line(UndoAct::Deleted, Some(json!({"a": 2})), Some(json!({})), None);
        let both = changed.then(&gone);
        assert_eq!((both.act, both.before), (UndoAct::Deleted, Some(json!({"a": 1}))));
        let made = line(UndoAct::Created, None, None, Some(json!({"a": 1})));
        assert_eq!(made.then(&gone).act, UndoAct::Created, "what the run made and deleted was not there before");
    }

    #[test]
    fn of_many_attempts_the_newest_are_kept() {
        let one = |n: i64| Attempted { code: "timeout".into(), status: 0, at: Timestamp(n) };
        let kept = attempts_kept((0..15).map(one).collect(), (15..30).map(one).collect());
        assert_eq!((kept.len(), kept[0].at, kept[19].at), (20, Timestamp(10), Timestamp(29)));
    }
}
