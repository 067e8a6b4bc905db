//! The five outputs of the procedure, as Markdown.

use serde::Serialize;

use super::template::{TemplateError, file};
use super::{File, FlowLine};

/// A fact of a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactLine {
    /// `pagination`, `rate_limit` …
    pub fact: String,
    /// Its value, shortened.
    pub value: String,
    /// `stated` or `inferred`.
    pub basis: String,
    /// Pointer, or rule.
    pub ground: String,
}

/// A system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SystemLine {
    /// Its name in the contract.
    pub name: String,
    /// What its description calls it.
    pub title: String,
    /// Path or URL of the description.
    pub api: String,
    /// Format and version of the description.
    pub format: String,
    /// Digest of the description.
    pub digest: String,
    /// Where requests go.
    pub base_url: String,
    /// How they authenticate; no secret.
    pub auth: String,
    /// What is known about it.
    pub facts: Vec<FactLine>,
}

/// An operation that the contract uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperationLine {
    /// The system.
    pub system: String,
    /// operationId.
    pub id: String,
    /// `GET /v1/customers`
    pub call: String,
    /// `list`, `find`, `create`, `update`, `put`.
    pub role: String,
    /// Where the description says so.
    pub pointer: String,
}

/// A row of the mapping table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MappingLine {
    /// The flow.
    pub flow: String,
    /// Target path.
    pub target: String,
    /// Source path, or what stands for it.
    pub from: String,
    /// The rule in words.
    pub how: String,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConstraintLine {
    /// Its handle.
    pub id: String,
    /// `hard`, `soft`, `inferred`.
    pub kind: String,
    /// What must hold.
    pub says: String,
    /// Where it comes from.
    pub origin: String,
    /// Who answers for it.
    pub owner: String,
    /// What it is about.
    pub binds: String,
    /// The clause that honours it, the drill that tests it, what is seen in operation when it is broken.
    pub honoured: String,
    /// Where it stands, and by whom.
    pub state: String,
}

/// A finding about the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingLine {
    /// `error`, `warning`, `note`.
    pub severity: String,
    /// Its code.
    pub code: String,
    /// Where.
    pub place: String,
    /// What.
    pub message: String,
}

/// A drill of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrillLine {
    /// The flow.
    pub flow: String,
    /// The drill.
    pub code: String,
    /// How it ended.
    pub verdict: String,
    /// Schedules run.
    pub schedules: u64,
    /// How often the fault came about.
    pub fired: u64,
    /// Why it did not pass, where it did not.
    pub because: String,
}

/// An item of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChecklistLine {
    /// What must be so.
    pub item: String,
    /// `met`, `unmet`, `unproven`.
    pub state: String,
    /// What the evidence says.
    pub because: String,
    /// The events it rests on; empty where there are none.
    pub evidence: String,
}

/// A link of the chain of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkLine {
    /// What kind of event, of what.
    pub link: String,
    /// The event; empty where there is none.
    pub event: String,
    /// `stands`, `stale`, `missing`.
    pub state: String,
    /// What it says, or what changed.
    pub because: String,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventLine {
    /// Its place in the chain.
    pub seq: u64,
    /// When, RFC 3339.
    pub at: String,
    /// What kind.
    pub kind: String,
    /// Through which client.
    pub client: String,
    /// What, in a line.
    pub summary: String,
}

/// Everything that the dossier says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dossier {
    /// Name of the integration.
    pub name: String,
    /// What it is for.
    pub why: String,
    /// Who is paged.
    pub owner: String,
    /// The contract file.
    pub contract: String,
    /// Its digest.
    pub digest: String,
    /// The session.
    pub session: String,
    /// WHO of the session.
    pub who_tag: String,
    /// WHY of the session.
    pub why_tag: String,
    /// Head of the evidence chain.
    pub head: String,
    /// Where the evidence lies.
    pub store: String,
    /// When the dossier was made, RFC 3339.
    pub made_at: String,
    /// Version of this program.
    pub version: String,
    /// The systems.
    pub systems: Vec<SystemLine>,
    /// The operations used.
    pub operations: Vec<OperationLine>,
    /// The flows.
    pub flows: Vec<FlowLine>,
    /// The mapping.
    pub mapping: Vec<MappingLine>,
    /// Source fields left out on purpose.
    pub unmapped: Vec<String>,
    /// The constraints.
    pub constraints: Vec<ConstraintLine>,
    /// The findings of the last check.
    pub findings: Vec<FindingLine>,
    /// The drills of the last run.
    pub drills: Vec<DrillLine>,
    /// Whether they were run on the contract as it is.
    pub drills_current: bool,
    /// Over all drills.
    pub drills_verdict: String,
    /// The event that recorded them.
    pub drills_seq: Option<u64>,
    /// Schedules run.
    pub schedules: u64,
    /// Drills that do not apply.
    pub not_applicable: u64,
    /// The counts, in words; empty where nothing was counted.
    pub reconciliation: String,
    /// The checklist.
    pub checklist: Vec<ChecklistLine>,
    /// What rests on what, and whether it still stands.
    pub chain: Vec<LinkLine>,
    /// Where confidence is lost, and what would regain it.
    pub lost: Vec<String>,
    /// Remarks of whoever exported it; empty where there are none.
    pub notes: String,
    /// Open risks.
    pub risks: Vec<String>,
    /// What would raise the confidence.
    pub raise: Vec<String>,
    /// The verdict.
    pub verdict: String,
    /// The confidence line.
    pub confidence: String,
    /// What was done, in order.
    pub events: Vec<EventLine>,
}

/// Path and template of each output, in the order of the procedure.
const OUTPUTS: [(&str, &str); 5] = [
    ("integration-specification.md", include_str!("../../resources/templates/dossier/integration-specification.md.j2")),
    ("data-mapping.md", include_str!("../../resources/templates/dossier/data-mapping.md.j2")),
    ("test-matrix.md", include_str!("../../resources/templates/dossier/test-matrix.md.j2")),
    ("deployment-runbook.md", include_str!("../../resources/templates/dossier/deployment-runbook.md.j2")),
    ("risk-rollback.md", include_str!("../../resources/templates/dossier/risk-rollback.md.j2")),
];

/// Writes the five outputs.
///
/// # Errors
/// A template that does not render, which a test of every template rules out.
pub fn dossier(input: &Dossier) -> Result<Vec<File>, TemplateError> {
    OUTPUTS.iter().map(|(path, template)| file(path, template, input)).collect()
}
