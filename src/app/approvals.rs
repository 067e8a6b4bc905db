//! Which approvals stand for a contract as it is: those recorded in the store, and signatures that lie beside the
//! contract in `approvals/*.sig`, which any machine can verify without the store.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use super::subject::Compiled;
use super::{App, Channel, No, Refusal};
use crate::base::fs::{self, MAX_CONTRACT};
use crate::base::ssh::{Signers, Verified};
use crate::contract::{Bar, Contract, Policy};
use crate::evidence::{EventKind, Outcome, Query};
use crate::workflow::approvals::{NAMESPACE, Statement, What, counts};
use crate::workflow::record::Approved;
use crate::workflow::{Facts, Seen};

/// Directory beside the contract that holds signatures.
pub(super) const BESIDE: &str = "approvals";
/// Signatures looked at; more than that is no approval but a heap.
const MOST: usize = 100;
/// A signature takes a few hundred bytes.
const MAX_SIGNATURE: u64 = 64 * 1024;

/// A contract with what approvals of it must be bound to.
pub(super) struct Subject<'a> {
    pub app: &'a App,
    pub contract: &'a Contract,
    pub compiled: &'a Compiled,
    /// The contract as the user named it.
    pub named: &'a str,
}

/// An approval that stands.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub by: String,
    pub channel: Channel,
    /// `event 12`, `approvals/live-run.sig`.
    pub place: String,
    /// The session it was recorded in.
    pub session: Option<String>,
}

impl Subject<'_> {
    pub(super) fn policy(&self) -> Policy {
        self.contract.approvals.policy()
    }

    /// The statement of this kind about the contract as it is now.
    pub(super) fn statement(&self, what: What, risk: Option<(String, String)>) -> Statement {
        let systems = &self.compiled.systems;
        Statement {
            what,
            risk,
            name: self.contract.name.value.clone(),
            contract: self.contract.digest.as_str().to_owned(),
            systems: systems.iter().map(|(n, s)| (n.clone(), s.digest.as_str().to_owned())).collect(),
        }
    }

    fn dir(&self) -> PathBuf {
        self.app.path(self.named).parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Verifies a signature over a statement; the words say why not.
    pub(super) fn verify(&self, statement: &Statement, signature: &str) -> Result<Verified, String> {
        verify(self.app, statement, signature)
    }

    /// Refuses where no list of signers is known that somebody else than the contract names.
    pub(super) fn pinned(&self) -> Result<(), Refusal> {
        if self.app.signers.is_some() {
            return Ok(());
        }
        let list = match &self.contract.approvals.signers {
            Some(named) => {
                let beside = Path::new(self.named).with_file_name(named.as_str());
                format!("a copy of {} that only people can write", beside.display())
            }
            None => "a list of the team's keys that only people can write".to_owned(),
        };
        Err(Refusal::new(
            "signers-not-pinned",
            format!("{UNPINNED}; who may edit the contract and its list could name a key of their own"),
            format!(
                "a person keeps {list} as ~/.config/platform-integration/allowed_signers, or names it with \
                 PLATFORM_INTEGRATION_SIGNERS or --signers; in CI, a file of the protected branch or of the runner"
            ),
        ))
    }

    /// The approval that stands for this, or why none does: one reason for each that comes near.
    pub(super) fn standing(&self, statement: &Statement) -> Result<Result<Given, Vec<String>>, No> {
        let bar = statement.what.bar(&self.policy());
        let mut near = Vec::new();
        for (session, seen) in recorded(self.app)?.into_iter().rev() {
            let Seen { seq, at, record } = seen;
            let line = |why: &str| {
                let day: String = at.rfc3339().chars().take(10).collect();
                format!("{} approved it by {} on {day} (event {seq}), but {why}", record.by, record.channel.as_str())
            };
            if !statement.is_of(&record) {
                near.extend(statement.differs(&record).map(|why| line(&why)));
                continue;
            }
            if !counts(bar, record.channel) {
                near.push(line(&format!("the contract asks for {}", asks(bar))));
                continue;
            }
            // The log says who signed; the signature is believed, not the log.
            let proven = match (record.channel, &record.signature) {
                (Channel::Signature, None) => Err("no signature is kept with it".to_owned()),
                (_, Some(signature)) => self.verify(statement, signature).map(drop),
                (Channel::AgentReport | Channel::Elicitation | Channel::Terminal, None) => Ok(()),
            };
            if let Err(why) = proven {
                near.push(line(&why));
                continue;
            }
            let place = format!("event {seq}");
            return Ok(Ok(Given { by: record.by, channel: record.channel, place, session }));
        }
        for (name, signature) in self.beside() {
            match self.verify(statement, &signature) {
                Ok(who) => {
                    let (by, place) = (who.principal, format!("{BESIDE}/{name}"));
                    return Ok(Ok(Given { by, channel: Channel::Signature, place, session: None }));
                }
                Err(why) if name.starts_with(statement.what.as_str()) => near.push(format!("{BESIDE}/{name}: {why}")),
                Err(_) => {}
            }
        }
        near.truncate(3);
        Ok(Err(near))
    }

    /// The signatures that lie beside the contract, by file name.
    fn beside(&self) -> Vec<(String, String)> {
        let Ok(entries) = std::fs::read_dir(self.dir().join(BESIDE)) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(|p| p.extension().is_some_and(|x| x == "sig"))
            .collect();
        paths.sort();
        paths
            .into_iter()
            .take(MOST)
            .filter_map(|p| {
                let name = p.file_name()?.to_string_lossy().into_owned();
                Some((name, fs::read_text(&p, MAX_SIGNATURE).ok()?))
            })
            .collect()
    }

    /// Refuses a live run that nobody has approved. `live`: the systems that are not on this machine, with their
    /// addresses; `session`: the one the run belongs to.
    ///
    /// # Errors
    /// `live-run-not-approved`, `inferred-unsettled`.
    pub(super) fn live_run(&self, live: &[(&str, &str)], session: Option<&str>) -> Result<Given, No> {
        let statement = self.statement(What::LiveRun, None);
        let given = match self.standing(&statement)? {
            Ok(given) => given,
            Err(near) => return Err(self.not_approved(&near, live, session).into()),
        };
        // What a session still assumes was not settled by approving what it had assumed before.
        for id in [session, given.session.as_deref()].into_iter().flatten() {
            let open = unsettled(self.app, id)?;
            if !open.is_empty() {
                return Err(unsettled_refusal(&open, id).into());
            }
        }
        Ok(given)
    }

    fn not_approved(&self, near: &[String], live: &[(&str, &str)], session: Option<&str>) -> Refusal {
        if self.policy().live_run == Bar::Signature
            && let Err(refusal) = self.pinned()
        {
            return refusal;
        }
        let (system, url) = live.first().copied().unwrap_or_default();
        let why = if near.is_empty() {
            "and nobody has approved a live run of this contract".to_owned()
        } else {
            format!("and no approval of it stands: {}", near.join("; "))
        };
        Refusal::new(
            "live-run-not-approved",
            format!("system {system} is at {url}, not on this machine, {why}. {}", asked_of(self.policy().live_run)),
            format!(
                "a person types: {}; meanwhile `platform-integration run {} --dry-run` shows what would be written",
                self.command(What::LiveRun, None, session),
                self.named
            ),
        )
    }

    /// What a person types to approve.
    pub(super) fn command(&self, what: What, risk: Option<&str>, session: Option<&str>) -> String {
        let mut out = format!("platform-integration approve {} {}", self.named, what.as_str());
        if let Some(risk) = risk {
            out.push(' ');
            out.push_str(risk);
        }
        if let Some(session) = session {
            out.push_str(" --session ");
            out.push_str(session);
        }
        if what.bar(&self.policy()) == Bar::Signature {
            out.push_str(" --print-statement");
        }
        out
    }
}

const UNPINNED: &str = "no list of allowed signers is pinned on this machine";

/// Verifies a signature over a statement by the list that whoever started this process named; the words say why not.
fn verify(app: &App, statement: &Statement, signature: &str) -> Result<Verified, String> {
    let Some(path) = &app.signers else { return Err(UNPINNED.to_owned()) };
    let text = fs::read_text(path, MAX_CONTRACT).map_err(|e| e.to_string())?;
    Signers::parse(&text)
        .and_then(|s| s.verify(statement.to_string().as_bytes(), signature, NAMESPACE, app.clock.now()))
        .map_err(|e| format!("{e} ({})", path.display()))
}

/// The facts without what rests on a signature that does not verify, or not any more.
pub(super) fn proven(app: &App, facts: Facts) -> Facts {
    facts.with_proven(&|statement, approved| {
        approved.signature.as_ref().is_some_and(|signature| verify(app, statement, signature).is_ok())
    })
}

/// A bar in words.
pub(super) const fn asks(bar: Bar) -> &'static str {
    match bar {
        Bar::Any | Bar::Elicitation => "a person, by a form, at a terminal or by a signature",
        Bar::Terminal => "a person at a terminal, or a signature",
        Bar::Signature => "a signature",
    }
}

fn asked_of(bar: Bar) -> &'static str {
    if bar == Bar::Signature {
        "The contract asks for a signature by a key of its signers file"
    } else {
        "Only a person at a terminal, or a signature, can approve it"
    }
}

/// An approval in the store, with the session it belongs to.
type Recorded = (Option<String>, Seen<Approved>);

/// Every approval in the store that reads back, oldest first, with its session.
pub(super) fn recorded(app: &App) -> Result<Vec<Recorded>, No> {
    let mut out = Vec::new();
    let mut after = None;
    loop {
        let page =
            app.store.query(&Query { kind: Some(EventKind::Approved), after, limit: 500, ..Query::default() })?;
        for event in page.events.into_iter().filter(|e| e.event.outcome == Outcome::Ok) {
            if let Some(record) = Approved::from_value(&event.event.data) {
                out.push((event.event.session, Seen { seq: event.seq, at: event.event.at, record }));
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(out),
        }
    }
}

/// Ids of the inferred constraints of a session that no person has settled.
pub(super) fn unsettled(app: &App, session: &str) -> Result<Vec<String>, No> {
    let found = app.store.session(session)?;
    let facts = proven(app, Facts::fold(Some(&found), &app.store.events_of(session)?));
    Ok(facts.waiting().map(|c| c.id.clone()).collect())
}

pub(super) fn unsettled_refusal(open: &[String], session: &str) -> Refusal {
    Refusal::new(
        "inferred-unsettled",
        format!("session {session} rests on what no person has settled: {}", open.join(", ")),
        format!("a person types: platform-integration confirm --session {session}"),
    )
}

/// One kind of approval, and whether it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// live-run, accept-risk or inferred-constraints.
    pub what: What,
    /// The weakest channel that counts.
    pub asks: Bar,
    /// It is approved for the contract as it is now.
    pub stands: bool,
    /// Who approved, where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Through which channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Event or file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What came near and does not count, with why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<String>,
}

/// The approvals of a contract.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The contract.
    pub contract: String,
    /// Its digest.
    pub digest: String,
    /// What was looked for.
    pub approvals: Vec<Line>,
    /// Everything that was required stands.
    pub ok: bool,
    /// What to do next.
    pub next: String,
}

/// Lists what stands for a contract as it is now. `require`: the kinds that must stand; without any, live runs and
/// inferred constraints are shown and nothing is required.
///
/// # Errors
/// Refused when the contract does not compile; a fault when the store cannot be read.
pub fn run(app: &App, named: &str, require: &[What]) -> Result<Answer, No> {
    let compiled = Compiled::load_with(app, named, None)?;
    let contract = compiled.sound(named)?;
    let subject = Subject { app, contract, compiled: &compiled, named };
    let shown = if require.is_empty() { &[What::LiveRun, What::InferredConstraints][..] } else { require };
    let mut lines = Vec::new();
    for what in shown {
        let asks = what.bar(&subject.policy());
        let line = match subject.standing(&subject.statement(*what, None))? {
            Ok(Given { by, channel, place, session: _ }) => Line {
                what: *what,
                asks,
                stands: true,
                by: Some(by),
                channel: Some(channel),
                place: Some(place),
                near: Vec::new(),
            },
            Err(near) => Line { what: *what, asks, stands: false, by: None, channel: None, place: None, near },
        };
        lines.push(line);
    }
    let missing = lines.iter().find(|l| !l.stands).map(|l| l.what);
    let next = missing.map_or_else(
        || format!("platform-integration run {named}"),
        |what| format!("a person types: {}", subject.command(what, None, None)),
    );
    let ok = require.is_empty() || missing.is_none();
    Ok(Answer { contract: named.to_owned(), digest: contract.digest.as_str().to_owned(), approvals: lines, ok, next })
}

/// Data of a refusal that waits for a person: what the inbox shows.
pub(super) fn wanted(subject: &Subject<'_>, refusal: &Refusal) -> serde_json::Value {
    json!({
        "code": refusal.code,
        "approval": What::LiveRun.as_str(),
        "file": subject.app.path(subject.named).display().to_string(),
        "named": subject.named,
        "asks": subject.policy().live_run.as_str(),
        "digest": subject.contract.digest.as_str(),
        "statement": subject.statement(What::LiveRun, None).digest().as_str(),
    })
}
