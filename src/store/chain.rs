//! Walks the chain and names the first place where it does not hold.

use crate::evidence::{ChainFault, Event, GENESIS, chain_hash};

/// How far ahead a row that stands in the wrong place is looked for, so that a removal is told from an alteration.
const REACH: u64 = 4096;

/// Walks a chain from its first event.
pub(super) struct Walk {
    next: u64,
    head: String,
}

impl Walk {
    /// Before the first event.
    pub(super) fn new() -> Self {
        Self { next: 1, head: GENESIS.to_owned() }
    }

    /// The sequence number that must come next.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Goes on over `event`, or says what is wrong. `known` tells whether any event of the log has a hash.
    pub(super) fn step<E>(
        &mut self,
        event: &Event,
        known: impl Fn(&str) -> Result<bool, E>,
    ) -> Result<Option<ChainFault>, E> {
        let expected = self.next;
        let fault = |seq: u64, because: &str| Some(ChainFault { seq, because: because.to_owned() });
        if event.seq != expected {
            return Ok(fault(expected, "removed"));
        }
        let intact_as = |seq: u64| chain_hash(seq, &event.prev, &event.event) == event.hash;
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
    pub(super) fn end(&self, given: u64) -> Option<ChainFault> {
        (given >= self.next).then(|| ChainFault { seq: self.next, because: "removed".to_owned() })
    }
}
