//! What a person sees who looks with a browser. Read alone, and not recorded: loading a page again is no act of
//! anybody's, and a page that writes when it is read could be made to write by any link. Everything is bounded, however
//! long the log is: lists go on by cursor, newest first.

use serde::Serialize;

use super::diff_sessions::{self, DiffOut};
use super::export_dossier;
use super::query_evidence::{self, EventOut, Params};
use super::show_record::{self, RecordOut};
use super::subject::Compiled;
use super::{App, Call, Face, HumanInput, No, Refusal, assess_readiness, conditions, trace_constraint};
use crate::base::text;
use crate::evidence::{Event, Outcome, Query, Session};
use crate::scaffold::Dossier;
use crate::workflow::phases;

/// Sessions on one page.
const SESSIONS: usize = 25;
/// Records on one page.
const RECORDS: usize = 50;
/// Events of a session that its page shows.
const EVENTS: usize = 300;
/// Records looked through for one page before the reader is asked whether to go on.
const LOOKED_THROUGH: usize = 20_000;

/// A session in the list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its id.
    pub session: String,
    /// The integration.
    pub name: String,
    /// What is to be reached.
    pub goal: String,
    /// When it was opened, RFC 3339.
    pub opened_at: String,
    /// By which client.
    pub client: String,
    /// Whose it is; empty for the local user.
    pub principal: String,
    /// The furthest phase whose gates are open.
    pub phase: &'static str,
    /// The verdict of the last assessment; empty before one.
    pub verdict: String,
    /// Its confidence line; empty before one.
    pub confidence: String,
    /// The event of it.
    pub assessed: Option<u64>,
    /// Constraints that wait for a person.
    pub waiting: Vec<String>,
    /// The last event.
    pub last: u64,
}

/// A page of sessions.
#[derive(Debug, Clone, Serialize)]
pub struct Sessions {
    /// Newest first.
    pub sessions: Vec<Listed>,
    /// Of the next page.
    pub cursor: Option<String>,
}

/// One page of sessions, newest first.
///
/// # Errors
/// `bad-cursor`, and faults of the store.
pub fn sessions(app: &App, face: &Face, cursor: Option<&str>) -> Result<Sessions, No> {
    let call = Call::new(app, face, HumanInput::NotAsked, None)?;
    let params = Params { cursor: cursor.map(str::to_owned), limit: SESSIONS + 1, ..Params::default() };
    let mut found = app.store.sessions(&conditions::sessions(&call, &params)?)?;
    let more = found.len() > SESSIONS;
    found.truncate(SESSIONS);
    let cursor = found.last().filter(|_| more).map(conditions::session_cursor);
    let sessions = found.iter().map(|s| listed(app, s)).collect::<Result<Vec<_>, No>>()?;
    Ok(Sessions { sessions, cursor })
}

fn listed(app: &App, session: &Session) -> Result<Listed, No> {
    let facts = super::approvals::proven(app, app.facts(session)?);
    let open =
        phases::standing(&facts).into_iter().filter(|(_, shut)| shut.is_none()).map(|(phase, _)| phase).next_back();
    let assessed = facts.readiness.as_ref();
    Ok(Listed {
        session: session.id.clone(),
        name: session.name.clone(),
        goal: session.goal.clone(),
        opened_at: session.opened_at.rfc3339(),
        client: session.client.clone(),
        principal: session.principal.clone().unwrap_or_default(),
        phase: open.map_or("map", |p| p.as_str()),
        verdict: assessed.map(|r| r.record.verdict.as_str().to_owned()).unwrap_or_default(),
        confidence: assessed.map(|r| r.record.line.clone()).unwrap_or_default(),
        assessed: assessed.map(|r| r.seq),
        waiting: facts.waiting().map(|c| c.id.clone()).collect(),
        last: facts.last,
    })
}

/// What waits for a person in a session, and what to type.
#[derive(Debug, Clone, Serialize)]
pub struct Waits {
    /// The constraint.
    pub id: String,
    /// The question.
    pub question: String,
    /// Where it stands.
    pub so_far: String,
}

/// One session, as its page shows it.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Everything that a dossier would say, with its newest events.
    pub dossier: Dossier,
    /// What could not be read, as a sentence; empty where everything was.
    pub missing: String,
    /// What waits for a person.
    pub waiting: Vec<Waits>,
    /// What a person types to settle it.
    pub confirm: String,
    /// The call that moves the session on.
    pub next: String,
}

/// One session.
///
/// # Errors
/// `unknown-session`, and faults of the store.
pub fn session(app: &App, face: &Face, id: &str) -> Result<Looked, No> {
    let call = Call::new(app, face, HumanInput::NotAsked, Some(id))?;
    let readiness = assess_readiness::assess(&call)?;
    let file = call.facts.contract_file().map(|file| {
        let here = std::path::Path::new(file).strip_prefix(&app.cwd).ok().and_then(|p| p.to_str());
        here.unwrap_or(file).to_owned()
    });
    let loaded = file.as_deref().map(|file| (file, Compiled::load(&call, file)));
    let (subject, missing) = match &loaded {
        None => (None, "No contract was checked or drafted yet: what rests on one is missing here.".to_owned()),
        Some((_, Err(refusal))) => (None, format!("The contract cannot be read now: {}.", refusal.because)),
        Some((file, Ok(compiled))) => match &compiled.contract {
            Some(contract) => (Some((*file, compiled, contract)), String::new()),
            None => (None, format!("{file} cannot be read as a contract now: what rests on it is missing here.")),
        },
    };
    let (events, whole) = newest(app, id, call.facts.last)?;
    // What is not listed is not counted either: counting would mean reading all of it.
    let total = events.len() as u64 + u64::from(!whole);
    let dossier = export_dossier::dossier(&call, subject, &readiness, &events, total)?;
    let waiting = call
        .facts
        .waiting()
        .map(|c| Waits { id: c.id.clone(), question: c.question(), so_far: c.state_line() })
        .collect();
    Ok(Looked {
        dossier,
        missing,
        waiting,
        confirm: phases::confirm_command(&call.facts),
        next: phases::next_call(&call.facts).to_string(),
    })
}

/// The newest events of a session, oldest first, and whether they are all of it. Looks back from the last one in steps
/// that grow, so that a long session is not read from its beginning.
fn newest(app: &App, session: &str, last: u64) -> Result<(Vec<Event>, bool), No> {
    let mut back = 1_000;
    loop {
        let from = last.saturating_sub(back);
        let mut events = std::collections::VecDeque::new();
        let mut cut = false;
        let mut after = Some(from);
        while let Some(seq) = after {
            let query = Query { session: Some(session.to_owned()), after: Some(seq), limit: 500, ..Query::default() };
            let page = app.store.query(&query)?;
            after = page.next;
            for event in page.events {
                if events.len() == EVENTS {
                    events.pop_front();
                    cut = true;
                }
                events.push_back(event);
            }
        }
        if events.len() == EVENTS || from == 0 {
            return Ok((events.into(), from == 0 && !cut));
        }
        back = back.saturating_mul(16);
    }
}

/// Which records to look for; empty texts ask for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// In summary or data, 3 characters or more.
    pub text: String,
    /// Kind of event.
    pub kind: String,
    /// Phase.
    pub phase: String,
    /// Tool or command, whole.
    pub tool: String,
    /// ok, refused or fault.
    pub outcome: String,
    /// A WHO tag, or a part of the client's or the principal's name.
    pub who: String,
    /// Session.
    pub session: String,
    /// From this time.
    pub since: String,
    /// Before this time.
    pub until: String,
    /// From the page before.
    pub before: String,
}

/// A page of records.
#[derive(Debug, Serialize)]
pub struct Records {
    /// Newest first.
    pub records: Vec<EventOut>,
    /// Goes on with older ones; nothing when this was the last page.
    pub before: Option<u64>,
    /// The search stopped before the page was full, since it had looked through so many.
    pub paused: bool,
    /// Sequence number of the newest record of the store.
    pub head: u64,
}

/// One page of the records that match, newest first.
///
/// # Errors
/// `bad-argument`, `bad-cursor`, and faults of the store.
pub fn records(app: &App, face: &Face, filter: &Filter) -> Result<Records, No> {
    let call = Call::new(app, face, HumanInput::NotAsked, None)?;
    let given = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    let tag = filter.who.trim().starts_with(&crate::evidence::who(Some("")));
    let params = Params {
        session: given(&filter.session),
        who: given(&filter.who).filter(|_| tag),
        phase: given(&filter.phase),
        kind: given(&filter.kind),
        since: given(&filter.since),
        until: given(&filter.until),
        text: given(&filter.text),
        limit: 500,
        ..Params::default()
    };
    let outcome = given(&filter.outcome)
        .map(|o| {
            Outcome::parse(&o).ok_or_else(|| {
                Refusal::new(
                    "bad-argument",
                    format!("no outcome \"{}\"", text::quoted(&o, 40)),
                    "one of: ok, refused, fault",
                )
            })
        })
        .transpose()?;
    let head = app.store.head()?.seq;
    let before = match given(&filter.before) {
        None => head + 1,
        Some(b) => b.parse::<u64>().ok().filter(|b| *b > 0 && *b <= head + 1).ok_or_else(|| {
            Refusal::new(
                "bad-cursor",
                format!("before \"{}\" is no number of a record of this store", text::quoted(&b, 40)),
                "leave it out to begin with the newest",
            )
        })?,
    };
    let Some(query) = conditions::events(&call, &params)? else {
        return Ok(Records { records: Vec::new(), before: None, paused: false, head });
    };
    let part = given(&filter.who).filter(|_| !tag).map(|w| w.to_lowercase());
    let tool = given(&filter.tool);
    let fits = |e: &Event| {
        let n = &e.event;
        let named = |part: &String| {
            n.client.to_lowercase().contains(part)
                || n.provenance.principal.as_ref().is_some_and(|p| p.to_lowercase().contains(part))
        };
        outcome.is_none_or(|o| n.outcome == o)
            && tool.as_ref().is_none_or(|t| n.tool == *t)
            && part.as_ref().is_none_or(named)
    };
    let found = back(app, &query, before, &fits)?;
    Ok(Records {
        records: found.events.iter().map(query_evidence::event_out).collect(),
        before: found.before,
        paused: found.paused,
        head,
    })
}

/// What a search backwards brought.
struct Found {
    events: Vec<Event>,
    before: Option<u64>,
    paused: bool,
}

/// Looks for records before `before`, newest first, in windows of the log that grow while little is found and shrink
/// where there is much: the store reads forwards.
fn back(app: &App, query: &Query, before: u64, fits: &dyn Fn(&Event) -> bool) -> Result<Found, No> {
    const LEAST: u64 = 200;
    const MOST_IN_A_WINDOW: usize = 2_000;
    let mut found: Vec<Event> = Vec::new();
    let (mut upper, mut width, mut looked) = (before, LEAST, 0_usize);
    while found.len() <= RECORDS && upper > 1 && looked < LOOKED_THROUGH {
        let lower = upper.saturating_sub(width).max(1);
        let mut window = Vec::new();
        let mut after = Some(lower - 1);
        while let Some(seq) = after {
            let page = app.store.query(&Query { after: Some(seq), ..query.clone() })?;
            after = page.next.filter(|next| *next + 1 < upper);
            window.extend(page.events.into_iter().filter(|e| e.seq < upper));
            if window.len() > MOST_IN_A_WINDOW {
                break;
            }
        }
        if window.len() > MOST_IN_A_WINDOW && width > LEAST {
            width = (width / 16).max(LEAST);
            continue;
        }
        looked += window.len();
        if window.len() < RECORDS {
            width = width.saturating_mul(4);
        }
        found.extend(window.into_iter().rev().filter(|e| fits(e)));
        upper = lower;
    }
    let more = found.len() > RECORDS;
    found.truncate(RECORDS);
    let before = if more { found.last().map(|e| e.seq) } else { Some(upper).filter(|u| *u > 1) };
    Ok(Found { paused: !more && before.is_some(), events: found, before })
}

/// One record whole.
///
/// # Errors
/// `unknown-record`, and faults of the store.
pub fn record(app: &App, face: &Face, seq: u64) -> Result<RecordOut, No> {
    let call = Call::new(app, face, HumanInput::NotAsked, None)?;
    show_record::show(&call, app.store.as_ref(), seq)
}

/// Where a constraint of a session leads.
///
/// # Errors
/// `unknown-session`, `unknown-constraint`, `no-contract`, `unreadable-file`.
pub fn trace(app: &App, face: &Face, session: &str, constraint: &str) -> Result<trace_constraint::Answer, No> {
    let call = Call::new(app, face, HumanInput::NotAsked, Some(session))?;
    let params =
        trace_constraint::Params { constraint: constraint.to_owned(), session: session.to_owned(), contract: None };
    trace_constraint::answer(&call, &params)
}

/// What differs between two sessions.
///
/// # Errors
/// `unknown-session`, and faults of the store.
pub fn diff(app: &App, face: &Face, left: &str, right: &str) -> Result<DiffOut, No> {
    let call = Call::new(app, face, HumanInput::NotAsked, Some(left))?;
    diff_sessions::diff(&call, right)
}

/// Sequence number of the newest record of the store.
///
/// # Errors
/// Faults of the store.
pub fn head(app: &App) -> Result<u64, No> {
    Ok(app.store.head()?.seq)
}
