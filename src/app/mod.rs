//! Row 4: one file per use case, the same for agent and command line: `Params`, `Answer`, `run`. [`execute`] is the one
//! way in: it asks the guardrails, runs, and records before it answers (law 9). The only writer of evidence.

mod advice;
pub mod approvals;
pub mod approve;
pub mod assess_readiness;
pub mod browse;
mod card;
pub mod check_contract;
pub mod check_drift;
pub mod compact_evidence;
mod conditions;
pub mod confirm_constraints;
mod context;
pub mod dead_letters;
mod description;
pub mod diff_sessions;
pub mod draft_contract;
pub mod drill_program;
pub mod export_dossier;
pub mod export_evidence;
mod fields;
pub mod import_evidence;
mod imported;
pub mod inbox;
pub mod inspect_system;
mod kept;
mod knowledge;
pub mod lock;
pub mod look;
pub mod map_system;
mod no;
mod observed;
pub mod open_session;
pub mod operate;
mod origin;
pub mod package;
mod paging;
pub mod query_evidence;
pub mod record_constraint;
pub mod rollback;
pub mod run_drills;
pub mod scaffold_connector;
pub mod seal_evidence;
mod search;
mod search_words;
mod settled;
pub mod show_record;
mod subject;
pub mod trace_constraint;
pub mod verify;
pub mod wire;

pub mod demo;
pub mod probe_system;
pub mod run_connector;
pub mod runbook;
pub mod serve_mock;
pub mod verify_evidence;

pub use crate::workflow::record::Channel;
pub use assess_readiness::AssessReadiness;
pub use check_contract::CheckContract;
pub use check_drift::CheckDrift;
pub use confirm_constraints::{ConfirmConstraints, Decision, DecisionArg};
pub use context::{App, Asked, Call, Face, HumanDecision, HumanInput, HumanQuestion};
pub use description::{Fetch, name as description_name};
pub use draft_contract::DraftContract;
pub use export_dossier::ExportDossier;
pub use inspect_system::InspectSystem;
pub use map_system::MapSystem;
pub use no::{Fault, No, Refusal};
pub use open_session::OpenSession;
pub use query_evidence::QueryEvidence;
pub use record_constraint::RecordConstraint;
pub use run_drills::RunDrills;
pub use scaffold_connector::ScaffoldConnector;
pub use wire::{CountsOut, FactOut, FindingOut};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::redact;
use crate::evidence::{Blob, Event, EventKind, KeptBundle, NewEvent, Outcome, Phase, Provenance, Recorded};
use crate::workflow::{self, Ask, Proposal, Ruling};

/// What a caller may expect of a use case; goes out as the tool's annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hints {
    /// Changes nothing but the evidence log.
    pub read_only: bool,
    /// May overwrite something of the user's.
    pub destructive: bool,
    /// A second call with the same arguments changes nothing more.
    pub idempotent: bool,
}

/// One use case: one MCP tool and one subcommand.
pub trait UseCase: 'static {
    /// Tool name: at most 24 characters of `[a-z0-9_]`.
    const NAME: &'static str;
    /// Subcommand.
    const COMMAND: &'static str;
    /// Title for people.
    const TITLE: &'static str;
    /// What it does, when to use it, what comes back. Product text.
    const SUMMARY: &'static str;
    /// Annotations.
    const HINTS: Hints;
    /// The kind of its event.
    const KIND: EventKind;
    /// The phase it belongs to.
    const PHASE: Phase;
    /// Arguments.
    type Params: DeserializeOwned + Serialize + schemars::JsonSchema + clap::Args + Send + 'static;
    /// The answer.
    type Answer: Serialize + schemars::JsonSchema + Send + 'static;

    /// The session the call belongs to.
    fn session(params: &Self::Params) -> Option<&str>;

    /// Every path among the arguments, to be read or written.
    fn paths(_params: &Self::Params) -> Vec<&str> {
        Vec::new()
    }

    /// What the call wants to put into the record, as far as guardrails look at it.
    fn proposes(_call: &Call<'_>, _params: &Self::Params) -> Proposed {
        Proposed::Nothing
    }

    /// Does it. Whatever it reads is read here; what it returns is recorded by [`execute`].
    ///
    /// # Errors
    /// A refusal, a fault, or a question that only a human can answer.
    fn run(call: &Call<'_>, params: Self::Params) -> Result<Done<Self::Answer>, No>;
}

/// What a call wants to put into the record.
#[derive(Debug)]
pub enum Proposed {
    /// Nothing that a guardrail looks at.
    Nothing,
    /// A constraint.
    Constraint(workflow::record::ConstraintRecorded),
    /// Text of the agent's own that goes to people.
    Notes(String),
    /// Decisions passed on by an agent.
    Decisions(Vec<workflow::record::DecisionRecord>),
}

/// What a use case hands back to be recorded and answered.
#[derive(Debug)]
pub struct Done<A> {
    /// The answer.
    pub answer: A,
    /// One line for the log.
    pub summary: String,
    /// What later guardrails compute from.
    pub data: Value,
    /// Events of other kinds that this call brought about, recorded before its own.
    pub also: Vec<(EventKind, String, Value)>,
    /// The session, where the call itself opened it.
    pub session: Option<String>,
}

impl<A> Done<A> {
    /// An answer with its log line and data.
    pub fn new(answer: A, summary: impl Into<String>, data: Value) -> Self {
        Self { answer, summary: summary.into(), data, also: Vec::new(), session: None }
    }
}

/// An answer and its place in the evidence.
#[derive(Debug)]
pub struct Answered<A> {
    /// The answer.
    pub answer: A,
    /// Sequence number of its event.
    pub seq: u64,
    /// Head of the chain once it was recorded.
    pub head: String,
    /// The line that went into the log.
    pub summary: String,
}

/// Runs a use case: guardrails, work, record, answer.
///
/// # Errors
/// The use case's refusal, fault or question; refusals and faults are recorded too, as far as the store can be written.
pub fn execute<U: UseCase>(
    app: &App,
    face: &Face,
    human: HumanInput,
    params: U::Params,
) -> Result<Answered<U::Answer>, No> {
    // Redacted before it is digested: a digest of a short secret could be guessed.
    let arguments = serde_json::to_value(&params).map_err(|e| Fault::internal(&e))?;
    let input = Blob::of(&redact::json(&arguments));
    let session = U::session(&params).map(str::to_owned);
    let call_args = (U::NAME, U::PHASE, face, session.as_deref(), &input);
    let outcome = (|| {
        let mut call = Call::new(app, face, human, session.as_deref())?;
        call.facts.named = arguments.get("contract").and_then(Value::as_str).map(str::to_owned);
        for path in U::paths(&params) {
            app.allow(&app.path(path), path)?;
        }
        let proposed = U::proposes(&call, &params);
        let proposal = match &proposed {
            Proposed::Nothing => Proposal::Nothing,
            Proposed::Constraint(constraint) => Proposal::Constraint(constraint),
            Proposed::Notes(text) => Proposal::Notes(text),
            Proposed::Decisions(decisions) => Proposal::Decisions(decisions),
        };
        let ask = Ask { tool: U::NAME, facts: &call.facts, session: call.session.as_ref(), proposal };
        if let Ruling::Refuse(refusal) = workflow::rule(&ask) {
            return Err(Refusal::from(refusal).into());
        }
        U::run(&call, params)
    })();
    match outcome {
        Ok(done) => {
            let session = done.session.clone().or_else(|| session.clone());
            let output = serde_json::to_value(&done.answer).map_err(|e| Fault::internal(&e))?;
            let mut records = Vec::new();
            for (kind, summary, data) in done.also {
                records.push(record(app, call_args, session.clone(), kind, Outcome::Ok, &summary, data, &Value::Null));
            }
            records.push(record(app, call_args, session, U::KIND, Outcome::Ok, &done.summary, done.data, &output));
            let Event { seq, hash, .. } = append(app, records)?;
            Ok(Answered { answer: done.answer, seq, head: hash, summary: redact::text(&done.summary) })
        }
        Err(mut no) => {
            if let No::Refusal(refusal) = &mut no
                && refusal.evidence.is_empty()
            {
                refusal.evidence.push("the arguments of this call".to_owned());
            }
            record_no(app, call_args, &no);
            Err(no)
        }
    }
}

type CallArgs<'c> = (&'static str, Phase, &'c Face, Option<&'c str>, &'c Blob);

#[expect(clippy::too_many_arguments, reason = "the fields of one record, named where they are given")]
fn record(
    app: &App,
    call: CallArgs<'_>,
    session: Option<String>,
    kind: EventKind,
    outcome: Outcome,
    summary: &str,
    data: Value,
    output: &Value,
) -> Recorded {
    let (tool, phase, face, _, input) = call;
    let output = Blob::of(&redact::json(output));
    let event = NewEvent {
        session,
        at: app.clock.now(),
        phase,
        kind,
        tool: tool.to_owned(),
        client: face.client().to_owned(),
        outcome,
        input: input.digest.clone(),
        output: output.digest.clone(),
        summary: redact::text(summary),
        data: redact::json(&data),
        provenance: provenance(app, face),
    };
    Recorded::new(event, input.clone(), output)
}

/// Appends the records of one call, all or none, and returns the last.
fn append(app: &App, records: Vec<Recorded>) -> Result<Event, Fault> {
    let mut events = app.store.append(records).map_err(Fault::from)?;
    events.pop().ok_or_else(|| Fault::internal(&"a call left no record"))
}

/// Where a call came from; without a trace of its own it belongs to that of the process.
fn provenance(app: &App, face: &Face) -> Provenance {
    let mut provenance = face.provenance();
    if provenance.traceparent.is_none() {
        provenance.traceparent = app.trace.map(|t| t.to_string());
    }
    provenance
}

/// What a command that is no use case puts into the log.
struct Note {
    /// The session it belongs to.
    session: Option<String>,
    /// The phase it belongs to.
    phase: Phase,
    /// What happened.
    kind: EventKind,
    /// The command.
    tool: &'static str,
    /// What it was asked to do.
    input: Value,
    /// One line for the log.
    summary: String,
    /// What later guardrails compute from; also what it answered.
    data: Value,
}

/// Records what a command did, before it answers (law 9).
fn note(app: &App, note: Note) -> Result<Event, No> {
    note_with(app, note, None)
}

/// As [`note`], with a bundle that was taken in.
fn note_with(app: &App, note: Note, bundle: Option<KeptBundle>) -> Result<Event, No> {
    Ok(append(app, vec![note_record(app, note, Outcome::Ok, bundle)])?)
}

/// Records that a command was refused, where what it wanted waits for a person.
fn note_refusal(app: &App, note: Note) -> Result<Event, No> {
    Ok(append(app, vec![note_record(app, note, Outcome::Refused, None)])?)
}

/// The record of a note.
fn note_record(app: &App, note: Note, outcome: Outcome, bundle: Option<KeptBundle>) -> Recorded {
    let Note { session, phase, kind, tool, input, summary, data } = note;
    let input = Blob::of(&redact::json(&input));
    let output = data.clone();
    let call = (tool, phase, &Face::Cli, session.as_deref(), &input);
    let record = record(app, call, session.clone(), kind, outcome, &summary, data, &output);
    Recorded { bundle, ..record }
}

/// Refusals and faults are evidence too. Where even that cannot be written, the caller still gets the answer.
fn record_no(app: &App, call: CallArgs<'_>, no: &No) {
    let (kind, outcome, summary, data) = match no {
        No::Refusal(r) => (
            EventKind::Refused,
            Outcome::Refused,
            format!("{}: {}", r.code, r.because),
            serde_json::json!({"code": r.code, "evidence": r.evidence, "next": r.next}),
        ),
        No::Fault(f) => (EventKind::Faulted, Outcome::Fault, f.because.clone(), Value::Null),
        No::NeedsHuman(_) => return, // the face asks and calls again; that call is recorded
    };
    // A session that does not exist, or not for this caller, must not be named by an event.
    let session = call.3.filter(|id| app.store.session(id).is_ok_and(|s| call.2.may_see(&s))).map(str::to_owned);
    let record = record(app, call, session, kind, outcome, &summary, data, &Value::Null);
    if let Err(e) = app.store.append(vec![record]) {
        tracing::warn!(error = %e, "a refusal could not be recorded");
    }
}
