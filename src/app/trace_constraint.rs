//! Where a constraint leads: the clauses of the contract that honour it, the drills that would show a breach, the line of
//! the runbook under which it would be seen, and what was decided about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::export_dossier::about_fact;
use super::subject::Compiled;
use super::{App, Call, Face, HumanInput, No, Note, Refusal, note};
use crate::base::{fs, text};
use crate::checks::honour::{About, Honoured, honoured};
use crate::contract::Contract;
use crate::evidence::{EventKind, Phase, Verdict};
use crate::workflow::drilled::Drilled;
use crate::workflow::{ConstraintFact, ConstraintState};

/// Arguments of `evidence trace`.
#[derive(Debug, Clone, Serialize, Deserialize, clap::Args)]
pub struct Params {
    /// Handle of the constraint.
    pub constraint: String,
    /// The session.
    #[arg(long)]
    pub session: String,
    /// Path of integration.yaml. Default: the one last checked or drafted in the session.
    #[arg(long)]
    pub contract: Option<String>,
}

/// A clause of the contract.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClauseOut {
    /// `integration.yaml:72`
    pub place: String,
    /// `flows.contacts.delivery.rate`
    pub path: String,
    /// The line as written.
    pub line: String,
}

/// A drill that would show a breach.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DrillOut {
    /// The drill.
    pub drill: String,
    /// What it stands at, over all flows, about the contract as it is.
    pub verdict: Verdict,
}

/// Where it would be seen in operation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WatchOut {
    /// What is seen.
    pub seen: String,
    /// `connector/RUNBOOK.md:37` where one was scaffolded in this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Where a constraint leads.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Answer {
    /// Its handle.
    pub constraint: String,
    /// hard, soft or inferred.
    pub kind: String,
    /// What must hold.
    pub says: String,
    /// Where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// What it is about.
    pub binds: String,
    /// Where it stands, by whom and through which channel; for stated ones, stated.
    pub state: String,
    /// What was said and decided about it, by event.
    pub events: Vec<String>,
    /// Clauses that honour it.
    pub clauses: Vec<ClauseOut>,
    /// Drills that would show a breach.
    pub drills: Vec<DrillOut>,
    /// Lines of the runbook that watch it.
    pub watches: Vec<WatchOut>,
    /// What is lacking; empty when it is honoured, drilled and watched.
    pub lacking: Vec<String>,
    /// What to do next.
    pub next: String,
}

/// Traces a constraint and records that it was asked.
///
/// # Errors
/// `unknown-session`, `unknown-constraint`, `no-contract`, `unreadable-file`.
pub fn trace(app: &App, params: &Params) -> Result<Answer, No> {
    let call = Call::new(app, &Face::Cli, HumanInput::NotAsked, Some(&params.session))?;
    let answer = answer(&call, params)?;
    let summary = format!(
        "traced {}: {}, {}, {}",
        answer.constraint,
        text::plural(answer.clauses.len() as u64, "clause"),
        text::plural(answer.drills.len() as u64, "drill"),
        text::plural(answer.watches.len() as u64, "watch")
    );
    note(
        app,
        Note {
            session: Some(params.session.clone()),
            phase: Phase::Validate,
            kind: EventKind::EvidenceQueried,
            tool: "evidence_trace",
            input: serde_json::to_value(params).unwrap_or_default(),
            summary,
            data: serde_json::json!({"constraint": answer.constraint, "lacking": answer.lacking}),
        },
    )?;
    Ok(answer)
}

/// Computes the trace.
///
/// # Errors
/// As [`trace`], but for the session.
pub fn answer(call: &Call<'_>, params: &Params) -> Result<Answer, No> {
    let facts = &call.facts;
    let file = params.contract.clone().or_else(|| facts.contract_file().map(str::to_owned)).ok_or_else(|| {
        Refusal::new(
            "no-contract",
            "no contract was drafted or checked in this session, and none is named",
            format!(
                "platform-integration evidence trace {} --session {} --contract integration.yaml",
                params.constraint, params.session
            ),
        )
        .saw("no contract-checked in this session")
    })?;
    // The record keeps where the file lies; people read it from where they are.
    let here = std::path::Path::new(&file).strip_prefix(&call.app.cwd).ok().and_then(|p| p.to_str());
    let file = here.map_or(file.clone(), str::to_owned);
    let compiled = Compiled::load(call, &file)?;
    let contract = compiled.contract.as_ref().ok_or_else(|| {
        let next = format!("platform-integration check {file}");
        Refusal::new("contract-does-not-compile", format!("{file} cannot be read as a contract"), next)
            .saw(file.clone())
    })?;
    let written = contract.constraints.iter().find(|c| c.id.value == params.constraint);
    let fact = facts.constraints.get(&params.constraint);
    // The session knows what was decided; the file knows what is written. Where both speak, the session's words are
    // those that decisions are bound to.
    let (about, kind, origin, owner, binds) = match (fact, written) {
        (Some(f), _) => (about_fact(f), f.kind, f.origin.clone(), f.owner.clone(), f.binds.to_string()),
        (None, Some(c)) => {
            let binds = crate::workflow::record::Binds::from(&c.binds).to_string();
            let plain = |t: &Option<crate::base::yaml::Spanned<String>>| t.as_ref().map(|t| t.value.clone());
            (About::from(c), c.kind, plain(&c.origin), plain(&c.owner), binds)
        }
        (None, None) => {
            let known = facts.constraints.keys().map(String::as_str);
            let known: std::collections::BTreeSet<&str> =
                known.chain(contract.constraints.iter().map(|c| c.id.as_str())).collect();
            let known: Vec<&str> = known.into_iter().take(20).collect();
            let near = text::did_you_mean(&params.constraint, known.iter().copied());
            let asked = text::quoted(&params.constraint, 60);
            return Err(Refusal::new(
                "unknown-constraint",
                format!("no constraint \"{asked}\" in {file} or in this session{near}"),
                format!("choose one of: {}", known.join(", ")),
            )
            .saw(format!("the constraints of {file} and of session {}", params.session))
            .into());
        }
    };
    let found = honoured(contract, &about);
    let rejected = fact.is_some_and(|f| f.state == ConstraintState::Rejected);
    let lacking = if rejected { Vec::new() } else { lacking(fact, written.is_some(), &found) };
    Ok(Answer {
        constraint: params.constraint.clone(),
        kind: kind.as_str().to_owned(),
        says: text::quoted(about.says, 300),
        origin,
        owner: owner.unwrap_or_else(|| contract.owner.clone()),
        binds,
        state: state(fact, kind),
        events: fact.map(|f| f.looked().lines()).unwrap_or_default(),
        clauses: clauses(contract, &compiled.text, &found),
        drills: drills(call, &found),
        watches: watches(call, &found),
        next: match lacking.first() {
            _ if rejected => format!(
                "it does not hold, and nothing may rely on it{}; then check_contract {{\"session\": \"{}\", \"contract\": \"{file}\"}}",
                if written.is_some() { ": take it out and change what rests on it" } else { "" },
                params.session
            ),
            Some(first) => format!(
                "{first}; then check_contract {{\"session\": \"{}\", \"contract\": \"{file}\"}}",
                params.session
            ),
            None => format!("run_drills {{\"session\": \"{}\", \"contract\": \"{file}\"}} keeps it so", params.session),
        },
        lacking,
    })
}

fn state(fact: Option<&ConstraintFact>, kind: crate::contract::ConstraintKind) -> String {
    match (fact, kind) {
        (Some(f), crate::contract::ConstraintKind::Inferred) => f.state_line(),
        (None, crate::contract::ConstraintKind::Inferred) => "open".to_owned(),
        _ => "stated".to_owned(),
    }
}

/// The clauses that were found, each with its line.
pub(super) fn clauses(contract: &Contract, source: &str, found: &Honoured) -> Vec<ClauseOut> {
    let line = |at: u32| source.lines().nth((at as usize).saturating_sub(1)).unwrap_or_default().trim().to_owned();
    found
        .clauses
        .iter()
        .map(|c| ClauseOut {
            place: format!("{}:{}", contract.file, c.at.line),
            path: c.path.clone(),
            line: text::quoted(&line(c.at.line), 120),
        })
        .collect()
}

fn drills(call: &Call<'_>, found: &Honoured) -> Vec<DrillOut> {
    let drilled = Drilled::of(&call.facts);
    let verdict = |code: &str| drilled.verdict(|c| c == code);
    found.drills.iter().map(|d| DrillOut { drill: (*d).to_owned(), verdict: verdict(d) }).collect()
}

/// With the line of the runbook that was scaffolded, where it can be read.
fn watches(call: &Call<'_>, found: &Honoured) -> Vec<WatchOut> {
    const MOST: u64 = 1024 * 1024;
    let out = call.facts.scaffolded.as_ref().map(|s| call.app.path(&s.record.out).join("RUNBOOK.md"));
    let runbook = out.and_then(|path| fs::read_text(&path, MOST).ok().map(|text| (path, text)));
    let place = |seen: &str| {
        let (path, text) = runbook.as_ref()?;
        let at = text.lines().position(|l| l.contains(seen))?;
        Some(format!("{}:{}", path.display(), at + 1))
    };
    found.watches.iter().map(|w| WatchOut { seen: (*w).to_owned(), place: place(w) }).collect()
}

fn lacking(fact: Option<&ConstraintFact>, written: bool, found: &Honoured) -> Vec<String> {
    let mut out = Vec::new();
    if !written {
        out.push("write it into the contract's constraints".to_owned());
    }
    if found.clauses.is_empty() {
        out.push("give it a clause, or say with binds what it is about".to_owned());
    } else if found.drills.is_empty() {
        out.push("no drill shows a breach: rehearse it by hand, or bind it to mapped fields".to_owned());
    }
    if let Some(lapsed) = fact.and_then(|f| f.lapsed.as_ref()) {
        out.push(format!("the decision on it (event {}) is stale: {}", lapsed.decided.seq, lapsed.because));
    }
    out
}
