//! A program of its own is judged by the same laws as our connector, from what the systems saw, how it ended and what it
//! wrote. It gives no report and keeps no ledger that we can read; and time is real, so that every bound has a tolerance.

mod attempts;
mod claims;
mod correlation;
mod letters;
mod pacing;
mod secrets;

pub(in crate::lab) use claims::longest_waits_s;
pub(in crate::lab) use correlation::ids as correlation_ids;
pub(in crate::lab) use pacing::{ON_ITS_WAY_MS, pauses};

use std::collections::BTreeSet;

use super::Evidence;

/// The place of what a program prints.
pub(in crate::lab) const PRINTED: &str = "what it printed";

/// The reason of a dead letter that gives none.
pub(in crate::lab) const TOLD: &str = "the program told it";

/// What is known of a program of its own beside what went over the wire.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Foreign {
    /// It stays up: its exit code says nothing about records.
    pub service: bool,
    /// Its time runs so many times as fast as ours; times of the trace are its own.
    pub scale: u32,
    /// Real seconds that a run may take.
    pub deadline_s: u64,
    /// Real seconds that a run may take in which no request hangs.
    pub longest_s: u64,
    /// Runs from this one on were given to it only to make up for what it had not done.
    pub spare_from: usize,
    /// Runs that were killed while a request was under way that nobody had given up.
    pub left_open: BTreeSet<usize>,
    /// All that it wrote, with the place: what it printed, the file of dead letters, files below its state directory.
    pub wrote: Vec<(String, String)>,
    /// Planted values that are names and no secrets: the id of a client, the name of a user.
    pub names: BTreeSet<String>,
    /// How often a second process was started while the first was at work.
    pub twins: u64,
    /// Planted refresh tokens: they may lie in its state directory.
    pub keeps: BTreeSet<String>,
    /// Keys that stand in the file of dead letters, wherever in it.
    pub filed: BTreeSet<String>,
    /// Keys of which the file has a letter of their own.
    pub lettered: BTreeSet<String>,
    /// Of these, those of which no letter says why.
    pub unreasoned: BTreeSet<String>,
}

impl Foreign {
    /// All that it printed.
    pub(in crate::lab) fn printed(&self) -> &str {
        self.wrote.iter().find(|(place, _)| place == PRINTED).map_or("", |(_, text)| text)
    }

    /// Real milliseconds as its own.
    fn ms(&self, real: i64) -> i64 {
        real.saturating_mul(i64::from(self.scale.max(1)))
    }
}

pub(super) fn judge(e: &Evidence<'_>, program: &Foreign, out: &mut Vec<String>) {
    claims::ended(e, program, out);
    super::delivery::judge(e, out);
    super::beside::judge(e, out);
    super::meddling::judge(e, out);
    super::deliveries::judge(e, out);
    letters::judge(e, program, out);
    claims::judge(e, program, out);
    pacing::judge(e, program, out);
    attempts::judge(e, out);
    secrets::judge(e, program, out);
    correlation::judge(e, out);
}
