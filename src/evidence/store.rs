//! The port behind which the log is kept.

use super::{Event, EventKind, NewEvent, Phase, Session};
use crate::base::clock::Timestamp;

/// What to look for. All given conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only this session.
    pub session: Option<String>,
    /// Only this phase.
    pub phase: Option<Phase>,
    /// Only this kind.
    pub kind: Option<EventKind>,
    /// At or after.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only events with this text in summary or data (case-insensitive).
    pub text: Option<String>,
    /// Only events after this sequence number.
    pub after: Option<u64>,
    /// At most this many.
    pub limit: usize,
}

/// One page of events, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The events.
    pub events: Vec<Event>,
    /// Pass as `after` to go on; nothing when this was the last page.
    pub next: Option<u64>,
}

/// The first place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFault {
    /// The event.
    pub seq: u64,
    /// What is wrong with it: `altered`, `removed`, `reordered`.
    pub because: String,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened or written.
    #[error("the evidence store {path} cannot be {what}: {because}")]
    Unusable {
        /// The database file.
        path: String,
        /// `opened`, `read`, `written`.
        what: &'static str,
        /// What the system said.
        because: String,
    },
    /// A newer version of this program wrote it.
    #[error("the evidence store {path} has schema version {found}, this program knows versions up to {known}")]
    Newer {
        /// The database file.
        path: String,
        /// Version found.
        found: u32,
        /// Newest version known.
        known: u32,
    },
    /// No session has this id.
    #[error("no session {0}")]
    NoSession(String),
    /// What was read is not what was written.
    #[error("the evidence store holds a damaged record at {seq}: {because}")]
    Damaged {
        /// The event.
        seq: u64,
        /// What is wrong.
        because: String,
    },
}

/// An append-only, hash-chained log with sessions. When `append` has returned, the event survives `kill -9`.
pub trait Store: Send + Sync {
    /// Records a session.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn open_session(&self, session: &Session) -> Result<(), StoreError>;

    /// The session of this id.
    ///
    /// # Errors
    /// [`StoreError::NoSession`] and faults of the store.
    fn session(&self, id: &str) -> Result<Session, StoreError>;

    /// All sessions, newest first, at most `limit`, opened before `before` where given.
    ///
    /// # Errors
    /// Faults of the store.
    fn sessions(&self, limit: usize, before: Option<Timestamp>) -> Result<Vec<Session>, StoreError>;

    /// Appends one event, durably, and returns it with its place in the chain.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing was recorded.
    fn append(&self, event: NewEvent) -> Result<Event, StoreError>;

    /// Events that match, in order.
    ///
    /// # Errors
    /// Faults of the store.
    fn query(&self, query: &Query) -> Result<Page, StoreError>;

    /// All events of one session, in order.
    ///
    /// # Errors
    /// Faults of the store.
    fn events_of(&self, session: &str) -> Result<Vec<Event>, StoreError> {
        let mut out = Vec::new();
        let mut after = None;
        loop {
            let page =
                self.query(&Query { session: Some(session.to_owned()), after, limit: 500, ..Query::default() })?;
            out.extend(page.events);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(out),
            }
        }
    }

    /// Hash of the newest event, or [`super::GENESIS`].
    ///
    /// # Errors
    /// Faults of the store.
    fn head(&self) -> Result<String, StoreError>;

    /// Walks the whole chain; the first fault, or nothing when it holds.
    ///
    /// # Errors
    /// Faults of the store.
    fn verify_chain(&self) -> Result<Option<ChainFault>, StoreError>;

    /// Where it is kept, for people.
    fn place(&self) -> String;
}
