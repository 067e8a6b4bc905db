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
    /// The URL of the next page lies at this origin.
    NextAt(&'static str),
    /// One record of a bulk request is refused with this status; the others are kept.
    Item {
        /// Its place in the request.
        at: usize,
        /// The status in its result.
        status: u16,
        /// The results come in another order.
        any_order: bool,
    },
    /// One record of a bulk request is not kept, and has no result; the others are, and have.
    Unsaid {
        /// Its place in the request.
        at: usize,
    },
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
    /// What each record of a bulk request did, in its order.
    Many(Vec<Self>),
    /// Answered as before to a known idempotency key; nothing else.
    Replayed,
    /// Handed out tokens: one for access, and the refresh token that follows.
    Issued {
        /// The tokens.
        tokens: Vec<String>,
    },
}

impl Effect {
    /// A record was made or written; of a bulk request, at least one.
    #[must_use]
    pub fn keeps(&self) -> bool {
        match self {
            Self::Created { .. } | Self::Updated { .. } => true,
            Self::Many(effects) => effects.iter().any(Self::keeps),
            Self::Nothing | Self::Read { .. } | Self::Deleted { .. } | Self::Replayed | Self::Issued { .. } => false,
        }
    }
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
