//! What a request did, and the ways in which an answer can be bent.

use crate::base::clock::Timestamp;
use crate::connector::{Request, Response};

/// A legal but unkind way to answer one list request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// Only so many records, though more follow.
    Short(usize),
    /// No record, though more follow.
    Empty,
    /// The last records of the page before come again.
    Overlap(usize),
    /// The cursor leads to itself.
    RepeatCursor,
}

/// What a request did.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Nothing that the system keeps.
    Nothing,
    /// Read these.
    Read {
        /// Kind of record.
        entity: String,
        /// Keys, in the order of the answer.
        keys: Vec<String>,
    },
    /// Made one.
    Created {
        /// Kind of record.
        entity: String,
        /// Its key.
        key: String,
    },
    /// Wrote one that was there.
    Updated {
        /// Kind of record.
        entity: String,
        /// Its key.
        key: String,
        /// A value is different now; time stamps aside.
        changed: bool,
    },
    /// Removed one.
    Deleted {
        /// Kind of record.
        entity: String,
        /// Its key.
        key: String,
    },
    /// Answered as before to a known idempotency key; nothing else.
    Replayed,
    /// Handed out a token.
    Issued {
        /// The token.
        token: String,
    },
}

/// One request as the system saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// What was asked.
    pub request: Request,
    /// Operation that it led to.
    pub operation: Option<String>,
    /// What it did.
    pub effect: Effect,
    /// What was answered.
    pub response: Response,
}
