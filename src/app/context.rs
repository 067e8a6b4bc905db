//! What a use case works with: the store, the clock, the caller, the facts of its session, descriptions already read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::description::{self, Fetch, Seen, Stdin};
use super::kept::{self, Writing};
use super::no::{No, Refusal};
use crate::base::clock::Clock;
use crate::base::digest::Digest;
use crate::base::fs::{self, MAX_CONTRACT};
use crate::base::rng::Rng;
use crate::base::stop::Stop;
use crate::base::text;
use crate::base::trace::{TraceContext, Tracer};
use crate::evidence::{Ledger, Maps, Provenance, Query, Session, Store, StoreError};
use crate::finding::Finding;
use crate::model::System;
use crate::readers;
use crate::workflow::record::Channel;
use crate::workflow::{self, Ask, Facts, Proposal, Ruling};

/// A description that was read, to be shared.
pub struct Description {
    /// The system; nothing where no system could be made of it. Shared by all who read these bytes, so that its own origin
    /// may be another way to the file.
    pub system: Option<Arc<System>>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// Where it was read from, as this caller named it.
    pub origin: String,
}

/// Everything the use cases share; built once by the composition root.
pub struct App {
    /// The evidence log.
    pub store: Arc<dyn Store>,
    /// The connector's memory.
    pub ledger: Arc<dyn Ledger>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// For ids.
    pub rng: Mutex<Rng>,
    /// Relative paths start here.
    pub cwd: PathBuf,
    /// The list of keys whose signatures count, as whoever started this process named it. A contract cannot name it:
    /// who may edit the contract could bring a key of their own.
    pub signers: Option<PathBuf>,
    /// The user's folder of knowledge overlays, where there is one.
    pub knowledge: Option<PathBuf>,
    /// Files outside [`App::cwd`] are neither read nor written: so it is where callers come from other machines.
    pub confined: bool,
    /// What may be fetched over the network; nothing, unless the composition root says so.
    pub fetch: Fetch,
    /// Standard input, where a description may be read from it.
    pub stdin: Mutex<Option<Stdin>>,
    /// Collects spans, where somebody collects them.
    pub tracer: Option<Arc<dyn Tracer>>,
    /// The trace that this process works in; a call that brings its own is recorded with that one.
    pub trace: Option<TraceContext>,
    /// Where maps are kept from one process to the next, if anywhere.
    pub maps: Option<Arc<dyn Maps>>,
    /// Descriptions read by this process, by [`readers::Input::key`]: a second look costs nothing.
    pub(super) read: Mutex<BTreeMap<Digest, Arc<Description>>>,
    /// Digests of descriptions, by path, with length and time of change of each file: a description can be 20 MB, and it
    /// is looked at before every call.
    digests: Mutex<BTreeMap<PathBuf, (Seen, String)>>,
    /// What the evidence of a session says so far, by session: a long one is not read from its beginning at each call.
    folded: Mutex<BTreeMap<String, Facts>>,
    /// The map that is being kept.
    pub(super) writing: Writing,
}

impl App {
    /// Puts an application together.
    pub fn new(store: Arc<dyn Store>, ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>, rng: Rng, cwd: PathBuf) -> Self {
        let (read, digests, folded) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self {
            store,
            ledger,
            clock,
            rng: Mutex::new(rng),
            cwd,
            signers: None,
            knowledge: None,
            confined: false,
            fetch: Fetch::default(),
            stdin: Mutex::default(),
            tracer: None,
            trace: None,
            maps: None,
            read,
            digests,
            folded,
            writing: Writing::default(),
        }
    }

    /// The same application for who looks and does nothing else: it keeps no map, since a page that writes when it is read
    /// could be made to write by any link.
    #[must_use]
    pub fn looking(&self, rng: Rng) -> Self {
        let (store, ledger, clock) = (Arc::clone(&self.store), Arc::clone(&self.ledger), Arc::clone(&self.clock));
        Self {
            signers: self.signers.clone(),
            knowledge: self.knowledge.clone(),
            confined: self.confined,
            fetch: self.fetch,
            tracer: self.tracer.clone(),
            trace: self.trace,
            ..Self::new(store, ledger, clock, rng, self.cwd.clone())
        }
    }

    /// What the evidence of a session says, events of other processes included: only what came since the last look is
    /// read. Events are never changed, so what was folded once holds.
    ///
    /// # Errors
    /// Faults of the store.
    pub fn facts(&self, session: &Session) -> Result<Facts, StoreError> {
        let lock = || self.folded.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = lock().get(&session.id).cloned();
        let mut facts = known.unwrap_or_else(|| Facts::fold(Some(session), &[]));
        loop {
            let query =
                Query { session: Some(session.id.clone()), after: Some(facts.last), limit: 500, ..Query::default() };
            let page = self.store.query(&query)?;
            page.events.iter().for_each(|event| facts.add(event));
            if page.next.is_none() {
                break;
            }
        }
        let mut folded = lock();
        // As many as agents work on at once; a long-lived server must not keep them all.
        if folded.len() >= 64 {
            folded.clear();
        }
        folded.insert(session.id.clone(), facts.clone());
        Ok(facts)
    }

    /// `path` as the user meant it; of a description with overlays, each part.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        description::below(&self.cwd, path)
    }

    /// Lets a path through that this application may touch; `named` is how the caller named it.
    ///
    /// # Errors
    /// `outside-the-directory`, where the application is confined.
    pub(super) fn allow(&self, path: &Path, named: &str) -> Result<(), Refusal> {
        // An address is no path; whether it may be fetched is asked when it is.
        let inside = |part: &Path| part.to_str().is_some_and(readers::is_url) || fs::lies_in(&self.cwd, part);
        if !self.confined || description::parts(path).iter().all(|part| inside(part)) {
            return Ok(());
        }
        Err(Refusal::new(
            "outside-the-directory",
            format!("{} lies outside the directory that this server works in", text::quoted(named, 160)),
            "give a path inside it, without .. and without links that lead out",
        ))
    }

    /// Digest of a description as it is now, all its files and overlays; [`workflow::GONE`] where it cannot be read. Files
    /// that were not touched are not read again.
    pub(super) fn digest_of(&self, path: &Path) -> String {
        let now = self.clock.now().0;
        let lock = || self.digests.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = lock().get(path).cloned();
        if let Some((_, digest)) = known.filter(|(seen, _)| seen.iter().all(|(f, stamp)| fs::stamp(f, now) == *stamp)) {
            return digest;
        }
        let named = path.display().to_string();
        if !description::keeps(&named) {
            return workflow::GONE.to_owned();
        }
        let Ok((input, seen)) = description::gather(self, path, &named) else { return workflow::GONE.to_owned() };
        let digest = input.digest().as_str().to_owned();
        // A file touched a moment ago may be written again within the same tick of its clock.
        if seen.iter().all(|(_, stamp)| stamp.is_none_or(|stamp| stamp.settled)) {
            let mut cache = lock();
            if cache.len() >= 64 {
                cache.clear();
            }
            cache.insert(path.to_owned(), (seen, digest.clone()));
        }
        digest
    }

    /// Digests of all descriptions that this session has mapped or checked against, as they are now.
    fn description_digests(&self, facts: &Facts) -> BTreeMap<String, String> {
        let mapped = facts.systems.values().map(|s| &s.record.api);
        let checked = facts.checks.last().into_iter().flat_map(|c| c.record.apis.values());
        mapped.chain(checked).map(|file| (file.clone(), self.digest_of(&self.path(file)))).collect()
    }

    /// Reads an API description with all that belongs to it; `named` is how the user named it.
    ///
    /// # Errors
    /// A refusal when the file cannot be read at all; what is wrong inside it is a finding of the result.
    pub fn read_description(&self, path: &Path, named: &str) -> Result<Arc<Description>, Refusal> {
        self.allow(path, named)?;
        let (input, _) = description::gather(self, path, named)?;
        Ok(kept::read(self, &input, named))
    }
}

/// Who is asking, and through what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Face {
    /// The command line.
    Cli,
    /// An MCP client.
    Mcp {
        /// Name and version: `claude-code 2.1.0`
        client: String,
        /// Who it is authenticated as, by what protocol, within which trace.
        provenance: Provenance,
        /// Set when nobody waits for the answer any more.
        stop: Stop,
    },
    /// A browser on the pages of `serve --ui`: it reads and does nothing else.
    Browser {
        /// Who it is authenticated as; nothing for the local user.
        principal: Option<String>,
    },
}

/// The most characters that a list on a page may take.
const PAGE: usize = 400_000;

impl Face {
    /// The name recorded with each event.
    #[must_use]
    pub fn client(&self) -> &str {
        match self {
            Self::Cli => "cli",
            Self::Mcp { client, .. } => client,
            Self::Browser { .. } => "browser",
        }
    }

    /// What goes into the record beside the name.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        match self {
            Self::Cli => Provenance::default(),
            Self::Mcp { provenance, .. } => provenance.clone(),
            Self::Browser { principal } => Provenance { principal: principal.clone(), ..Provenance::default() },
        }
    }

    /// Whether the answer is still waited for; long work looks at it.
    #[must_use]
    pub fn stop(&self) -> Stop {
        match self {
            Self::Cli | Self::Browser { .. } => Stop::default(),
            Self::Mcp { stop, .. } => stop.clone(),
        }
    }

    /// The authenticated principal; nothing for the local user, who sees every session.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        match self {
            Self::Cli => None,
            Self::Mcp { provenance, .. } => provenance.principal.as_deref(),
            Self::Browser { principal } => principal.as_deref(),
        }
    }

    /// Whether this caller may know of the session: it is its own, or the caller is the local user.
    #[must_use]
    pub fn may_see(&self, session: &Session) -> bool {
        self.principal().is_none_or(|p| session.principal.as_deref() == Some(p))
    }

    /// The most characters a list inside an answer may take: everything on the command line, a page over MCP.
    #[must_use]
    pub const fn budget(&self) -> usize {
        match self {
            Self::Cli => usize::MAX,
            Self::Mcp { .. } => super::paging::MOST - 2_500,
            Self::Browser { .. } => PAGE,
        }
    }
}

/// Questions for a human: one decision for each constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanQuestion {
    /// What it is about, one paragraph.
    pub message: String,
    /// What is asked.
    pub items: Vec<Asked>,
}

impl HumanQuestion {
    /// What an answer is bound to: everything that was put before the human.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let items: Vec<[&str; 3]> =
            self.items.iter().map(|a| [a.id.as_str(), a.says.as_str(), a.digest.as_str()]).collect();
        Digest::of_json(&serde_json::json!({"message": self.message, "items": items}))
    }
}

/// One constraint as it is put before a human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The constraint.
    pub id: String,
    /// What it says.
    pub says: String,
    /// What a decision about it is bound to.
    pub digest: String,
}

/// What a human decided on one constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanDecision {
    /// The constraint.
    pub id: String,
    /// `confirm`, `reject` or `defer`.
    pub word: String,
    /// What holds instead of what was rejected, or the risk taken by deferring.
    pub note: Option<String>,
    /// [`Asked::digest`] of what they saw. Other words by now: the decision is about something else.
    pub digest: String,
}

/// What came back from a human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HumanInput {
    /// Nobody was asked yet.
    NotAsked,
    /// Somebody answered.
    Answered {
        /// Through which channel.
        channel: Channel,
        /// Who, as far as the channel knows.
        by: String,
        /// The decisions.
        decisions: Vec<HumanDecision>,
    },
    /// Nobody can be asked here.
    Unreachable {
        /// Why.
        because: String,
    },
}

/// One call of a use case.
pub struct Call<'a> {
    /// The application.
    pub app: &'a App,
    /// Who is asking.
    pub face: &'a Face,
    /// What a human said.
    pub human: HumanInput,
    /// The session, if the call names one.
    pub session: Option<Session>,
    /// What its evidence says; empty without a session.
    pub facts: Facts,
}

impl<'a> Call<'a> {
    /// Looks the session up and folds its evidence.
    ///
    /// # Errors
    /// `unknown-session`, and faults of the store.
    pub fn new(app: &'a App, face: &'a Face, human: HumanInput, session: Option<&str>) -> Result<Self, No> {
        let (session, facts) = match session {
            None => (None, Facts::default()),
            Some(id) => {
                let session = app.store.session(id)?;
                // Another principal's session does not exist for this caller, not even as a refusal of its own.
                if !face.may_see(&session) {
                    return Err(StoreError::NoSession(id.to_owned()).into());
                }
                let facts = app.facts(&session)?;
                // The file is read, not remembered: a contract changed since its check makes the check stale.
                let now = facts.checks.last().map(|c| c.record.file.clone()).map(|file| {
                    fs::read_bytes(&app.path(&file), MAX_CONTRACT)
                        .map_or_else(|_| "gone".to_owned(), |b| Digest::of_bytes(&b).as_str().to_owned())
                });
                let files = app.description_digests(&facts);
                let facts = facts.with_contract(now.as_deref()).with_files(files);
                let facts = super::approvals::proven(app, facts);
                (Some(session), facts)
            }
        };
        Ok(Self { app, face, human, session, facts })
    }

    /// The description of a system that was mapped in this session, read again, and its path.
    ///
    /// # Errors
    /// `system-not-mapped`, `unreadable-file`.
    pub fn mapped(&self, name: &str) -> Result<(Arc<Description>, String), Refusal> {
        let names = [name];
        let ask = Ask {
            tool: "inspect_system",
            facts: &self.facts,
            session: self.session.as_ref(),
            proposal: Proposal::Systems(&names),
        };
        let Some(mapped) = self.facts.systems.get(name) else {
            return Err(match workflow::rule(&ask) {
                Ruling::Refuse(refusal) => refusal.into(),
                Ruling::Allow => {
                    Refusal::new("system-not-mapped", format!("system \"{name}\" is not mapped"), "map_system")
                }
            });
        };
        let read = self.app.read_description(&self.app.path(&mapped.record.api), &mapped.record.api)?;
        Ok((read, mapped.record.api.clone()))
    }

    /// The session's id, or `SESSION` for a message where there is none.
    #[must_use]
    pub fn session_id(&self) -> &str {
        self.session.as_ref().map_or("SESSION", |s| s.id.as_str())
    }
}

/// The system of a read description, or a refusal that carries its worst finding.
///
/// # Errors
/// `unreadable-description`.
pub(super) fn system_of(read: &Description) -> Result<&Arc<System>, Refusal> {
    read.system.as_ref().ok_or_else(|| {
        let first: Option<&Finding> = read.findings.iter().max_by_key(|f| f.severity);
        let because = first.map_or_else(
            || "nothing in it could be read".to_owned(),
            |f| format!("{}: {} ({})", f.location, f.message, f.code),
        );
        let next = first
            .map(|f| f.fix.clone())
            .filter(|f| !f.is_empty())
            .unwrap_or_else(|| "pass a description in a format that is read: OpenAPI, Swagger 2.0, AsyncAPI, GraphQL, protobuf, a Postman collection".to_owned());
        Refusal::new("unreadable-description", because, next).saw("the description as it was read")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::{ManualClock, Timestamp};
    use crate::evidence::{Blob, EventKind, MemoryLedger, NewEvent, Outcome, Phase, Recorded};
    use crate::store::MemoryStore;

    fn record(session: &str, kind: EventKind, data: serde_json::Value) -> Vec<Recorded> {
        let event = NewEvent {
            session: Some(session.to_owned()),
            at: Timestamp(0),
            phase: Phase::Map,
            kind,
            tool: String::new(),
            client: "cli".to_owned(),
            outcome: Outcome::Ok,
            input: Digest::of_bytes(b""),
            output: Digest::of_bytes(b""),
            summary: String::new(),
            data,
            provenance: Provenance::default(),
        };
        vec![Recorded::new(event, Blob::of(&serde_json::Value::Null), Blob::of(&serde_json::Value::Null))]
    }

    fn mapped(session: &str, name: &str) -> Vec<Recorded> {
        let data = workflow::record::SystemMapped {
            name: name.to_owned(),
            api: format!("{name}.yaml"),
            digest: Digest::of_bytes(name.as_bytes()).as_str().to_owned(),
            operations: 1,
            entities: 1,
            findings: 0,
        };
        record(session, EventKind::SystemMapped, data.to_value())
    }

    #[test]
    fn what_others_recorded_since_is_seen_and_nothing_counts_twice() {
        let log = Arc::new(MemoryStore::default());
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let app =
            App::new(Arc::clone(&log) as _, Arc::new(MemoryLedger::default()), clock, Rng::seeded(1), PathBuf::new());
        let id = "s-20261123-k7m2qd";
        log.append(record(id, EventKind::SessionOpened, serde_json::json!({"name": "billing-to-crm", "goal": ""})))
            .unwrap();
        let session = log.session(id).unwrap();
        let anew = || Facts::fold(Some(&session), &log.events_of(&session.id).unwrap());
        assert_eq!(app.facts(&session).unwrap(), anew());
        // More than one page.
        for n in 0..510 {
            log.append(mapped(&session.id, &format!("system-{n}"))).unwrap();
        }
        assert_eq!(app.facts(&session).unwrap(), anew());
        assert_eq!(app.facts(&session).unwrap(), anew());
        log.append(mapped(&session.id, "one-more")).unwrap();
        let facts = app.facts(&session).unwrap();
        assert!(facts.systems.contains_key("one-more"));
        assert_eq!(facts, anew());
    }
}
