//! What the events of a session add up to.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::approvals::{Statement, What, counts};
use super::constraint::{ConstraintFact, ConstraintState};
use super::observed::RunSaw;
use super::record::{
    Approved, Channel, ConnectorScaffolded, ConstraintRecorded, ConstraintsConfirmed, ContractChecked, ContractDrafted,
    DossierExported, DriftChecked, DrillsRun, ReadinessAssessed, Record, SystemMapped,
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

/// Everything that gates, guardrails and readiness compute from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The session, where the call belongs to one.
    pub session: Option<Session>,
    /// The contract file that the call names, where it names one.
    pub named: Option<String>,
    /// Digest of the contract file as it is now; nothing where it was not read: then what was last checked counts.
    pub contract: Option<String>,
    /// Digests of description files as they are now, by path as recorded; `gone` for one that is not there. Those not
    /// read are absent: then what was last read counts.
    pub files: BTreeMap<String, String>,
    /// Systems by name, in the order they were first mapped; each as last mapped.
    pub systems: IndexMap<String, Seen<SystemMapped>>,
    /// Descriptions compared, oldest first.
    pub drifts: Vec<Seen<DriftChecked>>,
    /// Constraints by id, in the order they first came up.
    pub constraints: IndexMap<String, ConstraintFact>,
    /// Ids of constraints that were inferred at some time, those included that nothing mentions any more.
    pub inferred: BTreeSet<String>,
    /// Ids that were put before somebody and brought no answer, at the last asking.
    pub pending: Vec<String>,
    /// The text of the last draft of each file, by its path.
    pub drafts: BTreeMap<String, String>,
    /// The last draft.
    pub drafted: Option<Seen<ContractDrafted>>,
    /// All checks, oldest first.
    pub checks: Vec<Seen<ContractChecked>>,
    /// The last scaffold.
    pub scaffolded: Option<Seen<ConnectorScaffolded>>,
    /// All drill runs, oldest first.
    pub drills: Vec<Seen<DrillsRun>>,
    /// All approvals of this session, oldest first.
    pub approvals: Vec<Seen<Approved>>,
    /// The last assessment.
    pub readiness: Option<Seen<ReadinessAssessed>>,
    /// The last dossier.
    pub dossier: Option<Seen<DossierExported>>,
    /// What runs saw of the systems, oldest first.
    pub observed: Vec<Seen<RunSaw>>,
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

    /// With the digests of description files as they are now.
    #[must_use]
    pub fn with_files(mut self, files: BTreeMap<String, String>) -> Self {
        self.files = files;
        self
    }

    /// Without the approvals by signature that are not `proven`, and without what rests on them. Whoever can write
    /// the log can write that somebody signed; a key can be taken out of the list. What is signed is asked for again
    /// wherever it opens something.
    #[must_use]
    pub fn with_proven(mut self, proven: &dyn Fn(&Statement, &Approved) -> bool) -> Self {
        let stands = |constraints: &IndexMap<String, ConstraintFact>, approved: &Approved| {
            let risk = approved.risk.as_ref();
            let words = risk.and_then(|risk| constraints.get(risk)).map(ConstraintFact::digest).unwrap_or_default();
            let statement = Statement {
                what: approved.what,
                risk: risk.map(|risk| (risk.clone(), words)),
                name: approved.name.clone(),
                contract: approved.digest.clone(),
                systems: approved.systems.clone(),
            };
            approved.channel != Channel::Signature || statement.is_of(approved) && proven(&statement, approved)
        };
        self.approvals.retain(|seen| stands(&self.constraints, &seen.record));
        let (approvals, checks) = (&self.approvals, &self.checks);
        for fact in self.constraints.values_mut() {
            fact.risk_taken.take_if(|taken| !approvals.iter().any(|a| a.seq == taken.seq));
            // Settled by a signature over a contract that lists it in these words.
            let signed = |decided: u64, fact: &ConstraintFact| {
                approvals.iter().any(|a| {
                    let of = &a.record;
                    a.seq < decided
                        && (of.what, of.channel) == (What::InferredConstraints, Channel::Signature)
                        && checks
                            .iter()
                            .filter(|c| c.record.digest == of.digest)
                            .any(|c| c.record.constraints.iter().any(|c| c.id == fact.id && c.says == fact.says))
                })
            };
            let unproven = fact
                .decided
                .as_ref()
                .is_some_and(|decided| decided.record.channel == Channel::Signature && !signed(decided.seq, fact));
            if unproven {
                fact.reopen("no signature over it verifies");
            }
        }
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
            EventKind::ContractDrafted => {
                self.drafted = self.read(event).or(self.drafted.take());
                if let Some(draft) = self.drafted.as_ref().map(|d| &d.record) {
                    self.drafts.insert(draft.file.clone(), draft.text.clone());
                }
            }
            EventKind::ContractChecked => {
                if let Some(seen) = self.read::<ContractChecked>(event) {
                    self.checked(&seen);
                    self.checks.push(seen);
                }
            }
            EventKind::ConnectorScaffolded => {
                let written = self.read::<ConnectorScaffolded>(event).filter(|s| !s.record.dry_run);
                self.scaffolded = written.or(self.scaffolded.take());
            }
            EventKind::DrillsRun => {
                // What another program showed says nothing of the connector that runs the contract.
                if let Some(seen) = self.read::<DrillsRun>(event).filter(|seen| seen.record.program.is_none()) {
                    self.drills.push(seen);
                }
            }
            EventKind::DriftChecked => {
                if let Some(seen) = self.read(event) {
                    self.drifts.push(seen);
                }
            }
            EventKind::ReadinessAssessed => self.readiness = self.read(event).or(self.readiness.take()),
            EventKind::Approved => {
                if let Some(seen) = self.read::<Approved>(event) {
                    self.approved(seen);
                }
            }
            EventKind::ConnectorRun => {
                let seen = self.read::<RunSaw>(event).filter(|seen| !seen.record.observed.is_empty());
                self.observed.extend(seen);
            }
            EventKind::DossierExported => self.dossier = self.read(event).or(self.dossier.take()),
            // Said out, so that a new kind is looked at here.
            EventKind::SessionOpened
            | EventKind::SystemInspected
            | EventKind::EvidenceQueried
            | EventKind::SkillVerified
            | EventKind::ConnectorOperated
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
                let mut fact = ConstraintFact::new(constraint, seq, recorded);
                // Under another kind it does not come back as another constraint.
                if self.inferred.contains(&constraint.id) {
                    fact.be_inferred();
                }
                fact.bar = self.checks.last().map(|c| c.record.approvals.inferred_constraints).unwrap_or_default();
                self.constraints.insert(constraint.id.clone(), fact);
            }
        }
        if self.constraints.get(&constraint.id).is_some_and(|c| c.kind == ConstraintKind::Inferred) {
            self.inferred.insert(constraint.id.clone());
        }
    }

    /// The constraints of a contract are constraints, recorded or not; so is what it relies on without a word.
    fn checked(&mut self, check: &Seen<ContractChecked>) {
        let said = || check.record.constraints.iter().chain(&check.record.assumed);
        for constraint in said() {
            self.restate(constraint, check.seq, false);
        }
        for (id, fact) in &mut self.constraints {
            fact.in_contract = said().any(|c| c.id == *id);
            fact.bar = check.record.approvals.inferred_constraints;
            // A risk was taken with this contract and these descriptions in view, not with the next ones.
            fact.risk_taken = fact.risk_taken.take().filter(|taken| same(&taken.record, &check.record));
        }
        // An assumption does not become settled by being struck out: it waits until a person has seen it go. And what was
        // rejected is not forgotten, so that it does not come back as if nobody had said anything.
        let known = |fact: &ConstraintFact| fact.waits_for_a_person() || fact.state == ConstraintState::Rejected;
        self.constraints.retain(|_, fact| fact.recorded || fact.in_contract || known(fact));
    }

    fn approved(&mut self, seen: Seen<Approved>) {
        let checked = self.checks.last().is_some_and(|c| {
            same(&seen.record, &c.record) && counts(c.record.approvals.accept_risk, seen.record.channel)
        });
        if checked
            && seen.record.what == What::AcceptRisk
            && let Some(fact) = seen.record.risk.as_ref().and_then(|risk| self.constraints.get_mut(risk))
            && fact.is_put_off_by_a_person()
        {
            fact.risk_taken = Some(seen.clone());
        }
        self.approvals.push(seen);
    }

    /// Whether the constraint would wait for a person, were it recorded.
    #[must_use]
    pub fn would_wait(&self, new: &ConstraintRecorded) -> bool {
        match self.constraints.get(&new.id) {
            Some(known) => known.would_wait(new),
            None => new.kind == ConstraintKind::Inferred || self.inferred.contains(&new.id),
        }
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

    /// The contract file of this session: the one last checked, else the one drafted, else the one that the call names.
    #[must_use]
    pub fn contract_file(&self) -> Option<&str> {
        let checked = self.checks.last().map(|c| c.record.file.as_str());
        checked.or(self.drafted.as_ref().map(|d| d.record.file.as_str())).or(self.named.as_deref())
    }
}

/// The approval is of the contract and the descriptions that this check read.
fn same(approved: &Approved, check: &ContractChecked) -> bool {
    approved.digest == check.digest && approved.systems == check.systems
}
