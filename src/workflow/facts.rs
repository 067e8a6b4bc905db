//! What the events of a session add up to.

use indexmap::IndexMap;

use super::record::{
    Binds, ConnectorScaffolded, ConstraintRecorded, ConstraintsConfirmed, ContractChecked, ContractDrafted, Decision,
    DecisionRecord, DossierExported, DrillsRun, ReadinessAssessed, Record, SystemMapped,
};
use crate::base::clock::Timestamp;
use crate::contract::ConstraintKind;
use crate::evidence::{Event, EventKind, Outcome, Session};

/// A record, and the event that carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<T> {
    /// Sequence number of the event.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub record: T,
}

/// Where a constraint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintState {
    /// Nobody decided.
    Open,
    /// An agent says that a person confirmed it. Good enough to draft and drill on, not to build on.
    Reported,
    /// A person confirmed it.
    Confirmed,
    /// It was rejected.
    Rejected,
    /// A person was asked and put it off.
    Deferred,
}

impl ConstraintState {
    /// `open`, `reported`, `confirmed`, `rejected`, `deferred`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Reported => "reported",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
            Self::Deferred => "deferred",
        }
    }
}

/// A constraint as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstraintFact {
    /// Kebab-case handle.
    pub id: String,
    /// How binding.
    pub kind: ConstraintKind,
    /// What must hold, in words.
    pub says: String,
    /// Where it comes from.
    pub origin: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What it is about.
    pub binds: Binds,
    /// The event that said so last.
    pub seq: u64,
    /// Recorded by a call of its own, not only found in a contract.
    pub recorded: bool,
    /// The contract last checked lists it.
    pub in_contract: bool,
    /// Where it stands.
    pub state: ConstraintState,
    /// The decision it stands on.
    pub decided: Option<Seen<DecisionRecord>>,
}

impl ConstraintFact {
    fn new(constraint: &ConstraintRecorded, seq: u64, recorded: bool) -> Self {
        let ConstraintRecorded { id, kind, says, origin, owner, binds } = constraint.clone();
        let (state, decided) = (ConstraintState::Open, None);
        Self { id, kind, says, origin, owner, binds, seq, recorded, in_contract: false, state, decided }
    }

    /// The constraint as it would be recorded.
    #[must_use]
    pub fn record(&self) -> ConstraintRecorded {
        let Self { id, kind, says, origin, owner, binds, .. } = self.clone();
        ConstraintRecorded { id, kind, says, origin, owner, binds }
    }

    /// What a decision about it must be bound to.
    #[must_use]
    pub fn digest(&self) -> String {
        self.record().digest().as_str().to_owned()
    }

    /// A person confirmed it.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.state == ConstraintState::Confirmed
    }

    /// `confirmed by mira through elicitation (event 9)`, `open`.
    #[must_use]
    pub fn state_line(&self) -> String {
        match &self.decided {
            None => self.state.as_str().to_owned(),
            Some(d) => format!(
                "{} by {} through {} (event {})",
                self.state.as_str(),
                crate::base::text::quoted(&d.record.by, 60),
                d.record.channel.as_str(),
                d.seq
            ),
        }
    }

    /// It is inferred and no person has settled it.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        self.kind == ConstraintKind::Inferred
            && !matches!(self.state, ConstraintState::Confirmed | ConstraintState::Rejected)
    }

    /// It was rejected, and the contract relies on it all the same.
    #[must_use]
    pub fn relied_on_though_rejected(&self) -> bool {
        self.state == ConstraintState::Rejected && self.in_contract
    }

    fn restate(&mut self, new: &ConstraintRecorded, seq: u64) {
        // Who says nothing about what it binds leaves that as it was.
        let binds = if new.binds.is_empty() { self.binds.clone() } else { new.binds.clone() };
        if self.says != new.says || !binds.within(&self.binds) {
            // What was decided was decided about other words, or about less. About more than is left it still holds.
            self.state = ConstraintState::Open;
            self.decided = None;
        }
        // An inferred constraint leaves that kind only with the place that states it. Otherwise relabelling would be
        // a way round the human.
        let relabelled =
            self.kind == ConstraintKind::Inferred && new.kind != ConstraintKind::Inferred && new.origin.is_none();
        self.kind = if relabelled { ConstraintKind::Inferred } else { new.kind };
        self.says.clone_from(&new.says);
        self.origin.clone_from(&new.origin);
        self.owner = new.owner.clone().or(self.owner.take());
        self.binds = binds;
        self.seq = seq;
    }

    fn decide(&mut self, decided: &DecisionRecord, event: &Event) {
        if decided.digest != self.digest() {
            return;
        }
        // What a person decided is not undone by what an agent reports.
        let by_person = self.decided.as_ref().is_some_and(|d| d.record.channel.is_person());
        if by_person && !decided.channel.is_person() {
            return;
        }
        self.state = match (decided.decision, decided.channel.is_person()) {
            (Decision::Confirmed, true) => ConstraintState::Confirmed,
            (Decision::Confirmed, false) => ConstraintState::Reported,
            // A rejection makes nothing pass, so it is believed from anybody.
            (Decision::Rejected, _) => ConstraintState::Rejected,
            (Decision::Deferred, _) => ConstraintState::Deferred,
        };
        self.decided = Some(Seen { seq: event.seq, at: event.event.at, record: decided.clone() });
    }
}

/// Whether the last check still says something about the contract as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing<'f> {
    /// Nothing was checked.
    Never,
    /// What was checked has changed since.
    Stale {
        /// The last check.
        check: &'f Seen<ContractChecked>,
        /// What changed, in words.
        because: String,
    },
    /// It stands.
    Stands(&'f Seen<ContractChecked>),
}

/// Everything that gates, guardrails and readiness compute from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The session, where the call belongs to one.
    pub session: Option<Session>,
    /// Digest of the contract file as it is now; nothing where it was not read: then what was last checked counts.
    pub contract: Option<String>,
    /// Systems by name, in the order they were first mapped; each as last mapped.
    pub systems: IndexMap<String, Seen<SystemMapped>>,
    /// Constraints by id, in the order they first came up.
    pub constraints: IndexMap<String, ConstraintFact>,
    /// Ids that were put before somebody and brought no answer, at the last asking.
    pub pending: Vec<String>,
    /// The last draft.
    pub drafted: Option<Seen<ContractDrafted>>,
    /// All checks, oldest first.
    pub checks: Vec<Seen<ContractChecked>>,
    /// The last scaffold.
    pub scaffolded: Option<Seen<ConnectorScaffolded>>,
    /// All drill runs, oldest first.
    pub drills: Vec<Seen<DrillsRun>>,
    /// The last assessment.
    pub readiness: Option<Seen<ReadinessAssessed>>,
    /// The last dossier.
    pub dossier: Option<Seen<DossierExported>>,
    /// Calls that were refused.
    pub refused: u64,
    /// Events whose data could not be read back; they count for nothing.
    pub unreadable: Vec<u64>,
    /// Sequence number of the last event.
    pub last: u64,
}

impl Facts {
    /// Folds the events of one session, which must be in order.
    #[must_use]
    pub fn fold(session: Option<&Session>, events: &[Event]) -> Self {
        let mut facts = Self { session: session.cloned(), ..Self::default() };
        for event in events {
            facts.add(event);
        }
        facts
    }

    /// With the digest of the contract file as it is now.
    #[must_use]
    pub fn with_contract(mut self, digest: Option<&str>) -> Self {
        self.contract = digest.map(str::to_owned);
        self
    }

    /// Adds the next event.
    pub fn add(&mut self, event: &Event) {
        self.last = event.seq;
        match event.event.outcome {
            Outcome::Refused => {
                self.refused += 1;
                return;
            }
            Outcome::Fault => return,
            Outcome::Ok => {}
        }
        match event.event.kind {
            EventKind::SystemMapped => {
                if let Some(seen) = self.read::<SystemMapped>(event) {
                    self.systems.insert(seen.record.name.clone(), seen);
                }
            }
            EventKind::ConstraintRecorded => {
                if let Some(seen) = self.read::<ConstraintRecorded>(event) {
                    self.restate(&seen.record, seen.seq, true);
                }
            }
            EventKind::ConstraintsConfirmed => {
                if let Some(seen) = self.read::<ConstraintsConfirmed>(event) {
                    for decided in &seen.record.decisions {
                        if let Some(fact) = self.constraints.get_mut(&decided.id) {
                            fact.decide(decided, event);
                        }
                    }
                    self.pending = seen.record.pending;
                }
            }
            EventKind::ContractDrafted => self.drafted = self.read(event).or(self.drafted.take()),
            EventKind::ContractChecked => {
                if let Some(seen) = self.read::<ContractChecked>(event) {
                    self.checked(&seen);
                    self.checks.push(seen);
                }
            }
            EventKind::ConnectorScaffolded => self.scaffolded = self.read(event).or(self.scaffolded.take()),
            EventKind::DrillsRun => {
                if let Some(seen) = self.read(event) {
                    self.drills.push(seen);
                }
            }
            EventKind::ReadinessAssessed => self.readiness = self.read(event).or(self.readiness.take()),
            EventKind::DossierExported => self.dossier = self.read(event).or(self.dossier.take()),
            // Said out, so that a new kind is looked at here.
            EventKind::SessionOpened
            | EventKind::SystemInspected
            | EventKind::DriftChecked
            | EventKind::EvidenceQueried
            | EventKind::ConnectorRun
            | EventKind::SkillVerified
            | EventKind::Approved
            | EventKind::EvidenceSealed
            | EventKind::EvidenceExported
            | EventKind::EvidenceImported
            | EventKind::EvidenceCompacted
            | EventKind::Refused
            | EventKind::Faulted => {}
        }
    }

    fn read<R: Record>(&mut self, event: &Event) -> Option<Seen<R>> {
        let record = serde_json::from_value::<R>(event.event.data.clone()).ok();
        if record.is_none() {
            self.unreadable.push(event.seq);
        }
        record.map(|record| Seen { seq: event.seq, at: event.event.at, record })
    }

    fn restate(&mut self, constraint: &ConstraintRecorded, seq: u64, recorded: bool) {
        match self.constraints.get_mut(&constraint.id) {
            Some(fact) => {
                fact.restate(constraint, seq);
                fact.recorded |= recorded;
            }
            None => {
                let fact = ConstraintFact::new(constraint, seq, recorded);
                self.constraints.insert(constraint.id.clone(), fact);
            }
        }
    }

    /// The constraints of a contract are constraints, recorded or not.
    fn checked(&mut self, check: &Seen<ContractChecked>) {
        for constraint in &check.record.constraints {
            self.restate(constraint, check.seq, false);
        }
        for (id, fact) in &mut self.constraints {
            fact.in_contract = check.record.constraints.iter().any(|c| c.id == *id);
        }
        self.constraints.retain(|_, fact| fact.recorded || fact.in_contract);
    }

    /// Whether the last check still says something about the contract as it is.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        let Some(check) = self.checks.last() else { return Standing::Never };
        let stale = |because: String| Standing::Stale { check, because };
        if let Some(now) = &self.contract
            && *now != check.record.digest
        {
            return stale(format!("{} has changed since it was checked (event {})", check.record.file, check.seq));
        }
        for (name, seen) in &self.systems {
            if seen.seq > check.seq && check.record.systems.get(name).is_some_and(|d| *d != seen.record.digest) {
                return stale(format!(
                    "the description of {name} has changed since the contract was checked (event {})",
                    check.seq
                ));
            }
        }
        Standing::Stands(check)
    }

    /// From which event on evidence is about the same contract and descriptions as the check that stands.
    #[must_use]
    pub fn standing_since(&self) -> Option<u64> {
        let Standing::Stands(check) = self.standing() else { return None };
        self.checks
            .iter()
            .rev()
            .take_while(|c| c.record.digest == check.record.digest && c.record.systems == check.record.systems)
            .last()
            .map(|c| c.seq)
    }

    /// Drill runs that are about the contract as it is, oldest first.
    pub fn standing_drills(&self) -> impl Iterator<Item = &Seen<DrillsRun>> {
        let digest = match self.standing() {
            Standing::Stands(check) => Some(check.record.digest.clone()),
            Standing::Never | Standing::Stale { .. } => None,
        };
        let since = self.standing_since();
        self.drills.iter().filter(move |d| {
            since.is_some_and(|since| d.seq > since) && digest.as_ref().is_some_and(|digest| *digest == d.record.digest)
        })
    }

    /// Drill runs that say nothing about the contract any more.
    #[must_use]
    pub fn stale_drills(&self) -> usize {
        self.drills.len() - self.standing_drills().count()
    }

    /// Inferred constraints that no person has settled, in order.
    pub fn waiting(&self) -> impl Iterator<Item = &ConstraintFact> {
        self.constraints.values().filter(|c| c.waits_for_a_person())
    }

    /// Inferred constraints that no person has settled, by id.
    #[must_use]
    pub fn open_inferred(&self) -> Vec<(&str, &ConstraintFact)> {
        self.waiting().map(|c| (c.id.as_str(), c)).collect()
    }

    /// The last drill run, whether it still says something or not.
    #[must_use]
    pub fn last_drills(&self) -> Option<&Seen<DrillsRun>> {
        self.drills.last()
    }

    /// The contract file of this session: the one last checked, else the one drafted.
    #[must_use]
    pub fn contract_file(&self) -> Option<&str> {
        let checked = self.checks.last().map(|c| c.record.file.as_str());
        checked.or(self.drafted.as_ref().map(|d| d.record.file.as_str()))
    }
}
