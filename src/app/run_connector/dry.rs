//! What a run would do now: the source is read, records are mapped and looked up, and nothing is written.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::{App, No};
use super::ready::reaches;
use super::{Options, Ready, noted, ready, world};
use crate::connector::{self, Gates, Observer, Plan, SecretSource, WritePlan};

/// What a dry run of one flow found.
#[derive(Debug, Clone, Serialize)]
pub struct DryFlowOut {
    /// The flow.
    pub flow: String,
    /// Different records read.
    pub read: u64,
    /// Records the source says it holds, where it says so.
    pub expected: Option<u64>,
    /// Records that would be created.
    pub would_create: u64,
    /// Records that would be updated.
    pub would_update: u64,
    /// Records that would be put under a key of ours: created or replaced.
    pub would_put: u64,
    /// Records that would be deleted, because the source has deleted them.
    pub would_delete: u64,
    /// Records that the target has already, as this pass can see.
    pub unchanged: u64,
    /// Records that would not be written.
    pub would_reject: u64,
    /// The first of them, with the reason.
    pub rejected: Vec<RejectedOut>,
    /// Why it ended early, if it did.
    pub stopped: Option<String>,
    /// Requests sent; none of them a write.
    pub requests: u64,
    /// What `rollback` could not take back of such a run, and why; nothing where it can.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cannot_be_restored: Vec<String>,
}

/// A record that would not be written.
#[derive(Debug, Clone, Serialize)]
pub struct RejectedOut {
    /// Key of the source record.
    pub key: String,
    /// Kebab-case.
    pub code: String,
    /// In words.
    pub because: String,
}

/// What a run would do now.
#[derive(Debug, Clone, Serialize)]
pub struct DryAnswer {
    /// The contract.
    pub contract: String,
    /// Nothing was written: always true, so that nobody takes this for a run.
    pub dry_run: bool,
    /// Each flow.
    pub flows: Vec<DryFlowOut>,
    /// What to do next.
    pub next: String,
}

impl DryAnswer {
    /// Every record read would be written or is there already.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.flows.iter().all(|f| f.would_reject == 0 && f.stopped.is_none())
    }
}

/// Does what a run does but the writes: reads the source, maps, looks records up in the target. Needs no approval, and
/// reads with real credentials: `tell` hears where they go before the first request.
///
/// # Errors
/// As [`run`], but for the approval.
pub async fn dry_run(
    app: &App,
    options: &Options,
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
    tell: &(dyn Fn(&str) + Sync),
) -> Result<DryAnswer, No> {
    let Ready { digest, plans, .. } = ready(app, options, secrets.as_ref(), true)?;
    reaches(&plans).iter().for_each(|line| tell(line));
    let world = world(app, &plans, secrets, observer, stop)?;
    let mut flows = Vec::new();
    let gates = Gates::default();
    for plan in &plans {
        let seen = connector::rehearse(plan, &world, &gates, options.full_refresh).await;
        flows.push(DryFlowOut {
            flow: seen.flow,
            read: seen.counts.unique,
            expected: seen.counts.expected,
            would_create: seen.create,
            would_update: seen.update,
            would_put: seen.put,
            would_delete: seen.delete,
            unchanged: seen.counts.unchanged,
            would_reject: seen.counts.rejected + seen.counts.dead_lettered,
            rejected: seen
                .rejected
                .into_iter()
                .map(|r| RejectedOut { key: r.key, code: r.code, because: r.because })
                .collect(),
            stopped: seen.stopped.map(|(code, because)| format!("{code}: {because}")),
            requests: seen.requests,
            cannot_be_restored: cannot_be_restored(plan),
        });
    }
    let summary = flows.iter().map(dry_line).collect::<Vec<_>>().join("; ");
    let data = json!({"file": options.contract, "digest": digest.as_str(), "dry_run": true, "flows": flows});
    noted(app, options, format!("dry run, nothing written: {summary}"), data)?;
    let answer = DryAnswer { contract: options.contract.clone(), dry_run: true, flows, next: String::new() };
    let next = if answer.is_clean() {
        let refresh = if options.full_refresh { " --full-refresh" } else { "" };
        let first = if options.base_urls.is_empty() {
            "; a run beyond this machine wants a person's approval first"
        } else {
            ""
        };
        format!("platform-integration run {}{}{refresh}{first}", options.contract, options.flags())
    } else if let Some(stopped) = answer.flows.iter().find_map(|f| f.stopped.as_deref()) {
        format!("see to what stopped it ({stopped}), then try again")
    } else {
        "mend the mapping or the records that would be rejected, then try again".to_owned()
    };
    Ok(DryAnswer { next, ..answer })
}

/// What no rollback of a run of this flow could take back, by the operations that there are.
#[must_use]
pub fn cannot_be_restored(plan: &Plan) -> Vec<String> {
    let back = &plan.target.back;
    let system = &plan.target.system;
    let mut out = Vec::new();
    if matches!(plan.target.write, WritePlan::Put { .. } | WritePlan::Bulk { .. }) {
        out.push("records that were there before: they are written without a look at what they held".to_owned());
    }
    let searched = matches!(plan.target.write, WritePlan::Upsert { .. });
    if back.get.is_none() && !searched {
        out.push(format!("anything: the description of {system} has no operation that reads one record by its key"));
    } else if back.delete.is_none() {
        out.push(format!("records that it makes: the description of {system} has no operation that deletes one"));
    }
    out
}

/// `30 read: 12 would be created, 3 updated, 15 unchanged, 0 rejected`
#[must_use]
pub fn dry_line(f: &DryFlowOut) -> String {
    let mut would = Vec::new();
    if f.would_put > 0 {
        would.push(format!("{} would be put", f.would_put));
    }
    if f.would_create > 0 || f.would_put == 0 {
        would.push(format!("{} would be created", f.would_create));
    }
    if f.would_update > 0 || f.would_put == 0 {
        would.push(format!("{} updated", f.would_update));
    }
    if f.would_delete > 0 {
        would.push(format!("{} deleted", f.would_delete));
    }
    format!("{} read: {}, {} unchanged, {} rejected", f.read, would.join(", "), f.unchanged, f.would_reject)
}
