//! Writes deployable project files around a contract.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subject::Compiled;
use super::{Call, Done, Fault, Hints, No, Refusal, UseCase, description};
use crate::base::fs::{self, MAX_CONTRACT};
use crate::base::secret::SecretRef;
use crate::base::text;
use crate::contract::{Contract, Flow, Write};
use crate::evidence::{EventKind, Phase};
use crate::readers;
use crate::scaffold::{self, FlowLine, Project, SecretLine};
use crate::workflow::record;

/// Arguments of `scaffold_connector`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Path of integration.yaml; it must compile.
    pub contract: String,
    /// Directory to write to. Files that exist with other content are never overwritten.
    #[arg(long)]
    pub out: String,
    /// From open_session.
    #[arg(long)]
    pub session: Option<String>,
}

/// A file written.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct FileOut {
    /// Path below the directory.
    pub path: String,
    /// Its size.
    pub bytes: usize,
    /// It was there already with this content.
    pub unchanged: bool,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The directory.
    pub out: String,
    /// Digest of the contract.
    pub digest: String,
    /// The files.
    pub files: Vec<FileOut>,
    /// What to do next.
    pub next: String,
}

/// Writes project files.
pub struct ScaffoldConnector;

impl UseCase for ScaffoldConnector {
    const NAME: &'static str = "scaffold_connector";
    const COMMAND: &'static str = "scaffold";
    const TITLE: &'static str = "Scaffold a connector";
    const SUMMARY: &'static str = "Write a deployable project around a contract: descriptions, Dockerfile, compose file, systemd unit, CI workflow, \
        .env.example, runbook. The connector is this program: no code is generated. Never overwrites a file that differs.";
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
        let project = project(contract);
        files.extend(
            scaffold::project(&project)
                .map_err(|e| Fault::internal(&e))?
                .into_iter()
                .map(|f| (f.path, f.content.into_bytes())),
        );
        let out = call.app.path(&params.out);
        // All or nothing: what is in the way is named before the first byte is written.
        let mut plan = Vec::new();
        let mut in_the_way = Vec::new();
        for (path, content) in &files {
            let place = out.join(path);
            let same = match std::fs::read(&place) {
                Ok(old) => {
                    if old != *content && place != source {
                        in_the_way.push(path.clone());
                    }
                    old == *content
                }
                Err(_) => false,
            };
            plan.push((place, path, content, same));
        }
        if !in_the_way.is_empty() {
            return Err(Refusal::new(
                "file-exists",
                format!(
                    "{} in {} {} and would change: {}",
                    text::plural(in_the_way.len() as u64, "file"),
                    params.out,
                    if in_the_way.len() == 1 { "exists" } else { "exist" },
                    in_the_way.join(", ")
                ),
                "scaffold into a new directory and compare, or move these files away",
            )
            .into());
        }
        let mut written = Vec::new();
        for (place, path, content, same) in plan {
            if !same {
                fs::write_atomic(&place, content).map_err(Fault::from)?;
            }
            written.push(FileOut { path: path.clone(), bytes: content.len(), unchanged: same });
        }
        let data = record::ConnectorScaffolded {
            out: out.display().to_string(),
            files: written.iter().map(|f| f.path.clone()).collect(),
            digest: contract.digest.as_str().to_owned(),
        };
        let next = match &params.session {
            Some(s) => format!("run_drills {{\"session\": \"{s}\", \"contract\": \"{}\"}}", params.contract),
            None => format!("read {}/RUNBOOK.md; platform-integration drill {}", params.out, params.contract),
        };
        let summary = format!("wrote {} to {}", text::plural(written.len() as u64, "file"), params.out);
        Ok(Done::new(
            Answer { out: params.out, digest: contract.digest.as_str().to_owned(), files: written, next },
            summary,
            data.to_value(),
        ))
    }
}

/// A relative path that never climbs.
fn stays_below(path: &str) -> bool {
    use std::path::Component;
    Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
}

/// The contract in the words of the templates.
pub(super) fn project(contract: &Contract) -> Project {
    let mut secrets: Vec<SecretLine> = Vec::new();
    for (name, used) in &contract.systems {
        for (key, value) in used.auth.iter().flat_map(crate::contract::Auth::secrets) {
            if let Some(SecretRef::Env(var)) = SecretRef::parse(value)
                && !secrets.iter().any(|s| s.name == var)
            {
                secrets.push(SecretLine { name: var, what: format!("{name} {key}") });
            }
        }
    }
    for flow in contract.flows.values() {
        for reference in crate::mapping::compile(&flow.map, &contract.file).0.key_refs() {
            if let SecretRef::Env(var) = reference
                && !secrets.iter().any(|s| s.name == var)
            {
                secrets.push(SecretLine { name: var, what: format!("{} pseudonyms", flow.name) });
            }
        }
        let verify = flow.source.webhook.iter().filter_map(|w| w.verify.as_ref());
        for (key, value) in verify.flat_map(|v| v.secrets()) {
            if let Some(SecretRef::Env(var)) = SecretRef::parse(value)
                && !secrets.iter().any(|s| s.name == var)
            {
                secrets.push(SecretLine { name: var, what: format!("{} webhook {key}", flow.source.system.value) });
            }
        }
    }
    Project {
        name: contract.name.value.clone(),
        why: contract.why.clone(),
        owner: contract.owner.clone(),
        contract: "integration.yaml".to_owned(),
        descriptions: contract.systems.values().map(|s| s.api.value.clone()).chain(contract.tables.clone()).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        digest: contract.digest.as_str().to_owned(),
        flows: contract.flows.values().map(flow_line).collect(),
        secrets,
        receives: contract.flows.values().any(|f| f.source.webhook.is_some()),
    }
}

/// A flow in words.
pub(super) fn flow_line(flow: &Flow) -> FlowLine {
    let (writes, protection) = match &flow.target.write {
        Write::Upsert { matching, find, create, update, .. } => (
            format!("{}, {}, {}", find.value, create.value, update.value),
            format!("finds by {} first", matching.value),
        ),
        Write::Put { operation, .. } => (operation.value.clone(), "PUT is idempotent".to_owned()),
        Write::Bulk { operation, key, .. } => {
            (operation.value.clone(), format!("the target finds each record of a batch by {}", key.value))
        }
        Write::Create { operation, idempotency: Some(header), .. } => {
            (operation.value.clone(), format!("one key per effect in {}", header.value))
        }
        Write::Create { operation, duplicates_accepted_by: Some(who), .. } => {
            (operation.value.clone(), format!("duplicates accepted by {}", who.value))
        }
        Write::Create { operation, .. } => (operation.value.clone(), "never sent twice".to_owned()),
    };
    FlowLine {
        name: flow.name.clone(),
        source: flow.source.system.value.clone(),
        reads: reads(flow),
        target: flow.target.system.value.clone(),
        writes,
        every: match (flow.source.every_ms, &flow.source.webhook) {
            (Some(ms), None) => duration(ms),
            (Some(ms), Some(_)) => format!("as sent; swept every {}", duration(ms)),
            (None, Some(_)) => "as sent".to_owned(),
            (None, None) => "once".to_owned(),
        },
        attempts: flow.delivery.retry.attempts,
        rate: flow
            .delivery
            .rate
            .as_ref()
            .map_or_else(|| "unset".to_owned(), |r| format!("{}/{}", r.requests, duration(r.window_ms))),
        protection,
        alert_at: flow.delivery.alert_at,
        freshness: flow.slo.and_then(|s| s.freshness_ms).map_or_else(|| "unset".to_owned(), duration),
    }
}

/// The operation that is listed, the event that is sent, or both.
fn reads(flow: &Flow) -> String {
    let event = flow.source.webhook.as_ref().map(|w| format!("webhook {}", w.event.value));
    let list = flow.source.operation.as_ref().map(|o| o.value.clone());
    event.into_iter().chain(list).collect::<Vec<_>>().join(" and ")
}

/// Milliseconds as the contract writes them: `500ms`, `10s`, `5m`, `1h`.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        0 => "0s".to_owned(),
        m if m % 3_600_000 == 0 => format!("{}h", m / 3_600_000),
        m if m % 60_000 == 0 => format!("{}m", m / 60_000),
        m if m % 1_000 == 0 => format!("{}s", m / 1_000),
        m => format!("{m}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_must_lie_below_the_contract() {
        assert!(stays_below("apis/a.yaml") && stays_below("./a.yaml"));
        assert!(!stays_below("../a.yaml") && !stays_below("/etc/passwd") && !stays_below("apis/../../a"));
    }

    #[test]
    fn durations_read_as_they_are_written() {
        assert_eq!([500, 10_000, 300_000, 3_600_000, 1_500].map(duration), ["500ms", "10s", "5m", "1h", "1500ms"]);
    }
}
