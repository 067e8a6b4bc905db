//! Writes the SOP's five outputs from evidence.

mod constraints;
mod contents;
mod records;
mod subject;
mod systems;

pub(super) use self::constraints::about_fact;
pub(super) use self::contents::dossier;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assess_readiness::{assess, notes};
use super::subject::Compiled;
use super::{Call, Done, Fault, Hints, No, Proposed, Refusal, UseCase};
use crate::base::{fs, text};
use crate::contract::Contract;
use crate::evidence::{EventKind, Phase};
use crate::finding::Confidence;
use crate::scaffold;
use crate::workflow::lookalike::as_read;
use crate::workflow::record;
use crate::workflow::stated::{statements, wrong};

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
    /// Directory to write to; older files there are replaced.
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
    /// The files: the five outputs, and dossier.html with all of them.
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
    const SUMMARY: &'static str = "Write the five outputs as Markdown and as one HTML page from the session's evidence: integration specification, data mapping, \
        test matrix, deployment and runbook, risk and rollback plan. Every figure comes from the store; what was not run is UNPROVEN there.";
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
        // The record keeps where the file lies; people read it from where they are.
        let here = std::path::Path::new(&file).strip_prefix(&call.app.cwd).ok().and_then(|p| p.to_str());
        let file = here.map_or(file.clone(), str::to_owned);
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
        let events = call.app.store.events_of(call.session_id())?;
        let mut dossier = dossier(call, Some((&file, &compiled, contract)), &readiness, &events, events.len() as u64)?;
        dossier.notes = params.notes.as_deref().map(notes).unwrap_or_default();
        // It is that link itself, and recorded when it is written: in it, it can be neither missing nor stale.
        dossier.chain.retain(|l| l.link != EventKind::DossierExported.as_str());
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
            next: next(call, &params, &contract.owner),
        };
        Ok(Done::new(
            answer,
            format!("wrote {} to {}", text::plural(files.len() as u64, "file"), params.out),
            data.to_value(),
        ))
    }
}

/// What to do with the dossier; first what a person still has to settle, which it lists as open.
fn next(call: &Call<'_>, params: &Params, owner: &str) -> String {
    let give = format!("give {}/dossier.html to the owner, {owner}", params.out);
    match call.facts.waiting().count() {
        0 => format!("{give}; query_evidence {{\"session\": \"{}\"}} shows what it rests on", params.session),
        n => format!(
            "a person still has to settle {}: confirm_constraints {{\"session\": \"{1}\"}}, or platform-integration confirm --session {1}; then export_dossier again, and {give}",
            text::plural(n as u64, "inferred constraint"),
            params.session
        ),
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
