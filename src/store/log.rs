//! The evidence port over SQLite.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params, params_from_iter};

use super::SqliteStore;
use super::chain::Walk;
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::evidence::{
    ChainFault, Event, EventKind, GENESIS, NewEvent, Outcome, Page, Phase, Provenance, Query, Session, Store,
    StoreError, chain_hash,
};

/// The largest page; a larger limit is cut to it.
const MAX_PAGE: usize = 1000;

const COLUMNS: &str = "seq, session, at, phase, kind, tool, client, outcome, input, output, summary, data, prev, hash, \
    principal, protocol, traceparent, parent";

/// The page size for a limit asked for: at least one, so that paging always moves on.
pub(super) fn page_size(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

/// Whether summary or data hold `needle`, which is in lower case.
pub(super) fn holds_text(event: &NewEvent, needle: &str) -> bool {
    event.summary.to_lowercase().contains(needle) || event.data.to_string().to_lowercase().contains(needle)
}

/// A row as the columns have it.
struct Raw {
    seq: i64,
    session: Option<String>,
    at: i64,
    texts: [String; 9],
    prev: String,
    hash: String,
    provenance: Provenance,
}

impl Raw {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut texts: [String; 9] = Default::default();
        for (i, text) in texts.iter_mut().enumerate() {
            *text = row.get(3 + i)?;
        }
        Ok(Self {
            seq: row.get(0)?,
            session: row.get(1)?,
            at: row.get(2)?,
            texts,
            prev: row.get(12)?,
            hash: row.get(13)?,
            provenance: Provenance {
                principal: row.get(14)?,
                protocol: row.get(15)?,
                traceparent: row.get(16)?,
                parent: row.get::<_, Option<i64>>(17)?.map(sequence),
            },
        })
    }

    /// The event, or the column that does not read back.
    fn event(self) -> Result<Event, &'static str> {
        let [phase, kind, tool, client, outcome, input, output, summary, data] = self.texts;
        let event = NewEvent {
            session: self.session,
            at: Timestamp(self.at),
            phase: Phase::parse(&phase).ok_or("an unknown phase")?,
            kind: EventKind::parse(&kind).ok_or("an unknown kind")?,
            tool,
            client,
            outcome: Outcome::parse(&outcome).ok_or("an unknown outcome")?,
            input: Digest::parse(&input).ok_or("an input digest that is none")?,
            output: Digest::parse(&output).ok_or("an output digest that is none")?,
            summary,
            data: serde_json::from_str(&data).map_err(|_| "data that is not JSON")?,
            provenance: self.provenance,
        };
        Ok(Event { seq: sequence(self.seq), event, prev: self.prev, hash: self.hash })
    }
}

fn sequence(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn session_of(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        name: row.get(1)?,
        goal: row.get(2)?,
        opened_at: Timestamp(row.get(3)?),
        client: row.get(4)?,
        principal: row.get(5)?,
    })
}

fn session_exists(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM sessions WHERE id = ?1")?.exists([id])
}

/// Adds the event to the end of the chain; inside a transaction that holds the write lock.
fn append_to(connection: &Connection, event: NewEvent) -> rusqlite::Result<Event> {
    let last: Option<(i64, String)> = connection
        .prepare_cached("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (number, prev) = last.map_or((1, GENESIS.to_owned()), |(seq, hash)| (seq + 1, hash));
    let hash = chain_hash(sequence(number), &prev, &event);
    connection
        .prepare_cached(&format!(
            "INSERT INTO events ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
             ?15, ?16, ?17, ?18)"
        ))?
        .execute(params![
            number,
            event.session,
            event.at.0,
            event.phase.as_str(),
            event.kind.as_str(),
            event.tool,
            event.client,
            event.outcome.as_str(),
            event.input.as_str(),
            event.output.as_str(),
            event.summary,
            event.data.to_string(),
            prev,
            hash,
            event.provenance.principal,
            event.provenance.protocol,
            event.provenance.traceparent,
            event.provenance.parent.map(|p| i64::try_from(p).unwrap_or(i64::MAX)),
        ])?;
    Ok(Event { seq: sequence(number), event, prev, hash })
}

impl Store for SqliteStore {
    fn open_session(&self, session: &Session) -> Result<(), StoreError> {
        self.still_there()?;
        let Session { id, name, goal, opened_at, client, principal } = session;
        let connection = self.synced();
        let added = connection
            .prepare_cached("INSERT INTO sessions (id, name, goal, opened_at, client, principal) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING")
            .and_then(|mut s| s.execute(params![id, name, goal, opened_at.0, client, principal]))
            .map_err(|e| self.unwritten(&e))?;
        if added == 0 {
            return Err(StoreError::Unusable {
                path: self.place(),
                what: "written",
                because: format!("session {id} exists already"),
            });
        }
        Ok(())
    }

    fn session(&self, id: &str) -> Result<Session, StoreError> {
        self.synced()
            .prepare_cached("SELECT id, name, goal, opened_at, client, principal FROM sessions WHERE id = ?1")
            .and_then(|mut s| s.query_row([id], session_of).optional())
            .map_err(|e| self.unread(&e))?
            .ok_or_else(|| StoreError::NoSession(id.to_owned()))
    }

    fn sessions(&self, limit: usize, before: Option<Timestamp>) -> Result<Vec<Session>, StoreError> {
        self.synced()
            .prepare_cached(
                "SELECT id, name, goal, opened_at, client, principal FROM sessions WHERE ?1 IS NULL OR opened_at < ?1 \
                 ORDER BY opened_at DESC, rowid DESC LIMIT ?2",
            )
            .and_then(|mut s| {
                s.query_map(params![before.map(|b| b.0), i64::try_from(limit).unwrap_or(i64::MAX)], session_of)?
                    .collect()
            })
            .map_err(|e| self.unread(&e))
    }

    fn append(&self, event: NewEvent) -> Result<Event, StoreError> {
        self.still_there()?;
        let mut connection = self.synced();
        // Immediate: the lock is taken before the end of the chain is read, so no two processes add to the same end.
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| self.unwritten(&e))?;
        if let Some(id) = &event.session
            && !session_exists(&transaction, id).map_err(|e| self.unread(&e))?
        {
            return Err(StoreError::NoSession(id.clone()));
        }
        let event = append_to(&transaction, event).map_err(|e| self.unwritten(&e))?;
        transaction.commit().map_err(|e| self.unwritten(&e))?;
        Ok(event)
    }

    fn query(&self, query: &Query) -> Result<Page, StoreError> {
        // Destructured, so that a new condition cannot be forgotten here.
        let Query { session, phase, kind, since, until, text, after, limit } = query;
        let limit = page_size(*limit);
        let needle = text.as_deref().map(str::to_lowercase);
        let mut conditions = vec!["seq > ?"];
        let mut values = vec![Sql::Integer(i64::try_from(after.unwrap_or(0)).unwrap_or(i64::MAX))];
        let mut must = |condition: &'static str, value: Option<Sql>| {
            if let Some(value) = value {
                conditions.push(condition);
                values.push(value);
            }
        };
        must("session = ?", session.clone().map(Sql::Text));
        must("phase = ?", phase.map(|p| Sql::Text(p.as_str().to_owned())));
        must("kind = ?", kind.map(|k| Sql::Text(k.as_str().to_owned())));
        must("at >= ?", since.map(|t| Sql::Integer(t.0)));
        must("at < ?", until.map(|t| Sql::Integer(t.0)));
        let sql = format!("SELECT {COLUMNS} FROM events WHERE {} ORDER BY seq", conditions.join(" AND "));

        let connection = self.synced();
        let mut statement = connection.prepare_cached(&sql).map_err(|e| self.unread(&e))?;
        let mut rows = statement.query(params_from_iter(values)).map_err(|e| self.unread(&e))?;
        let mut events: Vec<Event> = Vec::new();
        let mut next = None;
        while let Some(row) = rows.next().map_err(|e| self.unread(&e))? {
            let raw = Raw::of(row).map_err(|e| self.unread(&e))?;
            let seq = sequence(raw.seq);
            let event = raw.event().map_err(|b| StoreError::Damaged { seq, because: b.to_owned() })?;
            // Here and not in SQL: SQLite folds the case of ASCII letters only.
            if needle.as_ref().is_some_and(|t| !holds_text(&event.event, t)) {
                continue;
            }
            if events.len() == limit {
                next = events.last().map(|e| e.seq);
                break;
            }
            events.push(event);
        }
        Ok(Page { events, next })
    }

    fn head(&self) -> Result<String, StoreError> {
        let head: Option<String> = self
            .synced()
            .prepare_cached("SELECT hash FROM events ORDER BY seq DESC LIMIT 1")
            .and_then(|mut s| s.query_row([], |row| row.get(0)).optional())
            .map_err(|e| self.unread(&e))?;
        Ok(head.unwrap_or_else(|| GENESIS.to_owned()))
    }

    fn verify_chain(&self) -> Result<Option<ChainFault>, StoreError> {
        let mut connection = self.synced();
        // One snapshot: what others append meanwhile is not half seen.
        let snapshot =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(|e| self.unread(&e))?;
        walk(&snapshot).map_err(|e| self.unread(&e))
    }

    fn place(&self) -> String {
        self.path().display().to_string()
    }
}

fn walk(connection: &Connection) -> rusqlite::Result<Option<ChainFault>> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM events ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    let mut walk = Walk::new();
    while let Some(row) = rows.next()? {
        let Ok(event) = Raw::of(row)?.event() else {
            return Ok(Some(ChainFault { seq: walk.next(), because: "altered".to_owned() }));
        };
        let known = |hash: &str| connection.prepare("SELECT 1 FROM events WHERE hash = ?1")?.exists([hash]);
        let fault = walk.step(&event, known)?;
        if fault.is_some() {
            return Ok(fault);
        }
    }
    let given: Option<i64> = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'events'", [], |row| row.get(0))
        .optional()?;
    Ok(walk.end(sequence(given.unwrap_or(0))))
}
