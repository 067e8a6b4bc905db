//! Records that could not be delivered: list, show, replay, put aside.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::operate::is_named;
use super::run_connector::{self, Ready, ready};
use super::{App, No, Note, Refusal, advice, note};
use crate::base::digest::Digest;
use crate::base::text;
use crate::connector::{self, Observer, SecretSource};
use crate::evidence::{Closed, DeadLetter, DeadState, EventKind, Phase, Reconciliation, Verdict};

/// One record that could not be delivered.
#[derive(Debug, Clone, Serialize)]
pub struct DeadLetterOut {
    /// Its number.
    pub id: u64,
    /// The flow.
    pub flow: String,
    /// Key of the source record.
    pub key: String,
    /// Kebab-case reason.
    pub code: String,
    /// Reason in words.
    pub because: String,
    /// Attempts made.
    pub attempts: u32,
    /// When.
    pub at: String,
    /// waiting, replayed or dropped.
    pub state: DeadState,
}

/// The list of dead letters. Payloads stay in the ledger: they may hold personal data.
#[derive(Debug, Clone, Serialize)]
pub struct DeadLettersAnswer {
    /// Oldest first.
    pub dead_letters: Vec<DeadLetterOut>,
    /// What to do next.
    pub next: String,
}

/// The letters of a ledger; of one flow where given.
///
/// # Errors
/// A fault when the ledger fails.
pub fn list(app: &App, flow: Option<&str>) -> Result<DeadLettersAnswer, No> {
    let mut letters = app.ledger.dead_letters(None)?;
    letters.retain(|l| flow.is_none_or(|f| is_named(&l.flow, f)));
    let next = match letters.iter().find(|l| l.state == DeadState::Waiting) {
        Some(letter) => format!(
            "platform-integration dead-letters show ID; mend the record or the mapping: the next run that reads the \
             record delivers it, or platform-integration dead-letters replay ID{} does",
            advice::ran(app, &letter.flow)?.flags()
        ),
        None => String::new(),
    };
    Ok(DeadLettersAnswer { dead_letters: listed(letters), next })
}

fn listed(letters: Vec<DeadLetter>) -> Vec<DeadLetterOut> {
    let out = |l: DeadLetter| DeadLetterOut {
        id: l.id,
        flow: l.flow,
        key: l.key,
        code: l.code,
        because: l.because,
        attempts: l.attempts,
        at: l.at.rfc3339(),
        state: l.state,
    };
    letters.into_iter().map(out).collect()
}

/// One attempt.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptOut {
    /// Kebab-case.
    pub code: String,
    /// Status of the answer; 0 where there was none.
    pub status: u16,
    /// When.
    pub at: String,
}

/// One letter, whole.
#[derive(Debug, Clone, Serialize)]
pub struct LetterAnswer {
    /// What the list shows of it.
    #[serde(flatten)]
    pub letter: DeadLetterOut,
    /// The newest attempts, of all runs, oldest first.
    pub history: Vec<AttemptOut>,
    /// Digest of the payload.
    pub digest: String,
    /// The source record, where it was asked for: it may hold personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// Who put it aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped_by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped_because: Option<String>,
    /// What to do next.
    pub next: String,
}

fn letter(app: &App, id: u64) -> Result<DeadLetter, No> {
    let found = app.ledger.dead_letters(None)?.into_iter().find(|l| l.id == id);
    found.ok_or_else(|| {
        Refusal::new(
            "unknown-letter",
            format!("there is no dead letter {id}; one that failed again has another number"),
            "platform-integration dead-letters lists them",
        )
        .into()
    })
}

/// Shows one letter.
///
/// # Errors
/// Refused where there is none of this id; a fault when the ledger fails.
pub fn show(app: &App, id: u64, payload: bool) -> Result<LetterAnswer, No> {
    let letter = letter(app, id)?;
    let history = letter.history.iter();
    let history = history.map(|a| AttemptOut { code: a.code.clone(), status: a.status, at: a.at.rfc3339() }).collect();
    let digest = Digest::of_json(&letter.payload).as_str().to_owned();
    let next = match letter.state {
        DeadState::Waiting => format!(
            "platform-integration dead-letters replay {id}{} once the cause is mended, or platform-integration dead-letters \
             drop {id} --because TEXT",
            advice::ran(app, &letter.flow)?.flags()
        ),
        DeadState::Replayed | DeadState::Dropped => String::new(),
    };
    Ok(LetterAnswer {
        history,
        digest,
        payload: payload.then(|| letter.payload.clone()),
        dropped_by: letter.closed.as_ref().map(|c| c.by.clone()),
        dropped_because: letter.closed.as_ref().map(|c| c.because.clone()),
        letter: listed(vec![letter]).remove(0),
        next,
    })
}

/// Puts a letter aside for good.
///
/// # Errors
/// Refused where none of this id waits, or no reason is given; a fault when the ledger fails.
pub fn drop(app: &App, id: u64, because: &str, by: &str) -> Result<LetterAnswer, No> {
    if because.trim().is_empty() {
        return Err(Refusal::new(
            "no-reason",
            "a record is given up, and nobody says why",
            format!("platform-integration dead-letters drop {id} --because \"a test customer\""),
        )
        .into());
    }
    let letter = letter(app, id)?;
    let closed = Closed { by: by.to_owned(), because: because.to_owned(), at: app.clock.now() };
    if !app.ledger.drop_letter(id, &closed)? {
        return Err(Refusal::new(
            "not-waiting",
            format!("dead letter {id} does not wait any more"),
            format!("platform-integration dead-letters show {id}"),
        )
        .into());
    }
    let digest = Digest::of_json(&letter.payload);
    let data = json!({"did": "drop", "id": id, "flow": letter.flow, "code": letter.code,
        "payload": digest.as_str(), "because": because, "by": by});
    let summary = format!("dead letter {id} of {} put aside", letter.flow);
    operated(app, None, "dead-letters drop", json!({"id": id}), summary, data)?;
    show(app, id, false)
}

/// Which letters to deliver again.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    /// Path of integration.yaml.
    pub contract: String,
    /// By number.
    pub ids: Vec<u64>,
    /// All of this flow.
    pub flow: Option<String>,
    /// All of this code.
    pub code: Option<String>,
    /// All that wait.
    pub all: bool,
    /// Base URLs by system name, over those of contract and description.
    pub base_urls: BTreeMap<String, String>,
    /// The session it belongs to.
    pub session: Option<String>,
    /// Who does it.
    pub by: String,
}

impl Replay {
    fn means(&self, letter: &DeadLetter) -> bool {
        let picked = self.ids.contains(&letter.id);
        let flow = self.flow.as_ref().is_none_or(|f| is_named(&letter.flow, f));
        let code = self.code.as_ref().is_none_or(|c| *c == letter.code);
        let some = self.all || self.flow.is_some() || self.code.is_some();
        letter.state == DeadState::Waiting && (picked || (some && self.ids.is_empty() && flow && code))
    }
}

/// What became of the letters of one flow.
#[derive(Debug, Clone, Serialize)]
pub struct ReplayedFlow {
    /// The flow.
    pub flow: String,
    /// PASS, PARTIAL, FAIL or UNPROVEN.
    pub verdict: Verdict,
    /// The counts.
    pub reconciliation: Reconciliation,
    /// Keys that are delivered now.
    pub delivered: Vec<String>,
    /// Letters that wait still, under their new numbers.
    pub waiting: Vec<DeadLetterOut>,
    /// Why it ended early, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// What became of them all.
#[derive(Debug, Clone, Serialize)]
pub struct ReplayAnswer {
    /// The contract they were delivered by.
    pub contract: String,
    /// Over all flows.
    pub verdict: Verdict,
    /// Each flow.
    pub flows: Vec<ReplayedFlow>,
    /// What to do next.
    pub next: String,
}

/// Delivers letters through the contract as it is now, each key once.
///
/// # Errors
/// Refused as a run is, and where no letter is meant; a fault when store or ledger fail.
pub async fn replay(
    app: &App,
    options: &Replay,
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
) -> Result<ReplayAnswer, No> {
    let letters = app.ledger.dead_letters(None)?;
    let meant: Vec<&DeadLetter> = letters.iter().filter(|l| options.means(l)).collect();
    if let Some(id) = options.ids.iter().find(|id| !meant.iter().any(|l| l.id == **id)) {
        return Err(Refusal::new(
            "not-waiting",
            format!("no dead letter {id} waits"),
            "platform-integration dead-letters lists them",
        )
        .into());
    }
    if meant.is_empty() {
        return Err(Refusal::new(
            "nothing-to-replay",
            "no dead letter that waits is meant",
            "platform-integration dead-letters lists them; name numbers, --flow, --code, or --all",
        )
        .into());
    }
    let of_run = run_connector::Options {
        contract: options.contract.clone(),
        base_urls: options.base_urls.clone(),
        session: options.session.clone(),
        ..run_connector::Options::default()
    };
    let Ready { digest, plans, .. } = ready(app, &of_run, secrets.as_ref(), false)?;
    if let Some(letter) = meant.iter().find(|l| !plans.iter().any(|p| p.flow == l.flow)) {
        return Err(Refusal::new(
            "unknown-flow",
            format!("dead letter {} is of {}, which {} does not have", letter.id, letter.flow, options.contract),
            "name the contract that it is of with --contract, or the letters of this one with --flow",
        )
        .into());
    }
    let world = run_connector::world(app, &plans, secrets, observer, stop)?;
    let mut flows = Vec::new();
    let gates = connector::Gates::default();
    for plan in &plans {
        let of_flow: Vec<&&DeadLetter> = meant.iter().filter(|l| l.flow == plan.flow).collect();
        if of_flow.is_empty() {
            continue;
        }
        let records = of_flow.iter().map(|l| l.payload.clone()).collect();
        let report = connector::deliver_with(plan, &world, &gates, records).await;
        let left: Vec<DeadLetter> = app
            .ledger
            .dead_letters(Some(&plan.flow))?
            .into_iter()
            .filter(|l| l.state == DeadState::Waiting && of_flow.iter().any(|o| o.key == l.key))
            .collect();
        let delivered =
            of_flow.iter().filter(|o| !left.iter().any(|l| l.key == o.key)).map(|o| o.key.clone()).collect();
        flows.push(ReplayedFlow {
            flow: plan.flow.clone(),
            verdict: report.verdict,
            reconciliation: report.counts,
            delivered,
            waiting: listed(left),
            stopped: report.stopped.map(|(code, because)| format!("{code}: {because}")),
        });
    }
    let verdict = Verdict::all(flows.iter().map(|f| f.verdict));
    let (delivered, waiting) = flows.iter().fold((0, 0), |(d, w), f| (d + f.delivered.len(), w + f.waiting.len()));
    let data = json!({"did": "replay", "file": options.contract, "digest": digest.as_str(), "verdict": verdict,
        "by": options.by, "flows": flows.iter().map(|f| json!({"flow": f.flow, "verdict": f.verdict,
            "reconciliation": f.reconciliation, "stopped": f.stopped})).collect::<Vec<_>>()});
    let input = json!({"contract": options.contract, "ids": options.ids, "flow": options.flow, "code": options.code});
    let summary = format!("{} delivered again, {waiting} still waiting", text::plural(delivered as u64, "dead letter"));
    operated(app, options.session.clone(), "dead-letters replay", input, summary, data)?;
    let next = if let Some(stopped) = flows.iter().find_map(|f| f.stopped.as_deref()) {
        format!("see to what stopped it ({stopped}), then do it again")
    } else if waiting > 0 {
        "platform-integration dead-letters show ID tells what was tried; mend the mapping or the record".to_owned()
    } else {
        String::new()
    };
    Ok(ReplayAnswer { contract: options.contract.clone(), verdict, flows, next })
}

fn operated(
    app: &App,
    session: Option<String>,
    tool: &'static str,
    input: Value,
    summary: String,
    data: Value,
) -> Result<(), No> {
    note(app, Note { session, phase: Phase::Connect, kind: EventKind::ConnectorOperated, tool, input, summary, data })?;
    Ok(())
}
