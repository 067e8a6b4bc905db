//! Sessions and evidence by address, for who browses rather than calls. What is read is read through
//! [`QueryEvidence`], with its pages, its limits and its record: a look at the evidence is evidence, by whatever way.
//! Lists and completions only name what is there, as `tools/list` does, and are not recorded: hosts ask for them unprompted.

use serde_json::{Value, json};

use super::query_evidence::{self, Params};
use super::{App, Call, Face, Fault, HumanInput, No, QueryEvidence, conditions, execute};
use crate::evidence::{EventKind, Phase, Session, SessionQuery, WHY, who};

/// Sessions on one page of a list.
const PAGE: usize = 50;
/// The most that a completion offers.
const OFFERED: usize = 100;
/// Sessions looked at for a completion; older ones are found by their whole id.
const LOOKED_AT: usize = 1_000;

/// What can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The sessions, newest first.
    Sessions {
        /// Of the page before.
        cursor: Option<String>,
    },
    /// One session.
    Session(String),
    /// The events of a session, oldest first.
    Events {
        /// Its id.
        session: String,
        /// Only of this phase.
        phase: Option<String>,
        /// Only of this kind.
        kind: Option<String>,
        /// Of the page before.
        cursor: Option<String>,
    },
    /// One record, by its place in the log.
    Record(u64),
}

/// Reads what lies at the address, in at most the characters that the caller's answers may have. Recorded.
///
/// # Errors
/// `unknown-session` and `unknown-record`, also for what belongs to another principal; refusals and faults of the query.
pub fn read(app: &App, face: &Face, address: Address) -> Result<Value, No> {
    let query = |params: Params| execute::<QueryEvidence>(app, face, HumanInput::NotAsked, params);
    let whole = |answer: query_evidence::Answer| serde_json::to_value(answer).map_err(|e| Fault::internal(&e).into());
    match address {
        Address::Sessions { cursor } => whole(query(Params { cursor, limit: PAGE, ..Params::default() })?.answer),
        Address::Session(id) => {
            // The query looks whose session it is, and records the look.
            query(Params { session: Some(id.clone()), limit: 1, ..Params::default() })?;
            let Session { id, name, goal, opened_at, client, principal } = app.store.session(&id)?;
            Ok(json!({
                "session": id, "name": name, "goal": goal, "opened_at": opened_at.rfc3339(), "client": client,
                "principal": principal, "who": who(Some(&id)), "why": WHY,
                "next": format!("query_evidence {{\"session\": \"{id}\"}} shows what was done in it"),
            }))
        }
        Address::Events { session, phase, kind, cursor } => {
            let params = Params { session: Some(session), phase, kind, cursor, limit: 500, ..Params::default() };
            whole(query(params)?.answer)
        }
        Address::Record(seq) => {
            let record = query(Params { show: Some(seq), limit: 1, ..Params::default() })?.answer.record;
            serde_json::to_value(record).map_err(|e| Fault::internal(&e).into())
        }
    }
}

/// One page of the caller's sessions, newest first, and the cursor of the next.
///
/// # Errors
/// `bad-cursor`, and faults of the store.
pub fn sessions(app: &App, face: &Face, cursor: Option<&str>) -> Result<(Vec<Session>, Option<String>), No> {
    let call = Call::new(app, face, HumanInput::NotAsked, None)?;
    let params = Params { cursor: cursor.map(str::to_owned), limit: PAGE + 1, ..Params::default() };
    let mut found = app.store.sessions(&conditions::sessions(&call, &params)?)?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let cursor = found.last().filter(|_| more).map(conditions::session_cursor);
    Ok((found, cursor))
}

/// The caller's newest sessions.
fn own(app: &App, face: &Face) -> Result<Vec<Session>, No> {
    let principal = face.principal().map(str::to_owned);
    Ok(app.store.sessions(&SessionQuery { principal, after: None, limit: LOOKED_AT })?)
}

/// What an argument named `argument` may begin with `typed` and be; at most a hundred. Sessions are found by id or name.
///
/// # Errors
/// Faults of the store.
pub fn complete(app: &App, face: &Face, argument: &str, typed: &str) -> Result<Vec<String>, No> {
    let typed = typed.to_lowercase();
    let mut found: Vec<String> = match argument {
        "session" => own(app, face)?
            .into_iter()
            .filter(|s| s.id.starts_with(&typed) || s.name.contains(&typed))
            .map(|s| s.id)
            .collect(),
        "name" => {
            let mut names: Vec<String> = own(app, face)?.into_iter().map(|s| s.name).collect();
            names.sort_unstable();
            names.dedup();
            names.retain(|n| n.starts_with(&typed));
            names
        }
        "phase" => starting(Phase::ALL.iter().map(|p| p.as_str()), &typed),
        "kind" => starting(EventKind::ALL.iter().map(|k| k.as_str()), &typed),
        _ => Vec::new(),
    };
    found.truncate(OFFERED);
    Ok(found)
}

fn starting<'a>(all: impl Iterator<Item = &'a str>, typed: &str) -> Vec<String> {
    all.filter(|word| word.starts_with(typed)).map(str::to_owned).collect()
}
