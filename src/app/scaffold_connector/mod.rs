//! Writes deployable project files around a contract, and brings them up to date without touching what people changed.

mod code;
mod memory;
mod project;
mod samples;
mod settle;

pub(super) use project::{duration, flow_line};
pub(super) use samples::outcome;
pub use settle::State;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::memory::Memory;
use self::settle::{diff, settle};
use super::subject::Compiled;
use super::{Call, Done, Fault, Hints, No, Refusal, UseCase, description};
use crate::base::fs::{self, MAX_CONTRACT};
use crate::base::text;
use crate::connector::Plan;
use crate::contract::tables;
use crate::evidence::{EventKind, Phase};
use crate::readers;
use crate::scaffold;
use crate::scaffold::code::{CodeError, Language};
use crate::workflow::record;

/// Arguments of `scaffold_connector`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Path of integration.yaml; it must compile.
    pub contract: String,
    /// Directory to write to. What people changed there is merged with, never overwritten.
    #[arg(long)]
    pub out: String,
    /// The connector: this program (manifest), or code that does the same.
    #[arg(long, value_enum, default_value_t = Target::Manifest)]
    #[serde(default)]
    pub target: Target,
    /// Show what would change, as a diff, and write nothing.
    #[arg(long, visible_alias = "diff")]
    #[serde(default)]
    pub dry_run: bool,
    /// Write files again that people deleted.
    #[arg(long)]
    #[serde(default)]
    pub restore: bool,
    /// From open_session.
    #[arg(long)]
    pub session: Option<String>,
}

/// What runs the contract.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Target {
    /// This program, by the contract.
    #[default]
    Manifest,
    /// A Python project.
    Python,
    /// A TypeScript project.
    Typescript,
}

impl Target {
    const fn language(self) -> Option<Language> {
        match self {
            Self::Manifest => None,
            Self::Python => Some(Language::Python),
            Self::Typescript => Some(Language::Typescript),
        }
    }
}

/// A file of the project.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct FileOut {
    /// Path below the directory.
    pub path: String,
    /// What became of it.
    pub state: State,
    /// Where both sides changed the same lines: the file with the new text, and the first such place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ConflictOut>,
}

/// Two wordings of the same lines.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ConflictOut {
    /// The file with the new text; the old one stays as it is.
    pub beside: String,
    /// The first place, both wordings.
    pub first: String,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The directory.
    pub out: String,
    /// Digest of the contract.
    pub digest: String,
    /// Nothing was written: it was a dry run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The files.
    pub files: Vec<FileOut>,
    /// With dry_run: what would change.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub diff: String,
    /// What to do next.
    pub next: String,
}

impl Answer {
    /// Some file has a new text beside it that a person must look at.
    #[must_use]
    pub fn has_conflicts(&self) -> bool {
        self.files.iter().any(|f| f.conflict.is_some())
    }
}

/// Ending of a new text that could not be merged.
const BESIDE: &str = ".scaffold-new";
/// Characters of a diff over MCP.
const DIFF_OVER_MCP: usize = 4_000;

/// Writes project files.
pub struct ScaffoldConnector;

impl UseCase for ScaffoldConnector {
    const NAME: &'static str = "scaffold_connector";
    const COMMAND: &'static str = "scaffold";
    const TITLE: &'static str = "Scaffold a connector";
    const SUMMARY: &'static str = "Write a deployable project around a contract: container, compose, systemd and Kubernetes files, CI, mapping samples, \
        alerts, dashboard, README, runbook. Scaffolding again merges; what people changed or deleted stays.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::ConnectorScaffolded;
    const PHASE: Phase = Phase::Connect;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        params.session.as_deref()
    }

    fn paths(params: &Params) -> Vec<&str> {
        vec![&params.contract, &params.out]
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let compiled = Compiled::load(call, &params.contract)?;
        let contract = compiled.sound(&params.contract)?;
        let source = call.app.path(&params.contract);
        let dir = source.parent().map(Path::to_owned).unwrap_or_default();
        let mut files: Vec<(String, Vec<u8>)> = vec![(
            "integration.yaml".to_owned(),
            fs::read_bytes(&source, MAX_CONTRACT).map_err(|e| Refusal::unreadable(&e))?,
        )];
        for (name, used) in &contract.systems {
            let all = std::iter::once(&used.api).chain(&used.overlays);
            if let Some(outside) = all.into_iter().find(|file| !stays_below(file)) {
                return Err(Refusal::new(
                    "description-outside",
                    format!(
                        "system {name}: {} does not lie below the contract's directory, so a project cannot carry it",
                        outside.value
                    ),
                    "move the description beside the contract, e.g. to apis/, and name it there",
                )
                .into());
            }
            let named = used.description();
            let (input, _) = description::gather(call.app, &description::below(&dir, &named), &named)?;
            let beside = used.api.rsplit_once('/').map(|(dir, _)| format!("{dir}/")).unwrap_or_default();
            let others = input.others.into_iter().map(|part| (format!("{beside}{}", part.name), part.bytes));
            let overlays = input.overlays.into_iter().map(|part| (part.name, part.bytes));
            files.extend(input.main.bytes.map(|bytes| (used.api.value.clone(), bytes)));
            for (name, bytes) in others.chain(overlays) {
                if let Ok(bytes) = bytes
                    && !readers::is_url(&name)
                    && !files.iter().any(|(known, _)| *known == name)
                {
                    files.push((name, bytes));
                }
            }
        }
        for table in &contract.tables {
            // Refused by the contract's own reader where it lies elsewhere.
            let bytes = fs::read_bytes(&dir.join(table), tables::MOST_BYTES).map_err(|e| Refusal::unreadable(&e))?;
            files.push((table.clone(), bytes));
        }
        // What the contract needs beside itself, for whoever copies a project or watches its files.
        let carried: Vec<String> = files.iter().skip(1).map(|(name, _)| name.clone()).collect();
        let plans = compiled.plans(contract, None, &BTreeMap::new())?;
        let sampled = samples::all(contract, &compiled);
        let names: Vec<String> = sampled.iter().map(|(flow, ..)| flow.clone()).collect();
        for (flow, records, expected) in sampled {
            let line = samples::line(&flow);
            files.push((line.records, records.into_bytes()));
            files.push((line.expected, expected.into_bytes()));
        }
        let project = project::project(contract, carried, &plans, &names);
        let generated = match params.target.language() {
            None => scaffold::project(&project).map_err(|e| Fault::internal(&e))?,
            Some(language) => generated(language, &plans, &project, &params)?,
        };
        files.extend(generated.into_iter().map(|f| (f.path, f.content.into_bytes())));
        let out = call.app.path(&params.out);
        let mut memory = Memory::read(&out)?;
        let mut plan = Vec::new();
        for (path, content) in files {
            let place = out.join(&path);
            if out.exists() && !fs::lies_in(&out, &place) {
                return Err(Refusal::new(
                    "file-outside",
                    format!("{path} leads out of {} by a link", params.out),
                    "take the link away, or scaffold into another directory",
                )
                .into());
            }
            let standing = match std::fs::read(&place) {
                Ok(bytes) => Some(bytes),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
                Err(e) => {
                    return Err(Refusal::new(
                        "file-unreadable",
                        format!("{path} is there and cannot be read: {e}; nothing was written"),
                        "make it readable, or take it away",
                    )
                    .into());
                }
            };
            // Beside the contract itself, the contract is what it is.
            let settled = if place == source {
                settle(None, Some(&content), &content, false)
            } else {
                settle(memory.get(&path), standing.as_deref(), &content, params.restore)
            };
            plan.push((path, content, standing, settled));
        }
        let mut written = Vec::new();
        let mut shown = String::new();
        for (path, content, standing, settled) in &plan {
            let beside = format!("{path}{BESIDE}");
            let (place, becomes) = match (&settled.write, settled.state) {
                (Some(bytes), _) => (path, Some(bytes)),
                (None, State::Conflict) => (&beside, Some(content)),
                (None, _) => (path, None),
            };
            if let Some(bytes) = becomes {
                if params.dry_run {
                    // Beside a file, what is shown is how it differs from that file.
                    shown.push_str(&diff(place, standing.as_deref(), bytes));
                } else {
                    let place = out.join(place);
                    // Through a link, which stays one.
                    let place = if place.is_symlink() { place.canonicalize().unwrap_or(place) } else { place };
                    fs::write_atomic(&place, bytes).map_err(Fault::from)?;
                }
            }
            if settled.state != State::Deleted {
                memory.put(path, content);
            }
            let conflict = settled.conflict.clone().map(|first| ConflictOut { beside, first });
            written.push(FileOut { path: path.clone(), state: settled.state, conflict });
        }
        let now: Vec<&str> = plan.iter().map(|(path, ..)| path.as_str()).collect();
        let before: Vec<String> = memory.paths().filter(|p| !now.contains(p)).map(str::to_owned).collect();
        for path in before {
            if out.join(&path).exists() {
                written.push(FileOut { path, state: State::Obsolete, conflict: None });
            } else {
                memory.forget(&path);
            }
        }
        if !params.dry_run {
            memory.write(&out)?;
        }
        let most = if call.face.budget() == usize::MAX { usize::MAX } else { DIFF_OVER_MCP };
        if shown.len() > most {
            shown = format!(
                "{}\n… the rest: platform-integration scaffold {} --out {} --dry-run\n",
                text::truncate(&shown, most),
                params.contract,
                params.out
            );
        }
        let data = record::ConnectorScaffolded {
            out: out.display().to_string(),
            files: written.iter().map(|f| f.path.clone()).collect(),
            digest: contract.digest.as_str().to_owned(),
            dry_run: params.dry_run,
        };
        let next = next(&params, &written);
        let changed = plan.iter().filter(|(.., s)| s.write.is_some()).count() as u64;
        let verb = if params.dry_run { "would write" } else { "wrote" };
        let summary = format!("{verb} {} to {}", text::plural(changed, "file"), params.out);
        let digest = contract.digest.as_str().to_owned();
        let answer = Answer { out: params.out, digest, dry_run: params.dry_run, files: written, diff: shown, next };
        Ok(Done::new(answer, summary, data.to_value()))
    }
}

/// The files of a connector as code.
fn generated(
    language: Language,
    plans: &[Plan],
    project: &scaffold::Project,
    params: &Params,
) -> Result<Vec<scaffold::File>, No> {
    let made = code::connector(plans).map_err(CodeError::from);
    match made.and_then(|connector| scaffold::code::code(language, &connector, project)) {
        Ok(files) => Ok(files),
        Err(CodeError::Template(e)) => Err(Fault::internal(&e).into()),
        Err(CodeError::Unfit(unfit)) => Err(Refusal::new(
            "cannot-be-generated",
            format!("{unfit} ({})", language.title()),
            format!(
                "scaffold {} without --target, which runs every contract; or change the contract there",
                params.contract
            ),
        )
        .into()),
    }
}

/// What to do with the files.
fn next(params: &Params, written: &[FileOut]) -> String {
    let conflicts: Vec<&str> = written.iter().filter_map(|f| f.conflict.as_ref()).map(|c| c.beside.as_str()).collect();
    match (conflicts.as_slice(), &params.session) {
        _ if params.dry_run => format!("platform-integration scaffold {} --out {}", params.contract, params.out),
        ([first, ..], _) => format!(
            "take over by hand what you want of {}, beside the file of that name, and delete {}",
            if conflicts.len() == 1 { (*first).to_owned() } else { conflicts.join(", ") },
            if conflicts.len() == 1 { "it" } else { "them" }
        ),
        ([], Some(s)) => format!("run_drills {{\"session\": \"{s}\", \"contract\": \"{}\"}}", params.contract),
        ([], None) if params.target != Target::Manifest => format!("read {}/README.md", params.out),
        ([], None) => format!("read {0}/README.md; platform-integration runbook verify {0}/RUNBOOK.md", params.out),
    }
}

/// A relative path that never climbs.
fn stays_below(path: &str) -> bool {
    use std::path::Component;
    Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_must_lie_below_the_contract() {
        assert!(stays_below("apis/a.yaml") && stays_below("./a.yaml"));
        assert!(!stays_below("../a.yaml") && !stays_below("/etc/passwd") && !stays_below("apis/../../a"));
    }
}
