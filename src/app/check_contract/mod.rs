//! Compiles a contract.

mod expected;
mod mend;
mod samples;

pub use expected::hold_expected;
pub use mend::mend;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subject::Compiled;
use super::wire::{CountsOut, FindingOut};
use super::{Call, Done, Hints, No, Refusal, UseCase, paging};
use crate::base::digest::Digest;
use crate::base::{fs, text};
use crate::checks::assumptions::{Assumption, assumptions};
use crate::checks::budget;
use crate::contract::{ConstraintKind, Contract};
use crate::evidence::{EventKind, Phase};
use crate::knowledge;
use crate::workflow::record::{self, Binds, ConstraintRecorded};

/// Arguments of `check_contract`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Path of integration.yaml.
    pub contract: String,
    /// From open_session; without it the check counts for no gate.
    #[arg(long)]
    pub session: Option<String>,
    /// JSON Lines file of real source records to try; only counts, shapes and its digest are kept.
    #[arg(long)]
    pub samples: Option<String>,
    /// The flow that the samples are for, where there are several.
    #[arg(long)]
    pub flow: Option<String>,
    /// From the previous page.
    #[arg(long)]
    pub cursor: Option<String>,
}

/// One line of the mapping table.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MappingOut {
    /// The flow.
    pub flow: String,
    /// Path in the target record.
    pub target: String,
    /// Path in the source record, or the constant.
    pub from: String,
    /// Transforms and tables on the way.
    pub how: String,
}

/// What came of real records.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SamplesOut {
    /// The flow they were tried in.
    pub flow: String,
    /// Digest of the file.
    pub digest: String,
    /// Records tried.
    pub records: usize,
    /// Mapped, and as the target takes them.
    pub fit: usize,
    /// Rejected by the mapping.
    pub rejected: usize,
    /// Mapped to what the target would refuse.
    pub refused: usize,
    /// Not as the source's description says.
    pub undescribed: usize,
    /// Different shapes: names and types, no values.
    pub shapes: usize,
}

/// What the compiler says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The file.
    pub contract: String,
    /// Name of the integration; absent where the file cannot be read as a contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Digest of the file: what drills and approvals are bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// It compiles: no errors.
    pub compiles: bool,
    /// All findings counted.
    pub counts: CountsOut,
    /// Findings, in the order of the file.
    pub findings: Vec<FindingOut>,
    /// What came of the samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<SamplesOut>,
    /// By flow: how long at most until a record that keeps failing is a dead letter.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dead_letter_within: BTreeMap<String, String>,
    /// Inferred constraints that wait for a human.
    pub open_inferred: Vec<String>,
    /// Flows of the contract.
    pub flows: Vec<String>,
    /// The mapping, rule by rule; left out over MCP, where the file itself is at hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mapping: Vec<MappingOut>,
    /// Pass it as `cursor` for more findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// What to do next.
    pub next: String,
    /// Changes that --fix made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub fixed: Option<usize>,
    /// The contract's text, for drawing the lines that findings point at; not sent.
    #[serde(skip)]
    #[schemars(skip)]
    pub source: String,
}

/// Compiles a contract.
pub struct CheckContract;

impl UseCase for CheckContract {
    const NAME: &'static str = "check_contract";
    const COMMAND: &'static str = "check";
    const TITLE: &'static str = "Check a contract";
    const SUMMARY: &'static str = "Compile integration.yaml against both API descriptions: fields, types, required targets, retries, idempotency, \
        limits, secrets, constraints. Returns findings with code, file:line:column, reason and fix. Call it after every edit.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::ContractChecked;
    const PHASE: Phase = Phase::Contract;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        params.session.as_deref()
    }

    fn paths(params: &Params) -> Vec<&str> {
        std::iter::once(params.contract.as_str()).chain(params.samples.as_deref()).collect()
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        if params.contract.ends_with(knowledge::SUFFIX) {
            return overlay(call, &params);
        }
        let mut compiled = Compiled::load(call, &params.contract)?;
        let tried =
            params.samples.as_deref().map(|file| samples::tried(call.app, &mut compiled, file, params.flow.as_deref()));
        let tried = tried.transpose()?;
        let counts = CountsOut::of(&compiled.findings);
        let contract = compiled.contract.as_ref();
        let digest = contract.map(|c| c.digest.as_str().to_owned());
        let constraints: Vec<ConstraintRecorded> =
            contract.map(|c| c.constraints.iter().map(|c| recorded(&compiled, c)).collect()).unwrap_or_default();
        let assumed = contract.map(|c| assumed(&compiled, c)).unwrap_or_default();
        let open = open_inferred(call, constraints.iter().chain(&assumed));
        let rows = contract.map(|c| mapping_rows(&compiled, c)).unwrap_or_default();
        let findings: Vec<FindingOut> = compiled.findings.iter().map(FindingOut::from).collect();
        let (findings, cursor) = paging::fit(findings, params.cursor.as_deref(), call.face.budget())?;
        let next = next(&params, counts.errors, &open, cursor.is_some());
        let data = record::ContractChecked {
            file: call.app.path(&params.contract).display().to_string(),
            digest: digest.clone().unwrap_or_default(),
            errors: counts.errors as u64,
            warnings: counts.warnings as u64,
            notes: counts.notes as u64,
            systems: compiled.systems.iter().map(|(n, s)| (n.clone(), s.digest.as_str().to_owned())).collect(),
            apis: contract.map(|c| compiled.api_paths(call.app, &params.contract, c)).unwrap_or_default(),
            constraints,
            assumed,
            approvals: contract.map(|c| c.approvals.policy()).unwrap_or_default(),
            samples: tried.as_ref().map(|(_, kept)| kept.clone()),
        };
        let answer = Answer {
            contract: params.contract.clone(),
            name: contract.map(|c| c.name.value.clone()),
            digest,
            compiles: contract.is_some() && counts.errors == 0,
            counts,
            findings,
            samples: tried.map(|(out, _)| out),
            dead_letter_within: contract.map(budgets).unwrap_or_default(),
            open_inferred: open,
            flows: contract.map(|c| c.flows.keys().cloned().collect()).unwrap_or_default(),
            mapping: if call.face.budget() == usize::MAX { rows } else { Vec::new() },
            cursor,
            next,
            fixed: None,
            source: compiled.text,
        };
        Ok(Done::new(answer, format!("checked {}: {counts}", params.contract), data.to_value()))
    }
}

/// Checks a knowledge overlay: it binds no session and no gate.
fn overlay(call: &Call<'_>, params: &Params) -> Result<Done<Answer>, No> {
    if params.session.is_some() {
        return Err(Refusal::new(
            "bad-argument",
            format!(
                "{} is a knowledge overlay, and no gate of a session rests on one",
                text::quoted(&params.contract, 160)
            ),
            format!("check_contract {{\"contract\": \"{}\"}} without session", text::quoted(&params.contract, 160)),
        )
        .into());
    }
    let path = call.app.path(&params.contract);
    call.app.allow(&path, &params.contract)?;
    let bytes = fs::read_bytes(&path, fs::MAX_CONTRACT).map_err(|e| Refusal::unreadable(&e))?;
    let digest = Digest::of_bytes(&bytes).as_str().to_owned();
    let source = String::from_utf8_lossy(&bytes).into_owned();
    let (read, found) = knowledge::parse(&source, &params.contract);
    let counts = CountsOut::of(&found);
    let findings: Vec<FindingOut> = found.iter().map(FindingOut::from).collect();
    let (findings, cursor) = paging::fit(findings, params.cursor.as_deref(), call.face.budget())?;
    let data = record::ContractChecked {
        file: path.display().to_string(),
        digest: digest.clone(),
        errors: counts.errors as u64,
        warnings: counts.warnings as u64,
        notes: counts.notes as u64,
        systems: BTreeMap::new(),
        apis: BTreeMap::new(),
        constraints: Vec::new(),
        assumed: Vec::new(),
        approvals: crate::contract::Approvals::default().policy(),
        samples: None,
    };
    let next = if counts.errors > 0 {
        "mend the errors as their fixes say, then check again".to_owned()
    } else {
        format!(
            "put it into overlays/ of the project; map shows its facts for the hosts it names ({})",
            text::plural(read.as_ref().map_or(0, |o| o.facts.len()) as u64, "fact",)
        )
    };
    let answer = Answer {
        contract: params.contract.clone(),
        name: read.map(|o| o.about),
        digest: Some(digest),
        compiles: counts.errors == 0,
        counts,
        findings,
        samples: None,
        dead_letter_within: BTreeMap::new(),
        open_inferred: Vec::new(),
        flows: Vec::new(),
        mapping: Vec::new(),
        cursor,
        next,
        fixed: None,
        source,
    };
    Ok(Done::new(answer, format!("checked {}: {counts}", params.contract), data.to_value()))
}

/// How long each flow tries at most: all attempts time out, all waits are as long as they get.
fn budgets(contract: &Contract) -> BTreeMap<String, String> {
    let within = |f: &crate::contract::Flow| budget::shown(budget::worst_case_ms(&f.delivery));
    contract.flows.iter().map(|(name, f)| (name.clone(), within(f))).collect()
}

/// A constraint of the file, with whether its origin leads anywhere.
fn recorded(compiled: &Compiled, constraint: &crate::contract::Constraint) -> ConstraintRecorded {
    ConstraintRecorded {
        found: compiled.found.contains(constraint.id.as_str()),
        ..ConstraintRecorded::from(constraint)
    }
}

/// What the flows rely on and no constraint of the file says, as constraints.
fn assumed(compiled: &Compiled, contract: &Contract) -> Vec<ConstraintRecorded> {
    let systems = compiled.systems.iter().map(|(n, s)| (n.clone(), s.as_ref())).collect();
    let recorded = |a: Assumption| ConstraintRecorded {
        says: text::quoted(&a.says, 300),
        kind: ConstraintKind::Inferred,
        origin: a.from.first().map(|from| text::quoted(from, 300)),
        owner: None,
        binds: Binds { systems: vec![a.system], flows: a.flows, fields: Vec::new() },
        found: false,
        id: a.id,
    };
    assumptions(contract, &systems).into_iter().map(recorded).chain(taken(compiled)).collect()
}

/// Errors that the file accepts: whoever wrote it, a person has yet to say so.
fn taken(compiled: &Compiled) -> impl Iterator<Item = ConstraintRecorded> + '_ {
    compiled.risks.iter().filter_map(|risk| {
        Some(ConstraintRecorded {
            id: risk.waits_as()?,
            says: risk.says(),
            kind: ConstraintKind::Inferred,
            origin: None,
            owner: None,
            binds: Binds {
                systems: risk.system.iter().cloned().collect(),
                flows: risk.flow.iter().cloned().collect(),
                fields: Vec::new(),
            },
            found: false,
        })
    })
}

/// Inferred constraints that no person has settled, those of this file included.
fn open_inferred<'c>(call: &Call<'_>, constraints: impl Iterator<Item = &'c ConstraintRecorded>) -> Vec<String> {
    let mut open: Vec<String> = call.facts.waiting().map(|c| c.id.clone()).collect();
    for c in constraints {
        if call.facts.would_wait(c) && !open.contains(&c.id) {
            open.push(c.id.clone());
        }
    }
    open
}

/// The mapping tables of all flows.
pub(super) fn mapping_rows(compiled: &Compiled, contract: &crate::contract::Contract) -> Vec<MappingOut> {
    contract
        .flows
        .keys()
        .filter_map(|flow| compiled.mappings.get(flow).map(|m| (flow, m)))
        .flat_map(|(flow, m)| {
            m.rows()
                .into_iter()
                .map(|r| MappingOut { flow: flow.clone(), target: r.target, from: r.from, how: r.how })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn next(params: &Params, errors: usize, open: &[String], more: bool) -> String {
    let session = params.session.as_ref().map(|s| format!("\"session\": \"{s}\", ")).unwrap_or_default();
    let file = &params.contract;
    if more {
        return "call again with this cursor for more findings".to_owned();
    }
    if errors > 0 {
        return format!(
            "mend the errors as their fixes say, then check_contract {{{session}\"contract\": \"{file}\"}} again"
        );
    }
    if !open.is_empty()
        && let Some(s) = &params.session
    {
        return format!(
            "confirm_constraints {{\"session\": \"{s}\"}} for {}; run_drills {{{session}\"contract\": \"{file}\"}} can go on meanwhile",
            open.join(", ")
        );
    }
    format!(
        "run_drills {{{session}\"contract\": \"{file}\"}}, and scaffold_connector {{{session}\"contract\": \"{file}\", \"out\": \"DIR\"}}"
    )
}
