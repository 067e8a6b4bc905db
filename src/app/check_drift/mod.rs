//! Tells what changed between two descriptions of one system, and what of it breaks: for everybody, or for one integration.

mod rows;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::system_of;
use super::subject::Compiled;
use super::wire::FindingOut;
use super::{Call, Done, Hints, No, Refusal, UseCase, paging};
use crate::base::text;
use crate::contract::Contract;
use crate::drift::{Change, Drift, Side};
use crate::evidence::{EventKind, Phase};
use crate::finding::Severity;
use crate::model::System;
use crate::workflow::record;

/// Arguments of `check_drift`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Path of the description as it was.
    pub old: String,
    /// Path of the description as it is now; any format.
    pub new: String,
    /// Path of integration.yaml: only what its flows touch.
    #[arg(long, value_name = "FILE")]
    pub integration: Option<String>,
    /// Name of the system in the integration. Default: the one whose description is OLD or NEW.
    #[arg(long)]
    pub system: Option<String>,
    /// Only what breaks.
    #[arg(long)]
    #[serde(default)]
    pub breaking: bool,
    /// Also what is described in other words.
    #[arg(long)]
    #[serde(default)]
    pub texts: bool,
    /// From open_session.
    #[arg(long)]
    pub session: Option<String>,
    /// From the previous page.
    #[arg(long)]
    pub cursor: Option<String>,
}

/// One change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ChangeOut {
    /// Kebab-case name of what changed.
    pub code: String,
    /// Somebody who kept to the old description can fail.
    pub breaking: bool,
    /// error, warning or note.
    pub severity: Severity,
    /// call, request or response.
    pub direction: Side,
    /// What changed.
    pub subject: String,
    /// What happened.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
    /// Pointer into the old description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Pointer into the new description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// Perhaps renamed to this: a guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guess: Option<String>,
    /// Operations that it reaches, 20 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// The flow that feels it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// What of the integration breaks: file:line:column and clause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Constraints that rest on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// Drills to run again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drills: Vec<String>,
    /// The same in every run, whatever else changes.
    pub fingerprint: String,
}

/// What changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// What was compared: title, versions.
    pub system: String,
    /// Changes that break.
    pub breaking: usize,
    /// Changes in all.
    pub total: usize,
    /// Changes that no flow of the integration feels; left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untouched: Option<usize>,
    /// What breaks first.
    pub changes: Vec<ChangeOut>,
    /// Errors in either description that hide changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// Pass it as `cursor` for more changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// What to do next.
    pub next: String,
    /// The same as findings, for reports; not sent.
    #[serde(skip)]
    #[schemars(skip)]
    pub findings: Vec<FindingOut>,
    /// The integration's name and text, for drawing its lines; not sent.
    #[serde(skip)]
    #[schemars(skip)]
    pub source: (String, String),
}

/// Tells what changed.
pub struct CheckDrift;

impl UseCase for CheckDrift {
    const NAME: &'static str = "check_drift";
    const COMMAND: &'static str = "drift";
    const TITLE: &'static str = "Check for drift";
    const SUMMARY: &'static str = "Compare an older and a newer API description: each change with whether it breaks, for requests and \
        responses apart. With an integration, only what its flows touch, down to the line that breaks.";
    const HINTS: Hints = Hints { read_only: true, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::DriftChecked;
    const PHASE: Phase = Phase::Map;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        params.session.as_deref()
    }

    fn paths(params: &Params) -> Vec<&str> {
        [Some(&params.old), Some(&params.new), params.integration.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect()
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let was = call.app.read_description(&call.app.path(&params.old), &params.old)?;
        let now = call.app.read_description(&call.app.path(&params.new), &params.new)?;
        let (old, new) = (system_of(&was)?, system_of(&now)?);
        let drift = Drift::between(old, new);
        // Texts are told to who asks, and where a flow reads, writes or calls what they are about.
        let told = |c: &&Change| params.texts || !c.is_text();
        let (file, compiled) = match &params.integration {
            Some(file) => (file.as_str(), Some(Compiled::load(call, file)?)),
            None => ("", None),
        };
        let mut rows: Vec<(ChangeOut, FindingOut)> = Vec::new();
        let mut systems = Vec::new();
        let mut untouched = None;
        if let Some(compiled) = &compiled {
            let contract = compiled.contract.as_ref().ok_or_else(|| unreadable(file))?;
            systems = names(call, &params, contract, compiled, old, new)?;
            for name in &systems {
                let touched = drift.touched(name, contract, &compiled.mappings);
                rows.extend(touched.iter().map(|t| rows::felt(t, file)));
            }
            let felt: BTreeSet<&str> = rows.iter().map(|(c, _)| c.fingerprint.as_str()).collect();
            let others = drift.changes.iter().filter(told).filter(|c| !felt.contains(c.fingerprint().as_str()));
            untouched = Some(others.count());
        } else {
            rows.extend(drift.changes.iter().filter(told).map(|c| rows::plain(c, &params)));
        }
        let (breaking, total) = (rows.iter().filter(|(c, _)| c.breaking).count(), rows.len());
        if params.breaking {
            rows.retain(|(c, _)| c.breaking);
        }
        rows.sort_by_key(|(c, _)| (!c.breaking, std::cmp::Reverse(c.severity)));
        let (all, findings): (Vec<ChangeOut>, Vec<FindingOut>) = rows.into_iter().unzip();
        let codes = codes(&all);
        let (changes, cursor) = paging::fit(all, params.cursor.as_deref(), call.face.budget())?;
        let unread = [&was, &now].into_iter().flat_map(|d| &d.findings).filter(|f| f.severity == Severity::Error);
        let mut unread: Vec<String> = unread.take(5).map(|f| format!("{}: {}", f.location, f.message)).collect();
        if drift.cut {
            unread.push("the schemas refer to themselves in more combinations than are compared".to_owned());
        }
        let data = record::DriftChecked {
            old: call.app.path(&params.old).display().to_string(),
            old_digest: old.digest.as_str().to_owned(),
            new: call.app.path(&params.new).display().to_string(),
            new_digest: new.digest.as_str().to_owned(),
            integration: params.integration.as_ref().map(|f| call.app.path(f).display().to_string()),
            systems,
            changes: total as u64,
            breaking: breaking as u64,
            codes,
        };
        let next = next(&params, old.digest == new.digest, breaking, total, cursor.is_some());
        let answer = Answer {
            system: title(old, new),
            breaking,
            total,
            untouched,
            changes,
            unread,
            cursor,
            next,
            findings,
            source: (file.to_owned(), compiled.map(|c| c.text).unwrap_or_default()),
        };
        let summary = format!(
            "{} of {} between {} and {} break{}",
            breaking,
            text::plural(total as u64, "change"),
            params.old,
            params.new,
            params.integration.as_ref().map_or_else(String::new, |f| format!(" {f}")),
        );
        Ok(Done::new(answer, summary, data.to_value()))
    }
}

/// How often each rule saw something that breaks.
fn codes(changes: &[ChangeOut]) -> std::collections::BTreeMap<String, u64> {
    let mut out = std::collections::BTreeMap::new();
    for change in changes.iter().filter(|c| c.breaking) {
        *out.entry(change.code.clone()).or_insert(0) += 1;
    }
    out
}

fn title(old: &System, new: &System) -> String {
    let one = |s: &System| format!("{} {}", s.format, s.format_version).trim_end().to_owned();
    let title = if new.title.is_empty() { "the system" } else { &new.title };
    format!("{title}: {} ({}) to {} ({})", old.api_version, one(old), new.api_version, one(new))
}

fn unreadable(file: &str) -> Refusal {
    Refusal::new(
        "contract-does-not-compile",
        format!("{file} holds no contract"),
        format!("check_contract {{\"contract\": \"{file}\"}}"),
    )
}

/// The systems of the contract that the descriptions are of.
fn names(
    call: &Call<'_>,
    params: &Params,
    contract: &Contract,
    compiled: &Compiled,
    old: &System,
    new: &System,
) -> Result<Vec<String>, Refusal> {
    let known = || contract.systems.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let next = |system: &str| {
        format!(
            "check_drift {{\"old\": \"{}\", \"new\": \"{}\", \"integration\": \"{}\", \"system\": \"{system}\"}}",
            params.old, params.new, contract.file
        )
    };
    let first = contract.systems.keys().next().map_or("NAME", String::as_str);
    if let Some(name) = &params.system {
        if contract.systems.contains_key(name) {
            return Ok(vec![name.clone()]);
        }
        let because = format!("{} has no system \"{}\", only {}", contract.file, text::quoted(name, 60), known());
        return Err(Refusal::new("unknown-system", because, next(first)));
    }
    let given = [call.app.path(&params.old), call.app.path(&params.new)].map(|p| p.canonicalize().unwrap_or(p));
    let dir = call.app.path(&contract.file).parent().map(std::path::Path::to_owned).unwrap_or_default();
    let is = |(name, used): &(&String, &crate::contract::SystemUse)| {
        let path = dir.join(used.api.as_str());
        let path = path.canonicalize().unwrap_or(path);
        let digest = compiled.systems.get(*name).map(|s| &s.digest);
        given.contains(&path) || digest == Some(&old.digest) || digest == Some(&new.digest)
    };
    let found: Vec<String> = contract.systems.iter().filter(is).map(|(n, _)| n.clone()).collect();
    if found.is_empty() {
        let because =
            format!("{} uses neither {} nor {}; its systems are {}", contract.file, params.old, params.new, known());
        return Err(Refusal::new("unknown-system", because, next(first)));
    }
    Ok(found)
}

fn next(params: &Params, same: bool, breaking: usize, total: usize, more: bool) -> String {
    let session = params.session.as_ref().map(|s| format!("\"session\": \"{s}\", ")).unwrap_or_default();
    if more {
        return "call again with this cursor for more changes".to_owned();
    }
    match (&params.integration, breaking) {
        (Some(file), 0) => {
            format!("point {file} at {}, then check_contract {{{session}\"contract\": \"{file}\"}}", params.new)
        }
        (Some(file), _) => format!(
            "point {file} at {}, mend the lines named, then check_contract {{{session}\"contract\": \"{file}\"}} and run_drills",
            params.new
        ),
        (None, 0) if total == 0 && same => format!("nothing to do: {} is {}, byte for byte", params.new, params.old),
        (None, 0) if total == 0 => format!(
            "nothing to do for a caller: {} asks and promises what {} did; words that no rule reads may differ",
            params.new, params.old
        ),
        (None, _) => format!(
            "check_drift {{{session}\"old\": \"{}\", \"new\": \"{}\", \"integration\": \"integration.yaml\"}} shows what one integration feels",
            params.old, params.new
        ),
    }
}

impl Answer {
    /// Fingerprints of the findings, in their order; findings are told whole where changes are paged.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<String> {
        self.changes.iter().map(|c| c.fingerprint.clone()).collect()
    }

    /// One line for people: `2 of 5 changes break`.
    #[must_use]
    pub fn counts(&self) -> String {
        let breaks = if self.breaking == 1 { "breaks" } else { "break" };
        let all = format!("{} of {} {breaks}", self.breaking, text::plural(self.total as u64, "change"));
        match self.untouched {
            Some(others) if others > 0 => {
                let touch = if others == 1 { "touches" } else { "touch" };
                format!("{all}; {} {touch} none of its flows", text::plural(others as u64, "other change"))
            }
            _ => all,
        }
    }
}
