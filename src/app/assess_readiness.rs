//! Weighs a session's evidence: checklist, verdict, confidence under its ceiling, and what would raise it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Done, Hints, No, UseCase};
use crate::evidence::{EventKind, Phase, Verdict};
use crate::finding::Confidence;
use crate::workflow::record;
use crate::workflow::{self, ItemState, Readiness};

/// Arguments of `assess_readiness`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// From open_session.
    #[arg(long)]
    pub session: String,
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
    /// The SOP's checklist, computed from evidence.
    pub checklist: Vec<ItemOut>,
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

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let readiness = assess(call)?;
        let answer = Answer {
            session: params.session.clone(),
            name: call.session.as_ref().map(|s| s.name.clone()).unwrap_or_default(),
            verdict: readiness.verdict,
            confidence: readiness.confidence.into(),
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
            risks: readiness.risks.clone(),
            raise: readiness.raise.clone(),
            next: next(&params.session, &readiness),
        };
        let data = record::ReadinessAssessed {
            verdict: readiness.verdict,
            confidence: readiness.confidence.value(),
            line: readiness.confidence.to_string(),
            gaps: readiness.gaps().map(str::to_owned).collect(),
        };
        Ok(Done::new(answer, format!("{}: {}", readiness.verdict, readiness.confidence), data.to_value()))
    }
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
