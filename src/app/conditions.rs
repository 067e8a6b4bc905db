//! What a caller asks of the log, as a query; with it goes what the caller may see.

use super::query_evidence::Params;
use super::{Call, Refusal};
use crate::base::clock::Timestamp;
use crate::base::text;
use crate::evidence::{EventKind, Needle, Phase, Query, Session, SessionQuery, WHY, who};

/// Whether records are asked for; otherwise sessions are.
pub(super) fn any(p: &Params) -> bool {
    // Destructured, so that a new condition cannot be forgotten here. A principal narrows either.
    let Params {
        session,
        who,
        why,
        phase,
        kind,
        since,
        until,
        text,
        principal: _,
        bundle: _,
        cursor: _,
        limit: _,
        verify: _,
        show: _,
        diff: _,
        trace: _,
    } = p;
    [session, who, why, phase, kind, since, until, text].iter().any(|c| c.is_some())
}

fn bad(because: String, next: impl Into<String>) -> Refusal {
    Refusal::new("bad-argument", because, next)
}

fn bad_cursor(cursor: &str) -> Refusal {
    Refusal::new(
        "bad-cursor",
        format!("cursor \"{}\" is not one that this query gave out", text::quoted(cursor, 40)),
        "repeat the query without cursor",
    )
}

/// The principal whose records may be seen: the caller's own, or for the local user the one asked for.
fn principal(call: &Call<'_>, p: &Params) -> Result<Option<String>, Refusal> {
    match (call.face.principal(), &p.principal) {
        (Some(own), Some(asked)) if own != asked => Err(bad(
            format!("principal \"{}\" is not you; you see your own records", text::quoted(asked, 60)),
            "leave principal out",
        )),
        (Some(own), _) => Ok(Some(own.to_owned())),
        (None, asked) => Ok(asked.clone()),
    }
}

/// The query for records; nothing where no record can match.
///
/// # Errors
/// `bad-argument`, `bad-cursor`.
pub(super) fn events(call: &Call<'_>, p: &Params) -> Result<Option<Query>, Refusal> {
    let principal = principal(call, p)?;
    let mut session = p.session.clone();
    let mut adhoc = false;
    if let Some(tag) = &p.who {
        let prefix = who(Some(""));
        let id = tag.strip_prefix(&prefix).ok_or_else(|| {
            bad(
                format!("who \"{}\" is no WHO tag", text::quoted(tag, 80)),
                format!("give {prefix}SESSION, or {}", who(None)),
            )
        })?;
        adhoc = *tag == who(None);
        if !adhoc {
            if session.as_deref().is_some_and(|s| s != id) {
                return Ok(None);
            }
            session = Some(id.to_owned());
        } else if session.is_some() {
            return Ok(None);
        }
    }
    let phase = p.phase.as_deref().map(phase).transpose()?;
    let kind = p.kind.as_deref().map(kind).transpose()?;
    let since = p.since.as_deref().map(time).transpose()?;
    let until = p.until.as_deref().map(time).transpose()?;
    let text = p.text.as_deref().map(needle).transpose()?;
    let after = p
        .cursor
        .as_deref()
        .map(|c| c.strip_prefix('e').and_then(|n| n.parse().ok()).ok_or_else(|| bad_cursor(c)))
        .transpose()?;
    if p.why.as_deref().is_some_and(|w| w != WHY) {
        return Ok(None); // every record carries the same reason tag
    }
    Ok(Some(Query { session, adhoc, principal, phase, kind, since, until, text, after, limit: p.limit }))
}

fn phase(word: &str) -> Result<Phase, Refusal> {
    Phase::parse(word).ok_or_else(|| {
        bad(format!("no phase \"{}\"", text::quoted(word, 40)), "one of: map, contract, connect, validate")
    })
}

fn kind(word: &str) -> Result<EventKind, Refusal> {
    EventKind::parse(word).ok_or_else(|| {
        let all: Vec<&str> = EventKind::ALL.iter().map(|k| k.as_str()).collect();
        bad(
            format!("no kind \"{}\"{}", text::quoted(word, 40), text::did_you_mean(word, all.iter().copied())),
            format!("one of: {}", all.join(", ")),
        )
    })
}

/// A time as a user writes it.
///
/// # Errors
/// `bad-argument`.
pub(super) fn time(word: &str) -> Result<Timestamp, Refusal> {
    Timestamp::parse(word).ok_or_else(|| {
        bad(format!("\"{}\" is no time", text::quoted(word, 40)), "give 2026-11-23 or 2026-11-23T10:00:00Z")
    })
}

fn needle(word: &str) -> Result<Needle, Refusal> {
    Needle::new(word).ok_or_else(|| {
        bad(
            format!("text \"{}\" is shorter than {} characters", text::quoted(word, 40), Needle::LEAST),
            "give a longer piece of it, or narrow by kind, phase or session",
        )
    })
}

/// The query for sessions.
///
/// # Errors
/// `bad-argument`, `bad-cursor`.
pub(super) fn sessions(call: &Call<'_>, p: &Params) -> Result<SessionQuery, Refusal> {
    let after = p
        .cursor
        .as_deref()
        .map(|c| {
            let place = c.strip_prefix('t').and_then(|rest| rest.split_once('.'));
            place.and_then(|(ms, id)| Some((Timestamp(ms.parse().ok()?), id.to_owned()))).ok_or_else(|| bad_cursor(c))
        })
        .transpose()?;
    Ok(SessionQuery { principal: principal(call, p)?, after, limit: p.limit })
}

/// Where the list goes on after `session`. Time and id, since many may be opened within one millisecond.
pub(super) fn session_cursor(session: &Session) -> String {
    format!("t{}.{}", session.opened_at.0, session.id)
}
