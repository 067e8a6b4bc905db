//! What a run did, in the shape that people and programs read, and its record in the evidence.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::wire::counts_line;
use super::super::{App, No, advice};
use super::{Options, noted};
use crate::base::digest::Digest;
use crate::base::text::plural;
use crate::connector::{self, ConfirmTally, NotArrived, PageCounts, Report};
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
    /// The last pass had read something, and nothing came of any of it.
    #[serde(skip)]
    pub in_vain: bool,
    /// Records that an earlier mapping of the contract delivered, and that no run reads again by itself.
    #[serde(skip_serializing_if = "is_zero")]
    pub earlier_mapping: u64,
    /// What reading the target back came to, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<VerifiedOut>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl FlowOut {
    pub(super) fn of(r: &Report, earlier_mapping: u64) -> Self {
        Self {
            flow: r.flow.clone(),
            run: r.detail.run.clone(),
            verdict: r.verdict,
            reconciliation: r.counts,
            stopped: r.stopped.as_ref().map(|(code, because)| format!("{code}: {because}")),
            requests: r.requests,
            retries: r.retries,
            in_vain: r.detail.in_vain,
            pages: r.detail.pages.clone(),
            not_arrived: r.detail.not_arrived.clone(),
            not_arrived_more: r.detail.not_arrived_more,
            earlier_mapping,
            verified: None,
        }
    }

    /// Records of this run that were not delivered.
    pub(super) const fn lost(&self) -> u64 {
        self.reconciliation.dead_lettered + self.reconciliation.rejected
    }

    /// It did all that it could, and reading back found records that no run delivers: they were dropped, or the mapping rejects
    /// them.
    fn lacks_what_was_given_up(&self) -> bool {
        let verified = self.verified.as_ref();
        self.stopped.is_none() && verified.is_some_and(|v| v.verdict == Verdict::Partial && v.counts.not_delivered > 0)
    }

    /// A signal, and nothing else, ended it before the end of its source.
    pub(super) fn was_asked_to_stop(&self) -> bool {
        self.stopped.as_deref().is_some_and(|s| s.starts_with("stopped: "))
    }
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
    /// missing, different, doubled, since-changed, mapping-changed, not-delivered or unreadable.
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
    /// It was to go on until it was asked to stop, was asked, and left nothing that the next run does not go on with: no dead letter,
    /// and no pass that was in vain.
    pub drained: bool,
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
            // These name records; of the others the words are of systems and of what to do.
            let named = ["sweep-too-large", "sweep-incomplete", "drift-frozen"];
            let stopped = f.stopped.as_ref().map(|said| {
                let code = said.split(':').next().unwrap_or(said);
                if named.contains(&code) { code.to_owned() } else { said.clone() }
            });
            FlowOut { pages: Vec::new(), not_arrived: Vec::new(), verified, stopped, ..f.clone() }
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

/// What to do next; the first that somebody has to see to.
pub(super) fn next(
    app: &App,
    options: &Options,
    answer: &Answer,
    changed: Option<&str>,
    once: bool,
) -> Result<String, No> {
    let contract = options.contract.as_str();
    let (flags, urls) = (options.flags(), advice::base_urls(&options.base_urls));
    let flows = &answer.flows;
    let letters = app.ledger.letters_waiting()?;
    let waiting: u64 = flows.iter().filter_map(|f| letters.get(&f.flow)).sum();
    let earlier: u64 = flows.iter().map(|f| f.earlier_mapping).sum();
    let written: u64 = flows.iter().map(|f| f.reconciliation.written).sum();
    let replay = format!("platform-integration dead-letters replay --all --contract {contract}{urls}");
    let refresh = format!(
        "{} delivered by an earlier mapping: platform-integration run {contract}{flags} --full-refresh delivers what the \
         mapping gives now, and with --dry-run tells it before",
        if earlier == 1 { "1 record was".to_owned() } else { format!("{} were", plural(earlier, "record")) }
    );
    let besides = if earlier > 0 { format!("; {refresh}") } else { String::new() };
    Ok(if let Some(file) = changed {
        format!(
            "{file} changed while it ran, so it stopped: platform-integration check {contract}, then \
             platform-integration run {contract}{flags}"
        )
    } else if flows.iter().any(|f| f.stopped.as_deref().is_some_and(|s| s.starts_with("paused"))) {
        "platform-integration status shows what is switched off; platform-integration resume switches it on".to_owned()
    } else if flows.iter().filter_map(|f| f.verified.as_ref()).any(|v| v.verdict == Verdict::Fail) {
        format!(
            "look at the differences; platform-integration rollback last {contract}{flags} shows what can be taken back"
        )
    } else if waiting == 0 && flows.iter().any(FlowOut::lacks_what_was_given_up) {
        format!(
            "a run delivers nothing more: what is not there was dropped, or the mapping rejects it, as the differences say; \
             platform-integration run {contract}{flags} --full-refresh tries all records again"
        )
    } else if flows.iter().any(|f| f.lost() > 0) {
        format!(
            "platform-integration dead-letters shows what could not be delivered, and why; once that is mended, {replay} \
             delivers it{besides}"
        )
    } else if waiting > 0 {
        format!(
            "{} of earlier runs {} among the dead letters: platform-integration dead-letters tells why, {replay} delivers \
             what can be delivered by now{besides}",
            plural(waiting, "record"),
            if waiting == 1 { "waits" } else { "wait" },
        )
    } else if earlier > 0 {
        refresh
    } else if let Some(first) = flows.iter().filter_map(|f| f.stopped.as_deref()).find_map(advice::stopped) {
        let checks = first.replace("CONTRACT", contract);
        format!("{checks}; then platform-integration run {contract}{flags} goes on from its checkpoint")
    } else if answer.verdict != Verdict::Pass {
        format!("platform-integration run {contract}{flags} goes on from its checkpoint")
    } else if once && written > 0 {
        "run it again: a second pass must write nothing".to_owned()
    } else {
        String::new()
    })
}
