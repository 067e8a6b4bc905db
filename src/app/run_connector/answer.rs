//! What a run did, in the shape that people and programs read, and its record in the evidence.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::wire::counts_line;
use super::super::{App, No};
use super::{Options, noted};
use crate::base::digest::Digest;
use crate::connector::{self, ConfirmTally, NotArrived, PageCounts};
use crate::evidence::{Reconciliation, Verdict};
use crate::workflow::Saw;

/// One flow's result.
#[derive(Debug, Clone, Serialize)]
pub struct FlowOut {
    /// The flow.
    pub flow: String,
    /// Handle of its last pass, for `rollback`; absent where none began.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// PASS, PARTIAL, FAIL or UNPROVEN.
    pub verdict: Verdict,
    /// The counts.
    pub reconciliation: Reconciliation,
    /// Why it ended early, if it did.
    pub stopped: Option<String>,
    /// Requests sent.
    pub requests: u64,
    /// Retries among them.
    pub retries: u64,
    /// The counts of each page.
    pub pages: Vec<PageCounts>,
    /// The first records that did not arrive.
    pub not_arrived: Vec<NotArrived>,
    /// Further ones that are not named.
    pub not_arrived_more: u64,
    /// What reading the target back came to, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<VerifiedOut>,
}

/// What reading the target of a flow back came to.
#[derive(Debug, Clone, Serialize)]
pub struct VerifiedOut {
    /// PASS, PARTIAL, FAIL or UNPROVEN.
    pub verdict: Verdict,
    /// `by search`, `by key`, `by list`; or why it was not read.
    pub how: String,
    /// Counted records.
    pub counts: ConfirmTally,
    /// The first that are not as they should be.
    pub differences: Vec<DifferenceOut>,
    /// Further ones that are not named.
    pub more: u64,
    /// Why it ended early, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Requests sent; none of them a write.
    pub requests: u64,
}

/// One record that is not as it should be.
#[derive(Debug, Clone, Serialize)]
pub struct DifferenceOut {
    /// Key of the source record.
    pub key: String,
    /// missing, different, doubled, since-changed, not-delivered or unreadable.
    pub wrong: &'static str,
    /// JSON pointers of the fields that differ; never a value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// More in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub because: String,
}

impl VerifiedOut {
    pub(super) fn unread(how: String) -> Self {
        Self {
            verdict: Verdict::Unproven,
            how,
            counts: ConfirmTally::default(),
            differences: Vec::new(),
            more: 0,
            stopped: None,
            requests: 0,
        }
    }
}

impl From<connector::Confirmed> for VerifiedOut {
    fn from(confirmed: connector::Confirmed) -> Self {
        let connector::Confirmed { flow: _, verdict, tally, differences, how, stopped, requests } = confirmed;
        let differences: Vec<DifferenceOut> = differences
            .into_iter()
            .map(|d| DifferenceOut { key: d.key, wrong: d.wrong.as_str(), fields: d.fields, because: d.because })
            .collect();
        Self {
            verdict,
            how,
            more: (tally.unique - tally.same).saturating_sub(differences.len() as u64),
            counts: tally,
            differences,
            stopped: stopped.map(|(code, because)| format!("{code}: {because}")),
            requests,
        }
    }
}

/// What the run did.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The contract.
    pub contract: String,
    /// Over all flows.
    pub verdict: Verdict,
    /// The last pass of each flow.
    pub flows: Vec<FlowOut>,
    /// What to do next.
    pub next: String,
}

/// Writes the run down.
pub(super) fn record(
    app: &App,
    options: &Options,
    digest: &Digest,
    verdict: Verdict,
    flows: &[FlowOut],
    saw: &[Saw],
) -> Result<(), No> {
    // Without the keys of records, which may tell of persons: the log is handed on, the ledger is not.
    let bare: Vec<FlowOut> = flows
        .iter()
        .map(|f| {
            let verified = f.verified.clone().map(|v| VerifiedOut { differences: Vec::new(), ..v });
            FlowOut { pages: Vec::new(), not_arrived: Vec::new(), verified, ..f.clone() }
        })
        .collect();
    let mut data = json!({"file": options.contract, "digest": digest.as_str(), "verdict": verdict, "flows": bare});
    if let (Value::Object(map), false) = (&mut data, saw.is_empty()) {
        map.insert("observed".to_owned(), serde_json::to_value(saw).unwrap_or_default());
    }
    let summary = flows
        .iter()
        .map(|f| format!("{} {}: {}", f.flow, f.verdict, counts_line(&f.reconciliation)))
        .collect::<Vec<_>>()
        .join("; ");
    noted(app, options, summary, data)
}
