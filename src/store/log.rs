//! The evidence port over SQLite.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params, params_from_iter};

use super::SqliteStore;
use super::letters;
use super::plan::{Lead, plan};
use super::row::{self, COLUMNS, Raw, SESSION, session_of};
use super::{compact, proof};
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::pack;
use crate::evidence::{
    ChainFault, Dropped, Event, Head, KeptBundle, NewEvent, Page, Proof, Query, Recorded, Session, SessionQuery, Store,
    StoreError,
};

/// The largest page; a larger limit is cut to it.
const MAX_PAGE: usize = 1000;

/// The page size for a limit asked for: at least one, so that paging always moves on.
pub(super) fn page_size(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

/// A record with its texts compressed, which is done before the lock is taken.
pub(super) struct Packed {
    event: NewEvent,
    /// Digest, size of the text, compressed text.
    blobs: Vec<(Digest, usize, Vec<u8>)>,
    bundle: Option<KeptBundle>,
}

impl From<Recorded> for Packed {
    fn from(record: Recorded) -> Self {
        let Recorded { event, blobs, bundle } = record;
        let blobs = blobs.into_iter().map(|b| (b.digest, b.text.len(), pack::pack(b.text.as_bytes()))).collect();
        Self { event, blobs, bundle }
    }
}

/// Why an append inside a transaction did not come about.
pub(super) enum NotAppended {
    /// No such session.
    NoSession(String),
    /// There is such a session already.
    SessionExists(String),
    /// SQLite says no.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for NotAppended {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sqlite(e)
    }
}

/// The newest event.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let last: Option<(i64, String)> = connection
        .prepare_cached("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(last.map_or_else(Head::default, |(seq, hash)| Head { seq: row::sequence(seq), hash }))
}

/// Adds the record to the end of the chain, with all it names; inside a transaction that holds the write lock.
pub(super) fn append_to(connection: &Connection, record: Packed) -> Result<Event, NotAppended> {
    let Packed { event, blobs, bundle } = record;
    if let Some(session) = Session::opened_by(&event) {
        let Session { id, name, goal, opened_at, client, principal } = session;
        let added = connection
            .prepare_cached(&format!(
                "INSERT INTO sessions ({SESSION}) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING"
            ))?
            .execute(params![id, name, goal, opened_at.0, client, principal])?;
        if added == 0 {
            return Err(NotAppended::SessionExists(id));
        }
    }
    let owner: Option<String> = match &event.session {
        None => event.provenance.principal.clone(),
        Some(id) => connection
            .prepare_cached("SELECT principal FROM sessions WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?
            .ok_or_else(|| NotAppended::NoSession(id.clone()))?,
    };
    for (digest, size, body) in blobs {
        connection
            .prepare_cached("INSERT INTO blobs (digest, size, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute(params![digest.as_str(), i64::try_from(size).unwrap_or(i64::MAX), body])?;
    }
    if let Some(KeptBundle { digest, origin, bytes }) = bundle {
        connection
            .prepare_cached("INSERT INTO bundles (digest, origin, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute(params![digest.as_str(), origin, bytes])?;
    }
    let head = head(connection)?;
    let event = Event::chained(head.seq + 1, &head.hash, event);
    row::insert(connection, &event, owner.as_deref())?;
    Ok(event)
}

impl SqliteStore {
    pub(super) fn not_appended(&self, why: NotAppended) -> StoreError {
        match why {
            NotAppended::NoSession(id) => StoreError::NoSession(id),
            NotAppended::SessionExists(id) => StoreError::Unusable {
                path: self.place(),
                what: "written",
                because: format!("session {id} exists already"),
            },
            NotAppended::Sqlite(e) => self.unwritten(&e),
        }
    }

    /// The records of one plan that hold the text, until the page is full and one more is known.
    fn collect(
        &self,
        connection: &Connection,
        query: &Query,
        after: u64,
        lead: Lead<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let plan = plan(query, after, lead);
        let full = page_size(query.limit) + 1;
        let mut statement = connection.prepare_cached(&plan.sql).map_err(|e| self.unread(&e))?;
        let mut rows = statement.query(params_from_iter(plan.values)).map_err(|e| self.unread(&e))?;
        while events.len() < full
            && let Some(row) = rows.next().map_err(|e| self.unread(&e))?
        {
            let raw = Raw::of(row).map_err(|e| self.unread(&e))?;
            let seq = raw.seq;
            let event = raw.read().map_err(|b| StoreError::Damaged { seq, because: b.to_owned() })?.event;
            // Here and not in SQL: SQLite folds the case of ASCII letters only.
            if query.text.as_ref().is_none_or(|t| letters::holds_text(&event.event, t.as_str())) {
                events.push(event);
            }
        }
        Ok(())
    }
}

impl Store for SqliteStore {
    fn session(&self, id: &str) -> Result<Session, StoreError> {
        self.reading()
            .prepare_cached(&format!("SELECT {SESSION} FROM sessions WHERE id = ?1"))
            .and_then(|mut s| s.query_row([id], session_of).optional())
            .map_err(|e| self.unread(&e))?
            .ok_or_else(|| StoreError::NoSession(id.to_owned()))
    }

    fn sessions(&self, query: &SessionQuery) -> Result<Vec<Session>, StoreError> {
        let SessionQuery { principal, after, limit } = query;
        let (index, owned) = match principal {
            None => ("sessions_by_time", "?1 IS NULL"),
            Some(_) => ("sessions_by_principal", "principal = ?1"),
        };
        let (at, id) = after.clone().unwrap_or((Timestamp(i64::MAX), String::new()));
        self.reading()
            .prepare_cached(&format!(
                "SELECT {SESSION} FROM sessions INDEXED BY {index} WHERE {owned} AND (opened_at, id) < (?2, ?3) \
                 ORDER BY opened_at DESC, id DESC LIMIT ?4"
            ))
            .and_then(|mut s| {
                s.query_map(params![principal, at.0, id, i64::try_from(*limit).unwrap_or(i64::MAX)], session_of)?
                    .collect()
            })
            .map_err(|e| self.unread(&e))
    }

    fn append(&self, records: Vec<Recorded>) -> Result<Vec<Event>, StoreError> {
        self.still_there()?;
        let records: Vec<Packed> = records.into_iter().map(Packed::from).collect();
        let mut connection = self.synced();
        // Immediate: the lock is taken before the end of the chain is read, so no two processes add to the same end.
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| self.unwritten(&e))?;
        let events: Vec<Event> = records
            .into_iter()
            .map(|record| append_to(&transaction, record))
            .collect::<Result<_, _>>()
            .map_err(|e| self.not_appended(e))?;
        if let Some(last) = events.last() {
            letters::fill(&transaction, last.seq, events.len()).map_err(|e| self.unwritten(&e))?;
        }
        transaction.commit().map_err(|e| self.unwritten(&e))?;
        Ok(events)
    }

    fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let after = query.after.unwrap_or(0);
        let mut connection = self.reading();
        // One snapshot: between index and log nothing changes.
        let snapshot =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(|e| self.unread(&e))?;
        let mut events: Vec<Event> = Vec::new();
        match (&query.text, &query.session) {
            (Some(needle), None) => {
                let upto = letters::indexed(&snapshot).map_err(|e| self.unread(&e))?;
                self.collect(&snapshot, query, after, Lead::Letters(needle, upto), &mut events)?;
                self.collect(&snapshot, query, after.max(upto), Lead::Index, &mut events)?;
            }
            _ => self.collect(&snapshot, query, after, Lead::Index, &mut events)?,
        }
        let limit = page_size(query.limit);
        let more = events.len() > limit;
        events.truncate(limit);
        let next = if more { events.last().map(|e| e.seq) } else { None };
        Ok(Page { events, next })
    }

    fn event(&self, seq: u64) -> Result<Option<Event>, StoreError> {
        let raw = self
            .reading()
            .prepare_cached(&format!("SELECT {COLUMNS} FROM events WHERE seq = ?1"))
            .and_then(|mut s| s.query_row([row::number(seq)], Raw::of).optional())
            .map_err(|e| self.unread(&e))?;
        raw.map(|r| r.read().map(|s| s.event).map_err(|b| StoreError::Damaged { seq, because: b.to_owned() }))
            .transpose()
    }

    fn blob(&self, digest: &Digest) -> Result<Option<String>, StoreError> {
        let found: Option<(i64, Vec<u8>)> = self
            .reading()
            .prepare_cached("SELECT size, body FROM blobs WHERE digest = ?1")
            .and_then(|mut s| s.query_row([digest.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional())
            .map_err(|e| self.unread(&e))?;
        found
            .map(|(size, body)| {
                proof::text_of(digest, size, &body).ok_or_else(|| StoreError::Unusable {
                    path: self.place(),
                    what: "read",
                    because: format!("the blob {digest} is not what its digest says"),
                })
            })
            .transpose()
    }

    fn head(&self) -> Result<Head, StoreError> {
        head(&self.reading()).map_err(|e| self.unread(&e))
    }

    fn verify(&self) -> Result<Proof, StoreError> {
        let mut connection = self.proving();
        // One snapshot: what others append meanwhile is not half seen.
        let snapshot =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(|e| self.unread(&e))?;
        proof::verify(&snapshot).map_err(|e| self.unread(&e))
    }

    fn verify_session(&self, session: &str) -> Result<Option<ChainFault>, StoreError> {
        let mut proven = self.proven.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut connection = self.proving();
        let snapshot =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(|e| self.unread(&e))?;
        proof::verify_session(&snapshot, session, &mut proven).map_err(|e| self.unread(&e))
    }

    fn compact(
        &self,
        before: Timestamp,
        record: &mut dyn FnMut(&Dropped) -> Recorded,
    ) -> Result<(Dropped, Event), StoreError> {
        self.still_there()?;
        let mut connection = self.synced();
        let done = compact::compact(&mut connection, before, record).map_err(|e| self.not_appended(e))?;
        compact::tidy(&connection);
        Ok(done)
    }

    fn bundles(&self, origin: Option<&str>) -> Result<Vec<KeptBundle>, StoreError> {
        let rows: Vec<(String, String, Vec<u8>)> = self
            .reading()
            .prepare_cached("SELECT digest, origin, body FROM bundles WHERE ?1 IS NULL OR origin = ?1 ORDER BY digest")
            .and_then(|mut s| s.query_map([origin], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect())
            .map_err(|e| self.unread(&e))?;
        rows.into_iter()
            .map(|(digest, origin, bytes)| {
                let found = Digest::of_bytes(&bytes);
                if found.as_str() != digest {
                    return Err(StoreError::Unusable {
                        path: self.place(),
                        what: "read",
                        because: format!("the bundle {digest} is not what its digest says"),
                    });
                }
                Ok(KeptBundle { digest: found, origin, bytes })
            })
            .collect()
    }

    fn place(&self) -> String {
        self.path().display().to_string()
    }
}
