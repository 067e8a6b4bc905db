//! Proposes `integration.yaml` from two mapped systems: operations chosen, mapping suggested, policies safe, and every
//! doubt written down as an open question.

mod beside;
mod choose;
mod identity;
mod interval;
mod merge;
mod rules;
mod settle;
mod sides;
mod systems;
mod unstated;
mod writing;
mod yaml;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::choose::{Chosen, choose_creation, choose_list, choose_write};
pub(super) use self::merge::{Merged, three_way};
use self::rules::Settled;
use self::settle::Settlement;
use self::writing::Draft;
use super::context::system_of;
use super::inspect_system::find_operation;
use super::{Call, Done, Hints, No, Refusal, UseCase, paging};
use crate::base::digest::Digest;
use crate::base::{fs, text};
use crate::evidence::{EventKind, Phase};
use crate::mapping::{self, Proposed, matcher::Names};
use crate::model::Operation;
use crate::workflow::record;

/// Arguments of `draft_contract`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// From open_session, with both systems mapped.
    #[arg(long)]
    pub session: String,
    /// Mapped system that records come from.
    #[arg(long)]
    pub source: String,
    /// Mapped system that records go to.
    #[arg(long)]
    pub target: String,
    /// List operation of the source. Default: the best candidate.
    #[arg(long)]
    pub source_operation: Option<String>,
    /// Create (or upsert) operation of the target. Default: the best candidate.
    #[arg(long)]
    pub target_operation: Option<String>,
    /// Where to write the draft.
    #[arg(long, default_value = "integration.yaml")]
    #[serde(default = "default_path")]
    pub path: String,
    /// Where the file exists: bring a new draft into it, keeping what people changed.
    #[arg(long)]
    #[serde(default)]
    pub merge: bool,
}

fn default_path() -> String {
    "integration.yaml".to_owned()
}

/// One suggested rule.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SuggestionOut {
    /// Path in the target record.
    pub target: String,
    /// The rule as written into the file.
    pub rule: String,
    /// How alike, 0 to 1.
    pub score: f64,
    /// Why these two.
    pub because: String,
}

/// The draft.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The file written.
    pub path: String,
    /// Its digest.
    pub digest: String,
    /// The list operation chosen.
    pub source_operation: String,
    /// The write chosen, with its operations.
    pub write: String,
    /// The rules suggested; read each, names can mislead.
    pub mapping: Vec<SuggestionOut>,
    /// What you or the user must decide before it can run.
    pub open_questions: Vec<String>,
    /// What to do next.
    pub next: String,
}

/// Proposes a contract.
pub struct DraftContract;

impl UseCase for DraftContract {
    const NAME: &'static str = "draft_contract";
    const COMMAND: &'static str = "draft";
    const TITLE: &'static str = "Draft a contract";
    const SUMMARY: &'static str = "Write a first integration.yaml from two mapped systems: operations, mapping with scores, delivery \
        policies, open questions. Never overwrites a file. Read it, mend it, then check_contract.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: false };
    const KIND: EventKind = EventKind::ContractDrafted;
    const PHASE: Phase = Phase::Contract;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        Some(&params.session)
    }

    fn paths(params: &Params) -> Vec<&str> {
        vec![&params.path]
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let path = call.app.path(&params.path);
        if path.exists() && !params.merge {
            return Err(Refusal::new(
                "file-exists",
                format!("{} exists, and a draft never overwrites", params.path),
                format!(
                    "check_contract {{\"session\": \"{}\", \"contract\": \"{}\"}}, or draft_contract with \"merge\": true to bring a new \
                     draft into it, or with another \"path\"",
                    params.session, params.path
                ),
            )
            .into());
        }
        if params.source == params.target {
            return Err(Refusal::new(
                "bad-argument",
                "source and target are the same system",
                "map the other system and pass its name",
            )
            .into());
        }
        let (source_read, source_api) = call.mapped(&params.source)?;
        let (target_read, target_api) = call.mapped(&params.target)?;
        let (source, target) = (system_of(&source_read)?, system_of(&target_read)?);
        let goal = call.session.as_ref().map_or("", |s| s.goal.as_str());
        let list = match &params.source_operation {
            Some(name) => find_operation(&source_read, name)?,
            None => choose_list(source, target, goal, &params)?,
        };
        let creation = choose_creation(
            &target_read,
            params.target_operation.as_deref(),
            list.entity.as_deref(),
            goal,
            &params.target,
        )?;
        let proposed = match (list.record, creation.body.as_ref().and_then(|b| b.schema)) {
            (Some(s), Some(t)) => mapping::propose_all(
                (&source.schemas, s),
                (&target.schemas, t),
                [
                    Names { entity: list.entity.as_deref().unwrap_or(""), system: &params.source },
                    Names { entity: creation.entity.as_deref().unwrap_or(""), system: &params.target },
                ],
            ),
            _ => Proposed::default(),
        };
        let suggestions = proposed.rules;
        let settle = |dropped: &Settled| {
            let mapped =
                |field: &str| suggestions.iter().any(|s| s.target == field) && !dropped.dropped.contains_key(field);
            let write = choose_write(target, creation, &mapped);
            let draft = Draft {
                call,
                params: &params,
                source,
                target,
                source_api: &source_api,
                target_api: &target_api,
                list,
                write: &write,
                suggestions: &suggestions,
                tables: &proposed.tables,
                settled: Settled::default(),
            };
            (draft.settle(), write)
        };
        let (mut settlement, mut write) = settle(&Settled::default());
        if let Chosen::Upsert { matching, .. } = &write
            && settlement.settled.dropped.contains_key(matching)
        {
            // The rule of the key does not fit: the record is found by another field, or not at all.
            let settled = std::mem::take(&mut settlement.settled);
            (settlement, write) = settle(&settled);
        }
        let Settlement { text: yaml, questions: open_questions, settled } = settlement;
        let before = if path.exists() { Some(earlier(call, &params, &path)?) } else { None };
        // The draft before may have flows that this one has not: they stay.
        let yaml = before.and_then(|before| beside::beside(before, &yaml)).unwrap_or(yaml);
        let written = match before {
            Some(before) => merged(&params, before, &path, &yaml)?,
            None => yaml.clone(),
        };
        let open_questions = {
            let more = choose::also_named(source, list, goal).into_iter();
            let read = |id: &str| {
                let is = |line: &str| {
                    line.trim_start().strip_prefix("operation: ").and_then(|l| l.split(' ').next()) == Some(id)
                };
                yaml.lines().any(is)
            };
            let more = more.filter(|other| !read(&other.id));
            let more = more.map(|other| other_flow(&params, other));
            more.chain(open_questions).collect::<Vec<_>>()
        };
        fs::write_atomic(&path, written.as_bytes()).map_err(super::Fault::from)?;
        let digest = Digest::of_bytes(written.as_bytes());
        let data = record::ContractDrafted {
            file: path.display().to_string(),
            digest: digest.as_str().to_owned(),
            open_questions: open_questions.clone(),
            text: yaml,
        };
        let rules: Vec<SuggestionOut> = suggestions
            .iter()
            .filter(|s| !settled.dropped.contains_key(&s.target))
            .map(|s| SuggestionOut {
                target: s.target.clone(),
                rule: s.rule_yaml.clone(),
                score: (s.score * 100.0).round() / 100.0,
                because: s.because.clone(),
            })
            .collect();
        let (rules, _) = paging::fit(rules, None, call.face.budget().min(5_000))?;
        let (open_out, _) = paging::fit(open_questions, None, call.face.budget().min(2_500))?;
        let answer = Answer {
            path: params.path.clone(),
            digest: digest.as_str().to_owned(),
            source_operation: list.id.clone(),
            write: write.says(),
            mapping: rules,
            open_questions: open_out,
            next: format!(
                "read {0}, settle the open questions, then check_contract {{\"session\": \"{1}\", \"contract\": \"{0}\"}}",
                params.path, params.session
            ),
        };
        Ok(Done::new(
            answer,
            format!("drafted {}: {}", params.path, text::plural(suggestions.len() as u64, "rule")),
            data.to_value(),
        ))
    }
}

/// No contract that people wrote is larger.
const MOST_BYTES: u64 = 1 << 20;

/// What a draft of one flow leaves out of the goal, with the call that adds it.
fn other_flow(params: &Params, other: &Operation) -> String {
    let (entity, system) = (other.entity.as_deref().unwrap_or_default(), &params.source);
    format!(
        "flows: the goal names {} of {system} too, and a draft has one flow: draft_contract {{\"session\": \"{}\", \"source\": \
         \"{system}\", \"target\": \"{}\", \"source_operation\": \"{}\", \"path\": \"{}\", \"merge\": true}} adds it",
        text::quoted(entity, 80),
        params.session,
        params.target,
        other.id,
        params.path
    )
}

/// This session's last draft of the file.
fn earlier<'c>(call: &'c Call<'_>, params: &Params, path: &std::path::Path) -> Result<&'c str, No> {
    let last = call.facts.drafts.get(&path.display().to_string()).filter(|text| !text.is_empty());
    last.map(String::as_str).ok_or_else(|| {
        Refusal::new(
            "no-earlier-draft",
            format!("this session drafted no {}, so nobody can tell what people changed in it", params.path),
            "draft_contract with another \"path\" and compare the two files, or with the session that drafted it",
        )
        .into()
    })
}

/// The file as it stands with what changed since that draft of it.
fn merged(params: &Params, before: &str, path: &std::path::Path, fresh: &str) -> Result<String, No> {
    let standing = fs::read_text(path, MOST_BYTES).map_err(super::Fault::from)?;
    match three_way(before, &standing, fresh) {
        Merged::Clean(text) => Ok(text),
        Merged::Conflicts { count, first } => Err(Refusal::new(
            "merge-conflicts",
            format!(
                "{} and the new draft both changed {}; nothing was written; first: {}",
                params.path,
                text::plural(count as u64, "place"),
                text::quoted(&first, 600)
            ),
            "draft_contract with another \"path\" and take over by hand what is right",
        )
        .into()),
    }
}
