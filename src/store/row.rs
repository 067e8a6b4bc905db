//! A record as the columns have it, and back.

use rusqlite::{Connection, Row, params};

use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::evidence::{Event, EventKind, FORMAT, NewEvent, Outcome, Phase, Provenance, Session};

/// The columns of an event, in the order that [`Raw::of`] reads and [`insert`] writes them.
pub(super) const COLUMNS: &str = "events.seq, events.session, events.at, events.phase, events.kind, events.tool, \
    events.client, events.outcome, events.input, events.output, events.summary, events.data, events.prev, events.hash, \
    events.principal, events.protocol, events.traceparent, events.parent, events.format, events.data_digest, events.owner";

/// What stands in place of data that was dropped. No JSON is empty.
pub(super) const DROPPED: &str = "";

/// A row as the columns have it.
pub(super) struct Raw {
    pub(super) seq: u64,
    session: Option<String>,
    at: i64,
    texts: [String; 8],
    data: String,
    prev: String,
    hash: String,
    provenance: Provenance,
    format: i64,
    data_digest: Option<String>,
    owner: Option<String>,
}

/// A record as read back.
pub(super) struct Stored {
    pub(super) event: Event,
    /// Whose the row says it is.
    pub(super) owner: Option<String>,
    /// The data is what its digest says, as far as it is still there.
    pub(super) sound: bool,
}

impl Raw {
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut texts: [String; 8] = Default::default();
        for (i, text) in texts.iter_mut().enumerate() {
            *text = row.get(3 + i)?;
        }
        Ok(Self {
            seq: sequence(row.get(0)?),
            session: row.get(1)?,
            at: row.get(2)?,
            texts,
            data: row.get(11)?,
            prev: row.get(12)?,
            hash: row.get(13)?,
            provenance: Provenance {
                principal: row.get(14)?,
                protocol: row.get(15)?,
                traceparent: row.get(16)?,
                parent: row.get::<_, Option<i64>>(17)?.map(sequence),
            },
            format: row.get(18)?,
            data_digest: row.get(19)?,
            owner: row.get(20)?,
        })
    }

    /// The record, or the column that does not read back.
    pub(super) fn read(self) -> Result<Stored, &'static str> {
        let [phase, kind, tool, client, outcome, input, output, summary] = self.texts;
        let format = u8::try_from(self.format).ok().filter(|f| (1..=FORMAT).contains(f)).ok_or("an unknown format")?;
        let dropped = format > 1 && self.data == DROPPED;
        let found = Digest::of_bytes(self.data.as_bytes());
        let (data_digest, sound) = match (&self.data_digest, format) {
            (None, 1) => (found, true),
            (Some(named), 2) => {
                let named = Digest::parse(named).ok_or("a digest of data that is none")?;
                let sound = dropped || named == found;
                (named, sound)
            }
            _ => return Err("a digest of data that its format does not have"),
        };
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
            data: if dropped {
                serde_json::Value::Null
            } else {
                serde_json::from_str(&self.data).map_err(|_| "data that is not JSON")?
            },
            provenance: self.provenance,
        };
        let event = Event { seq: self.seq, event, prev: self.prev, hash: self.hash, format, data_digest, dropped };
        Ok(Stored { event, owner: self.owner, sound })
    }
}

/// Writes the row of `event`, which belongs to `owner`.
pub(super) fn insert(connection: &Connection, event: &Event, owner: Option<&str>) -> rusqlite::Result<()> {
    let Event { seq, event, prev, hash, format, data_digest, dropped: _ } = event;
    let columns = COLUMNS.replace("events.", "");
    connection
        .prepare_cached(&format!(
            "INSERT INTO events ({columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
             ?16, ?17, ?18, ?19, ?20, ?21)"
        ))?
        .execute(params![
            number(*seq),
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
            event.provenance.parent.map(number),
            format,
            data_digest.as_str(),
            owner,
        ])?;
    Ok(())
}

/// The columns of a session, as [`session_of`] reads them.
pub(super) const SESSION: &str = "id, name, goal, opened_at, client, principal";

pub(super) fn session_of(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        name: row.get(1)?,
        goal: row.get(2)?,
        opened_at: Timestamp(row.get(3)?),
        client: row.get(4)?,
        principal: row.get(5)?,
    })
}

/// A sequence number as SQLite has it.
pub(super) fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// SQLite's number as a sequence number; 0, which no record has, for a negative one.
pub(super) fn sequence(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
