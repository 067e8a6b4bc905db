//! What waits for a person, over all sessions: constraints that only a person can settle, and live runs that were
//! refused for want of an approval. Each with who asked, since when, and what to type.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{App, No};
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;
use crate::base::fs::{self, MAX_CONTRACT};
use crate::contract::Bar;
use crate::evidence::{Event, EventKind, Outcome, Query, Session, SessionQuery};
use crate::workflow::record::ConstraintsConfirmed;
use crate::workflow::{ConstraintFact, ConstraintState, Facts};

/// One thing that waits.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// inferred-constraint or live-run.
    pub what: &'static str,
    /// The constraint, or the contract.
    pub about: String,
    /// The question.
    pub question: String,
    /// Where it stands, where it is more than open: what an agent reported, what was put off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub so_far: Option<String>,
    /// The session, and the integration it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Name of the integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// Since when it waits.
    pub since: String,
    /// Which client asked, or brought it up.
    pub client: String,
    /// The weakest channel that counts.
    pub asks: Bar,
    /// What to type.
    pub command: String,
}

/// Everything that waits.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// Oldest first.
    pub waiting: Vec<Waiting>,
    /// What to do next.
    pub next: String,
}

/// Lists what waits for a person.
///
/// # Errors
/// Faults of the store.
pub fn run(app: &App) -> Result<Answer, No> {
    let mut found: Vec<(Timestamp, Waiting)> = Vec::new();
    let mut after = None;
    loop {
        let sessions = app.store.sessions(&SessionQuery { after, limit: 100, ..SessionQuery::default() })?;
        for session in &sessions {
            let events = app.store.events_of(&session.id)?;
            let facts = super::approvals::proven(app, Facts::fold(Some(session), &events));
            let begun = begun(session, &events);
            for fact in facts.waiting() {
                found.push(constraint(fact, &facts, &events, &begun, session));
            }
        }
        match sessions.last() {
            Some(last) => after = Some((last.opened_at, last.id.clone())),
            None => break,
        }
    }
    found.extend(live_runs(app)?);
    found.sort_by_key(|(since, _)| *since);
    let waiting: Vec<Waiting> = found.into_iter().map(|(_, w)| w).collect();
    let next = waiting.first().map(|w| w.command.clone()).unwrap_or_default();
    Ok(Answer { waiting, next })
}

/// Since when each constraint waits in its present words, by id: to be asked again, or checked again without a change,
/// begins nothing anew.
fn begun(of: &Session, events: &[Event]) -> BTreeMap<String, (Digest, Timestamp)> {
    let mut facts = Facts::fold(Some(of), &[]);
    let mut begun: BTreeMap<String, (Digest, Timestamp)> = BTreeMap::new();
    for event in events {
        facts.add(event);
        let changes = matches!(
            event.event.kind,
            EventKind::ConstraintRecorded | EventKind::ConstraintsConfirmed | EventKind::ContractChecked
        );
        if !changes {
            continue;
        }
        let now: BTreeMap<&str, Digest> = facts.waiting().map(|f| (f.id.as_str(), words(f))).collect();
        begun.retain(|id, (words, _)| now.get(id.as_str()) == Some(words));
        for (id, words) in now {
            begun.entry(id.to_owned()).or_insert((words, event.event.at));
        }
    }
    begun
}

/// What a person is asked.
fn words(fact: &ConstraintFact) -> Digest {
    Digest::of_bytes(fact.question().as_bytes())
}

fn constraint(
    fact: &ConstraintFact,
    facts: &Facts,
    events: &[Event],
    begun: &BTreeMap<String, (Digest, Timestamp)>,
    of: &Session,
) -> (Timestamp, Waiting) {
    // Asked for by whoever last put it before somebody in vain; else brought up by whoever recorded it.
    let asked = events.iter().rev().find(|e| {
        e.event.kind == EventKind::ConstraintsConfirmed
            && ConstraintsConfirmed::from_value(&e.event.data).is_some_and(|c| c.pending.contains(&fact.id))
    });
    let told = asked.or_else(|| events.iter().find(|e| e.seq == fact.seq));
    let (at, client) = told.map_or((Timestamp(0), String::new()), |e| (e.event.at, e.event.client.clone()));
    let since = begun.get(&fact.id).map_or(at, |(_, since)| *since);
    let command = if fact.bar == Bar::Signature {
        let contract = facts.contract_file().unwrap_or("integration.yaml");
        format!("platform-integration approve {contract} inferred-constraints --print-statement")
    } else {
        "platform-integration confirm".to_owned()
    };
    let waiting = Waiting {
        what: "inferred-constraint",
        about: fact.id.clone(),
        question: format!("does it hold that {}?", fact.question().trim_end_matches('.')),
        so_far: (fact.state != ConstraintState::Open).then(|| fact.state_line()),
        session: Some(of.id.clone()),
        integration: Some(of.name.clone()),
        since: since.rfc3339(),
        client,
        asks: fact.bar,
        command: format!("{command} --session {}", of.id),
    };
    (since, waiting)
}

/// Live runs that were refused and are still of the contract as it is: the last refusal for each state of a contract,
/// unless it was approved since.
fn live_runs(app: &App) -> Result<Vec<(Timestamp, Waiting)>, No> {
    let approved: BTreeSet<String> =
        super::approvals::recorded(app)?.into_iter().map(|(_, seen)| seen.record.statement).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut out = Vec::new();
    let mut refusals = Vec::new();
    let mut after = None;
    loop {
        let page = app.store.query(&Query { kind: Some(EventKind::Refused), after, limit: 500, ..Query::default() })?;
        refusals.extend(page.events.into_iter().filter(|e| e.event.outcome == Outcome::Refused));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    for event in refusals.into_iter().rev() {
        let text = |key: &str| event.event.data.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        if text("approval") != "live-run" || approved.contains(&text("statement")) || !seen.insert(text("statement")) {
            continue;
        }
        let now = fs::read_bytes(&app.path(&text("file")), MAX_CONTRACT).ok().map(|b| Digest::of_bytes(&b));
        if now.is_none_or(|now| now.as_str() != text("digest")) {
            continue; // it asked for a contract that is no more
        }
        let session = event.event.session.clone();
        let with = session.as_ref().map(|s| format!(" --session {s}")).unwrap_or_default();
        out.push((
            event.event.at,
            Waiting {
                what: "live-run",
                about: text("named"),
                question: format!("may {} run against the real systems?", text("named")),
                so_far: None,
                integration: None,
                since: event.event.at.rfc3339(),
                client: event.event.client.clone(),
                asks: if text("asks") == "signature" { Bar::Signature } else { Bar::Terminal },
                command: format!("platform-integration approve {} live-run{with}", text("named")),
                session,
            },
        ));
    }
    Ok(out)
}
