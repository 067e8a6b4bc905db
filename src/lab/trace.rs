//! What happened in one schedule, in order: the timeline that judges read and people replay.

use std::cell::OnceCell;
use std::sync::Arc;

use serde_json::Value;

use super::bench::Purpose;
use super::courier::Delivered;
use super::mock::Effect;
use crate::base::clock::Timestamp;
use crate::connector::{Request, Response, TransportError};
use crate::evidence::Verdict;

/// How an exchange ended for the one who asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It did not: the caller gave up, or was killed, before.
    Open,
    /// With an answer.
    Answered(Response),
    /// Without one.
    Failed(TransportError),
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchanged {
    /// Counts up from 1.
    pub nth: u64,
    /// Which start of the connector, from 1.
    pub run: usize,
    /// When it was sent.
    pub at: Timestamp,
    /// When the caller had its outcome.
    pub ended: Option<Timestamp>,
    /// To whom.
    pub system: String,
    /// What for.
    pub purpose: Purpose,
    /// Identity of the target record it is about.
    pub identity: Option<String>,
    /// Of a bulk request: the identities of its records, in its order.
    pub batch: Vec<Option<String>>,
    /// What was asked.
    pub request: Arc<Request>,
    /// The same number for requests that ask the same: system, method, URL and body.
    pub asks: u64,
    /// The fault that hit it.
    pub fault: Option<&'static str>,
    /// What it did at the system; nothing where it never came there.
    pub effect: Option<Effect>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Exchanged {
    /// The answer, where one came.
    #[must_use]
    pub const fn answer(&self) -> Option<&Response> {
        if let Outcome::Answered(response) = &self.outcome { Some(response) } else { None }
    }

    /// The status of the answer, where one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|r| r.status)
    }

    /// Two requests that ask the same.
    #[must_use]
    pub const fn asks_as(&self, other: &Self) -> bool {
        self.asks == other.asks
    }
}

/// A number for what a request asks.
pub(super) fn ask_of(system: &str, request: &Request) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325; // FNV-1a, eight bytes at a time
    let mut add = |word: u64| {
        hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 32;
    };
    for part in [system.as_bytes(), request.method.as_str().as_bytes(), request.url.as_bytes(), &request.body] {
        let (words, rest) = part.as_chunks::<8>();
        words.iter().for_each(|word| add(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        add(u64::from_le_bytes(last));
        add(part.len() as u64);
    }
    hash
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The connector was started.
    Started {
        /// When.
        at: Timestamp,
        /// Which start, from 1.
        run: usize,
    },
    /// An exchange, in the place where it was sent; by index into [`Trace::exchanges`].
    Exchange(usize),
    /// A delivery of the source's webhook, in the place where it was sent; by index into [`Trace::deliveries`].
    Delivery(usize),
    /// The connector logged.
    Logged {
        /// When.
        at: Timestamp,
        /// The line.
        line: Value,
    },
    /// The connector ended.
    Ended {
        /// When.
        at: Timestamp,
        /// Which start.
        run: usize,
        /// In words.
        how: String,
        /// What it claims.
        claim: Option<Verdict>,
    },
    /// The connector was asked to stop.
    Asked {
        /// When.
        at: Timestamp,
        /// Which start.
        run: usize,
    },
    /// Somebody switched its flow off.
    Paused {
        /// When.
        at: Timestamp,
        /// Which start.
        run: usize,
    },
    /// The connector's ledger did not do what it was asked for.
    LedgerFailed {
        /// When.
        at: Timestamp,
        /// Which start.
        run: usize,
        /// `read` or `written`.
        what: &'static str,
        /// What it said.
        says: &'static str,
        /// It stays so for the rest of the run.
        lasting: bool,
    },
    /// Somebody else changed something between two runs.
    Changed {
        /// When.
        at: Timestamp,
        /// In words.
        what: String,
    },
}

/// The timeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// When the first run began.
    pub from: Option<Timestamp>,
    /// All exchanges.
    pub exchanges: Vec<Exchanged>,
    /// All deliveries of the source's webhook, each attempt.
    pub deliveries: Vec<Delivered>,
    /// Everything, in order.
    pub events: Vec<Event>,
    /// What the judges read out of the answers to lists, once for all of them.
    pub(super) lists: OnceCell<Vec<ListRead>>,
}

/// The records of one page, as the source answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ListRead {
    /// Which start of the connector asked.
    pub(super) run: usize,
    /// How many items there are.
    pub(super) items: u64,
    /// The keys of those that have one.
    pub(super) keys: Vec<String>,
}

impl Trace {
    /// The exchanges of one run.
    pub fn run(&self, run: usize) -> impl Iterator<Item = &Exchanged> {
        self.exchanges.iter().filter(move |x| x.run == run)
    }

    /// Every line that the connector logged.
    pub fn logs(&self) -> impl Iterator<Item = &Value> {
        self.events.iter().filter_map(|e| if let Event::Logged { line, .. } = e { Some(line) } else { None })
    }
}
