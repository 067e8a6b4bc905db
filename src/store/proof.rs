//! Proves a store in every part: records, sessions, inputs and answers, bundles, and what SQLite keeps around them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use rusqlite::{Connection, OptionalExtension as _};

use super::migrate;
use super::row::{COLUMNS, Raw, SESSION, Stored, number, sequence, session_of};
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::pack;
use crate::evidence::{ChainFault, EventKind, Head, Proof, Session, Walk, compactions, may_lack};

/// A text of more than this is no input or answer; a size that claims it is not believed.
const MAX_TEXT: i64 = 1 << 30;

/// The most that is said about what is wrong beside the records.
const MOST_BESIDE: usize = 20;

/// The text of a blob; nothing where it is not what its digest says.
pub(super) fn text_of(digest: &Digest, size: i64, body: &[u8]) -> Option<String> {
    let size = usize::try_from(size).ok().filter(|_| size <= MAX_TEXT)?;
    let text = String::from_utf8(pack::unpack(body, size)?).ok()?;
    (Digest::of_bytes(text.as_bytes()) == *digest).then_some(text)
}

fn fault(seq: u64, because: impl Into<String>) -> ChainFault {
    ChainFault { seq, because: because.into() }
}

/// Whether any event has this hash; asked only once something is wrong.
fn known(connection: &Connection, hash: &str) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM events WHERE hash = ?1")?.exists([hash])
}

/// A row of the walk: the record, or why it does not read back.
enum Step {
    Record(Box<Stored>),
    Fault(ChainFault),
    End,
}

fn step(rows: &mut rusqlite::Rows<'_>, walk: &mut Walk, connection: &Connection) -> rusqlite::Result<Step> {
    let next = walk.next();
    let row = match rows.next() {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(Step::End),
        Err(e) => return Ok(Step::Fault(fault(next, format!("cannot be read: {}", super::sqlite::because(&e))))),
    };
    // A column of another type, or text that is no UTF-8, is an altered record and no fault of the machine.
    let Some(stored) = Raw::of(row).ok().and_then(|raw| raw.read().ok()) else {
        return Ok(Step::Fault(fault(next, "altered")));
    };
    let broken = walk.step(&stored.event, |hash| known(connection, hash))?;
    if let Some(fault) = broken {
        return Ok(Step::Fault(fault));
    }
    if !stored.sound {
        return Ok(Step::Fault(fault(next, "altered")));
    }
    Ok(Step::Record(Box::new(stored)))
}

fn given(connection: &Connection) -> rusqlite::Result<u64> {
    let given: Option<i64> = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'events'", [], |row| row.get(0))
        .optional()?;
    Ok(sequence(given.unwrap_or(0)))
}

/// Proves the records of a session, and of the chain what was not walked before; `proven` is how far that is.
pub(super) fn verify_session(
    connection: &Connection,
    session: &str,
    proven: &mut Head,
) -> rusqlite::Result<Option<ChainFault>> {
    // The place reached must still be what it was; another chain is walked from its start.
    let there: Option<String> = connection
        .prepare_cached("SELECT hash FROM events WHERE seq = ?1")?
        .query_row([number(proven.seq)], |row| row.get(0))
        .optional()?;
    if proven.seq > 0 && there.as_deref() != Some(proven.hash.as_str()) {
        *proven = Head::default();
    }
    let mut walk = Walk::from(proven);
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM events WHERE seq > ?1 ORDER BY seq"))?;
    let mut rows = statement.query([number(proven.seq)])?;
    loop {
        match step(&mut rows, &mut walk, connection)? {
            Step::Record(_) => {}
            Step::Fault(fault) => return Ok(Some(fault)),
            Step::End => break,
        }
    }
    if let Some(fault) = walk.end(given(connection)?) {
        return Ok(Some(fault));
    }
    *proven = walk.head();
    // What the judgement rests on is looked at anew each time.
    let sql = format!("SELECT {COLUMNS} FROM events INDEXED BY events_by_session WHERE session = ?1 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([session])?;
    while let Some(row) = rows.next()? {
        let raw = Raw::of(row)?;
        let seq = raw.seq;
        let Ok(stored) = raw.read() else { return Ok(Some(fault(seq, "altered"))) };
        if !stored.sound || crate::evidence::chain_hash(seq, &stored.event) != stored.event.hash {
            return Ok(Some(fault(seq, "altered")));
        }
    }
    Ok(None)
}

/// Proves everything.
pub(super) fn verify(connection: &Connection) -> rusqlite::Result<Proof> {
    let mut proof = Proof::default();
    beside_the_records(connection, &mut proof.beside)?;
    let reading = read_around(connection).and_then(|around| records(connection, around, &mut proof));
    if let Err(e) = reading {
        proof.beside.push(super::sqlite::because(&e));
    }
    proof.beside.dedup();
    proof.beside.truncate(MOST_BESIDE);
    Ok(proof)
}

/// SQLite's own check, and the schema: a trigger or view of other words is a way round the log.
fn beside_the_records(connection: &Connection, beside: &mut Vec<String>) -> rusqlite::Result<()> {
    let checked = connection
        .prepare("PRAGMA integrity_check(10)")
        .and_then(|mut s| s.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>());
    match checked {
        Ok(lines) => beside.extend(lines.into_iter().filter(|l| l != "ok").map(|l| format!("the file: {l}"))),
        Err(e) => beside.push(super::sqlite::because(&e)),
    }
    let found = match migrate::schema(connection) {
        Ok(found) => found,
        Err(e) => {
            beside.push(super::sqlite::because(&e));
            return Ok(());
        }
    };
    static EXPECTED: OnceLock<migrate::Schema> = OnceLock::new();
    let expected = match EXPECTED.get() {
        Some(expected) => expected,
        None => {
            let expected = migrate::expected()?;
            EXPECTED.get_or_init(|| expected)
        }
    };
    for (name, sql) in expected {
        match found.get(name) {
            None => beside.push(format!("the {} {} is missing", name.0, name.1)),
            Some(other) if other != sql => {
                beside.push(format!("the {} {} is not the one of this version", name.0, name.1))
            }
            Some(_) => {}
        }
    }
    // A view or index of somebody's own does no harm; a trigger acts.
    for (kind, name) in found.keys().filter(|name| !expected.contains_key(*name)) {
        if kind == "trigger" {
            beside.push(format!("the trigger {name} is not ours"));
        }
    }
    Ok(())
}

/// What the records are held against.
struct Around {
    sessions: BTreeMap<String, Session>,
    /// For each blob whether it is what its digest says, and whether a record named it.
    blobs: HashMap<String, (bool, bool)>,
    bundles: BTreeMap<String, (String, bool)>,
    spans: BTreeMap<u64, (i64, i64)>,
    compactions: Vec<(u64, Timestamp)>,
}

fn read_around(connection: &Connection) -> rusqlite::Result<Around> {
    let sessions = connection
        .prepare(&format!("SELECT {SESSION} FROM sessions NOT INDEXED"))?
        .query_map([], session_of)?
        .map(|s| s.map(|s| (s.id.clone(), s)))
        .collect::<Result<_, _>>()?;
    let mut blobs = HashMap::new();
    let mut statement = connection.prepare("SELECT digest, size, body FROM blobs NOT INDEXED")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, size): (String, i64) = (row.get(0)?, row.get(1)?);
        let body = row.get_ref(2)?.as_blob().unwrap_or_default();
        let sound = Digest::parse(&name).is_some_and(|digest| text_of(&digest, size, body).is_some());
        blobs.insert(name, (sound, false));
    }
    let mut bundles = BTreeMap::new();
    let mut statement = connection.prepare("SELECT digest, origin, body FROM bundles NOT INDEXED")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, origin): (String, String) = (row.get(0)?, row.get(1)?);
        let sound = Digest::of_bytes(row.get_ref(2)?.as_blob().unwrap_or_default()).as_str() == name;
        bundles.insert(name, (origin, sound));
    }
    let spans = connection
        .prepare("SELECT span, least, most FROM spans")?
        .query_map([], |row| Ok((sequence(row.get(0)?), (row.get(1)?, row.get(2)?))))?
        .collect::<Result<_, _>>()?;
    let mut known = Vec::new();
    let sql = format!("SELECT {COLUMNS} FROM events INDEXED BY events_by_kind WHERE kind = ?1 ORDER BY seq");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([EventKind::EvidenceCompacted.as_str()])?;
    while let Some(row) = rows.next()? {
        if let Ok(stored) = Raw::of(row)?.read() {
            compactions(&stored.event, &mut known);
        }
    }
    Ok(Around { sessions, blobs, bundles, spans, compactions: known })
}

/// Walks all records and holds each against what is kept around it.
fn records(connection: &Connection, mut around: Around, proof: &mut Proof) -> rusqlite::Result<()> {
    let mut walk = Walk::from(&Head::default());
    let mut opened = BTreeSet::new();
    let mut spans: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM events NOT INDEXED ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    loop {
        let stored = match step(&mut rows, &mut walk, connection)? {
            Step::Record(stored) => stored,
            Step::Fault(fault) => {
                proof.fault = Some(fault);
                return Ok(());
            }
            Step::End => break,
        };
        let at = stored.event.event.at.0;
        let span = spans.entry((stored.event.seq - 1) / super::plan::SPAN).or_insert((at, at));
        *span = (span.0.min(at), span.1.max(at));
        proof.fault = against(&stored, &mut around, &mut opened, proof);
        if proof.fault.is_some() {
            return Ok(());
        }
        if proof.origin.is_none() {
            proof.origin = Some(stored.event.hash.clone());
        }
        proof.head = walk.head();
    }
    proof.fault = walk.end(given(connection)?);
    proof.sessions = opened.len() as u64;
    proof.blobs = around.blobs.values().filter(|(_, named)| *named).count() as u64;
    let beside = &mut proof.beside;
    beside.extend(
        around
            .sessions
            .keys()
            .filter(|id| !opened.contains(*id))
            .map(|id| format!("no record opened the session {id}")),
    );
    let mut strays: Vec<&String> = around.blobs.iter().filter(|(_, (_, named))| !named).map(|(name, _)| name).collect();
    strays.sort_unstable();
    beside.extend(strays.into_iter().map(|name| format!("no record names the blob {name}")));
    beside.extend(around.bundles.keys().map(|name| format!("no record took in the bundle {name}")));
    if spans != around.spans {
        beside.push("the spans of time are not those of the records".to_owned());
    }
    Ok(())
}

/// Holds one record against session, owner, input, answer and bundle.
fn against(
    stored: &Stored,
    around: &mut Around,
    opened: &mut BTreeSet<String>,
    proof: &mut Proof,
) -> Option<ChainFault> {
    let Stored { event, owner, sound: _ } = stored;
    let seq = event.seq;
    if let Some(mut said) = Session::opened_by(&event.event) {
        let kept = around.sessions.get(&said.id);
        // Before format 2 the session was written a moment before the record that opened it.
        if event.format == 1
            && let Some(kept) = kept
        {
            said.opened_at = kept.opened_at;
        }
        if kept != Some(&said) {
            return Some(fault(seq, "altered: the session is not the one that this record opened"));
        }
        opened.insert(said.id);
    }
    let owned_by = match &event.event.session {
        None => event.event.provenance.principal.as_ref(),
        Some(id) => match around.sessions.get(id) {
            None => return Some(fault(seq, format!("its session {id} was removed"))),
            Some(session) => session.principal.as_ref(),
        },
    };
    if owner.as_ref() != owned_by {
        return Some(fault(seq, "altered: its owner is not that of its session"));
    }
    let mut lacks = event.dropped;
    if event.dropped && !may_lack(event, true, &around.compactions) {
        return Some(fault(seq, "its data was removed"));
    }
    if event.format > 1 {
        for (what, digest) in [("input", &event.event.input), ("answer", &event.event.output)] {
            match around.blobs.get_mut(digest.as_str()) {
                Some((true, named)) => *named = true,
                Some((false, _)) => {
                    return Some(fault(seq, format!("altered: its {what} is not what the digest says")));
                }
                None if may_lack(event, false, &around.compactions) => lacks = true,
                None => return Some(fault(seq, format!("its {what} was removed"))),
            }
        }
    }
    if event.event.kind == EventKind::EvidenceImported
        && let Some(named) = event.event.data.get("bundle").and_then(serde_json::Value::as_str)
    {
        let origin = event.event.data.get("origin").and_then(serde_json::Value::as_str);
        match around.bundles.remove(named) {
            Some((kept, true)) if Some(kept.as_str()) == origin => {}
            Some(_) => return Some(fault(seq, "altered: its bundle is not what the digest says")),
            None => return Some(fault(seq, "its bundle was removed")),
        }
    }
    proof.thinned += u64::from(lacks);
    None
}
