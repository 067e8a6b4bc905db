//! Takes back what runs wrote, by the undo journal: a dry run first, then with the approval that a live run needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::operate::{self, RunState};
use super::run_connector::{self, Ready, ready};
use super::{App, No, Note, Refusal, advice, note};
use crate::base::text;
use crate::connector::{self, Observer, Plan, SecretSource, UndoItem, UndoOutcome, UndoTally};
use crate::evidence::{EventKind, Pause, Phase, Reconciliation, RunRecord, Verdict};

/// In the place of a handle: of each flow the last run that wrote something.
const LAST: &str = "last";
/// Runs looked through for the last that wrote something.
const RUNS: usize = 10_000;

/// Which run to take back, and whether to.
#[derive(Debug, Clone)]
pub struct Options {
    /// Path of integration.yaml.
    pub contract: String,
    /// Handle of the run, or `last`: of each flow the last that wrote something.
    pub run: String,
    /// Only this flow.
    pub flow: Option<String>,
    /// Base URLs by system name, over those of contract and description.
    pub base_urls: BTreeMap<String, String>,
    /// Do it; otherwise tell what would be done.
    pub apply: bool,
    /// Leave the flow running afterwards.
    pub keep_running: bool,
    /// The session it belongs to.
    pub session: Option<String>,
    /// Who does it.
    pub by: String,
}

/// One write.
#[derive(Debug, Clone, Serialize)]
pub struct ItemOut {
    /// Key of the source record.
    pub key: String,
    /// created, updated, replaced or deleted.
    pub run_did: &'static str,
    /// Key of the target's record, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// deleted, restored, as-before, changed-since, cannot-be-undone or failed.
    pub outcome: &'static str,
    /// Why it stays.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub because: String,
}

impl From<UndoItem> for ItemOut {
    fn from(item: UndoItem) -> Self {
        let UndoItem { key, act, target_id, outcome, because } = item;
        Self { key, run_did: act.as_str(), target_id, outcome: outcome.as_str(), because }
    }
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct RunOut {
    /// Its handle.
    pub run: String,
    /// Its flow.
    pub flow: String,
    /// When it began.
    pub started: String,
    /// PASS: all of it is taken back or can be; PARTIAL: some of it stays; FAIL: something was tried in vain; UNPROVEN: it
    /// wrote, and the journal does not say what.
    pub verdict: Verdict,
    /// Counted writes.
    pub counts: UndoTally,
    /// The first that are or would be taken back, by key.
    pub undone: Vec<ItemOut>,
    /// The first that stay, by key, each with the reason.
    pub stays: Vec<ItemOut>,
    /// Why it ended early, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Requests sent.
    pub requests: u64,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The contract.
    pub contract: String,
    /// It was done; otherwise it is what would be done.
    pub applied: bool,
    /// Over all runs.
    pub verdict: Verdict,
    /// The runs.
    pub runs: Vec<RunOut>,
    /// Flows that were switched off for it, and stay off.
    pub paused: Vec<String>,
    /// What to do next.
    pub next: String,
}

/// Takes back, or tells what would be.
///
/// # Errors
/// Refused as a run is, and where the run is not known or nothing was written; a fault when store or ledger fail.
pub async fn run(
    app: &App,
    options: &Options,
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
) -> Result<Answer, No> {
    let of_run = run_connector::Options {
        contract: options.contract.clone(),
        flow: options.flow.clone(),
        base_urls: options.base_urls.clone(),
        session: options.session.clone(),
        ..run_connector::Options::default()
    };
    let Ready { digest, plans, .. } = ready(app, &of_run, secrets.as_ref(), !options.apply)?;
    if options.run == LAST {
        // Before the last is looked for: it may be the one under way, which has written nothing yet.
        plans.iter().try_for_each(|plan| over(app, options, plan, None))?;
    }
    let chosen = chosen(app, options, &plans)?;
    chosen.iter().try_for_each(|(plan, record)| over(app, options, plan, Some(&record.id)))?;
    if options.apply {
        for (plan, record) in &chosen {
            if let Some(other) = unfinished(app, plan)?.filter(|run| *run != record.id) {
                let urls = advice::base_urls(&options.base_urls);
                return Err(Refusal::new(
                    "rollback-unfinished",
                    format!(
                        "the rollback of run {other} of {} did not come to its end; nothing was taken back",
                        plan.flow
                    ),
                    format!("platform-integration rollback {other} {}{urls} --apply goes on with it", options.contract),
                )
                .into());
            }
        }
    }
    let mut paused = Vec::new();
    if options.apply && !options.keep_running {
        // First, so that a connector that goes on does not write again what is taken back.
        for (plan, record) in &chosen {
            off(app, options, plan, Pause::taking_back(&record.id))?;
            paused.push(plan.flow.clone());
        }
    }
    let world = run_connector::world(app, &plans, secrets, observer, stop)?;
    let mut runs = Vec::new();
    let gates = connector::Gates::default();
    let mut comes = BTreeSet::new();
    for (plan, record) in chosen {
        let what = (record.id.as_str(), options.apply, wrote(&record));
        let report = connector::undo_with(plan, &world, &gates, what, record.checkpoint.as_ref()).await;
        // What was tried in vain may be gone all the same: the flow stays as it is.
        let over = report.stopped.is_none() && report.tally.failed == 0;
        if options.apply && over && unfinished(app, plan)?.is_some_and(|run| run == record.id) {
            off(app, options, plan, format!("run {} was rolled back", record.id))?;
        }
        if report.tally.deleted + report.tally.restored + report.tally.as_before > 0 {
            comes.insert(Again::of(plan, &record));
        }
        runs.push(RunOut {
            run: report.run,
            flow: report.flow,
            started: record.started.rfc3339(),
            verdict: report.verdict,
            counts: report.tally,
            undone: report.done.into_iter().map(ItemOut::from).collect(),
            stays: report.stay.into_iter().map(ItemOut::from).collect(),
            stopped: report.stopped.map(|(code, because)| format!("{code}: {because}")),
            requests: report.requests,
        });
    }
    let verdict = Verdict::all(runs.iter().map(|r| r.verdict));
    let answer = Answer {
        contract: options.contract.clone(),
        applied: options.apply,
        verdict,
        runs,
        paused,
        next: String::new(),
    };
    let answer = Answer { next: next(options, &answer, &comes), ..answer };
    let did = if options.apply { "rollback" } else { "rollback, dry" };
    let summary =
        answer.runs.iter().map(|r| format!("{} of {}: {}", r.run, r.flow, line(&r.counts))).collect::<Vec<_>>();
    note(
        app,
        Note {
            session: options.session.clone(),
            phase: Phase::Connect,
            kind: EventKind::ConnectorOperated,
            tool: "rollback",
            input: json!({"contract": options.contract, "run": options.run, "flow": options.flow, "apply": options.apply}),
            summary: format!("{did}: {}", summary.join("; ")),
            data: json!({"did": did, "by": options.by, "file": options.contract, "digest": digest.as_str(),
                "verdict": verdict, "runs": unkeyed(&answer.runs), "paused": answer.paused}),
        },
    )?;
    Ok(answer)
}

/// The run whose rollback switched the flow off and did not come to its end.
fn unfinished(app: &App, plan: &Plan) -> Result<Option<String>, No> {
    let pause = app.ledger.pauses()?.into_iter().find(|pause| pause.flow == plan.flow);
    Ok(pause.and_then(|pause| pause.unfinished_rollback().map(str::to_owned)))
}

/// Switches a flow off.
fn off(app: &App, options: &Options, plan: &Plan, because: String) -> Result<(), No> {
    let (flow, by) = (plan.flow.clone(), options.by.clone());
    Ok(app.ledger.pause(&Pause { flow, because, by, at: app.clock.now() })?)
}

/// The runs without the keys of their records, which may tell of persons: the log is handed on, the ledger is not.
fn unkeyed(runs: &[RunOut]) -> Vec<RunOut> {
    runs.iter().map(|r| RunOut { undone: Vec::new(), stays: Vec::new(), ..r.clone() }).collect()
}

/// `3 writes: 2 deleted, 1 restored`
#[must_use]
pub fn line(counts: &UndoTally) -> String {
    let UndoTally { writes, deleted, restored, as_before, changed_since, cannot, failed } = *counts;
    let parts: Vec<String> = [
        (deleted, UndoOutcome::Deleted),
        (restored, UndoOutcome::Restored),
        (as_before, UndoOutcome::AsBefore),
        (changed_since, UndoOutcome::ChangedSince),
        (cannot, UndoOutcome::Cannot),
        (failed, UndoOutcome::Failed),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, outcome)| format!("{} {}", text::thousands(count), outcome.as_str()))
    .collect();
    let parts = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    format!("{}: {parts}", text::plural(writes, "write"))
}

/// A run that is known to have written something, or that nobody knows of: it was killed.
fn wrote(record: &RunRecord) -> bool {
    serde_json::from_str::<Reconciliation>(&record.counts).map_or(record.ended.is_none(), |counts| counts.written > 0)
}

/// Refuses where the run that is meant goes on; without a handle, the newest of the flow.
fn over(app: &App, options: &Options, plan: &Plan, handle: Option<&str>) -> Result<(), No> {
    let newest = app.ledger.runs(RUNS)?.into_iter().find(|r| r.flow == plan.flow);
    let Some(newest) = newest.filter(|r| handle.is_none_or(|handle| r.id == handle)) else { return Ok(()) };
    if operate::state(app, &newest, true)? != RunState::Running {
        return Ok(());
    }
    let pid = app.ledger.holder(&plan.flow)?.map_or_else(String::new, |pid| format!(" in process {pid}"));
    let urls = advice::base_urls(&options.base_urls);
    Err(Refusal::new(
        "run-under-way",
        format!(
            "run {} of {} is under way{pid} since {}, and goes on writing; nothing was taken back",
            newest.id,
            plan.flow,
            newest.started.rfc3339()
        ),
        format!(
            "stop it (Ctrl-C, or platform-integration pause {} --because TEXT), then platform-integration rollback {} {}{urls}",
            plan.flow, options.run, options.contract
        ),
    )
    .into())
}

/// The runs that are meant, each with the plan of its flow.
fn chosen<'p>(app: &App, options: &Options, plans: &'p [Plan]) -> Result<Vec<(&'p Plan, RunRecord)>, No> {
    let records = app.ledger.runs(RUNS)?;
    if options.run != LAST {
        let Some(record) = records.into_iter().find(|r| r.id == options.run) else {
            return Err(Refusal::new(
                "unknown-run",
                format!("the ledger knows no run {}", text::quoted(&options.run, 40)),
                "platform-integration runs lists them",
            )
            .into());
        };
        let Some(plan) = plans.iter().find(|p| p.flow == record.flow) else {
            return Err(Refusal::new(
                "unknown-flow",
                format!("run {} was of {}, which {} does not have", record.id, record.flow, options.contract),
                "name the contract that it was a run of, as it was then",
            )
            .into());
        };
        return Ok(vec![(plan, record)]);
    }
    let mut out = Vec::new();
    for plan in plans {
        for record in records.iter().filter(|r| r.flow == plan.flow) {
            let counts = app.ledger.undo_counts(&record.id)?;
            if counts.open + counts.undone > 0 || (record.ended.is_some() && wrote(record)) {
                out.push((plan, record.clone()));
                break;
            }
        }
    }
    if out.is_empty() {
        return Err(Refusal::new(
            "nothing-to-undo",
            format!("no run of {} on this ledger wrote anything", options.contract),
            "platform-integration runs lists them; name the store of the connector with --store",
        )
        .into());
    }
    Ok(out)
}

/// How what was taken back comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Again {
    /// The next run reads it from where the one that was taken back began.
    Read,
    /// It was delivered out of the dead letters, and waits there again.
    Letters,
    /// It came by webhook, and no list of the source is read.
    Events,
}

impl Again {
    const fn of(plan: &Plan, run: &RunRecord) -> Self {
        match (&run.checkpoint, plan.source.list.is_some() || plan.source.file.is_some()) {
            (None, _) => Self::Letters,
            (Some(_), true) => Self::Read,
            (Some(_), false) => Self::Events,
        }
    }

    fn words(self, options: &Options) -> String {
        match self {
            Self::Read => "the next run writes the records anew".to_owned(),
            Self::Letters => format!(
                "the records wait among the dead letters again, and platform-integration dead-letters replay --all --contract {}{} delivers them anew",
                options.contract,
                advice::base_urls(&options.base_urls)
            ),
            Self::Events => {
                "no run writes the records anew, since no list of the source is read and their events are settled: change them at the source, so that it sends new events".to_owned()
            }
        }
    }
}

fn next(options: &Options, answer: &Answer, comes: &BTreeSet<Again>) -> String {
    let busy = answer.runs.iter().filter_map(|r| r.stopped.as_deref()).find(|s| s.starts_with("flow-busy"));
    if busy.is_some() {
        return "the connector still ends what it had begun: do it again in a moment".to_owned();
    }
    if let Some(stopped) = answer.runs.iter().find_map(|r| r.stopped.as_deref()) {
        return format!("see to what stopped it ({stopped}), then do it again: it goes on where it ended");
    }
    let any = answer.runs.iter().any(|r| r.counts.deleted + r.counts.restored > 0);
    if !answer.applied {
        if !any {
            return "nothing of it can be taken back; what stays is listed with the reason".to_owned();
        }
        let urls = advice::base_urls(&options.base_urls);
        let urls = format!("{}{urls}", advice::flow(options.flow.as_deref()));
        // By its handle: another run may have begun by the time that it is typed.
        let run = if let [one] = answer.runs.as_slice() { &one.run } else { &options.run };
        return format!("platform-integration rollback {run} {}{urls} --apply", options.contract);
    }
    let comes: Vec<String> = comes.iter().map(|again| again.words(options)).collect();
    let comes = match comes.as_slice() {
        [] => "nothing of it was taken back, what stays is listed with the reason".to_owned(),
        some => some.join("; of other flows "),
    };
    if answer.paused.is_empty() {
        return format!("mend what was wrong: {comes}");
    }
    let name = if let [flow] = answer.paused.as_slice() { format!(" {flow}") } else { " FLOW".to_owned() };
    format!("mend what was wrong, then platform-integration resume{name}: {comes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(paused: &[&str], comes: &[Again]) -> String {
        let options = Options {
            contract: "integration.yaml".into(),
            run: "last".into(),
            flow: None,
            base_urls: BTreeMap::new(),
            apply: true,
            keep_running: paused.is_empty(),
            session: None,
            by: "ada".into(),
        };
        let answer = Answer {
            contract: "integration.yaml".into(),
            applied: true,
            verdict: Verdict::Pass,
            runs: Vec::new(),
            paused: paused.iter().map(|flow| (*flow).to_owned()).collect(),
            next: String::new(),
        };
        next(&options, &answer, &comes.iter().copied().collect())
    }

    #[test]
    fn what_comes_of_the_records_is_said_as_it_is() {
        let anew = "the next run writes the records anew";
        assert_eq!(
            said(&["f"], &[Again::Read]),
            format!("mend what was wrong, then platform-integration resume f: {anew}")
        );
        assert_eq!(said(&[], &[Again::Read]), format!("mend what was wrong: {anew}"));
        for other in [vec![Again::Letters], vec![Again::Events], vec![]] {
            assert!(!said(&["f"], &other).contains(anew), "{other:?}");
        }
        assert!(
            said(&[], &[Again::Letters]).contains(
                "platform-integration dead-letters replay --all --contract integration.yaml delivers them anew"
            )
        );
        assert!(said(&[], &[Again::Events]).contains("so that it sends new events"));
        assert!(said(&[], &[]).contains("nothing of it was taken back"));
        assert!(said(&[], &[Again::Read, Again::Letters]).contains("of other flows"));
    }
}
