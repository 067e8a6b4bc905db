//! Takes a person's approval: through a terminal, where the cli asks for a one-time phrase, or as a signature. There is
//! no tool for this; an agent can ask for an approval and cannot give one.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::approvals::{BESIDE, Subject, asks, unsettled_refusal};
use super::subject::Compiled;
use super::{App, Call, Channel, Face, HumanInput, No, Note, Refusal, note};
use crate::base::address::is_loopback;
use crate::base::fs;
use crate::base::{redact, text};
use crate::connector::{AuthPlan, Plan, WritePlan};
use crate::contract::{Bar, ConstraintKind};
use crate::evidence::{EventKind, Phase, Query, Verdict};
use crate::workflow::approvals::{NAMESPACE, Statement, What, counts};
use crate::workflow::record::{self, Approved, DecisionRecord};
use crate::workflow::{ConstraintState, Facts, ItemState, assess};

/// What is to be approved.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path of integration.yaml.
    pub contract: String,
    /// The session it belongs to; else the one that last checked this state of the contract.
    pub session: Option<String>,
    /// What.
    pub what: What,
    /// The risk, for [`What::AcceptRisk`].
    pub risk: Option<String>,
}

/// What is put before a person, complete.
#[derive(Debug, Clone)]
pub struct Petition {
    /// The request.
    pub request: Request,
    /// What the decision is bound to.
    pub statement: Statement,
    /// The weakest channel that counts.
    pub bar: Bar,
    /// The session it will be recorded in.
    pub session: Option<String>,
    /// What the integration is for.
    pub why: String,
    /// Who is paged.
    pub owner: String,
    /// Each system with its address and what it is reached with.
    pub systems: Vec<String>,
    /// Each flow with what it reads and writes.
    pub flows: Vec<String>,
    /// What drills have shown of this state of the contract.
    pub drilled: String,
    /// What is assumed and settled nowhere in this store: approving takes it as true.
    pub assumed: Vec<String>,
    /// The risk in words, where one is accepted.
    pub risk: Option<String>,
}

/// How the person spoke.
#[derive(Debug, Clone)]
pub enum Spoken {
    /// At a terminal, with the phrase.
    Terminal {
        /// Who.
        by: String,
    },
    /// By a signature, armored.
    Signature {
        /// The content of the `.sig` file.
        armored: String,
    },
}

/// What was recorded.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// live-run, accept-risk or inferred-constraints.
    pub approved: What,
    /// The risk, where one was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// The contract.
    pub contract: String,
    /// Its digest: the approval is of this state and no other.
    pub digest: String,
    /// Who.
    pub by: String,
    /// Through which channel.
    pub channel: Channel,
    /// Fingerprint of the key, where one signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The session it is recorded in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The event.
    pub event: u64,
    /// What to do next.
    pub next: String,
}

/// Gathers what is to be approved.
///
/// # Errors
/// Refused when the contract does not compile, when the session rests on something unsettled, or when the risk is
/// unknown.
pub fn petition(app: &App, request: &Request) -> Result<Petition, No> {
    let compiled = Compiled::load_with(app, &request.contract, None)?;
    let contract = compiled.sound(&request.contract)?;
    let subject = subject(app, &compiled, contract, request);
    let session = match &request.session {
        Some(id) => Some(id.clone()),
        None => session_of(app, contract.digest.as_str())?,
    };
    let facts = Call::new(app, &Face::Cli, HumanInput::NotAsked, session.as_deref())?.facts;
    if request.what == What::LiveRun
        && let Some(id) = &session
    {
        let open: Vec<String> = facts.waiting().map(|c| c.id.clone()).collect();
        if !open.is_empty() {
            return Err(unsettled_refusal(&open, id).into());
        }
    }
    let (risk, words) = match (request.what, &request.risk) {
        (What::AcceptRisk, Some(name)) => {
            let (digest, words) = risk(&facts, name, session.as_deref())?;
            (Some((name.clone(), digest)), Some(words))
        }
        (What::AcceptRisk, None) => {
            return Err(Refusal::new(
                "bad-use",
                "accept-risk does not say which risk",
                format!("name one of: {}", risks(&facts).join(", ")),
            )
            .into());
        }
        _ => (None, None),
    };
    let unknown = contract
        .constraints
        .iter()
        .filter(|c| c.kind == ConstraintKind::Inferred && !facts.constraints.contains_key(c.id.as_str()))
        .map(|c| format!("{}: {}", c.id.value, text::quoted(&c.says, 160)));
    let waiting =
        facts.waiting().filter(|f| f.in_contract).map(|f| format!("{}: {}", f.id, text::quoted(&f.question(), 400)));
    // Errors that the file accepts, and nobody has been asked about.
    let taken = compiled
        .risks
        .iter()
        .filter_map(|r| Some((r.waits_as()?, r)))
        .filter(|(id, _)| !facts.constraints.contains_key(id.as_str()))
        .map(|(id, r)| format!("{id}: {}", text::quoted(&r.says(), 300)));
    let assumed = unknown.chain(taken).chain(waiting).collect();
    let plans = compiled.plans(contract, None, &BTreeMap::new())?;
    Ok(Petition {
        statement: subject.statement(request.what, risk),
        bar: request.what.bar(&subject.policy()),
        why: text::quoted(&contract.why, 160),
        owner: text::quoted(&contract.owner, 80),
        systems: systems(&plans),
        flows: plans.iter().map(flow).collect(),
        drilled: drilled(&facts),
        assumed,
        risk: words,
        session,
        request: request.clone(),
    })
}

/// The files of a statement, and the command that signs it.
#[must_use]
pub fn to_sign(petition: &Petition) -> (String, String) {
    let Petition { request, statement, session, .. } = petition;
    let risk = request.risk.as_ref().map(|r| format!("-{r}")).unwrap_or_default();
    let beside = std::path::Path::new(&request.contract).with_file_name(BESIDE);
    let file = format!("{}/{}{risk}", beside.display(), statement.what.as_str());
    let words = [Some(statement.what.as_str()), request.risk.as_deref()].into_iter().flatten().collect::<Vec<_>>();
    let session = session.as_ref().map(|s| format!(" --session {s}")).unwrap_or_default();
    let next = format!(
        "save these lines as {file}, then: ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n {NAMESPACE} {file}; \
         then: platform-integration approve {} {}{session} --signature {file}.sig (or commit {file}.sig: it counts where it lies)",
        request.contract,
        words.join(" ")
    );
    (statement.to_string(), next)
}

/// Records an approval.
///
/// # Errors
/// Refused when the channel is weaker than the contract asks for, or the signature does not verify; a fault when it
/// cannot be recorded.
pub fn give(app: &App, petition: &Petition, spoken: Spoken) -> Result<Answer, No> {
    let Petition { request, statement, bar, session, .. } = petition;
    let compiled = Compiled::load_with(app, &request.contract, None)?;
    let contract = compiled.sound(&request.contract)?;
    let subject = subject(app, &compiled, contract, request);
    // Read again: what is approved is what is there now, or nothing.
    if subject.statement(statement.what, statement.risk.clone()) != *statement {
        return Err(changed(&request.contract).into());
    }
    let clean = |t: &str| redact::bounded(t, 80);
    let (by, channel, key, signature) = match spoken {
        Spoken::Terminal { by } => (clean(&by), Channel::Terminal, None, None),
        Spoken::Signature { armored } => {
            subject.pinned()?;
            let who = subject.verify(statement, &armored).map_err(|because| {
                Refusal::new(
                    "signature-not-accepted",
                    because,
                    format!("sign this again: {} --print-statement", command(petition)),
                )
            })?;
            (clean(&who.principal), Channel::Signature, Some(who.fingerprint), Some(armored))
        }
    };
    if !counts(*bar, channel) {
        return Err(too_weak(petition, channel).into());
    }
    let record = Approved {
        what: statement.what,
        risk: statement.risk.as_ref().map(|(name, _)| name.clone()),
        name: statement.name.clone(),
        file: app.path(&request.contract).display().to_string(),
        digest: statement.contract.clone(),
        systems: statement.systems.clone(),
        statement: statement.digest().as_str().to_owned(),
        by: by.clone(),
        channel,
        because: None,
        key: key.clone(),
        signature,
    };
    let risk = record.risk.as_ref().map(|r| format!(" {r}")).unwrap_or_default();
    let event = note(
        app,
        Note {
            session: session.clone(),
            phase: Phase::Connect,
            kind: EventKind::Approved,
            tool: "approve",
            input: json!({"contract": request.contract, "statement": statement.to_string()}),
            summary: format!("{by} approved {}{risk} by {}", statement.what.as_str(), channel.as_str()),
            data: record.to_value(),
        },
    )?;
    if statement.what == What::InferredConstraints {
        confirm(app, petition, &by, channel)?;
    }
    let next = match statement.what {
        What::LiveRun => format!("platform-integration run {}", request.contract),
        What::AcceptRisk | What::InferredConstraints => match session {
            Some(s) => format!("platform-integration assess --session {s}"),
            None => format!("platform-integration approvals {}", request.contract),
        },
    };
    Ok(Answer {
        approved: statement.what,
        risk: record.risk,
        contract: request.contract.clone(),
        digest: statement.contract.clone(),
        by,
        channel,
        key,
        session: session.clone(),
        event: event.seq,
        next,
    })
}

/// What was put before the person is no longer what is there.
#[must_use]
pub fn changed(contract: &str) -> Refusal {
    Refusal::new(
        "changed-while-asked",
        format!("{contract} or a description changed while you were asked; nothing is approved"),
        format!("look at it again: platform-integration check {contract}"),
    )
}

/// Refuses at once where no terminal could give what the contract asks for.
///
/// # Errors
/// `channel-too-weak`.
pub fn reachable(petition: &Petition) -> Result<(), No> {
    if counts(petition.bar, Channel::Terminal) { Ok(()) } else { Err(too_weak(petition, Channel::Terminal).into()) }
}

fn too_weak(petition: &Petition, channel: Channel) -> Refusal {
    Refusal::new(
        "channel-too-weak",
        format!(
            "{} asks for {}, and this would come by {}",
            petition.request.contract,
            asks(petition.bar),
            channel.as_str()
        ),
        format!("{} --print-statement", command(petition)),
    )
}

/// What a person types.
#[must_use]
pub fn command(petition: &Petition) -> String {
    let Request { contract, what, risk, .. } = &petition.request;
    let risk = risk.as_ref().map(|r| format!(" {r}")).unwrap_or_default();
    let session = petition.session.as_ref().map(|s| format!(" --session {s}")).unwrap_or_default();
    format!("platform-integration approve {contract} {}{risk}{session}", what.as_str())
}

fn subject<'a>(
    app: &'a App,
    compiled: &'a Compiled,
    contract: &'a crate::contract::Contract,
    request: &'a Request,
) -> Subject<'a> {
    Subject { app, contract, compiled, named: &request.contract }
}

/// Approving what is inferred settles each inferred constraint that the contract lists.
fn confirm(app: &App, petition: &Petition, by: &str, channel: Channel) -> Result<(), No> {
    let Some(session) = &petition.session else { return Ok(()) };
    let facts = Call::new(app, &Face::Cli, HumanInput::NotAsked, Some(session))?.facts;
    let decisions: Vec<DecisionRecord> = facts
        .waiting()
        .filter(|c| c.in_contract)
        .map(|c| DecisionRecord {
            id: c.id.clone(),
            decision: record::Decision::Confirmed,
            channel,
            by: by.to_owned(),
            quote: None,
            correction: None,
            risk: None,
            digest: c.digest(),
        })
        .collect();
    let decided: Vec<&str> = decisions.iter().map(|d| d.id.as_str()).collect();
    let pending = facts.waiting().filter(|c| !decided.contains(&c.id.as_str())).map(|c| c.id.clone()).collect();
    let summary = format!("{by} confirmed {} by {}", decided.join(", "), channel.as_str());
    let data = record::ConstraintsConfirmed { decisions: decisions.clone(), pending };
    note(
        app,
        Note {
            session: Some(session.clone()),
            phase: Phase::Map,
            kind: EventKind::ConstraintsConfirmed,
            tool: "approve",
            input: json!({"contract": petition.request.contract}),
            summary,
            data: data.to_value(),
        },
    )?;
    Ok(())
}

/// The session that last checked this state of the contract.
fn session_of(app: &App, digest: &str) -> Result<Option<String>, No> {
    let mut found = None;
    let mut after = None;
    loop {
        let kind = Some(EventKind::ContractChecked);
        let page = app.store.query(&Query { kind, after, limit: 500, ..Query::default() })?;
        for event in page.events {
            let of = event.event.data.get("digest").and_then(|d| d.as_str()) == Some(digest);
            if let Some(session) = event.event.session.filter(|_| of) {
                found = Some(session);
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Digest of what a risk says, and the risk in words.
fn risk(facts: &Facts, name: &str, session: Option<&str>) -> Result<(String, String), No> {
    if let Some(fact) = facts.constraints.get(name) {
        if !fact.is_put_off_by_a_person() {
            let session = session.unwrap_or("SESSION");
            return Err(Refusal::new(
                "risk-not-deferred",
                format!("constraint {name} is {}; a risk is taken on what was deferred", fact.state_line()),
                format!("platform-integration confirm --session {session}, and defer it with the risk in words"),
            )
            .into());
        }
        let taken = fact.decided.as_ref().and_then(|d| d.record.risk.as_deref()).unwrap_or("not named");
        return Ok((fact.digest(), format!("{}; the risk: {taken}", text::quoted(&fact.says, 160))));
    }
    let item = assess(facts, None).checklist.into_iter().find(|i| i.code == name && i.state != ItemState::Met);
    if let Some(item) = item {
        return Ok((String::new(), format!("not met: {}; {}", item.item, item.because)));
    }
    let near = text::did_you_mean(name, risks(facts).iter().map(String::as_str));
    Err(Refusal::new(
        "unknown-risk",
        format!("nothing open is called \"{}\"{near}", text::quoted(name, 60)),
        format!("name one of: {}", risks(facts).join(", ")),
    )
    .into())
}

/// What a risk can be taken on: deferred constraints, and items of the checklist that are not met.
fn risks(facts: &Facts) -> Vec<String> {
    let deferred = facts.constraints.values().filter(|c| c.state == ConstraintState::Deferred).map(|c| c.id.clone());
    deferred.chain(assess(facts, None).gaps().map(str::to_owned)).collect()
}

fn systems(plans: &[Plan]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let sides = plans.iter().flat_map(|p| {
        [(&p.source.system, &p.source.base_url, &p.source.auth), (&p.target.system, &p.target.base_url, &p.target.auth)]
    });
    for (name, url, auth) in sides {
        let how = match (auth, auth.token_url().zip(auth.scopes())) {
            (AuthPlan::None, _) => "without credentials".to_owned(),
            (_, Some((token_url, scopes))) => {
                format!(
                    "OAuth token from {token_url}, scopes: {}",
                    if scopes.is_empty() { "none".to_owned() } else { scopes.join(" ") }
                )
            }
            (AuthPlan::All(parts), None) => format!("{} credentials together, no scopes asked for", parts.len()),
            (_, None) => "one credential, no scopes asked for".to_owned(),
        };
        if url.is_empty() {
            let line = format!("{name} sends events to us (nothing is sent to it)");
            if !out.contains(&line) {
                out.push(line);
            }
            continue;
        }
        let place = if is_loopback(url) { ", on this machine" } else { "" };
        let line = format!("{name} at {url}{place} ({how})");
        if !out.contains(&line) {
            out.push(line);
        }
    }
    out
}

fn flow(plan: &Plan) -> String {
    let writes = match &plan.target.write {
        WritePlan::Upsert { matching, create, update, .. } => {
            format!("creates ({}) or updates ({}) by {}", create.id, update.id, matching.join("."))
        }
        WritePlan::Put { put, .. } => format!("creates or replaces ({})", put.id),
        WritePlan::Bulk { write, key, size, .. } => {
            format!("creates or updates up to {size} at once ({}) by {}", write.id, key.join("."))
        }
        WritePlan::Create { create, .. } => format!("creates ({})", create.id),
    };
    let every = plan.every_ms.map_or_else(|| "once".to_owned(), |ms| format!("every {} s", ms / 1_000));
    let reads = match (&plan.source.webhook, &plan.source.list) {
        (None, list) => format!("reads {}", list.as_ref().map_or("nothing", |l| l.id.as_str())),
        (Some(hook), None) => format!("receives {} at {}", hook.event, hook.path),
        (Some(hook), Some(list)) => format!("receives {} at {} and sweeps {}", hook.event, hook.path, list.id),
    };
    let every = if plan.source.webhook.is_some() && plan.every_ms.is_none() { "as sent".to_owned() } else { every };
    format!("{}: {reads} from {}, {writes} in {}, {every}", plan.flow, plan.source.system, plan.target.system)
}

fn drilled(facts: &Facts) -> String {
    let runs: Vec<_> = facts.standing_drills().collect();
    let Some(last) = runs.last() else {
        return "NOT DRILLED: nothing has tried to break this state of the contract".to_owned();
    };
    let r = &last.record;
    let verdict = Verdict::all(runs.iter().map(|d| d.record.verdict));
    format!(
        "{verdict}: {} of {} passed over {} (event {})",
        r.passed,
        text::plural(r.run, "drill"),
        text::plural(r.schedules, "schedule"),
        last.seq
    )
}

/// Reads the file of a signature.
///
/// # Errors
/// `unreadable-file`.
pub fn read_signature(app: &App, path: &str) -> Result<String, No> {
    Ok(fs::read_text(&app.path(path), 64 * 1024).map_err(|e| Refusal::unreadable(&e))?)
}
