//! Runs the contract's connector against real systems: real sockets, real time, the durable ledger.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::approvals::{self, Subject};
use super::observed::{self, Pages};
use super::subject::Compiled;
use super::wire::counts_line;
use super::{App, Fault, No, Note, Refusal, note, note_refusal};
use crate::base::address::{is_loopback, is_plain};
use crate::base::clock::SystemClock;
use crate::base::digest::Digest;
use crate::base::fs::{self, MAX_CONTRACT};
use crate::base::rng::Rng;
use crate::base::secret::SecretRef;
use crate::connector::{
    self, Bell, ConfirmTally, Files, Gates, HttpTransport, Listening, Metrics, NotArrived, Observer, PageCounts, Plan,
    Receiver, Report, SecretSource, Watchers, World, WritePlan,
};
use crate::evidence::{EventKind, Phase, Reconciliation, Verdict};
use crate::mapping::transforms;
use crate::model::System;
use crate::workflow::Saw;

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
}

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
    fn unread(how: String) -> Self {
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

/// A contract that may run, with the plans of its flows.
pub(super) struct Ready {
    pub(super) digest: Digest,
    pub(super) plans: Vec<Plan>,
    /// The systems as described, by their names in the contract.
    pub(super) systems: BTreeMap<String, Arc<System>>,
}

/// Compiles the contract, plans its flows, and asks for the approval that a live run needs (`dry`: none). A refusal
/// for want of an approval is recorded, so that it waits in the inbox.
pub(super) fn ready(app: &App, options: &Options, secrets: &dyn SecretSource, dry: bool) -> Result<Ready, No> {
    if let Some(session) = &options.session {
        app.store.session(session)?;
    }
    let compiled = Compiled::load_with(app, &options.contract, None)?;
    let contract = compiled.sound(&options.contract)?;
    for (name, url) in &options.base_urls {
        if !contract.systems.contains_key(name) {
            let known: Vec<&str> = contract.systems.keys().map(String::as_str).collect();
            return Err(Refusal::new(
                "unknown-system",
                format!("--base-url names {name}, which is no system of the contract"),
                format!("choose one of: {}", known.join(", ")),
            )
            .into());
        }
        // An approval is of the addresses that the contract leads to; this one was put before nobody.
        if !is_loopback(url) {
            return Err(Refusal::new(
                "live-override",
                format!("--base-url sends {name} to {url}, which no approval of the contract covers"),
                format!(
                    "write base_url: {url} under systems.{name} in {0}, then platform-integration check {0}",
                    options.contract
                ),
            )
            .into());
        }
    }
    let plans = compiled.plans(contract, options.flow.as_deref(), &options.base_urls)?;
    let mut plans: Vec<Plan> =
        plans.into_iter().map(|plan| Plan { source: plan.source.clone().from_file(&plan.flow), ..plan }).collect();
    can_receive(options, &plans, dry)?;
    // Whoever sits on the way would read the credentials, and could answer as the system.
    if let Some((system, url)) = plans.iter().flat_map(addresses).find(|(_, url)| is_plain(url)) {
        return Err(Refusal::new(
            "plain-http",
            format!("system {system} is at {url}: credentials and records would go over the network unencrypted"),
            format!(
                "give an https address under systems.{system} in {0}, or put something on this machine in between that \
                 speaks TLS; then platform-integration check {0}",
                options.contract
            ),
        )
        .into());
    }
    let mut live: Vec<(&str, &str)> = plans.iter().flat_map(addresses).filter(|(_, url)| !is_loopback(url)).collect();
    let open = options.listen.filter(|addr| !addr.ip().is_loopback()).map(|addr| format!("http://{addr}"));
    live.extend(open.iter().map(|url| ("the receiver", url.as_str())));
    let watched = options.metrics.filter(|addr| !addr.ip().is_loopback()).map(|addr| format!("http://{addr}"));
    live.extend(watched.iter().map(|url| ("the address of the metrics", url.as_str())));
    if !live.is_empty() && !dry {
        let named = options.contract.as_str();
        let subject = Subject { app, contract, compiled: &compiled, named };
        match subject.live_run(&live, options.session.as_deref()) {
            Ok(given) => tracing::info!(by = given.by, place = given.place, "the live run is approved"),
            Err(No::Refusal(refusal)) => {
                refused(app, options, &refusal, approvals::wanted(&subject, &refusal))?;
                return Err(refusal.into());
            }
            Err(other) => return Err(other),
        }
    }
    for plan in &mut plans {
        if let Some(file) = &mut plan.source.file {
            file.path = app.path(&file.path.to_string_lossy());
        }
        // Two integrations may share a store; their ledgers must not meet.
        plan.flow = format!("{}/{}", plan.integration, plan.flow);
    }
    // A missing secret is said before the first request, not by a 401 in the middle.
    for plan in &plans {
        for reference in plan.secret_refs() {
            secrets.resolve(&reference).map_err(|because| {
                Refusal::new(
                    "secret-missing",
                    because,
                    match &reference {
                        SecretRef::Env(name) => format!("export {name}=..., then run again"),
                        SecretRef::File(path) => format!("write the secret to {}, then run again", path.display()),
                    },
                )
            })?;
        }
    }
    well_formed(&plans, secrets)?;
    keyed(&plans, secrets)?;
    Ok(Ready { digest: contract.digest.clone(), plans, systems: compiled.systems.clone() })
}

/// Keys that a mapping cannot use are said now, not by a run that ends before its first record.
fn keyed(plans: &[Plan], secrets: &dyn SecretSource) -> Result<(), No> {
    let known = |r: &SecretRef| secrets.resolve(r).is_ok_and(|secret| secret.expose() == transforms::TEST_KEY);
    for plan in plans {
        let everybody = plan.mapping.key_refs().into_iter().find(known);
        let unfit = plan.mapping.keyed(|r| secrets.resolve(r)).err().map(|error| error.to_string());
        let told =
            everybody.map(|r| format!("{r} is the test key of the documentation, which everybody knows")).or(unfit);
        if let Some(because) = told {
            let shortest = transforms::SHORTEST_KEY;
            return Err(Refusal::new(
                "secret-malformed",
                because,
                format!("make a key of at least {shortest} bytes, as openssl rand -hex {shortest} does, and keep it: another key gives other pseudonyms"),
            )
            .into());
        }
    }
    Ok(())
}

/// Who waits for events says where; who says where waits for events.
fn can_receive(options: &Options, plans: &[Plan], dry: bool) -> Result<(), No> {
    let hooked = plans.iter().find(|p| p.source.webhook.is_some());
    match (hooked, options.listen) {
        (None, Some(addr)) => Err(Refusal::new(
            "nothing-to-receive",
            format!("--listen {addr} has nobody to listen for: no flow of the run has a webhook"),
            format!("leave it out: platform-integration run {} --watch", options.contract),
        )
        .into()),
        (Some(plan), None) if options.watch && !dry => Err(Refusal::new(
            "nowhere-to-receive",
            format!("flow {} receives webhooks, and --watch alone opens no address for them", plan.flow),
            format!("platform-integration run {} --listen 127.0.0.1:8788", options.contract),
        )
        .into()),
        _ => Ok(()),
    }
}

/// A secret that no signature can be made with is said now, not to a sender later.
fn well_formed(plans: &[Plan], secrets: &dyn SecretSource) -> Result<(), No> {
    for hook in plans.iter().filter_map(|p| p.source.webhook.as_ref()) {
        for reference in &hook.secrets {
            let fits = secrets.resolve(reference).is_ok_and(|secret| hook.signing.takes(secret.expose()));
            if !fits {
                return Err(Refusal::new(
                    "secret-malformed",
                    format!(
                        "{reference} is no secret of {}: that is base64, after whsec_ where the sender writes it so",
                        hook.signing.scheme.as_str()
                    ),
                    format!("put the secret that the sender shows into {reference}, unchanged; then run again"),
                )
                .into());
            }
        }
    }
    Ok(())
}

/// Every address a flow sends to, by the system it belongs to; where tokens come from is one of them.
fn addresses(plan: &Plan) -> Vec<(&str, &str)> {
    let (source, target) = (&plan.source, &plan.target);
    let mut out = vec![(target.system.as_str(), target.base_url.as_str())];
    // Nothing is sent to a source that only sends.
    if source.list.is_some() {
        out.insert(0, (&source.system, &source.base_url));
    }
    for (system, auth) in [(&source.system, &source.auth), (&target.system, &target.auth)] {
        out.extend(auth.token_url().map(|url| (system.as_str(), url)));
    }
    out
}

/// `billing at https://api.billing.example, with env:BILLING_TOKEN`, one line a system: where a run goes and which
/// secrets it takes along, by their names.
fn reaches(plans: &[Plan]) -> Vec<String> {
    let mut out = Vec::new();
    for plan in plans {
        let (source, target) = (&plan.source, &plan.target);
        if let Some(hook) = &source.webhook {
            let secrets: Vec<String> = hook.secrets.iter().map(ToString::to_string).collect();
            let line = format!(
                "{} sends {} to {}, verified with {}",
                source.system,
                hook.event,
                hook.path,
                secrets.join(", ")
            );
            if !out.contains(&line) {
                out.push(line);
            }
        }
        let keys: Vec<String> = plan.mapping.key_refs().iter().map(ToString::to_string).collect();
        if !keys.is_empty() {
            let line = format!("pseudonyms of flow {} are made with {}", plan.flow, keys.join(", "));
            if !out.contains(&line) {
                out.push(line);
            }
        }
        for (system, url, auth) in
            [(&source.system, &source.base_url, &source.auth), (&target.system, &target.base_url, &target.auth)]
        {
            if url.is_empty() {
                continue;
            }
            let token = auth.token_url().map_or_else(String::new, |url| format!(" and {url}"));
            let secrets: Vec<String> = auth.secret_refs().into_iter().map(ToString::to_string).collect();
            let with = if secrets.is_empty() {
                "without credentials".to_owned()
            } else {
                format!("with {}", secrets.join(", "))
            };
            let line = format!("{system} at {url}{token}, {with}");
            if !out.contains(&line) {
                out.push(line);
            }
        }
    }
    out
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
    let Ready { digest, plans, .. } = ready(app, options, secrets.as_ref(), false)?;
    let metrics = Metrics::before(observer, Arc::new(SystemClock));
    let pages = Pages::before(Arc::clone(&metrics) as Arc<dyn Observer>);
    let world = world(app, &plans, secrets, Arc::clone(&pages) as Arc<dyn Observer>, stop.child_token())?;
    let serving = watched(options, &world, &plans, &metrics).await?;
    let names: Vec<String> = plans.iter().map(|p| p.flow.clone()).collect();
    tell(&metrics, &names);
    let changed = AtomicBool::new(false);
    // Looked at after each pass: what runs is what was checked and approved, and nobody should believe otherwise.
    let watched = |_: &Report| {
        let now = fs::read_bytes(&app.path(&options.contract), MAX_CONTRACT).map(|bytes| Digest::of_bytes(&bytes));
        if now.is_ok_and(|now| now != digest) && !changed.swap(true, Ordering::Relaxed) {
            let file = &options.contract;
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
        Some(addr) => receive(&plans, &world, addr, &watched).await?,
    };
    let mut flows: Vec<FlowOut> = reports
        .iter()
        .map(|r| FlowOut {
            flow: r.flow.clone(),
            run: r.detail.run.clone(),
            verdict: r.verdict,
            reconciliation: r.counts,
            stopped: r.stopped.as_ref().map(|(code, because)| format!("{code}: {because}")),
            requests: r.requests,
            retries: r.retries,
            pages: r.detail.pages.clone(),
            not_arrived: r.detail.not_arrived.clone(),
            not_arrived_more: r.detail.not_arrived_more,
            verified: None,
        })
        .collect();
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
    let ended = changed.load(Ordering::Relaxed).then_some(Verdict::Partial);
    let verdict = Verdict::all(flows.iter().map(|f| f.verdict).chain(ended));
    let saw = observed::saw(&plans, &reports, &pages, &options.base_urls);
    record(app, options, &digest, verdict, &flows, &saw)?;
    let dead: u64 = flows.iter().map(|f| f.reconciliation.dead_lettered + f.reconciliation.rejected).sum();
    let letters = app.ledger.letters_waiting()?;
    let waiting: u64 = flows.iter().filter_map(|f| letters.get(&f.flow)).sum();
    let paused = flows.iter().any(|f| f.stopped.as_deref().is_some_and(|s| s.starts_with("paused")));
    let wrong = flows.iter().filter_map(|f| f.verified.as_ref()).any(|v| v.verdict == Verdict::Fail);
    let next = if changed.load(Ordering::Relaxed) {
        format!(
            "{0} changed while it ran, so it stopped: platform-integration check {0}, then run it again",
            options.contract
        )
    } else if paused {
        "platform-integration status shows what is switched off; platform-integration resume switches it on".to_owned()
    } else if wrong {
        format!(
            "look at the differences; platform-integration rollback last {} shows what can be taken back",
            options.contract
        )
    } else if dead > 0 {
        "platform-integration dead-letters shows what could not be delivered, and why".to_owned()
    } else if waiting > 0 {
        let records = if waiting == 1 { "1 record".to_owned() } else { format!("{waiting} records") };
        format!(
            "{records} of earlier runs wait among the dead letters: platform-integration dead-letters tells why, \
             platform-integration dead-letters replay --all --contract {} delivers what can be delivered by now",
            options.contract
        )
    } else if verdict == Verdict::Pass {
        "run it again: a second pass must write nothing".to_owned()
    } else {
        "run it again: it goes on from its checkpoint".to_owned()
    };
    Ok(Answer { contract: options.contract.clone(), verdict, flows, next })
}

/// Runs the flows while their webhooks are received. What was taken in is on the disk, so that whenever this ends the
/// next run goes on with it.
async fn receive(
    plans: &[Plan],
    world: &World,
    addr: SocketAddr,
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
    let reports = connector::run_all_hearing(plans, world, false, &bell, on_report).await;
    // A flow that cannot go on until somebody acts ends the run: senders keep what they have.
    closing.cancel();
    listening.done.await.map_err(|e| Fault::internal(&e))?;
    Ok(reports)
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
    for plan in &plans {
        let seen = connector::rehearse(plan, &world).await;
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
        let elsewhere: String =
            options.base_urls.iter().map(|(name, url)| format!(" --base-url {name}={url}")).collect();
        let first =
            if elsewhere.is_empty() { "; a run beyond this machine wants a person's approval first" } else { "" };
        format!("platform-integration run {}{elsewhere}{first}", options.contract)
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

fn record(
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

fn noted(app: &App, options: &Options, summary: String, data: Value) -> Result<(), No> {
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
