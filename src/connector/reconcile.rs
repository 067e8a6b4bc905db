//! Counts keys, each once, by what became of it last.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::evidence::Reconciliation;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// The target acknowledged it.
    Written,
    /// The target had it already.
    Unchanged,
    /// A newer version of it was there already.
    Stale,
    /// The mapping rejected it.
    Rejected,
    /// It went to the dead letters.
    Dead,
}

impl Settled {
    /// As counted.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Unchanged | Self::Stale => "unchanged",
            Self::Rejected => "rejected",
            Self::Dead => "dead_lettered",
        }
    }
}

/// The counts of a pass. Keys are kept as 128-bit hashes: a pass over millions of records stays small.
#[derive(Debug, Default)]
pub(super) struct Tally {
    read: u64,
    keys: HashMap<u128, Option<Settled>>,
    /// What the source says it holds.
    pub expected: Option<u64>,
    written: u64,
    unchanged: u64,
    rejected: u64,
    dead: u64,
}

impl Tally {
    /// A record with this key was read; tells whether the key is new in this pass.
    pub(super) fn read(&mut self, key: &str) -> bool {
        self.read += 1;
        let before = self.keys.len();
        self.keys.entry(hash(key)).or_default();
        self.keys.len() > before
    }

    /// The record with this key was settled. The last word counts, but a key that was written stays written when it
    /// comes again unchanged, and a version too old to matter takes no failure back.
    pub(super) fn settle(&mut self, key: &str, now: Settled) {
        let slot = self.keys.entry(hash(key)).or_default();
        match (now, *slot) {
            (Settled::Unchanged, Some(Settled::Written)) | (Settled::Stale, Some(_)) => return,
            _ => {}
        }
        let before = slot.replace(now);
        if let Some(before) = before {
            *self.count(before) -= 1;
        }
        *self.count(now) += 1;
    }

    fn count(&mut self, what: Settled) -> &mut u64 {
        match what {
            Settled::Written => &mut self.written,
            Settled::Unchanged | Settled::Stale => &mut self.unchanged,
            Settled::Rejected => &mut self.rejected,
            Settled::Dead => &mut self.dead,
        }
    }

    /// Different keys so far.
    pub(super) fn unique(&self) -> u64 {
        self.keys.len() as u64
    }

    /// The counts as they stand.
    pub(super) fn counts(&self) -> Reconciliation {
        Reconciliation {
            expected: self.expected,
            read: self.read,
            unique: self.unique(),
            written: self.written,
            unchanged: self.unchanged,
            rejected: self.rejected,
            dead_lettered: self.dead,
        }
    }
}

/// 128 bits by two salted rounds; equal on every machine and in every run.
pub(super) fn hash(text: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        text.hash(&mut hasher);
        hasher.finish()
    };
    u128::from(half(1)) << 64 | u128::from(half(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_once_by_what_became_of_it_last() {
        let mut tally = Tally::default();
        for key in ["a", "a", "b", "c", "d"] {
            tally.read(key);
        }
        tally.settle("a", Settled::Written);
        tally.settle("a", Settled::Unchanged);
        tally.settle("b", Settled::Dead);
        tally.settle("b", Settled::Written);
        tally.settle("c", Settled::Written);
        tally.settle("c", Settled::Dead);
        tally.settle("d", Settled::Dead);
        tally.settle("d", Settled::Stale);
        let counts = tally.counts();
        assert_eq!((counts.read, counts.unique), (5, 4));
        assert_eq!((counts.written, counts.unchanged, counts.dead_lettered), (2, 0, 2));
        assert_eq!(counts.settled(), counts.unique);
    }
}
