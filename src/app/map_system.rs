//! Reads an API description into a system map.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::context::{Description, system_of};
use super::description;
use super::search::Question;
use super::wire::{CountsOut, FactOut, FindingOut};
use super::{Call, Done, Hints, No, Refusal, UseCase, knowledge, paging, settled};
use crate::base::text;
use crate::evidence::{EventKind, Phase};
use crate::finding::{Finding, Location};
use crate::model::{Action, System};
use crate::readers::suspicious;
use crate::workflow::record;

/// Arguments of `map_system`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Path of the API description: OpenAPI, Swagger 2, AsyncAPI, Postman, GraphQL, protobuf, JSON Schema or SQL.
    // The help of the command says more: the list of tools has no room for it.
    #[arg(
        help = "Path or https URL of the API description (OpenAPI, Swagger 2, AsyncAPI, Postman, GraphQL, protobuf, JSON Schema or SQL); - for standard input"
    )]
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
    /// Why it stands where it stands, where the session's goal decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
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
    /// Who made the description (official, third-party, converted), and its date.
    pub described: String,
    /// Digest of its bytes.
    pub digest: String,
    /// Operations in all.
    pub operations: usize,
    /// Entities in all.
    pub entities_total: usize,
    /// Those that the goal names, then those that most can be done with; inspect_system shows each.
    pub entities: Vec<EntityOut>,
    /// What is known, best first, each with where it was read or the rule that inferred it.
    pub facts: Vec<FactOut>,
    /// Facts in all.
    pub facts_total: usize,
    /// Neither stated nor looked up by anybody: ask a person where a flow needs it.
    pub not_stated: Vec<String>,
    /// What is wrong with the description.
    pub findings: Vec<FindingOut>,
    /// Findings in all.
    pub findings_total: usize,
    /// What of facts, entities and findings is not in this answer, and how it is had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
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
        let answer = answer(call, &name, &params, &read, system);
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

fn answer(call: &Call<'_>, name: &str, params: &Params, read: &Description, system: &System) -> Answer {
    let whole = call.face.budget() == usize::MAX;
    let known = knowledge::about(call.app, system);
    let mut all = knowledge::with(call.app, system, &known);
    let api = call.app.path(&params.api).display().to_string();
    settled::among(&mut all, &settled::of(&call.facts, name, &api));
    let goal = call.session.as_ref().map(|s| Question::of(&format!("{} {}", s.name, s.goal)));
    let mut entities = ranked(system, goal.as_ref());
    let entities_total = entities.len();
    let (described, old) = described(call, &read.origin, system);
    let mut worst_first: Vec<_> = known.findings.iter().chain(&old).chain(&read.findings).collect();
    // What speaks to agents is told to the agent that reads on, whatever else is wrong.
    worst_first.sort_by_key(|f| (f.code != suspicious::CODE, std::cmp::Reverse(f.severity)));
    let mut findings_out: Vec<FindingOut> = worst_first.into_iter().map(FindingOut::from).collect();
    let (facts_total, findings_total) = (all.len(), findings_out.len());
    let not_stated = EXPECTED.iter().filter(|f| !all.iter().any(|a| a.fact == **f)).map(|f| (*f).to_owned()).collect();
    let mut facts = all;
    if !whole {
        // A map is for orientation. Everything else is inspect_system's.
        facts = paging::fit(chief(facts), None, FACTS).map_or_else(|_| Vec::new(), |f| f.0);
        entities = paging::fit(entities, None, ENTITIES).map_or_else(|_| Vec::new(), |f| f.0);
        findings_out.iter_mut().for_each(shorten);
        findings_out = paging::fit(findings_out, None, FINDINGS).map_or_else(|_| Vec::new(), |f| f.0);
    }
    let left_out = left_out(
        [
            (facts_total - facts.len(), "fact"),
            (entities_total - entities.len(), "entity"),
            (findings_total - findings_out.len(), "finding"),
        ],
        &params.api,
    );
    let next = match (&call.session, call.facts.systems.keys().filter(|k| *k != name).count()) {
        (None, _) => {
            format!("inspect_system {{\"api\": \"{}\", \"find\": \"WORDS\"}}, or \"operations\": true", params.api)
        }
        (Some(s), 0) => format!(
            "map_system {{\"session\": \"{}\", \"name\": \"...\", \"api\": \"PATH\"}} for the other system",
            s.id
        ),
        (Some(s), _) => format!(
            "inspect_system {{\"session\": \"{0}\", \"name\": \"{name}\", \"find\": \"WORDS\"}} to choose operations; record_constraint for what must hold; then draft_contract {{\"session\": \"{0}\", \"source\": \"...\", \"target\": \"...\"}}",
            s.id
        ),
    };
    Answer {
        system: name.to_owned(),
        title: system.title.clone(),
        format: system.format.to_owned(),
        version: system.format_version.clone(),
        api_version: system.api_version.clone(),
        origin: read.origin.clone(),
        described,
        digest: system.digest.as_str().to_owned(),
        operations: system.operations.len(),
        entities_total,
        entities,
        facts,
        facts_total,
        not_stated,
        findings: findings_out,
        findings_total,
        left_out,
        next,
    }
}

/// `3 facts and 1 entity are not in this answer; …`; nothing where all is.
fn left_out(all: [(usize, &str); 3], api: &str) -> Option<String> {
    let counted: Vec<String> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, name)| text::plural(*count as u64, name)).collect();
    if counted.is_empty() {
        return None;
    }
    let find = if all[0].0 + all[1].0 > 0 { "inspect_system with \"find\" tells of one thing, and " } else { "" };
    Some(format!(
        "not in this answer: {}; {find}platform-integration map {api} --format json lists all",
        counted.join(", ")
    ))
}

/// Characters that each list may take over MCP: with the rest of the answer under 1,200 tokens.
const FACTS: usize = 1_900;
const ENTITIES: usize = 900;
const FINDINGS: usize = 450;

/// What an integration always needs to know; where it is missing, a person has to be asked.
const EXPECTED: [&str; 6] = ["auth_mode", "base_url", "pagination", "rate_limit", "idempotency", "error_format"];

/// What comes first in a small map, one fact of each name unless said otherwise.
const CHIEF: [(&str, usize); 23] = [
    ("auth_mode", 2),
    ("base_url", 1),
    ("pagination", 1),
    ("rate_limit", 1),
    ("idempotency", 1),
    ("bulk", 1),
    ("webhooks", 1),
    ("data_protection", 1),
    ("error_format", 1),
    ("required_header", 2),
    ("versioning", 1),
    ("concurrency_limit", 1),
    ("timestamps", 1),
    ("money", 1),
    ("environment", 2),
    ("webhook_signature", 1),
    ("webhook_subscribe_endpoint", 1),
    ("rate_limit_header", 1),
    ("ordering", 1),
    ("change_feed", 1),
    ("deprecation", 1),
    ("service_level", 1),
    ("oauth2_token_url", 1),
];

/// The facts that matter most, in that order, values bounded.
fn chief(all: Vec<FactOut>) -> Vec<FactOut> {
    let mut of: BTreeMap<&str, Vec<FactOut>> = BTreeMap::new();
    for fact in all {
        if let Some((name, most)) = CHIEF.iter().find(|(name, _)| *name == fact.fact) {
            let kept = of.entry(name).or_default();
            if kept.len() < *most {
                kept.push(fact);
            }
        }
    }
    let mut out: Vec<FactOut> = CHIEF.iter().filter_map(|(name, _)| of.remove(name)).flatten().collect();
    for fact in &mut out {
        bound(&mut fact.value);
        // Pointers of deep places are longer than all that they prove; the whole map has them.
        fact.pointer = fact.pointer.take().filter(|p| p.chars().count() <= 60);
    }
    out
}

/// Cuts long texts and lists of a value, and leaves out what is not there.
fn bound(value: &mut Value) {
    match value {
        Value::String(s) => *s = text::truncate(s, 70),
        Value::Array(items) => {
            items.truncate(4);
            items.iter_mut().for_each(bound);
        }
        Value::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(bound);
        }
        _ => {}
    }
}

fn shorten(finding: &mut FindingOut) {
    finding.message = text::truncate(&finding.message, 110);
    finding.fix = text::truncate(&finding.fix, 70);
    finding.pointer = finding.pointer.take().map(|p| text::truncate(&p, 70));
    finding.file = text::truncate(&finding.file, 60);
}

/// The entities, those first that the goal names, then those that most can be done with.
fn ranked(system: &System, goal: Option<&Question>) -> Vec<EntityOut> {
    let mut all: Vec<_> = system
        .entities
        .values()
        .map(|e| {
            let near = goal.map_or(0, |g| g.names(&e.name));
            let operations: usize = e.operations.values().map(Vec::len).sum();
            // What can be listed or written is what integrations move; a bare action on it is not.
            let moved = [Action::List, Action::Search, Action::Get, Action::Create, Action::Update, Action::Upsert]
                .iter()
                .filter(|a| e.operations.contains_key(a))
                .count();
            let fields = e.schema.map_or(0, |s| system.schemas.get(s).properties.len());
            ((near, moved * 4 + operations.min(12) + fields.min(40) / 10), e, near)
        })
        .collect();
    all.sort_by(|(a, x, _), (b, y, _)| b.cmp(a).then_with(|| x.name.cmp(&y.name)));
    all.into_iter()
        .map(|(_, e, near)| EntityOut {
            entity: e.name.clone(),
            key: e.key.clone(),
            actions: e.operations.keys().map(|a| a.as_str()).collect::<Vec<_>>().join(", "),
            because: match near {
                2 => Some("the goal names it".to_owned()),
                1 => Some("the goal may mean it".to_owned()),
                _ => None,
            },
        })
        .collect()
}

/// A description older than this many days often lacks what the API has by now.
const OLD_DAYS: i64 = 730;

/// Who made the description and how old it is, and a note where it is old.
fn described(call: &Call<'_>, origin: &str, system: &System) -> (String, Vec<Finding>) {
    let Some(fact) = system.facts.iter().find(|f| f.fact == "description_origin") else {
        return ("who made the description, and when, is not stated".to_owned(), Vec::new());
    };
    let value = |key: &str| fact.value.get(key).and_then(Value::as_str);
    let mut out = value("origin")
        .map_or_else(String::new, |o| if o == "not stated" { "origin not stated".to_owned() } else { o.to_owned() });
    if let Some(because) = value("because") {
        out.push_str(&format!(" ({})", text::truncate(because, 80)));
    }
    let mut notes = Vec::new();
    if let Some(dated) = value("dated") {
        out.push_str(&format!(", dated {}", text::quoted(dated, 12)));
        if let Some(days) = knowledge::age_days(call.app, dated).filter(|days| *days > OLD_DAYS) {
            out.push_str(&format!(": stale, {} old", text::plural(days.unsigned_abs() / 365, "year")));
            let at = Location::pointer(origin, fact.pointer().unwrap_or("#/info"));
            let message = format!("the description is dated {}, {days} days ago", text::quoted(dated, 12));
            notes.push(Finding::note("description-stale", at, message).fix("look for a newer one at the vendor's"));
        }
    }
    (out, notes)
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
