//! Who did what, why, when, on what evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::diff_sessions::{self, DiffOut};
use super::show_record::{self, RecordOut};
use super::{Call, Done, Hints, No, Refusal, UseCase, conditions, imported, paging, trace_constraint};
use crate::base::text;
use crate::evidence::{Event, EventKind, Phase, Session, SessionQuery, Store, WHY, who};

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
    /// With this text in summary or data, 3 characters or more.
    #[arg(long)]
    pub text: Option<String>,
    /// Of this principal. Over MCP a caller has its own.
    #[arg(long)]
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub principal: Option<String>,
    /// Of a bundle that was taken in, by the first digits of its digest or origin.
    #[arg(long)]
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bundle: Option<String>,
    /// From the previous page.
    #[arg(long)]
    pub cursor: Option<String>,
    /// At most so many, 1 to 500.
    #[arg(long, default_value_t = 50)]
    #[serde(default = "default_limit")]
    pub limit: usize,
    /// Also prove the whole log.
    #[arg(long)]
    #[serde(default)]
    pub verify: bool,
    /// One record whole, by number.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub show: Option<u64>,
    /// A session to compare `session` with.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub diff: Option<String>,
    /// Where this constraint of `session` leads: clause, drill, runbook.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace: Option<String>,
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
    /// The record asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub record: Option<RecordOut>,
    /// What differs between the two sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub diff: Option<DiffOut>,
    /// Where the constraint leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub trace: Option<trace_constraint::Answer>,
    /// Pass it as `cursor` for the next page.
    pub cursor: Option<String>,
    /// Hash of the newest record before this query.
    pub head: String,
    /// Whether the log holds, where it was asked: "whole", or the first fault.
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
        // A session of a bundle is none of this store.
        params.session.as_deref().filter(|_| params.bundle.is_none())
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
        // A proof reads everything, what others did included.
        if params.verify && call.face.principal().is_some() {
            return Err(Refusal::new(
                "local-user-only",
                "the whole log is proven for the local user, not for one of several principals",
                "call again without verify; who runs the server proves it: platform-integration evidence verify",
            )
            .into());
        }
        let head = call.app.store.head()?.hash;
        let chain = if params.verify { Some(call.app.store.verify()?.words()) } else { None };
        let store = imported::store(call, params.bundle.as_deref())?;
        let mut answer = Answer {
            sessions: None,
            events: None,
            record: None,
            diff: None,
            trace: None,
            cursor: None,
            head,
            chain,
            next: String::new(),
        };
        let shown;
        if let Some(seq) = params.show {
            let record = show_record::show(call, store.as_ref(), seq)?;
            shown = format!("record {seq}");
            answer.next = match &record.event.session {
                Some(id) => format!("query_evidence {{\"session\": \"{id}\"}} lists the records around it"),
                None => "query_evidence {} lists the sessions".to_owned(),
            };
            answer.record = Some(record);
        } else if let Some(other) = &params.diff {
            let diff = diff_sessions::diff(call, other)?;
            shown = format!(
                "{} with {other}: {}",
                call.session_id(),
                text::plural(diff.differs.len() as u64, "difference")
            );
            answer.next = format!("assess_readiness {{\"session\": \"{other}\"}} weighs the second one's evidence");
            answer.diff = Some(diff);
        } else if let Some(constraint) = &params.trace {
            let Some(session) = params.session.clone() else {
                return Err(Refusal::new(
                    "bad-argument",
                    "a constraint is traced within a session, and none is named",
                    format!("query_evidence {{\"session\": \"ID\", \"trace\": \"{}\"}}", text::quoted(constraint, 60)),
                )
                .into());
            };
            let asked = trace_constraint::Params { constraint: constraint.clone(), session, contract: None };
            let trace = trace_constraint::answer(call, &asked)?;
            shown = format!("where {} leads", trace.constraint);
            answer.next.clone_from(&trace.next);
            answer.trace = Some(trace);
        } else if conditions::any(&params) {
            let (events, cursor) = events(call, store.as_ref(), &params)?;
            shown = text::plural(events.len() as u64, "event");
            answer.next = match (&cursor, events.first()) {
                (Some(_), _) => "call again with this cursor for later events".to_owned(),
                (None, None) => "nothing matches; query_evidence {} lists the sessions".to_owned(),
                (None, Some(e)) => format!("query_evidence {{\"show\": {}}} shows a record whole", e.seq),
            };
            (answer.events, answer.cursor) = (Some(events), cursor);
        } else {
            let (sessions, cursor) = sessions(call, store.as_ref(), &params)?;
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

fn events(call: &Call<'_>, store: &dyn Store, p: &Params) -> Result<(Vec<EventOut>, Option<String>), No> {
    let Some(query) = conditions::events(call, p)? else { return Ok((Vec::new(), None)) };
    let page = store.query(&query)?;
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

fn sessions(call: &Call<'_>, store: &dyn Store, p: &Params) -> Result<(Vec<SessionOut>, Option<String>), No> {
    let query = conditions::sessions(call, p)?;
    let found = store.sessions(&SessionQuery { limit: p.limit + 1, ..query })?;
    let more = found.len() > p.limit;
    let kept: Vec<Session> = found.into_iter().take(p.limit).collect();
    let cursors: Vec<String> = kept.iter().map(conditions::session_cursor).collect();
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
        .then(|| shown.len().checked_sub(1).and_then(|i| cursors.get(i)).cloned())
        .flatten();
    Ok((shown, cursor))
}

/// An event as it is shown.
pub(super) fn event_out(e: &Event) -> EventOut {
    let Event { seq, event, prev: _, hash, format: _, data_digest: _, dropped: _ } = e;
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
