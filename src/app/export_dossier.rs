//! Writes the SOP's five outputs from evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assess_readiness::{assess, notes};
use super::check_contract::mapping_rows;
use super::scaffold_connector::flow_line;
use super::subject::Compiled;
use super::wire::counts_line;
use super::{Call, Done, Fault, Hints, No, Proposed, Refusal, UseCase};
use crate::base::{fs, text};
use crate::checks::honour::{About, honoured};
use crate::contract::{ConstraintKind, Contract};
use crate::evidence::{EventKind, Phase, WHY, who};
use crate::finding::Confidence;
use crate::model::Basis;
use crate::scaffold::{
    self, ChecklistLine, ConstraintLine, Dossier, DrillLine, EventLine, FactLine, FindingLine, LinkLine, MappingLine,
    OperationLine, SystemLine,
};
use crate::workflow::lookalike::as_read;
use crate::workflow::stated::{statements, wrong};
use crate::workflow::{ConstraintState, record};

/// The file of a dossier that names the session it is of.
const NAMES_SESSION: &str = "risk-rollback.md";
/// The most of it that is looked through, in bytes.
const MAX_DOSSIER: u64 = 16 * 1024 * 1024;

/// Arguments of `export_dossier`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// From open_session.
    #[arg(long)]
    pub session: String,
    /// Directory to write to; the five files are replaced by newer ones.
    #[arg(long, default_value = "dossier")]
    #[serde(default = "default_out")]
    pub out: String,
    /// Remarks of yours for the reader. No confidence of your own.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

fn default_out() -> String {
    "dossier".to_owned()
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The directory.
    pub out: String,
    /// The files: integration specification, data mapping, test matrix, deployment and runbook, risk and rollback.
    pub files: Vec<String>,
    /// The confidence line that stands in them.
    pub confidence: String,
    /// What to do next.
    pub next: String,
}

/// Writes the dossier.
pub struct ExportDossier;

impl UseCase for ExportDossier {
    const NAME: &'static str = "export_dossier";
    const COMMAND: &'static str = "export";
    const TITLE: &'static str = "Export the dossier";
    const SUMMARY: &'static str = "Write the five outputs as Markdown from the session's evidence: integration specification, data mapping, test matrix, \
        deployment and runbook, risk and rollback plan. Every figure comes from the store; what was not run is UNPROVEN there.";
    const HINTS: Hints = Hints { read_only: false, destructive: true, idempotent: true };
    const KIND: EventKind = EventKind::DossierExported;
    const PHASE: Phase = Phase::Validate;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        Some(&params.session)
    }

    fn paths(params: &Params) -> Vec<&str> {
        vec![&params.out]
    }

    fn proposes(_call: &Call<'_>, params: &Params) -> Proposed {
        params.notes.clone().map_or(Proposed::Nothing, Proposed::Notes)
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let Some(file) = call.facts.checks.last().map(|c| c.record.file.clone()) else {
            return Err(Refusal::new(
                "no-contract",
                "no contract was checked in this session, so there is nothing to write up",
                format!("check_contract {{\"session\": \"{}\", \"contract\": \"integration.yaml\"}}", params.session),
            )
            .into());
        };
        let compiled = Compiled::load(call, &file)?;
        let Some(contract) = &compiled.contract else {
            return Err(Refusal::new(
                "contract-does-not-compile",
                format!("{file} cannot be read as a contract"),
                format!("check_contract {{\"contract\": \"{file}\"}}"),
            )
            .into());
        };
        let readiness = assess(call)?;
        if let Some((place, because)) = overstated(call, contract, readiness.confidence) {
            return Err(Refusal::new(
                "confidence-in-contract",
                format!("{place} would stand in the dossier and {because}; the line is \"{}\"", readiness.confidence),
                format!(
                    "take it out, then check_contract {{\"session\": \"{}\", \"contract\": \"{file}\"}}",
                    params.session
                ),
            )
            .into());
        }
        let mut dossier = dossier(call, &file, &compiled, contract, &readiness)?;
        dossier.notes = params.notes.as_deref().map(notes).unwrap_or_default();
        let out = call.app.path(&params.out);
        let files = scaffold::dossier(&dossier).map_err(|e| Fault::internal(&e))?;
        if of_another_session(&out, &params.session) {
            return Err(Refusal::new(
                "written-by-another-session",
                format!("the dossier in {} is that of another session", text::quoted(&params.out, 160)),
                format!("export_dossier {{\"session\": \"{0}\", \"out\": \"dossier-{0}\"}}", params.session),
            )
            .saw("the session that its files name")
            .into());
        }
        let mut names = Vec::new();
        for f in &files {
            fs::write_atomic(&out.join(&f.path), f.content.as_bytes()).map_err(Fault::from)?;
            names.push(f.path.clone());
        }
        let data = record::DossierExported {
            out: out.display().to_string(),
            files: names.clone(),
            basis: Some(crate::workflow::chain::basis(&call.facts)),
        };
        let answer = Answer {
            out: params.out.clone(),
            files: names,
            confidence: readiness.confidence.to_string(),
            next: format!(
                "give {} to the owner, {}; query_evidence {{\"session\": \"{}\"}} shows what it rests on",
                params.out, contract.owner, params.session
            ),
        };
        Ok(Done::new(
            answer,
            format!("wrote {} to {}", text::plural(files.len() as u64, "file"), params.out),
            data.to_value(),
        ))
    }
}

/// Whether a dossier lies in `out` that another session wrote; one of its files names the session.
fn of_another_session(out: &std::path::Path, session: &str) -> bool {
    let Ok(text) = fs::read_text(&out.join(NAMES_SESSION), MAX_DOSSIER) else { return false };
    let named = text.lines().find_map(|l| l.strip_prefix("Session ")?.split(',').next());
    named.is_some_and(|named| named != session)
}

/// The first text of contract or record that states a confidence of its own making, and what is wrong with it. Such a
/// text goes into the dossier, where only the computed line stands.
fn overstated(call: &Call<'_>, contract: &Contract, computed: Confidence) -> Option<(String, String)> {
    let listed = contract.constraints.iter().flat_map(|c| {
        let owner = c.owner.as_ref().map(|o| o.value.as_str());
        let origin = c.origin.as_ref().map(|o| o.value.as_str());
        [Some(c.says.as_str()), owner, origin].map(|text| (c.id.value.as_str(), text))
    });
    let recorded = call.facts.constraints.values().flat_map(|c| {
        let decided = c.decided.as_ref().map(|d| &d.record);
        let words = decided.into_iter().flat_map(|d| {
            [Some(&d.by), d.quote.as_ref(), d.correction.as_ref(), d.risk.as_ref()].map(|t| t.map(String::as_str))
        });
        let own = [Some(c.says.as_str()), c.owner.as_deref(), c.origin.as_deref()];
        own.into_iter().chain(words).map(|text| (c.id.as_str(), text)).collect::<Vec<_>>()
    });
    // What a constraint is about may have a confidence of its own; in what the author says of the work, it is theirs.
    let prose = [("why", Some(contract.why.as_str())), ("owner", Some(contract.owner.as_str()))];
    let name = [("name", Some(contract.name.value.as_str()))];
    let all = prose
        .into_iter()
        .chain(name)
        .map(|(place, text)| (place.to_owned(), text, true))
        .chain(listed.chain(recorded).map(|(id, text)| (format!("constraint {id}"), text, false)));
    all.filter_map(|(place, text, prose)| {
        let read = as_read(text?);
        let because = statements(&read, prose).iter().find_map(|s| wrong(s, computed))?;
        Some((place, because))
    })
    .next()
}

fn dossier(
    call: &Call<'_>,
    file: &str,
    compiled: &Compiled,
    contract: &Contract,
    readiness: &crate::workflow::Readiness,
) -> Result<Dossier, No> {
    let session = call.session_id().to_owned();
    let drills = call.facts.last_drills();
    let events = call.app.store.events_of(&session)?;
    Ok(Dossier {
        name: contract.name.value.clone(),
        why: contract.why.clone(),
        owner: contract.owner.clone(),
        contract: file.to_owned(),
        digest: contract.digest.as_str().to_owned(),
        who_tag: who(Some(&session)),
        why_tag: WHY.to_owned(),
        session,
        head: call.app.store.head()?.hash,
        store: call.app.store.place(),
        made_at: call.app.clock.now().rfc3339(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        systems: system_lines(compiled, contract),
        operations: operation_lines(compiled, contract),
        flows: contract.flows.values().map(flow_line).collect(),
        mapping: mapping_rows(compiled, contract)
            .into_iter()
            .map(|m| MappingLine { flow: m.flow, target: m.target, from: m.from, how: m.how })
            .collect(),
        unmapped: contract.flows.values().flat_map(|f| f.unmapped.iter().map(|u| u.value.clone())).collect(),
        constraints: constraint_lines(call, contract),
        findings: compiled
            .findings
            .iter()
            .map(|f| FindingLine {
                severity: f.severity.as_str().to_owned(),
                code: f.code.to_owned(),
                place: f.location.to_string(),
                message: f.message.clone(),
            })
            .collect(),
        drills: drills
            .map(|d| {
                d.record
                    .rows
                    .iter()
                    .map(|r| DrillLine {
                        flow: r.flow.clone(),
                        code: r.code.clone(),
                        verdict: r.verdict.as_str().to_owned(),
                        schedules: r.schedules,
                        fired: r.fired,
                        because: r.because.clone().unwrap_or_default(),
                    })
                    .collect()
            })
            .unwrap_or_default(),
        drills_current: drills.is_some_and(|d| d.record.digest == contract.digest.as_str()),
        drills_verdict: drills.map_or("UNPROVEN", |d| d.record.verdict.as_str()).to_owned(),
        drills_seq: drills.map(|d| d.seq),
        schedules: drills.map_or(0, |d| d.record.schedules),
        not_applicable: drills.map_or(0, |d| d.record.not_applicable),
        reconciliation: drills.map(|d| counts_line(&d.record.reconciliation)).unwrap_or_default(),
        checklist: readiness
            .checklist
            .iter()
            .map(|i| ChecklistLine {
                item: i.item.to_owned(),
                state: i.state.as_str().to_owned(),
                because: i.because.clone(),
                evidence: i.evidence.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
            })
            .collect(),
        chain: crate::workflow::chain(&call.facts)
            .into_iter()
            .map(super::assess_readiness::LinkOut::from)
            .map(|l| LinkLine {
                link: l.link,
                event: l.event.map(|seq| seq.to_string()).unwrap_or_default(),
                state: l.state.as_str().to_owned(),
                because: l.because,
            })
            .collect(),
        notes: String::new(),
        lost: readiness
            .lost
            .iter()
            .map(|l| format!("{:.2} by {}: {}; regain: {}", l.points, l.claim, l.because, l.regain))
            .collect(),
        risks: readiness.risks.clone(),
        raise: readiness.raise.clone(),
        verdict: readiness.verdict.as_str().to_owned(),
        confidence: readiness.confidence.to_string(),
        events: events
            .iter()
            .map(|e| EventLine {
                seq: e.seq,
                at: e.event.at.rfc3339(),
                kind: e.event.kind.as_str().to_owned(),
                client: e.event.client.clone(),
                summary: e.event.summary.clone(),
            })
            .collect(),
    })
}

fn system_lines(compiled: &Compiled, contract: &Contract) -> Vec<SystemLine> {
    contract
        .systems
        .iter()
        .filter_map(|(name, used)| compiled.systems.get(name).map(|s| (name, used, s)))
        .map(|(name, used, system)| SystemLine {
            name: name.clone(),
            title: system.title.clone(),
            api: used.api.value.clone(),
            format: format!("{} {}", system.format, system.format_version),
            digest: system.digest.as_str().to_owned(),
            base_url: used
                .base_url
                .as_ref()
                .map(|u| u.value.clone())
                .or_else(|| system.servers.first().map(|s| s.url.clone()))
                .unwrap_or_else(|| "none stated".to_owned()),
            auth: used
                .auth
                .as_ref()
                .map_or_else(|| "none".to_owned(), |a| format!("{}, secrets by reference", a.scheme.value)),
            facts: system
                .facts
                .iter()
                .map(|f| FactLine {
                    fact: f.fact.to_owned(),
                    value: text::truncate(&f.value.to_string(), 160),
                    basis: f.basis_name().to_owned(),
                    ground: match &f.basis {
                        Basis::Stated { pointer } => pointer.clone(),
                        Basis::Inferred { rule, from } => {
                            format!("{rule} from {}", from.first().map_or("", String::as_str))
                        }
                    },
                })
                .collect(),
        })
        .collect()
}

fn operation_lines(compiled: &Compiled, contract: &Contract) -> Vec<OperationLine> {
    let mut out: Vec<OperationLine> = Vec::new();
    for flow in contract.flows.values() {
        let mut uses = vec![(&flow.source.system, "list", &flow.source.operation)];
        uses.extend(flow.target.write.operations().into_iter().map(|(role, op)| (&flow.target.system, role, op)));
        for (system, role, name) in uses {
            if let Some(op) = compiled.systems.get(system.as_str()).and_then(|s| s.operation(name)) {
                out.push(OperationLine {
                    system: system.value.clone(),
                    id: op.id.clone(),
                    call: format!("{} {}", op.method.as_str(), op.path),
                    role: role.to_owned(),
                    pointer: op.pointer.clone(),
                });
            }
        }
    }
    out.dedup_by(|a, b| a.system == b.system && a.id == b.id && a.role == b.role);
    out
}

fn constraint_lines(call: &Call<'_>, contract: &Contract) -> Vec<ConstraintLine> {
    let mut out: Vec<ConstraintLine> = call
        .facts
        .constraints
        .iter()
        .map(|(id, c)| ConstraintLine {
            id: id.clone(),
            kind: c.kind.as_str().to_owned(),
            says: c.says.clone(),
            origin: c.origin.clone().unwrap_or_else(|| "none given".to_owned()),
            owner: c.owner.clone().unwrap_or_else(|| contract.owner.clone()),
            binds: c.binds.to_string(),
            honoured: match c.state {
                ConstraintState::Rejected if c.in_contract => "relied on, although it was rejected".to_owned(),
                ConstraintState::Rejected => "nothing relies on it".to_owned(),
                _ => honours(contract, &about_fact(c)),
            },
            state: if c.kind == ConstraintKind::Inferred { c.state_line() } else { "stated".to_owned() },
        })
        .collect();
    for c in contract.constraints.iter().filter(|c| !call.facts.constraints.contains_key(c.id.as_str())) {
        out.push(ConstraintLine {
            id: c.id.value.clone(),
            kind: c.kind.as_str().to_owned(),
            says: c.says.clone(),
            origin: c.origin.as_ref().map_or_else(|| "none given".to_owned(), |o| o.value.clone()),
            owner: c.owner.as_ref().map_or_else(|| contract.owner.clone(), |o| o.value.clone()),
            binds: record::Binds::from(&c.binds).to_string(),
            honoured: honours(contract, &About::from(c)),
            state: if c.kind == ConstraintKind::Inferred { "open".to_owned() } else { "stated".to_owned() },
        });
    }
    out
}

/// A constraint of the session, as the checks look at one.
pub(super) fn about_fact(fact: &crate::workflow::ConstraintFact) -> About<'_> {
    About {
        says: &fact.says,
        origin: fact.origin.as_deref(),
        systems: names(&fact.binds.systems),
        flows: names(&fact.binds.flows),
        fields: names(&fact.binds.fields),
    }
}

fn names(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// `line 72 (flows.contacts.delivery.rate); drilled by rate-limited-seconds; seen as "the target is down"`
fn honours(contract: &Contract, about: &About<'_>) -> String {
    let found = honoured(contract, about);
    let clauses: Vec<String> = found.clauses.iter().map(|c| format!("line {} ({})", c.at.line, c.path)).collect();
    if clauses.is_empty() {
        return "by no clause".to_owned();
    }
    let drills = if found.drills.is_empty() { "no drill".to_owned() } else { found.drills.join(", ") };
    let watches: Vec<String> = found.watches.iter().map(|w| format!("\"{w}\"")).collect();
    format!("{}; drilled by {drills}; seen as {}", clauses.join(", "), watches.join(", "))
}
