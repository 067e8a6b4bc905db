//! Runs the contract's connector against real systems: real sockets, real time, the durable ledger.

mod answer;
mod basis;
mod dry;
mod ready;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub use self::answer::{Answer, DifferenceOut, FlowOut, VerifiedOut};
use self::answer::{next, record};
use self::basis::Sole;
pub use self::dry::{DryAnswer, DryFlowOut, RejectedOut, cannot_be_restored, dry_line, dry_run};
pub(super) use self::ready::{Ready, ready};
use super::observed::{self, Pages};
use super::{App, Fault, No, Note, Refusal, advice, note, note_refusal};
use crate::base::clock::SystemClock;
use crate::base::rng::Rng;
use crate::connector::{
    self, Bell, Files, Gates, HttpTransport, Listening, Metrics, Observer, Plan, Receiver, Report, SecretSource,
    Watchers, World,
};
use crate::evidence::{EventKind, LedgerError, Phase, Verdict};

/// What to run and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Path of integration.yaml.
    pub contract: String,
    /// Only this flow.
    pub flow: Option<String>,
    /// Base URLs by system name, over those of contract and description.
    pub base_urls: BTreeMap<String, String>,
    /// Keep polling at the flow's interval until stopped; otherwise one pass.
    pub watch: bool,
    /// Where webhooks are received; then it goes on until stopped.
    pub listen: Option<SocketAddr>,
    /// The session the run belongs to.
    pub session: Option<String>,
    /// After the run, read the target back and compare.
    pub verify: bool,
    /// Where `/metrics`, `/healthz` and `/readyz` are served.
    pub metrics: Option<SocketAddr>,
    /// Begin at the beginning of each source, so that the mapping as it is now reaches what was delivered before.
    pub full_refresh: bool,
}

impl Options {
    /// ` --flow contacts --base-url crm=…`: what a command that is advised needs to do the same work.
    fn flags(&self) -> String {
        format!("{}{}", advice::flow(self.flow.as_deref()), advice::base_urls(&self.base_urls))
    }
}

/// Moves each flow to the beginning of its source.
fn refreshed(app: &App, options: &Options, plans: &[Plan]) -> Result<(), No> {
    let mut any = false;
    for plan in plans {
        any |= connector::refresh(plan, app.ledger.as_ref()).map_err(|e| match e {
            LedgerError::Busy { .. } => No::from(Refusal::new(
                "flow-busy",
                e.to_string(),
                format!(
                    "stop that process, or wait for its end; then platform-integration run {}{} --full-refresh",
                    options.contract,
                    options.flags()
                ),
            )),
            LedgerError::Unusable { .. } => e.into(),
        })?;
    }
    if any {
        return Ok(());
    }
    Err(Refusal::new(
        "nothing-to-refresh",
        "each flow of the run only receives webhooks, and no list of its source is read",
        "change the records at the source, so that it sends new events; or give the flow an operation that lists them (flows.NAME.source.operation)",
    )
    .into())
}

pub(super) fn world(
    app: &App,
    plans: &[Plan],
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
) -> Result<World, No> {
    let http = HttpTransport::serving(plans, secrets.as_ref()).map_err(|e| {
        Refusal::new(
            "transport-unfit",
            e.to_string(),
            "put a PEM file where certificate, key and ca of the contract point, then run again",
        )
    })?;
    Ok(World {
        transport: Files::of(plans, Arc::new(http)),
        ledger: Arc::clone(&app.ledger),
        clock: Arc::new(SystemClock),
        rng: Arc::new(std::sync::Mutex::new(Rng::from_os())),
        secrets,
        observer,
        stop,
        tracer: app.tracer.clone(),
        trace: app.trace,
    })
}

/// Opens the address for those who watch, where one is given.
async fn watched(
    options: &Options,
    world: &World,
    plans: &[Plan],
    metrics: &Arc<Metrics>,
) -> Result<Option<(Listening, CancellationToken)>, No> {
    let Some(addr) = options.metrics else { return Ok(None) };
    let watchers = Watchers {
        metrics: Arc::clone(metrics),
        ledger: Arc::clone(&world.ledger),
        flows: plans.iter().map(|p| p.flow.clone()).collect(),
    };
    // Until the run has ended, also while it drains: that is when somebody looks.
    let closing = CancellationToken::new();
    let listening = connector::listen(watchers, addr, closing.clone()).await.map_err(|e| {
        Refusal::new("cannot-listen", format!("{addr}: {e}"), "give another address or port with --metrics")
    })?;
    world.observer.log(json!({"level": "info", "event": "watched", "address": listening.addr.to_string()}));
    Ok(Some((listening, closing)))
}

/// Runs the flows until their end, or until `stop`. `tell` is given what is counted and the names of the flows in the ledger, once the
/// run is allowed.
///
/// # Errors
/// Refused when the contract does not compile, a flow cannot be planned, or a system is not on this machine and no
/// approval of a live run stands for the contract as it is. A fault when the store or the ledger fails.
pub async fn run(
    app: &App,
    options: &Options,
    secrets: Arc<dyn SecretSource>,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
    tell: &(dyn Fn(&Arc<Metrics>, &[String]) + Sync),
) -> Result<Answer, No> {
    let Ready { digest, basis, plans, .. } = ready(app, options, secrets.as_ref(), false)?;
    let _sole = Sole::take(app, options, &plans)?;
    let metrics = Metrics::before(observer, Arc::new(SystemClock));
    let pages = Pages::before(Arc::clone(&metrics) as Arc<dyn Observer>);
    let world = world(app, &plans, secrets, Arc::clone(&pages) as Arc<dyn Observer>, stop.child_token())?;
    if options.full_refresh {
        refreshed(app, options, &plans)?;
    }
    let serving = watched(options, &world, &plans, &metrics).await?;
    let names: Vec<String> = plans.iter().map(|p| p.flow.clone()).collect();
    tell(&metrics, &names);
    let changed: OnceLock<String> = OnceLock::new();
    // Looked at after each pass: what runs is what was checked and approved, and nobody should believe otherwise.
    let watched = |_: &Report| {
        let Some(file) = basis.changed(app) else { return };
        if changed.set(file.to_owned()).is_ok() {
            world.observer.log(json!({"level": "error", "event": "contract-changed", "file": file}));
            world.stop.cancel();
        }
    };
    let once = options.listen.is_none() && !options.watch;
    let gates = Gates::default();
    let bell = Bell::default();
    let reports = match options.listen {
        None if once => connector::run_all_sharing(&plans, &world, true, &bell, &gates, &|_| {}).await,
        None => connector::run_all_sharing(&plans, &world, false, &bell, &gates, &watched).await,
        Some(addr) => receive(&plans, &world, (addr, &gates), &watched).await?,
    };
    let mut flows = Vec::new();
    for (plan, report) in plans.iter().zip(&reports) {
        let earlier_mapping = app.ledger.of_other_mappings(&plan.flow, plan.mapping.digest())?;
        flows.push(FlowOut::of(report, earlier_mapping));
    }
    if options.verify {
        for (plan, flow) in plans.iter().zip(&mut flows) {
            let verified = match &flow.stopped {
                // What is paused or was asked to stop sends nothing more; what ended early has not delivered all anyway.
                Some(stopped) => VerifiedOut::unread(format!("the run ended early ({stopped})")),
                None => connector::confirm_with(plan, &world, &gates).await.into(),
            };
            flow.verdict = Verdict::all([flow.verdict, verified.verdict]);
            flow.verified = Some(verified);
        }
    }
    if let Some((listening, closing)) = serving {
        closing.cancel();
        listening.done.await.map_err(|e| Fault::internal(&e))?;
    }
    // Who was to go on and did not has not done all of it, whatever each pass came to.
    let ended = changed.get().map(|_| Verdict::Partial);
    let verdict = Verdict::all(flows.iter().map(|f| f.verdict).chain(ended));
    let saw = observed::saw(&plans, &reports, &pages, &options.base_urls);
    record(app, options, &digest, verdict, &flows, &saw)?;
    // Asked to stop and all that was read is delivered: so ends a run that would go on for ever.
    let drained = !once
        && stop.is_cancelled()
        && ended.is_none()
        && flows.iter().all(|f| f.verdict == Verdict::Pass || (f.was_asked_to_stop() && f.lost() == 0 && !f.in_vain));
    let answer = Answer { contract: options.contract.clone(), verdict, flows, drained, next: String::new() };
    let next = next(app, options, &answer, changed.get().map(String::as_str), once)?;
    Ok(Answer { next, ..answer })
}

/// Runs the flows while their webhooks are received. What was taken in is on the disk, so that whenever this ends the
/// next run goes on with it.
async fn receive(
    plans: &[Plan],
    world: &World,
    (addr, gates): (SocketAddr, &Gates),
    on_report: &(dyn Fn(&Report) + Send + Sync),
) -> Result<Vec<Report>, No> {
    let bell = Bell::default();
    let receiver = Receiver::new(plans, world, &bell);
    let paths: Vec<String> = receiver.paths().into_iter().map(str::to_owned).collect();
    let closing = world.stop.child_token();
    let listening = connector::listen(receiver, addr, closing.clone()).await.map_err(|e| {
        Refusal::new("cannot-listen", format!("{addr}: {e}"), "give another address or port with --listen")
    })?;
    world
        .observer
        .log(json!({"level": "info", "event": "listening", "address": listening.addr.to_string(), "paths": paths}));
    let reports = connector::run_all_sharing(plans, world, false, &bell, gates, on_report).await;
    // A flow that cannot go on until somebody acts ends the run: senders keep what they have.
    closing.cancel();
    listening.done.await.map_err(|e| Fault::internal(&e))?;
    Ok(reports)
}

fn noted(app: &App, options: &Options, summary: String, mut data: Value) -> Result<(), No> {
    if let (Value::Object(map), false) = (&mut data, options.base_urls.is_empty()) {
        map.insert("base_urls".to_owned(), json!(options.base_urls));
    }
    let input = json!({"contract": options.contract, "flow": options.flow});
    let session = options.session.clone();
    note(
        app,
        Note { session, phase: Phase::Connect, kind: EventKind::ConnectorRun, tool: "run", input, summary, data },
    )?;
    Ok(())
}

fn refused(app: &App, options: &Options, refusal: &Refusal, data: Value) -> Result<(), No> {
    let input = json!({"contract": options.contract, "flow": options.flow});
    let summary = format!("{}: {}", refusal.code, refusal.because);
    note_refusal(
        app,
        Note {
            session: options.session.clone(),
            phase: Phase::Connect,
            kind: EventKind::Refused,
            tool: "run",
            input,
            summary,
            data,
        },
    )?;
    Ok(())
}
