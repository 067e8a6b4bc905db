//! Reads an API description into a system map.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::system_of;
use super::description;
use super::wire::{CountsOut, FactOut, FindingOut};
use super::{Call, Done, Hints, No, Refusal, UseCase, paging};
use crate::base::text;
use crate::evidence::{EventKind, Phase};
use crate::model::System;
use crate::workflow::record;

/// Arguments of `map_system`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Path of the API description (OpenAPI 3.0 or 3.1, or GraphQL).
    // The help of the command says more: the list of tools has no room for it.
    #[arg(help = "Path or https URL of the API description (OpenAPI 3.0 or 3.1, or GraphQL); - for standard input")]
    pub api: String,
    /// From open_session; without it the map counts for no gate.
    #[arg(long)]
    pub session: Option<String>,
    /// Short name of the system in this integration, e.g. "billing". Default: from the file name.
    #[arg(long)]
    pub name: Option<String>,
}

/// An entity and what can be done with it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct EntityOut {
    /// Singular name.
    pub entity: String,
    /// The field that identifies a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What can be done: "list, get, create".
    pub actions: String,
}

/// The map.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// Name of the system in this integration.
    pub system: String,
    /// What the description calls it.
    pub title: String,
    /// Format of the description.
    pub format: String,
    /// Version of the format.
    pub version: String,
    /// Version of the API, as stated.
    pub api_version: String,
    /// File it was read from.
    pub origin: String,
    /// Digest of its bytes.
    pub digest: String,
    /// Operations in all.
    pub operations: usize,
    /// Entities in all.
    pub entities_total: usize,
    /// The entities that most can be done with; inspect_system shows each.
    pub entities: Vec<EntityOut>,
    /// What is known, best first, each with where it was read or the rule that inferred it.
    pub facts: Vec<FactOut>,
    /// Facts in all.
    pub facts_total: usize,
    /// What is wrong with the description.
    pub findings: Vec<FindingOut>,
    /// Findings in all.
    pub findings_total: usize,
    /// What to do next.
    pub next: String,
}

/// Reads an API description.
pub struct MapSystem;

impl UseCase for MapSystem {
    const NAME: &'static str = "map_system";
    const COMMAND: &'static str = "map";
    const TITLE: &'static str = "Map a system";
    const SUMMARY: &'static str = "Read an API description of any size into a small system map: authentication, base URLs, entities, \
        pagination, limits, idempotency, each fact with where it was read or the rule that inferred it. Once for each of the two systems.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::SystemMapped;
    const PHASE: Phase = Phase::Map;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        params.session.as_deref()
    }

    fn paths(params: &Params) -> Vec<&str> {
        vec![&params.api]
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        if call.session.is_some() && !description::keeps(&params.api) {
            return Err(Refusal::new(
                "description-not-kept",
                "a session reads its descriptions again, and approvals rest on their bytes; this one is not kept in a file",
                "save it first (curl -fsSL -o apis/NAME.json URL), then map_system with the path of the file",
            )
            .into());
        }
        let path = call.app.path(&params.api);
        let read = call.app.read_description(&path, &params.api)?;
        let system = system_of(&read)?;
        let name = params.name.clone().unwrap_or_else(|| name_from(&params.api));
        if name.is_empty() || name.len() > 40 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        {
            return Err(Refusal::new(
                "bad-name",
                format!(
                    "\"{}\" is no name for a system (letters, digits, hyphen, underscore, at most 40)",
                    text::quoted(&name, 60)
                ),
                "map_system {\"name\": \"billing\", \"api\": \"PATH\"}",
            )
            .into());
        }
        let answer = answer(call, &name, &params, system, &read.findings);
        let data = record::SystemMapped {
            name: name.clone(),
            api: path.display().to_string(),
            digest: system.digest.as_str().to_owned(),
            operations: system.operations.len() as u64,
            entities: system.entities.len() as u64,
            findings: read.findings.len() as u64,
        };
        let summary =
            format!("mapped {name}: {} from {}", text::plural(system.operations.len() as u64, "operation"), params.api);
        Ok(Done::new(answer, summary, data.to_value()))
    }
}

fn answer(
    call: &Call<'_>,
    name: &str,
    params: &Params,
    system: &System,
    findings: &[crate::finding::Finding],
) -> Answer {
    let whole = call.face.budget() == usize::MAX;
    let mut entities: Vec<_> = system.entities.values().collect();
    entities.sort_by_key(|e| (std::cmp::Reverse(e.operations.len()), e.name.clone()));
    let shown = if whole { entities.len() } else { 15 };
    let entities_out = entities
        .iter()
        .take(shown)
        .map(|e| EntityOut {
            entity: e.name.clone(),
            key: e.key.clone(),
            actions: e.operations.keys().map(|a| a.as_str()).collect::<Vec<_>>().join(", "),
        })
        .collect();
    let facts: Vec<FactOut> = system.facts.iter().map(FactOut::from).collect();
    let mut worst_first: Vec<_> = findings.iter().collect();
    worst_first.sort_by_key(|f| std::cmp::Reverse(f.severity));
    let findings_out: Vec<FindingOut> = worst_first.into_iter().map(FindingOut::from).collect();
    let (facts_total, findings_total) = (facts.len(), findings_out.len());
    // A map is for orientation: a few hundred tokens. Everything else is inspect_system's.
    let facts = if whole { facts } else { paging::fit(facts, None, 4_000).map_or_else(|_| Vec::new(), |f| f.0) };
    let findings_out =
        if whole { findings_out } else { paging::fit(findings_out, None, 1_800).map_or_else(|_| Vec::new(), |f| f.0) };
    let next = match (&call.session, call.facts.systems.keys().filter(|k| *k != name).count()) {
        (None, _) => format!("inspect_system {{\"api\": \"{}\", \"operations\": true}}", params.api),
        (Some(s), 0) => format!(
            "map_system {{\"session\": \"{}\", \"name\": \"...\", \"api\": \"PATH\"}} for the other system",
            s.id
        ),
        (Some(s), _) => format!(
            "inspect_system {{\"session\": \"{0}\", \"name\": \"{name}\", \"operations\": true}} to choose operations; record_constraint for what must hold; then draft_contract {{\"session\": \"{0}\", \"source\": \"...\", \"target\": \"...\"}}",
            s.id
        ),
    };
    Answer {
        system: name.to_owned(),
        title: system.title.clone(),
        format: system.format.to_owned(),
        version: system.format_version.clone(),
        api_version: system.api_version.clone(),
        origin: system.origin.clone(),
        digest: system.digest.as_str().to_owned(),
        operations: system.operations.len(),
        entities_total: system.entities.len(),
        entities: entities_out,
        facts,
        facts_total,
        findings: findings_out,
        findings_total,
        next,
    }
}

/// `apis/billing.openapi.yaml` is `billing`.
fn name_from(path: &str) -> String {
    let path = path.split(" + ").next().unwrap_or(path);
    if path == "-" {
        return "system".to_owned();
    }
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).take(40).collect()
}

impl Answer {
    /// Findings of this answer by severity.
    #[must_use]
    pub fn counts(&self) -> CountsOut {
        use crate::finding::Severity::{Error, Note, Warning};
        let count = |s| self.findings.iter().filter(|f| f.severity == s).count();
        CountsOut { errors: count(Error), warnings: count(Warning), notes: count(Note) }
    }
}
