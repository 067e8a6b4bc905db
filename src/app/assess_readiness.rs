//! Weighs a session's evidence: checklist, verdict, confidence under its ceiling, and what would raise it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Done, Hints, No, Proposed, UseCase};
use crate::base::redact;
use crate::evidence::{EventKind, Phase, Verdict};
use crate::finding::Confidence;
use crate::workflow::record;
use crate::workflow::{self, ItemState, Readiness, RowState};

/// Two systems, some stale decisions and the five links after them; more than that is for `query_evidence`.
const MOST_LINKS: usize = 16;

/// Arguments of `assess_readiness`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// From open_session.
    #[arg(long)]
    pub session: String,
    /// Remarks of yours, kept with it. No confidence of your own.
    #[arg(long)]
    pub notes: Option<String>,
}

/// Confidence under its ceiling.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ConfidenceOut {
    /// Two digits.
    pub value: f64,
    /// What caps it: observation, report, inference ...
    pub r#type: String,
    /// The cap.
    pub ceiling: f64,
    /// The line to quote: "Confidence: 0.93 (ceiling: observation 0.95)".
    pub line: String,
}

impl From<Confidence> for ConfidenceOut {
    fn from(c: Confidence) -> Self {
        Self {
            value: c.value(),
            r#type: c.ceiling().as_str().to_owned(),
            ceiling: c.ceiling().value(),
            line: c.to_string(),
        }
    }
}

/// One line of the SOP's validation checklist.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ItemOut {
    /// What must be so.
    pub item: String,
    /// met, unmet or unproven.
    pub state: ItemState,
    /// What the evidence says.
    pub because: String,
    /// Sequence numbers of the records it rests on.
    pub evidence: Vec<u64>,
}

/// A claim, and what it is made of.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ClaimOut {
    /// What is claimed.
    pub claim: String,
    /// Its confidence line.
    pub line: String,
    /// What it is made of, with its events.
    pub support: Vec<String>,
}

/// Confidence that is not there.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct LossOut {
    /// The claim that lacks it.
    pub claim: String,
    /// How much; value and losses make 0.95.
    pub points: f64,
    /// What is lacking.
    pub because: String,
    /// The call that would regain it.
    pub regain: String,
}

/// One link of the chain of evidence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct LinkOut {
    /// Kind of event, and of what: "system-mapped crm".
    pub link: String,
    /// Its event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
    /// stands, stale or missing.
    pub state: RowState,
    /// What it says; for a stale one, what changed and on the way over which events.
    pub because: String,
}

impl From<workflow::Row> for LinkOut {
    fn from(row: workflow::Row) -> Self {
        let workflow::Row { step, of, seq, state, because } = row;
        let link = if of.is_empty() { step.as_str().to_owned() } else { format!("{} {of}", step.as_str()) };
        Self { link, event: seq, state, because }
    }
}

/// The assessment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Answer {
    /// The session.
    pub session: String,
    /// The integration.
    pub name: String,
    /// PASS only when nothing is unmet and nothing unproven that this release can prove.
    pub verdict: Verdict,
    /// How sure.
    pub confidence: ConfidenceOut,
    /// What it rests on.
    pub claims: Vec<ClaimOut>,
    /// Where it is lost, largest first.
    pub lost: Vec<LossOut>,
    /// The SOP's checklist, computed from evidence.
    pub checklist: Vec<ItemOut>,
    /// The chain of evidence: what stands, what is stale and why.
    pub chain: Vec<LinkOut>,
    /// Open risks, each to be taken by somebody or removed.
    pub risks: Vec<String>,
    /// What evidence would raise the confidence.
    pub raise: Vec<String>,
    /// What to do next.
    pub next: String,
}

/// Weighs the evidence.
pub struct AssessReadiness;

impl UseCase for AssessReadiness {
    const NAME: &'static str = "assess_readiness";
    const COMMAND: &'static str = "assess";
    const TITLE: &'static str = "Assess readiness";
    const SUMMARY: &'static str = "Weigh a session's evidence: checklist, open risks, the confidence under its ceiling, and what would raise it. \
        Quote its confidence line; do not write your own.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::ReadinessAssessed;
    const PHASE: Phase = Phase::Validate;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        Some(&params.session)
    }

    fn proposes(_call: &Call<'_>, params: &Params) -> Proposed {
        params.notes.clone().map_or(Proposed::Nothing, Proposed::Notes)
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let readiness = assess(call)?;
        let answer = Answer {
            session: params.session.clone(),
            name: call.session.as_ref().map(|s| s.name.clone()).unwrap_or_default(),
            verdict: readiness.verdict,
            confidence: readiness.confidence.into(),
            claims: readiness
                .claims
                .iter()
                .take(MOST_LINKS)
                .map(|c| ClaimOut {
                    claim: format!("{}: {}", c.code, c.text),
                    line: c.confidence.to_string(),
                    support: c.support.iter().map(ToString::to_string).collect(),
                })
                .collect(),
            lost: readiness
                .lost
                .iter()
                .take(MOST_LINKS)
                .map(|l| LossOut {
                    claim: l.claim.clone(),
                    points: l.points,
                    because: l.because.clone(),
                    regain: l.regain.clone(),
                })
                .collect(),
            checklist: readiness
                .checklist
                .iter()
                .map(|i| ItemOut {
                    item: i.item.to_owned(),
                    state: i.state,
                    because: i.because.clone(),
                    evidence: i.evidence.clone(),
                })
                .collect(),
            chain: workflow::chain(&call.facts).into_iter().map(LinkOut::from).take(MOST_LINKS).collect(),
            risks: readiness.risks.clone(),
            raise: readiness.raise.clone(),
            next: next(&params.session, &readiness),
        };
        let data = record::ReadinessAssessed {
            verdict: readiness.verdict,
            confidence: readiness.confidence.value(),
            line: readiness.confidence.to_string(),
            gaps: readiness.gaps().map(str::to_owned).collect(),
            notes: params.notes.as_deref().map(notes),
            basis: Some(workflow::chain::basis(&call.facts)),
        };
        Ok(Done::new(answer, format!("{}: {}", readiness.verdict, readiness.confidence), data.to_value()))
    }
}

/// Text of the agent's own, as it is kept and shown: cleaned, bounded, redacted.
pub(super) fn notes(given: &str) -> String {
    redact::bounded(given, 2_000)
}

/// Computes readiness from the facts and the chain.
pub(super) fn assess(call: &Call<'_>) -> Result<Readiness, No> {
    let chain = call.app.store.verify_session(call.session_id())?;
    Ok(workflow::assess(&call.facts, chain.as_ref()))
}

fn next(session: &str, readiness: &Readiness) -> String {
    if readiness.verdict == Verdict::Pass || readiness.raise.is_empty() {
        return format!("export_dossier {{\"session\": \"{session}\", \"out\": \"dossier\"}}");
    }
    format!(
        "{}; export_dossier {{\"session\": \"{session}\", \"out\": \"dossier\"}} writes down the state as it is",
        readiness.raise.first().map_or("", String::as_str)
    )
}
