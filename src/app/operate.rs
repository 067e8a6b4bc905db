//! The switch of each flow, and what stands with it: pause, resume, status, runs.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::subject::Compiled;
use super::{App, No, Note, Refusal, advice, note};
use crate::base::text::{self, did_you_mean};
use crate::evidence::{ALL_FLOWS, EventKind, Pause, Phase, RunRecord, UndoCounts};

/// Runs looked through for the last of each flow.
const RUNS: usize = 10_000;

/// A switch that is off.
#[derive(Debug, Clone, Serialize)]
pub struct PauseOut {
    /// The flow; `*` is all of them.
    pub flow: String,
    /// Why.
    pub because: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: String,
}

impl From<Pause> for PauseOut {
    fn from(Pause { flow, because, by, at }: Pause) -> Self {
        Self { flow, because, by, at: at.rfc3339() }
    }
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// A process is at it.
    Running,
    /// It said how it went.
    Ended,
    /// It never said so, and no process is at it.
    Killed,
}

impl RunState {
    /// As it is written down.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Killed => "killed",
        }
    }
}

/// A run.
#[derive(Debug, Clone, Serialize)]
pub struct RunOut {
    /// Its handle.
    pub run: String,
    /// Its flow.
    pub flow: String,
    /// When it began.
    pub started: String,
    /// When it ended; absent while it runs, or when it was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// running, ended or killed.
    pub state: RunState,
    /// PASS, PARTIAL, FAIL or UNPROVEN.
    pub verdict: String,
    /// The reconciliation.
    pub reconciliation: Value,
    /// How much `rollback` has to go through, and how much was undone.
    pub journal: UndoCounts,
}

/// Runs, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct RunsAnswer {
    /// The runs.
    pub runs: Vec<RunOut>,
    /// What to do next.
    pub next: String,
}

/// One flow.
#[derive(Debug, Clone, Serialize)]
pub struct FlowOut {
    /// The flow, as `integration/flow`.
    pub flow: String,
    /// Who switched it off, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<PauseOut>,
    /// Its last run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunOut>,
    /// Dead letters that wait.
    pub dead_letters: u64,
}

/// How things stand, also after a change of a switch.
#[derive(Debug, Clone, Serialize)]
pub struct StatusAnswer {
    /// What was done, where something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    /// Every flow is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_paused: Option<PauseOut>,
    /// Flows that the ledger knows, by name.
    pub flows: Vec<FlowOut>,
    /// What to do next.
    pub next: String,
}

/// Switches a flow off, or all of them.
///
/// # Errors
/// Refused where nobody knows the flow; a fault when the ledger fails.
pub fn pause(
    app: &App,
    flow: Option<&str>,
    contract: Option<&str>,
    because: &str,
    by: &str,
) -> Result<StatusAnswer, No> {
    let name = named(app, flow, contract)?;
    let unfinished = app.ledger.pauses()?.into_iter().any(|p| p.flow == name && p.unfinished_rollback().is_some());
    if !unfinished {
        // Off it is, in both cases; who took it back and did not end stays known.
        app.ledger.pause(&Pause {
            flow: name.clone(),
            because: because.to_owned(),
            by: by.to_owned(),
            at: app.clock.now(),
        })?;
    }
    let did = format!("paused {}", in_words(&name));
    operated(app, "pause", &did, json!({"did": "pause", "flow": name, "because": because, "by": by}))?;
    status(app, Some(did))
}

/// Switches it on again; `unfinished`: also where a rollback has switched it off and not come to its end.
///
/// # Errors
/// Refused where it is not off; a fault when the ledger fails.
pub fn resume(app: &App, flow: Option<&str>, unfinished: bool, by: &str) -> Result<StatusAnswer, No> {
    let off = app.ledger.pauses()?;
    let wanted = flow.unwrap_or(ALL_FLOWS);
    let found: Vec<&Pause> = off.iter().filter(|p| is_named(&p.flow, wanted)).collect();
    let name = match found.as_slice() {
        [one] => one.flow.clone(),
        [] => {
            let all: Vec<&str> = off.iter().map(|p| p.flow.as_str()).collect();
            let next = match all.as_slice() {
                [] => "platform-integration status shows how things stand".to_owned(),
                all if all.contains(&ALL_FLOWS) => {
                    "platform-integration resume, without a flow, switches all on".to_owned()
                }
                [one] => format!("platform-integration resume {one}, which is switched off"),
                all => format!("platform-integration resume FLOW, with one of those switched off: {}", all.join(", ")),
            };
            return Err(Refusal::new(
                "not-paused",
                if wanted == ALL_FLOWS {
                    "no switch is set for all flows together".to_owned()
                } else {
                    format!("{} is not switched off by itself", in_words(wanted))
                },
                next,
            )
            .into());
        }
        several => return Err(ambiguous(wanted, several.iter().map(|p| p.flow.as_str())).into()),
    };
    let run = off.iter().find(|p| p.flow == name).and_then(Pause::unfinished_rollback);
    if let Some(run) = run.filter(|_| !unfinished) {
        // What was deleted and not marked yet would be taken for delivered.
        return Err(rollback_unfinished(app, &name, run)?.into());
    }
    app.ledger.resume(&name)?;
    let did = format!("resumed {}", in_words(&name));
    operated(app, "resume", &did, json!({"did": "resume", "flow": name, "by": by}))?;
    status(app, Some(did))
}

fn rollback_unfinished(app: &App, flow: &str, run: &str) -> Result<Refusal, No> {
    let advice::Ran { contract, base_urls } = advice::ran(app, flow)?;
    Ok(Refusal::new(
        "rollback-unfinished",
        format!("the rollback of run {run} did not come to its end, and {flow} would take for delivered what is gone"),
        format!(
            "platform-integration rollback {run} {contract}{base_urls} --apply goes on with it; platform-integration resume {flow} --unfinished leaves it as it is"
        ),
    ))
}

/// How the flows stand.
///
/// # Errors
/// A fault when the ledger fails.
pub fn status(app: &App, did: Option<String>) -> Result<StatusAnswer, No> {
    let runs = app.ledger.runs(RUNS)?;
    let letters = app.ledger.letters_waiting()?;
    let off = app.ledger.pauses()?;
    let mut names: Vec<&str> = runs.iter().map(|r| r.flow.as_str()).chain(letters.keys().map(String::as_str)).collect();
    names.extend(off.iter().map(|p| p.flow.as_str()).filter(|f| *f != ALL_FLOWS));
    names.sort_unstable();
    names.dedup();
    let mut flows = Vec::new();
    for name in names {
        let last = runs.iter().find(|r| r.flow == name);
        flows.push(FlowOut {
            flow: name.to_owned(),
            paused: off.iter().find(|p| p.flow == name || p.flow == ALL_FLOWS).cloned().map(PauseOut::from),
            last_run: last.map(|r| run_out(app, r, state(app, r, true)?)).transpose()?,
            dead_letters: letters.get(name).copied().unwrap_or(0),
        });
    }
    let next = if !off.is_empty() {
        "a running connector obeys within a second; platform-integration resume switches on again".to_owned()
    } else if flows.iter().any(|f| f.dead_letters > 0) {
        "platform-integration dead-letters shows what could not be delivered, and why".to_owned()
    } else if flows.is_empty() {
        "no connector ran on this ledger yet: platform-integration run integration.yaml".to_owned()
    } else if let Some(run) = flows.iter().filter_map(|f| f.last_run.as_ref()).find(|r| r.state == RunState::Killed) {
        let advice::Ran { contract, base_urls } = advice::ran(app, &run.flow)?;
        format!(
            "run {} was killed: platform-integration run {contract}{base_urls} goes on from its checkpoint",
            run.run
        )
    } else {
        String::new()
    };
    let all_paused = off.into_iter().find(|p| p.flow == ALL_FLOWS).map(PauseOut::from);
    Ok(StatusAnswer { did, all_paused, flows, next })
}

/// Runs, newest first.
///
/// # Errors
/// A fault when the ledger fails.
pub fn runs(app: &App, flow: Option<&str>, limit: usize) -> Result<RunsAnswer, No> {
    let all = app.ledger.runs(RUNS)?;
    let mut newest = BTreeSet::new();
    let mut runs = Vec::new();
    for record in all.iter().filter(|r| flow.is_none_or(|f| is_named(&r.flow, f))).take(limit) {
        let state = state(app, record, newest.insert(record.flow.as_str()))?;
        runs.push(run_out(app, record, state)?);
    }
    let next = match runs.iter().find(|r| r.journal.open > 0 && r.state != RunState::Running) {
        Some(run) => {
            let advice::Ran { contract, base_urls } = advice::ran(app, &run.flow)?;
            format!(
                "platform-integration rollback {} {contract}{base_urls} shows what can be taken back of it",
                run.run
            )
        }
        None => String::new(),
    };
    Ok(RunsAnswer { runs, next })
}

/// Whether a run goes on; of a flow only the `newest` can.
pub(super) fn state(app: &App, record: &RunRecord, newest: bool) -> Result<RunState, No> {
    Ok(if record.ended.is_some() {
        RunState::Ended
    } else if newest && app.ledger.holder(&record.flow)?.is_some() {
        RunState::Running
    } else {
        RunState::Killed
    })
}

fn run_out(app: &App, record: &RunRecord, state: RunState) -> Result<RunOut, No> {
    Ok(RunOut {
        state,
        run: record.id.clone(),
        flow: record.flow.clone(),
        started: record.started.rfc3339(),
        ended: record.ended.map(|at| at.rfc3339()),
        verdict: record.verdict.clone(),
        reconciliation: serde_json::from_str(&record.counts).unwrap_or(Value::Null),
        journal: app.ledger.undo_counts(&record.id)?,
    })
}

fn in_words(flow: &str) -> String {
    if flow == ALL_FLOWS { "all flows".to_owned() } else { format!("flow {flow}") }
}

/// `contacts` is `billing-to-crm/contacts`, where that is the only one.
pub(super) fn is_named(flow: &str, wanted: &str) -> bool {
    flow == wanted || flow.rsplit('/').next() == Some(wanted)
}

fn ambiguous<'a>(wanted: &str, all: impl Iterator<Item = &'a str>) -> Refusal {
    let all: Vec<&str> = all.collect();
    Refusal::new(
        "ambiguous-flow",
        format!("several flows are called {}", text::quoted(wanted, 60)),
        format!("choose one of: {}", all.join(", ")),
    )
}

/// The whole name of the flow that is meant: a switch under a name that no flow has would switch nothing off.
fn named(app: &App, flow: Option<&str>, contract: Option<&str>) -> Result<String, No> {
    let Some(wanted) = flow else {
        // A switch in a ledger that no connector has is one that nobody obeys.
        if contract.is_none() && app.ledger.runs(1)?.is_empty() {
            return Err(Refusal::new(
                "unknown-flow",
                format!("no connector ever ran on the ledger in {}, so nobody would obey", app.store.place()),
                "pause where the connector runs, or with its --store; name the contract (--contract integration.yaml) to \
                 keep flows off that have not run yet",
            )
            .into());
        }
        return Ok(ALL_FLOWS.to_owned());
    };
    let mut known: Vec<String> = app.ledger.runs(RUNS)?.into_iter().map(|r| r.flow).collect();
    if let Some(path) = contract {
        let compiled = Compiled::load_with(app, path, None)?;
        let contract = compiled.sound(path)?;
        known.extend(contract.flows.keys().map(|flow| format!("{}/{flow}", contract.name.value)));
    }
    known.sort();
    known.dedup();
    let meant: Vec<&String> = known.iter().filter(|f| is_named(f, wanted)).collect();
    match meant.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let hint = did_you_mean(wanted, known.iter().map(String::as_str));
            Err(Refusal::new(
                "unknown-flow",
                format!("no flow {} ever ran on this ledger{hint}", text::quoted(wanted, 60)),
                "name the contract too (--contract integration.yaml) for a flow that has not run yet, or leave the flow \
                 out to pause all",
            )
            .into())
        }
        several => Err(ambiguous(wanted, several.iter().map(|f| f.as_str())).into()),
    }
}

fn operated(app: &App, tool: &'static str, summary: &str, data: Value) -> Result<(), No> {
    let (phase, kind) = (Phase::Connect, EventKind::ConnectorOperated);
    note(app, Note { session: None, phase, kind, tool, input: data.clone(), summary: summary.to_owned(), data })?;
    Ok(())
}
