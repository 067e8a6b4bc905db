//! Who did what, why, when, on what evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, Done, Hints, No, Refusal, UseCase, paging};
use crate::base::clock::Timestamp;
use crate::base::text;
use crate::evidence::{Event, EventKind, Phase, Query, Session, WHY, who};

/// Arguments of `query_evidence`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Events of this session.
    pub session: Option<String>,
    /// Events of this WHO tag.
    #[arg(long)]
    pub who: Option<String>,
    /// Events of this WHY tag.
    #[arg(long)]
    pub why: Option<String>,
    /// map, contract, connect or validate.
    #[arg(long)]
    pub phase: Option<String>,
    /// E.g. "drills-run", "constraints-confirmed", "refused".
    #[arg(long)]
    pub kind: Option<String>,
    /// From this time: "2026-11-23" or RFC 3339.
    #[arg(long)]
    pub since: Option<String>,
    /// Before this time.
    #[arg(long)]
    pub until: Option<String>,
    /// With this text in summary or data.
    #[arg(long)]
    pub text: Option<String>,
    /// From the previous page.
    #[arg(long)]
    pub cursor: Option<String>,
    /// At most so many, 1 to 500.
    #[arg(long, default_value_t = 50)]
    #[serde(default = "default_limit")]
    pub limit: usize,
    /// Also prove the hash chain.
    #[arg(long)]
    #[serde(default)]
    pub verify: bool,
}

const fn default_limit() -> usize {
    50
}

/// One session.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SessionOut {
    /// Its id.
    pub session: String,
    /// The integration.
    pub name: String,
    /// What was to be reached.
    pub goal: String,
    /// When it was opened.
    pub opened_at: String,
    /// By which client.
    pub client: String,
    /// The WHO tag.
    pub who: String,
}

/// One event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct EventOut {
    /// Position in the log.
    pub seq: u64,
    /// When.
    pub at: String,
    /// The WHO tag.
    pub who: String,
    /// The WHY tag.
    pub why: String,
    /// map, contract, connect or validate.
    pub phase: Phase,
    /// What happened.
    pub kind: EventKind,
    /// The tool or command.
    pub tool: String,
    /// By which client.
    pub client: String,
    /// ok, refused or fault.
    pub outcome: String,
    /// One line.
    pub summary: String,
    /// What was recorded.
    pub data: Value,
    /// Digest of the call's input.
    pub input: String,
    /// Digest of the answer.
    pub output: String,
    /// Hash of this record, chained to the one before.
    pub hash: String,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// Sessions, newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<SessionOut>>,
    /// Events, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventOut>>,
    /// Pass it as `cursor` for the next page.
    pub cursor: Option<String>,
    /// Hash of the newest record before this query.
    pub head: String,
    /// Whether the chain holds, where it was asked: "whole", or the first fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// What to do next.
    pub next: String,
}

/// Queries the evidence.
pub struct QueryEvidence;

impl UseCase for QueryEvidence {
    const NAME: &'static str = "query_evidence";
    const COMMAND: &'static str = "evidence";
    const TITLE: &'static str = "Query the evidence";
    const SUMMARY: &'static str = "Ask the tamper-evident log: events by session, who, why, phase, kind, time and text; without conditions, the sessions.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::EvidenceQueried;
    const PHASE: Phase = Phase::Validate;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        params.session.as_deref()
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        if params.limit == 0 || params.limit > 500 {
            return Err(Refusal::new(
                "bad-argument",
                format!("limit is {}, outside 1 to 500", params.limit),
                "query_evidence {\"limit\": 50}",
            )
            .into());
        }
        let store = &call.app.store;
        let head = store.head()?;
        let chain = if params.verify {
            Some(match store.verify_chain()? {
                None => "whole".to_owned(),
                Some(fault) => format!("broken at record {}: {}", fault.seq, fault.because),
            })
        } else {
            None
        };
        let conditions = params.session.is_some()
            || params.who.is_some()
            || params.why.is_some()
            || params.phase.is_some()
            || params.kind.is_some()
            || params.since.is_some()
            || params.until.is_some()
            || params.text.is_some();
        let mut answer = Answer { sessions: None, events: None, cursor: None, head, chain, next: String::new() };
        let shown;
        if conditions {
            let (events, cursor) = events(call, &params)?;
            shown = text::plural(events.len() as u64, "event");
            answer.next = match (&cursor, events.is_empty()) {
                (Some(_), _) => "call again with this cursor for later events".to_owned(),
                (None, true) => "nothing matches; query_evidence {} lists the sessions".to_owned(),
                (None, false) => "assess_readiness {\"session\": \"...\"} weighs a session's evidence".to_owned(),
            };
            (answer.events, answer.cursor) = (Some(events), cursor);
        } else {
            let (sessions, cursor) = sessions(call, &params)?;
            shown = text::plural(sessions.len() as u64, "session");
            answer.next = if sessions.is_empty() {
                "open_session {\"name\": \"...\", \"goal\": \"...\"} opens the first one".to_owned()
            } else {
                "query_evidence {\"session\": \"ID\"} shows what was done in one".to_owned()
            };
            (answer.sessions, answer.cursor) = (Some(sessions), cursor);
        }
        Ok(Done::new(answer, format!("queried: {shown}"), json!({})))
    }
}

fn events(call: &Call<'_>, p: &Params) -> Result<(Vec<EventOut>, Option<String>), No> {
    if p.why.as_deref().is_some_and(|w| w != WHY) {
        return Ok((Vec::new(), None)); // every record carries the same reason tag
    }
    let mut session = p.session.clone();
    if let Some(tag) = &p.who {
        let prefix = who(Some(""));
        let id = tag.strip_prefix(&prefix).ok_or_else(|| {
            Refusal::new(
                "bad-argument",
                format!("who \"{}\" is no WHO tag", text::quoted(tag, 80)),
                format!("give {prefix}SESSION"),
            )
        })?;
        if session.as_deref().is_some_and(|s| s != id) {
            return Ok((Vec::new(), None));
        }
        session = Some(id.to_owned());
    }
    let phase = p
        .phase
        .as_deref()
        .map(|w| {
            Phase::parse(w).ok_or_else(|| {
                Refusal::new(
                    "bad-argument",
                    format!("no phase \"{}\"", text::quoted(w, 40)),
                    "one of: map, contract, connect, validate",
                )
            })
        })
        .transpose()?;
    let kind = p
        .kind
        .as_deref()
        .map(|w| {
            EventKind::parse(w).ok_or_else(|| {
                let all: Vec<&str> = EventKind::ALL.iter().map(|k| k.as_str()).collect();
                Refusal::new(
                    "bad-argument",
                    format!("no kind \"{}\"{}", text::quoted(w, 40), text::did_you_mean(w, all.iter().copied())),
                    format!("one of: {}", all.join(", ")),
                )
            })
        })
        .transpose()?;
    let time = |t: &Option<String>| {
        t.as_deref()
            .map(|t| {
                Timestamp::parse(t).ok_or_else(|| {
                    Refusal::new(
                        "bad-argument",
                        format!("\"{}\" is no time", text::quoted(t, 40)),
                        "give 2026-11-23 or 2026-11-23T10:00:00Z",
                    )
                })
            })
            .transpose()
    };
    let after = p
        .cursor
        .as_deref()
        .map(|c| {
            c.strip_prefix('e').and_then(|n| n.parse().ok()).ok_or_else(|| {
                Refusal::new(
                    "bad-cursor",
                    format!("cursor \"{}\" is not one that this tool gave out", text::quoted(c, 40)),
                    "repeat the query without cursor",
                )
            })
        })
        .transpose()?;
    let query = Query {
        session,
        phase,
        kind,
        since: time(&p.since)?,
        until: time(&p.until)?,
        text: p.text.clone(),
        after,
        limit: p.limit,
    };
    let page = call.app.store.query(&query)?;
    let all: Vec<EventOut> = page.events.iter().map(event_out).collect();
    let count = all.len();
    let (shown, _) = paging::fit(all, None, call.face.budget())?;
    let cursor = if shown.len() < count {
        shown.last().map(|e| format!("e{}", e.seq))
    } else {
        page.next.map(|n| format!("e{n}"))
    };
    Ok((shown, cursor))
}

fn sessions(call: &Call<'_>, p: &Params) -> Result<(Vec<SessionOut>, Option<String>), No> {
    let before = p
        .cursor
        .as_deref()
        .map(|c| {
            c.strip_prefix('t').and_then(|n| n.parse().ok()).map(Timestamp).ok_or_else(|| {
                Refusal::new(
                    "bad-cursor",
                    format!("cursor \"{}\" is not one that this tool gave out", text::quoted(c, 40)),
                    "repeat the query without cursor",
                )
            })
        })
        .transpose()?;
    let found = call.app.store.sessions(p.limit + 1, before)?;
    let more = found.len() > p.limit;
    let kept: Vec<Session> = found.into_iter().take(p.limit).collect();
    let times: Vec<i64> = kept.iter().map(|s| s.opened_at.0).collect();
    let all: Vec<SessionOut> = kept
        .into_iter()
        .map(|s| SessionOut {
            who: who(Some(&s.id)),
            session: s.id,
            name: s.name,
            goal: s.goal,
            opened_at: s.opened_at.rfc3339(),
            client: s.client,
        })
        .collect();
    let count = all.len();
    let (shown, _) = paging::fit(all, None, call.face.budget())?;
    let cursor = (more || shown.len() < count)
        .then(|| shown.len().checked_sub(1).and_then(|i| times.get(i)).map(|t| format!("t{t}")))
        .flatten();
    Ok((shown, cursor))
}

/// An event as it is shown.
fn event_out(e: &Event) -> EventOut {
    let Event { seq, event, prev: _, hash } = e;
    EventOut {
        seq: *seq,
        at: event.at.rfc3339(),
        who: who(event.session.as_deref()),
        why: WHY.to_owned(),
        phase: event.phase,
        kind: event.kind,
        tool: event.tool.clone(),
        client: event.client.clone(),
        outcome: event.outcome.as_str().to_owned(),
        summary: event.summary.clone(),
        data: event.data.clone(),
        input: event.input.as_str().to_owned(),
        output: event.output.as_str().to_owned(),
        hash: hash.clone(),
    }
}
