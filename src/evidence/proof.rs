//! Proving a chain: walking it, naming the first place where it does not hold, and saying what may be missing.

use super::{Event, EventKind, GENESIS, Keep, chain_hash};
use crate::base::clock::Timestamp;

/// How far ahead a row that stands in the wrong place is looked for, so that a removal is told from an alteration.
const REACH: u64 = 4096;

/// The newest record of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 before the first.
    pub seq: u64,
    /// Its hash, or [`GENESIS`].
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

/// The first place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFault {
    /// The event.
    pub seq: u64,
    /// What is wrong with it: `altered`, `removed`, `reordered`, or what of it is missing.
    pub because: String,
}

/// What a proof of the whole store found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// The newest record.
    pub head: Head,
    /// Hash of the first record, which names the store; nothing where there is none.
    pub origin: Option<String>,
    /// Sessions proven by the records that opened them.
    pub sessions: u64,
    /// Inputs and answers whose digest is what their record says.
    pub blobs: u64,
    /// Records whose data, input or answer was dropped by the rule of retention.
    pub thinned: u64,
    /// The first record that was altered, removed or reordered.
    pub fault: Option<ChainFault>,
    /// What is wrong beside the records: indexes, triggers, rows that no record accounts for.
    pub beside: Vec<String>,
}

impl Proof {
    /// Nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.fault.is_none() && self.beside.is_empty()
    }

    /// `whole`, or the first thing that is wrong.
    #[must_use]
    pub fn words(&self) -> String {
        match (&self.fault, self.beside.first()) {
            (Some(fault), _) => format!("broken at record {}: {}", fault.seq, fault.because),
            (None, Some(beside)) => format!("damaged: {beside}"),
            (None, None) => "whole".to_owned(),
        }
    }
}

/// What a compaction dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Dropped {
    /// Records whose data went.
    pub data: u64,
    /// Inputs and answers that went.
    pub blobs: u64,
    /// Bytes of both.
    pub bytes: u64,
}

/// Adds `event` to the compactions on record, if it is one: its number, and the time before which it dropped. One that
/// claims a time later than its own accounts for nothing: what was not there yet cannot have been dropped by rule.
pub fn compactions(event: &Event, known: &mut Vec<(u64, Timestamp)>) {
    if event.event.kind == EventKind::EvidenceCompacted
        && let Some(before) = event.event.data.get("before_ms").and_then(serde_json::Value::as_i64)
        && before <= event.event.at.0
    {
        known.push((event.seq, Timestamp(before)));
    }
}

/// Whether a compaction on record accounts for what `event` lacks: its data, or its input and answer.
#[must_use]
pub fn may_lack(event: &Event, data: bool, known: &[(u64, Timestamp)]) -> bool {
    let droppable = match event.event.kind.keep() {
        Keep::All => false,
        Keep::Data => !data,
        Keep::Record => true,
    };
    droppable && event.format > 1 && known.iter().any(|(seq, before)| *seq > event.seq && event.event.at < *before)
}

/// Walks a chain, record by record.
#[derive(Debug, Clone)]
pub struct Walk {
    next: u64,
    head: String,
}

impl Walk {
    /// Behind `head`; its default is the place before the first record.
    #[must_use]
    pub fn from(head: &Head) -> Self {
        Self { next: head.seq + 1, head: head.hash.clone() }
    }

    /// The sequence number that must come next.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// The record reached.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.next - 1, hash: self.head.clone() }
    }

    /// Goes on over `event`, or says what is wrong. `known` tells whether any event of the log has a hash.
    ///
    /// # Errors
    /// Those of `known`.
    pub fn step<E>(&mut self, event: &Event, known: impl Fn(&str) -> Result<bool, E>) -> Result<Option<ChainFault>, E> {
        let expected = self.next;
        let fault = |seq: u64, because: &str| Some(ChainFault { seq, because: because.to_owned() });
        if event.seq != expected {
            return Ok(fault(expected, "removed"));
        }
        let intact_as = |seq: u64| chain_hash(seq, event) == event.hash;
        let intact = intact_as(expected);
        if event.prev == self.head {
            if !intact {
                return Ok(fault(expected, "altered"));
            }
            self.next += 1;
            self.head.clone_from(&event.hash);
            return Ok(None);
        }
        // The row does not follow the one before it.
        if intact {
            // It is as it was written, so the one before it is not.
            return Ok(fault(expected.saturating_sub(1).max(1), "altered"));
        }
        if known(&event.prev)? {
            return Ok(fault(expected, "reordered"));
        }
        let moved_up = (expected + 1..=expected + REACH).any(intact_as);
        Ok(fault(expected, if moved_up { "removed" } else { "altered" }))
    }

    /// At the end: `given` is the highest sequence number ever given out.
    #[must_use]
    pub fn end(&self, given: u64) -> Option<ChainFault> {
        (given >= self.next).then(|| ChainFault { seq: self.next, because: "removed".to_owned() })
    }
}
