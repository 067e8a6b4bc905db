//! What a refusal looked at: events, each with a line, and the kinds of event that it looked for and did not find.

use super::facts::Seen;
use super::record::Record;

/// So many events are named; the rest is counted.
const MOST: usize = 6;

/// The evidence behind a ruling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Sequence number and what the event says, in a line.
    pub events: Vec<(u64, String)>,
    /// Kinds of event that the session does not have.
    pub absent: Vec<&'static str>,
}

impl Looked {
    /// Nothing of this kind was found.
    #[must_use]
    pub fn none(kind: &'static str) -> Self {
        Self { events: Vec::new(), absent: vec![kind] }
    }

    /// One event.
    #[must_use]
    pub fn at<R: Record>(seen: &Seen<R>, says: &str) -> Self {
        Self::default().and(seen.seq, format!("{} {says}", R::KIND.as_str()))
    }

    /// And another.
    #[must_use]
    pub fn and(mut self, seq: u64, line: String) -> Self {
        if !self.events.iter().any(|(s, _)| *s == seq) {
            self.events.push((seq, line));
        }
        self
    }

    /// And all of another.
    #[must_use]
    pub fn also(mut self, other: Self) -> Self {
        for (seq, line) in other.events {
            self = self.and(seq, line);
        }
        self.absent.extend(other.absent);
        self
    }

    /// Nothing was looked at.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty() && self.absent.is_empty()
    }

    /// One line each: `event 4: contract-checked integration.yaml, 2 errors`, `no drills-run in this session`.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let shown = self.events.iter().take(MOST).map(|(seq, line)| format!("event {seq}: {line}"));
        let more = self.events.len().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("and {more} more events"));
        shown.chain(more).chain(self.absent.iter().map(|kind| format!("no {kind} in this session"))).collect()
    }
}

impl std::fmt::Display for Looked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.lines().join("; "))
    }
}
