//! The port behind which the log is kept.

use super::{ChainFault, Dropped, Event, EventKind, Head, KeptBundle, Phase, Proof, Recorded, Session};
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;

/// A text to look for, in lower case and at least three characters long: shorter ones are in nearly every record, and
/// no index finds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle(String);

impl Needle {
    /// The fewest characters.
    pub const LEAST: usize = 3;

    /// Takes a text; nothing where it is too short.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        (text.chars().count() >= Self::LEAST).then_some(Self(text))
    }

    /// The text in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What to look for. All given conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only this session.
    pub session: Option<String>,
    /// Only records outside any session.
    pub adhoc: bool,
    /// Only records of this principal: of its sessions, and of its calls outside any.
    pub principal: Option<String>,
    /// Only this phase.
    pub phase: Option<Phase>,
    /// Only this kind.
    pub kind: Option<EventKind>,
    /// At or after.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only events with this text in summary or data (case-insensitive).
    pub text: Option<Needle>,
    /// Only events after this sequence number.
    pub after: Option<u64>,
    /// At most this many.
    pub limit: usize,
}

/// Which sessions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionQuery {
    /// Only those of this principal.
    pub principal: Option<String>,
    /// Only those listed after the session opened at this time, with this id. Both, since many may be opened within one
    /// millisecond.
    pub after: Option<(Timestamp, String)>,
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

/// An append-only, hash-chained log with sessions, inputs and answers. When `append` has returned, what it was given
/// survives `kill -9` and the end of the power.
pub trait Store: Send + Sync {
    /// The session of this id.
    ///
    /// # Errors
    /// [`StoreError::NoSession`] and faults of the store.
    fn session(&self, id: &str) -> Result<Session, StoreError>;

    /// Sessions, newest first; of those opened in one millisecond, in descending order of their ids.
    ///
    /// # Errors
    /// Faults of the store.
    fn sessions(&self, query: &SessionQuery) -> Result<Vec<Session>, StoreError>;

    /// Appends the records, durably and all or none, with what they name by digest and the sessions they open
    /// ([`Session::opened_by`]); returns the events with their places in the chain.
    ///
    /// # Errors
    /// [`StoreError::NoSession`], and when the store cannot be written; then nothing was recorded.
    fn append(&self, records: Vec<Recorded>) -> Result<Vec<Event>, StoreError>;

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

    /// The event with this number.
    ///
    /// # Errors
    /// Faults of the store.
    fn event(&self, seq: u64) -> Result<Option<Event>, StoreError> {
        let Some(after) = seq.checked_sub(1) else { return Ok(None) };
        let page = self.query(&Query { after: Some(after), limit: 1, ..Query::default() })?;
        Ok(page.events.into_iter().find(|e| e.seq == seq))
    }

    /// The JSON text under a digest; nothing where it was dropped, or never kept.
    ///
    /// # Errors
    /// Faults of the store; [`StoreError::Damaged`] for a text that is not what the digest says.
    fn blob(&self, digest: &Digest) -> Result<Option<String>, StoreError>;

    /// The newest event.
    ///
    /// # Errors
    /// Faults of the store.
    fn head(&self) -> Result<Head, StoreError>;

    /// Proves everything: each record of the chain, each session, each input and answer, each bundle, and that nothing
    /// is there which no record accounts for. What may be missing is what a compaction on record accounts for.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    fn verify(&self) -> Result<Proof, StoreError>;

    /// Proves what a judgement about a session rests on: each record of the session, now; and the whole chain, of which
    /// each record is walked once in the life of this store object and its head looked up again. What somebody alters
    /// meanwhile, in records walked before and of other sessions, is left to [`Store::verify`].
    ///
    /// # Errors
    /// Faults of the store.
    fn verify_session(&self, session: &str) -> Result<Option<ChainFault>, StoreError>;

    /// Drops what retention allows ([`EventKind::keep`]) of records older than `before`, and appends the record that
    /// `record` makes of it; both or neither. An input or answer that a younger record names too stays.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing was dropped.
    fn compact(
        &self,
        before: Timestamp,
        record: &mut dyn FnMut(&Dropped) -> Recorded,
    ) -> Result<(Dropped, Event), StoreError>;

    /// The bundles taken in, of one store or of all, in order of digest.
    ///
    /// # Errors
    /// Faults of the store.
    fn bundles(&self, origin: Option<&str>) -> Result<Vec<KeptBundle>, StoreError>;

    /// Where it is kept, for people.
    fn place(&self) -> String;
}
