//! Asks the systems of a contract a few harmless questions: GET alone, a handful of requests, one a second. What comes back
//! confirms or contradicts what description and contract say. Nothing is kept of the answers but shapes, digests and counts:
//! no value of any record.

mod look;
mod questions;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::run_connector::{self, Ready};
use super::{App, No, Note, Refusal, advice, note};
use crate::base::text;
use crate::connector::{Gates, Observer, SecretSource};
use crate::evidence::{EventKind, Phase};
use crate::workflow::Saw;

/// Most requests that may be asked for: more than that is no probe.
pub const MOST_REQUESTS: u64 = 50;

/// What to ask and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Path of integration.yaml.
    pub contract: String,
    /// Only the systems of this flow.
    pub flow: Option<String>,
    /// Base URLs by system name, over those of contract and description.
    pub base_urls: BTreeMap<String, String>,
    /// Requests at most, over all systems; requests for tokens come on top.
    pub requests: u64,
    /// The session the probe belongs to.
    pub session: Option<String>,
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observed {
    /// The flow whose operations were asked.
    pub flow: String,
    /// The system, by its name in the contract.
    pub system: String,
    /// Kebab-case: `next-page`, `since-filter`, `missing-record` …
    pub fact: &'static str,
    /// Always `observed`: it was asked, not read.
    pub basis: &'static str,
    /// It is as description and contract say; nothing where they say nothing of it.
    pub agrees: Option<bool>,
    /// Nothing came back, so there is nothing to hold the description to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// What was seen, in words without any value of a record.
    pub says: String,
    /// The same for machines; shapes, counts and digests.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

/// What the probe found.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The contract.
    pub contract: String,
    /// Requests sent.
    pub requests: u64,
    /// What was seen, in the order asked.
    pub observed: Vec<Observed>,
    /// Questions that were not asked, and why.
    pub unasked: Vec<String>,
    /// What to do next.
    pub next: String,
}

impl Answer {
    /// Nothing contradicts what is described.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.observed.iter().all(|o| o.agrees != Some(false) && !o.unanswered)
    }
}

/// Asks.
///
/// # Errors
/// As a run: refused when the contract does not compile, a secret is missing, or a system is not on this machine and no
/// approval of a live run stands for the contract as it is. A fault when the store fails.
pub async fn run(
    app: &App,
    options: &Options,
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
) -> Result<Answer, No> {
    if options.requests == 0 || options.requests > MOST_REQUESTS {
        return Err(Refusal::new(
            "bad-argument",
            format!("--requests is {}, outside 1 to {MOST_REQUESTS}", options.requests),
            "--requests 12",
        )
        .into());
    }
    let as_run = run_connector::Options {
        contract: options.contract.clone(),
        flow: options.flow.clone(),
        base_urls: options.base_urls.clone(),
        session: options.session.clone(),
        ..run_connector::Options::default()
    };
    let Ready { digest, plans, systems, .. } = run_connector::ready(app, &as_run, secrets.as_ref(), false)?;
    let world = run_connector::world(app, &plans, secrets, observer, stop)?;
    let gates = Gates::default();
    let mut asking = questions::Asking::new(options.requests, &systems);
    for plan in &plans {
        asking.flow(plan, &world, &gates).await;
    }
    let (requests, observed, unasked) = asking.told();
    let seen: Vec<Saw> = observed
        .iter()
        .filter(|o| o.agrees == Some(true) && !options.base_urls.contains_key(&o.system))
        .filter_map(|o| {
            // Under the name that the map has for it, so that what was inferred there is confirmed by it.
            let fact = (o.fact == "next-page").then_some("pagination")?;
            Some(Saw { system: o.system.clone(), fact: fact.to_owned(), value: o.value.clone(), says: o.says.clone() })
        })
        .collect();
    let against = observed.iter().filter(|o| o.agrees == Some(false)).count() as u64;
    let summary = format!(
        "probe: {}, {}, {} against the description",
        text::plural(requests, "request"),
        text::plural(observed.len() as u64, "observation"),
        against
    );
    let mut data = json!({"file": options.contract, "digest": digest.as_str(), "probe": true, "seen": observed});
    if let (Value::Object(map), false) = (&mut data, seen.is_empty()) {
        map.insert("observed".to_owned(), serde_json::to_value(seen).unwrap_or_default());
    }
    note(
        app,
        Note {
            session: options.session.clone(),
            phase: Phase::Connect,
            kind: EventKind::ConnectorRun,
            tool: "probe",
            input: json!({"contract": options.contract, "flow": options.flow, "requests": options.requests}),
            summary,
            data,
        },
    )?;
    let silent = observed.iter().find(|o| o.unanswered);
    let differs = observed.iter().find(|o| o.agrees == Some(false));
    let again = format!(
        "{}{}{}",
        options.contract,
        advice::flow(options.flow.as_deref()),
        advice::base_urls(&options.base_urls)
    );
    let next = match differs.or(silent) {
        Some(first) if first.unanswered => format!(
            "see to it that {} can be reached, with a certificate and a credential that hold; nothing is known of its description yet: \
             platform-integration probe {again}",
            first.system
        ),
        Some(first) => format!(
            "correct what the description of {} says ({}) by an overlay under systems.{0}.overlays, then platform-integration check {}",
            first.system, first.fact, options.contract
        ),
        None => format!("platform-integration run {again} --dry-run"),
    };
    Ok(Answer { contract: options.contract.clone(), requests, observed, unasked, next })
}
