//! Adds or reclassifies a constraint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::open_session::is_kebab;
use super::{Call, Done, Hints, No, Proposed, Refusal, UseCase, origin};
use crate::base::{redact, text};
use crate::contract::ConstraintKind;
use crate::evidence::{EventKind, Phase};
use crate::workflow::record::{Binds, ConstraintRecorded};

/// hard, soft or inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum KindArg {
    /// Stated by a system or a rule; cannot be given up.
    Hard,
    /// Wanted; can be given up under pressure.
    Soft,
    /// Nobody said so yet; a human confirms it.
    Inferred,
}

impl From<KindArg> for ConstraintKind {
    fn from(k: KindArg) -> Self {
        match k {
            KindArg::Hard => Self::Hard,
            KindArg::Soft => Self::Soft,
            KindArg::Inferred => Self::Inferred,
        }
    }
}

/// Arguments of `record_constraint`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// From open_session.
    #[arg(long)]
    pub session: String,
    /// Kebab-case: "crm-rate". An id that exists is reclassified.
    pub id: String,
    /// hard: stated; soft: wanted; inferred: assumed, a human must confirm it.
    #[arg(long)]
    pub kind: KindArg,
    /// What must hold, in a sentence: "at most 100 requests per 10 s per token".
    #[arg(long)]
    pub says: String,
    /// "crm#/paths/~1contacts/post", a document, a person. Required for hard ones.
    #[arg(long)]
    pub origin: Option<String>,
    /// Who answers for it.
    #[arg(long)]
    pub owner: Option<String>,
    /// What it is about: "system:crm", "flow:contacts", "field:crm.email". Default: everything.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub binds: Vec<String>,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The constraint's handle.
    pub id: String,
    /// Its kind.
    pub kind: ConstraintKind,
    /// Constraints of this session in all.
    pub constraints: usize,
    /// Inferred constraints that wait for a human.
    pub open: Vec<String>,
    /// What to do next.
    pub next: String,
}

/// Adds or reclassifies a constraint.
pub struct RecordConstraint;

impl UseCase for RecordConstraint {
    const NAME: &'static str = "record_constraint";
    const COMMAND: &'static str = "constrain";
    const TITLE: &'static str = "Record a constraint";
    const SUMMARY: &'static str = "Add or reclassify something that must hold between the two systems, as hard, soft or inferred, \
        with its origin. Record what you assume as inferred: a human confirms it before anyone acts on it.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::ConstraintRecorded;
    const PHASE: Phase = Phase::Map;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        Some(&params.session)
    }

    fn proposes(call: &Call<'_>, params: &Params) -> Proposed {
        Proposed::Constraint(constraint(params, looked_up(call, params)))
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let example = "record_constraint {\"session\": \"...\", \"id\": \"crm-rate\", \"kind\": \"hard\", \"says\": \"...\", \"origin\": \"crm#/paths/...\"}";
        if !is_kebab(&params.id) {
            return Err(Refusal::new(
                "bad-name",
                format!("\"{}\" is not kebab-case", text::quoted(&params.id, 60)),
                example,
            )
            .into());
        }
        let found = looked_up(call, &params);
        if found == Some(false) {
            let origin = params.origin.as_deref().unwrap_or_default();
            let system = origin.split('#').next().unwrap_or_default();
            return Err(Refusal::new(
                "origin-not-found",
                format!("the description of {system} has nothing at \"{}\"", text::quoted(origin, 160)),
                format!(
                    "inspect_system {{\"session\": \"{}\", \"name\": \"{system}\", \"operations\": true}} shows where facts were read; or record it as inferred without an origin",
                    params.session
                ),
            )
            .into());
        }
        let data = constraint(&params, found);
        let (kind, says) = (data.kind, data.says.clone());
        if says.is_empty() {
            return Err(Refusal::new("bad-argument", "says is empty: a constraint says what must hold", example).into());
        }
        if let Err(entry) = Binds::parse(params.binds.iter().map(String::as_str)) {
            return Err(Refusal::new(
                "bad-argument",
                format!("binds has \"{}\", which is no system:NAME, flow:NAME or field:SYSTEM.PATH", text::quoted(&entry, 60)),
                "record_constraint {\"session\": \"...\", \"id\": \"crm-rate\", \"kind\": \"soft\", \"says\": \"...\", \"binds\": [\"system:crm\", \"field:crm.email\"]}",
            )
            .into());
        }
        let mut open: Vec<String> = call.facts.waiting().map(|c| c.id.clone()).filter(|id| *id != params.id).collect();
        let waits = call.facts.would_wait(&data);
        if waits {
            open.push(params.id.clone());
        }
        let constraints = call.facts.constraints.len() + usize::from(!call.facts.constraints.contains_key(&params.id));
        let next = if open.is_empty() {
            format!(
                "draft_contract {{\"session\": \"{}\", \"source\": \"...\", \"target\": \"...\"}} once both systems are mapped",
                params.session
            )
        } else {
            format!(
                "confirm_constraints {{\"session\": \"{}\"}}: {} for a human",
                params.session,
                if open.len() == 1 { "one waits" } else { "some wait" }
            )
        };
        let answer = Answer { id: params.id.clone(), kind, constraints, open, next };
        let still =
            if waits && kind != ConstraintKind::Inferred { ", which waits for a person: it was inferred" } else { "" };
        let summary = format!("{} constraint {}{still}: {says}", kind.as_str(), params.id);
        Ok(Done::new(answer, summary, data.to_value()))
    }
}

/// The constraint as it is recorded: cleaned, bounded, redacted.
fn constraint(params: &Params, found: Option<bool>) -> ConstraintRecorded {
    let clean = |t: &str| redact::bounded(t, 300);
    ConstraintRecorded {
        id: params.id.clone(),
        kind: params.kind.into(),
        says: clean(&params.says),
        origin: params.origin.as_deref().map(clean).filter(|o| !o.is_empty()),
        owner: params.owner.as_deref().map(clean).filter(|o| !o.is_empty()),
        // An entry that cannot be read is refused before anything is recorded.
        binds: Binds::parse(params.binds.iter().map(|b| clean(b)).collect::<Vec<_>>().iter().map(String::as_str))
            .unwrap_or_default(),
        found: found == Some(true),
    }
}

/// Whether the origin leads anywhere, where it claims a place in a description that was mapped in this session.
fn looked_up(call: &Call<'_>, params: &Params) -> Option<bool> {
    let path = |system: &str| call.facts.systems.get(system).map(|s| call.app.path(&s.record.api));
    origin::found(call.app, &path, params.origin.as_deref()?)
}
