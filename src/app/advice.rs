//! The flags of the commands that are advised: what the command before was given, so that the next one finds the same systems.

use std::collections::BTreeMap;

use super::operate::is_named;
use super::{App, No};
use crate::evidence::{EventKind, Query};

/// Records of runs that are looked through for the last of a flow.
const LOOKED_AT: usize = 200;

/// ` --base-url crm=http://127.0.0.1:9002`, for each.
pub(super) fn base_urls(urls: &BTreeMap<String, String>) -> String {
    urls.iter().map(|(name, url)| format!(" --base-url {name}={url}")).collect()
}

/// ` --flow contacts`, where one was chosen.
pub(super) fn flow(flow: Option<&str>) -> String {
    flow.map_or_else(String::new, |flow| format!(" --flow {flow}"))
}

/// What is to be seen to where a flow stopped so (`code: reason`); nothing where the reason says it, or a run that goes on is all.
/// `CONTRACT` stands for its path.
pub(super) fn stopped(stop: &str) -> Option<&'static str> {
    let code = stop.split(':').next().unwrap_or(stop);
    Some(match code {
        "auth-failed" | "auth-unavailable" | "secret-missing" | "secret-malformed" | "scope-missing" => {
            "see to the credential of that system, which its auth in CONTRACT names"
        }
        "tls-refused" => {
            "let who runs the system renew its certificate, or name the authority that signed it as ca of the system in CONTRACT"
        }
        "redirect-refused" => {
            "if the address that it leads to is the right one, write it as base_url of the system in CONTRACT"
        }
        "unexpected-answer" | "error-envelope" | "answer-too-large" | "source-refused" | "target-unreadable" => {
            "platform-integration probe CONTRACT asks the systems what they answer, and holds it to their descriptions"
        }
        "sweep-too-large" => {
            "look whether those records were really deleted at the source; where they were, raise source.deletes.max_share in CONTRACT"
        }
        "sweep-incomplete" => {
            "see to what the target says of the deletion; where it does not allow it, write deletes: ignore or another delete in CONTRACT"
        }
        "flow-busy" => "platform-integration status tells what runs; stop that process, or wait for its end",
        "ledger-unusable" => {
            "make room and let the store be written, or bring it back from its backup (a new one would know nothing of what was done)"
        }
        _ => return None,
    })
}

/// By which contract, at which addresses a flow was run last.
pub(super) struct Ran {
    /// Path of the contract, as it was typed; `PATH` where nobody knows.
    pub(super) contract: String,
    /// As [`base_urls`].
    pub(super) base_urls: String,
}

impl Ran {
    /// ` --contract x.yaml --base-url …`
    pub(super) fn flags(&self) -> String {
        let Self { contract, base_urls } = self;
        if contract == "integration.yaml" { base_urls.clone() } else { format!(" --contract {contract}{base_urls}") }
    }
}

/// Looks the last run of this flow up in the evidence.
pub(super) fn ran(app: &App, flow: &str) -> Result<Ran, No> {
    let unknown = Ran { contract: "PATH".to_owned(), base_urls: String::new() };
    let runs = app.ledger.runs(LOOKED_AT)?;
    // The record of a run is written after it.
    let Some(since) = runs.iter().find(|run| run.flow == flow && run.ended.is_some()).map(|run| run.started) else {
        return Ok(unknown);
    };
    let query = Query { kind: Some(EventKind::ConnectorRun), since: Some(since), limit: LOOKED_AT, ..Query::default() };
    let events = app.store.query(&query)?.events;
    let of_flow = |data: &serde_json::Value| {
        let flows = data["flows"].as_array().into_iter().flatten();
        flows.filter_map(|f| f["flow"].as_str()).any(|name| is_named(name, flow))
    };
    let last = events.iter().rev().map(|event| &event.event.data).find(|data| of_flow(data));
    Ok(last.and_then(|data| Some((data["file"].as_str()?, &data["base_urls"]))).map_or(unknown, |(file, urls)| Ran {
        contract: file.to_owned(),
        base_urls: base_urls(&serde_json::from_value(urls.clone()).unwrap_or_default()),
    }))
}
