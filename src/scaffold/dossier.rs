//! The five outputs of the procedure: as Markdown, and all of them as one page for a browser.

use std::collections::BTreeSet;

use serde::Serialize;

use super::template::{TemplateError, file};
use super::{File, FlowLine};
use crate::base::text;
use crate::evidence::Reconciliation;
use crate::html::{self, svg};

/// Events that a page shows: more are in the store. Those that something on the page refers to are always among them.
const MOST_EVENTS: usize = 300;

/// A fact of a system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    /// The event that mapped it; nothing where none did.
    pub event: Option<u64>,
}

/// An operation that the contract uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MappingLine {
    /// The flow.
    pub flow: String,
    /// Target path.
    pub target: String,
    /// Source path, or what stands for it.
    pub from: String,
    /// The rule in words.
    pub how: String,
    /// The source fields it reads; none for a constant.
    pub sources: Vec<String>,
}

/// A clause of the contract that honours a constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClauseLine {
    /// `integration.yaml:72`
    pub place: String,
    /// `flows.contacts.delivery.rate`
    pub path: String,
    /// The line as written.
    pub line: String,
}

/// A drill that would show a breach of a constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TestLine {
    /// The drill.
    pub drill: String,
    /// What it stands at, over all flows.
    pub verdict: String,
}

/// A constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    /// Its place in the list, from 1.
    pub number: usize,
    /// The event that said it last; nothing where only the contract says it.
    pub event: Option<u64>,
    /// The clauses that honour it.
    pub clauses: Vec<ClauseLine>,
    /// The drills that would show a breach.
    pub drills: Vec<TestLine>,
    /// Under which lines of the runbook it would be seen.
    pub watches: Vec<String>,
}

/// A finding about the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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

/// A finding that the contract accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AcceptedLine {
    /// Its code.
    pub code: String,
    /// Where it stands in the contract.
    pub place: String,
    /// How bad it was: `error`, `warning`, `note`.
    pub severity: String,
    /// What was found.
    pub message: String,
    /// Why it is acceptable, as the contract says.
    pub because: String,
    /// Who accepts it, as the contract says.
    pub by: String,
    /// What a person has said to it.
    pub state: String,
}

/// A drill of a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    /// The event that recorded it.
    pub event: Option<u64>,
}

/// An item of the checklist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChecklistLine {
    /// What must be so.
    pub item: String,
    /// `met`, `unmet`, `unproven`.
    pub state: String,
    /// What the evidence says.
    pub because: String,
    /// The events it rests on; empty where there are none.
    pub evidence: String,
    /// The same, as numbers.
    pub events: Vec<u64>,
}

/// A link of the chain of evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LinkLine {
    /// What kind of event, of what.
    pub link: String,
    /// The event; empty where there is none.
    pub event: String,
    /// The same, as a number.
    pub seq: Option<u64>,
    /// `stands`, `stale`, `missing`.
    pub state: String,
    /// What it says, or what changed.
    pub because: String,
}

/// An event of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    /// Phase of the procedure.
    pub phase: String,
    /// The tool or command.
    pub tool: String,
    /// `ok`, `refused`, `fault`.
    pub outcome: String,
    /// As whom; empty for the local user.
    pub principal: String,
    /// Hash of the record.
    pub hash: String,
    /// Digest of the call's input.
    pub input: String,
    /// Digest of the answer.
    pub output: String,
    /// What was recorded, as JSON text; empty where there is nothing.
    pub data: String,
}

/// Records counted at each station, and how many of them are accounted for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CountsLine {
    /// The counts as recorded.
    #[serde(flatten)]
    pub counted: Reconciliation,
    /// Accounted for.
    pub settled: u64,
}

impl From<Reconciliation> for CountsLine {
    fn from(counted: Reconciliation) -> Self {
        Self { settled: counted.settled(), counted }
    }
}

/// A drill that does not apply to a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NotAppliedLine {
    /// The flow.
    pub flow: String,
    /// The drill.
    pub code: String,
    /// Why it does not apply.
    pub because: String,
}

/// Something claimed, with what it rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClaimLine {
    /// The claim.
    pub claim: String,
    /// Its confidence line.
    pub line: String,
    /// What it is made of, with its events.
    pub support: Vec<String>,
}

/// What a person approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApprovalLine {
    /// What, and which risk.
    pub what: String,
    /// Who.
    pub by: String,
    /// Through which channel.
    pub channel: String,
    /// When, RFC 3339.
    pub at: String,
    /// The event.
    pub seq: u64,
    /// Digest of the contract it is of.
    pub digest: String,
    /// It is of the contract and the descriptions as they were last checked.
    pub current: bool,
    /// Why, in their words; empty where they gave none.
    pub because: String,
}

/// Everything that the dossier says.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
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
    /// What was to be reached, in the asker's words.
    pub goal: String,
    /// When the session was opened, RFC 3339.
    pub opened_at: String,
    /// By which client.
    pub opened_by: String,
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
    /// Source fields left out by a line that is still marked `# ?`: nobody has decided on them.
    pub undecided: Vec<String>,
    /// The constraints.
    pub constraints: Vec<ConstraintLine>,
    /// The findings of the last check.
    pub findings: Vec<FindingLine>,
    /// The findings that the contract accepts.
    pub accepted: Vec<AcceptedLine>,
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
    /// The same by name, with the reason; empty where the record of them does not say.
    pub not_applied: Vec<NotAppliedLine>,
    /// The counts, in words; empty where nothing was counted.
    pub reconciliation: String,
    /// The same as numbers; nothing where nothing was counted.
    pub counts: Option<CountsLine>,
    /// The checklist.
    pub checklist: Vec<ChecklistLine>,
    /// What is claimed, and on what it rests.
    pub claims: Vec<ClaimLine>,
    /// What people approved in this session.
    pub approvals: Vec<ApprovalLine>,
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
    /// Its value.
    pub value: f64,
    /// Its ceiling.
    pub ceiling: f64,
    /// What was done, in order.
    pub events: Vec<EventLine>,
    /// How many events the session has; more than are listed, where the list was cut.
    pub events_total: u64,
}

/// Path and template of each output, in the order of the procedure.
const OUTPUTS: [(&str, &str); 5] = [
    ("integration-specification.md", include_str!("../../resources/templates/dossier/integration-specification.md.j2")),
    ("data-mapping.md", include_str!("../../resources/templates/dossier/data-mapping.md.j2")),
    ("test-matrix.md", include_str!("../../resources/templates/dossier/test-matrix.md.j2")),
    ("deployment-runbook.md", include_str!("../../resources/templates/dossier/deployment-runbook.md.j2")),
    ("risk-rollback.md", include_str!("../../resources/templates/dossier/risk-rollback.md.j2")),
];

/// The page that shows all five.
const PAGE: &str = "dossier.html";

/// Writes the five outputs, and the page.
///
/// # Errors
/// A template that does not render, which a test of every template rules out.
pub fn dossier(input: &Dossier) -> Result<Vec<File>, TemplateError> {
    let mut files =
        OUTPUTS.iter().map(|(path, template)| file(path, template, input)).collect::<Result<Vec<_>, _>>()?;
    let content = html::page("dossier", &View::alone(input))?;
    files.push(File { path: PAGE.to_owned(), content });
    Ok(files)
}

/// A cell of the test matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Cell {
    flow: String,
    verdict: String,
    schedules: u64,
    fired: u64,
    because: String,
    event: Option<u64>,
}

/// A drill over all flows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct MatrixRow {
    code: String,
    cells: Vec<Option<Cell>>,
}

/// Drills by flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Matrix {
    flows: Vec<String>,
    rows: Vec<MatrixRow>,
}

/// The mapping of one flow, with its drawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct MappingView<'d> {
    flow: &'d str,
    source: &'d str,
    target: &'d str,
    rules: Vec<&'d MappingLine>,
    drawing: String,
}

/// A dossier as a page shows it: drawings made, links decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View<'d> {
    d: &'d Dossier,
    version: &'static str,
    style: &'static str,
    /// What a number of an event is put behind to make a link.
    at: String,
    /// The same for the number of a constraint.
    constraint_at: String,
    /// The same for its id; empty where a constraint has no page of its own.
    constraint_page: String,
    /// What could not be read, as a sentence; empty where everything was.
    missing: String,
    level: String,
    system_map: String,
    /// The same for a narrow screen.
    system_map_tall: String,
    mappings: Vec<MappingView<'d>>,
    matrix: Matrix,
    /// The only numbers of events that may be linked; empty for all.
    known: Vec<u64>,
    timeline: Vec<&'d EventLine>,
    timeline_says: String,
    timeline_left_out: u64,
    /// The records, where they stand on the same page.
    evidence: Option<Vec<&'d EventLine>>,
}

impl<'d> View<'d> {
    /// For a page that stands alone: what it refers to is on it.
    #[must_use]
    pub fn alone(d: &'d Dossier) -> Self {
        let shown = shown(d);
        let known = shown.iter().map(|e| e.seq).collect();
        let left_out = d.events_total.saturating_sub(shown.len() as u64);
        let says = match left_out {
            0 => text::plural(d.events_total, "event"),
            _ => format!("{} of {}", text::thousands(shown.len() as u64), text::plural(d.events_total, "event")),
        };
        Self {
            evidence: Some(shown.clone()),
            known,
            timeline_says: says,
            timeline_left_out: left_out,
            ..Self::of(d, "#e", "", shown)
        }
    }

    /// For a page of a server, where records and constraints have addresses of their own; `missing` says what could not
    /// be read.
    #[must_use]
    pub fn served(d: &'d Dossier, records: &str, constraints: &str, missing: &str) -> Self {
        let shown: Vec<&EventLine> = d.events.iter().rev().take(MOST_EVENTS).rev().collect();
        let more = d.events_total > shown.len() as u64;
        let says = format!("{}{}", if more { "The newest " } else { "" }, text::plural(shown.len() as u64, "event"));
        Self { missing: missing.to_owned(), timeline_says: says, ..Self::of(d, records, constraints, shown) }
    }

    fn of(d: &'d Dossier, records: &str, constraints: &str, timeline: Vec<&'d EventLine>) -> Self {
        let nodes: Vec<svg::Node<'_>> =
            d.systems.iter().map(|s| svg::Node { name: &s.name, title: &s.title, line: s.format.clone() }).collect();
        let edges: Vec<svg::Edge<'_>> = d
            .flows
            .iter()
            .map(|f| svg::Edge { from: &f.source, to: &f.target, name: &f.name, line: format!("every {}", f.every) })
            .collect();
        Self {
            d,
            version: env!("CARGO_PKG_VERSION"),
            style: html::STYLE,
            at: records.to_owned(),
            constraint_at: "#c".to_owned(),
            constraint_page: constraints.to_owned(),
            missing: String::new(),
            level: svg::level("level", d.value, d.ceiling, &d.confidence),
            system_map: svg::systems("systems", &nodes, &edges),
            system_map_tall: svg::systems_tall("systems-tall", &nodes, &edges),
            mappings: mappings(d),
            matrix: matrix(&d.drills),
            known: Vec::new(),
            timeline,
            timeline_says: String::new(),
            timeline_left_out: 0,
            evidence: None,
        }
    }
}

fn mappings(d: &Dossier) -> Vec<MappingView<'_>> {
    let mut flows: Vec<&str> = Vec::new();
    for rule in &d.mapping {
        if !flows.contains(&rule.flow.as_str()) {
            flows.push(&rule.flow);
        }
    }
    let named = |flow: &str| d.flows.iter().find(|f| f.name == flow);
    flows
        .into_iter()
        .enumerate()
        .map(|(i, flow)| {
            let source = named(flow).map_or("source", |f| f.source.as_str());
            let target = named(flow).map_or("target", |f| f.target.as_str());
            let rules: Vec<&MappingLine> = d.mapping.iter().filter(|m| m.flow == flow).collect();
            let drawn: Vec<svg::Rule<'_>> = rules
                .iter()
                .map(|r| svg::Rule {
                    target: &r.target,
                    sources: r.sources.iter().map(String::as_str).collect(),
                    how: &r.how,
                })
                .collect();
            let drawing = svg::mapping(&format!("map{}", i + 1), flow, source, target, &drawn);
            MappingView { flow, source, target, rules, drawing }
        })
        .collect()
}

fn matrix(drills: &[DrillLine]) -> Matrix {
    let mut flows: Vec<String> = Vec::new();
    let mut codes: Vec<&str> = Vec::new();
    for drill in drills {
        if !flows.contains(&drill.flow) {
            flows.push(drill.flow.clone());
        }
        if !codes.contains(&drill.code.as_str()) {
            codes.push(&drill.code);
        }
    }
    let cell = |flow: &str, code: &str| {
        let d = drills.iter().find(|d| d.flow == flow && d.code == code)?;
        let DrillLine { flow, code: _, verdict, schedules, fired, because, event } = d.clone();
        Some(Cell { flow, verdict, schedules, fired, because, event })
    };
    let rows = codes
        .iter()
        .map(|code| MatrixRow { code: (*code).to_owned(), cells: flows.iter().map(|flow| cell(flow, code)).collect() })
        .collect();
    Matrix { flows, rows }
}

/// The newest events, and those that something on the page rests on.
fn shown(d: &Dossier) -> Vec<&EventLine> {
    let mut cited: BTreeSet<u64> = d.drills.iter().filter_map(|x| x.event).chain(d.drills_seq).collect();
    cited.extend(d.checklist.iter().flat_map(|i| i.events.iter().copied()));
    cited.extend(d.chain.iter().filter_map(|l| l.seq));
    cited.extend(d.approvals.iter().map(|a| a.seq));
    cited.extend(d.constraints.iter().filter_map(|c| c.event));
    cited.extend(d.systems.iter().filter_map(|s| s.event));
    let from = d.events.len().saturating_sub(MOST_EVENTS);
    d.events.iter().enumerate().filter(|(i, e)| *i >= from || cited.contains(&e.seq)).map(|(_, e)| e).collect()
}
