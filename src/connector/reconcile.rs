//! Counts keys, each once, by what became of it last.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::evidence::{LedgerError, Reconciliation, Scratch};

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

/// The counts of a pass, exact for any number of keys: what is known of each lies in the scratch of the ledger.
pub(super) struct Tally {
    read: u64,
    keys: Box<dyn Scratch>,
    /// Why the counts are not to be trusted any more.
    broken: Option<LedgerError>,
    /// What the source says it holds.
    pub expected: Option<u64>,
    written: u64,
    unchanged: u64,
    rejected: u64,
    dead: u64,
}

impl Settled {
    const ALL: [Self; 5] = [Self::Written, Self::Unchanged, Self::Stale, Self::Rejected, Self::Dead];

    /// As it is kept: its place in the list, from 1; 0 for a key that was only read.
    fn code(of: Option<Self>) -> u8 {
        let place = of.and_then(|s| Self::ALL.iter().position(|a| *a == s));
        place.and_then(|p| u8::try_from(p + 1).ok()).unwrap_or(0)
    }

    fn of(kept: &[u8]) -> Option<Self> {
        let place = usize::from(*kept.first()?).checked_sub(1)?;
        Self::ALL.get(place).copied()
    }
}

impl Tally {
    /// Nothing counted yet.
    pub(super) const fn new(keys: Box<dyn Scratch>) -> Self {
        Self { read: 0, keys, broken: None, expected: None, written: 0, unchanged: 0, rejected: 0, dead: 0 }
    }

    /// A record with this key was read.
    pub(super) fn read(&mut self, key: &str) {
        self.read += 1;
        match self.keys.get(key.as_bytes()) {
            Ok(Some(_)) => {}
            Ok(None) => self.keep(key, None),
            Err(error) => self.breaks(error),
        }
    }

    /// The record with this key was settled. The last word counts, but a key that was written stays written when it
    /// comes again unchanged, and a version too old to matter takes no failure back.
    pub(super) fn settle(&mut self, key: &str, now: Settled) {
        let before = match self.keys.get(key.as_bytes()) {
            Ok(kept) => kept.as_deref().and_then(Settled::of),
            Err(error) => return self.breaks(error),
        };
        match (now, before) {
            (Settled::Unchanged, Some(Settled::Written)) | (Settled::Stale, Some(_)) => return,
            _ => {}
        }
        self.keep(key, Some(now));
        if let Some(before) = before {
            *self.count(before) -= 1;
        }
        *self.count(now) += 1;
    }

    fn keep(&mut self, key: &str, now: Option<Settled>) {
        if let Err(error) = self.keys.put(key.as_bytes(), &[Settled::code(now)]) {
            self.breaks(error);
        }
    }

    fn breaks(&mut self, error: LedgerError) {
        self.broken.get_or_insert(error);
    }

    /// Whether everything was counted.
    pub(super) fn whole(&self) -> Result<(), LedgerError> {
        self.broken.clone().map_or(Ok(()), Err)
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
        self.keys.keys()
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
        let mut tally = Tally::new(Box::<crate::evidence::MemoryScratch>::default());
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
