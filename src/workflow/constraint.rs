//! A constraint as it stands: what was said last, and what somebody decided about exactly that.

use super::approvals::counts;
use super::facts::Seen;
use super::looked::Looked;
use super::record::{Approved, Binds, Channel, ConstraintRecorded, Decision, DecisionRecord};
use crate::base::text::quoted;
use crate::contract::{Bar, ConstraintKind};
use crate::evidence::{Event, EventKind};

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
    /// How binding. Once inferred, inferred for good: whether it holds is for a person to say.
    pub kind: ConstraintKind,
    /// Another kind that it was given since it was inferred. It shows in the question and settles nothing.
    pub called: Option<ConstraintKind>,
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
    /// The contract last checked lists it, or relies on it.
    pub in_contract: bool,
    /// Where it stands.
    pub state: ConstraintState,
    /// The decision it stands on.
    pub decided: Option<Seen<DecisionRecord>>,
    /// A decision it stood on until its words changed.
    pub lapsed: Option<Lapsed>,
    /// The weakest channel that settles it, as the contract last checked has it.
    pub bar: Bar,
    /// Who took the risk of leaving it open, for the contract last checked.
    pub risk_taken: Option<Seen<Approved>>,
}

/// A decision that says nothing any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Lapsed {
    /// The decision.
    pub decided: Seen<DecisionRecord>,
    /// The event that changed what was decided on.
    pub by: u64,
    /// What changed, as a fragment.
    pub because: String,
}

impl ConstraintFact {
    pub(super) fn new(constraint: &ConstraintRecorded, seq: u64, recorded: bool) -> Self {
        let ConstraintRecorded { id, kind, says, origin, owner, binds, found: _ } = constraint.clone();
        Self {
            id,
            kind,
            called: None,
            says,
            origin,
            owner,
            binds,
            seq,
            recorded,
            in_contract: false,
            state: ConstraintState::Open,
            decided: None,
            lapsed: None,
            bar: Bar::Any,
            risk_taken: None,
        }
    }

    /// The constraint as it would be recorded.
    #[must_use]
    pub fn record(&self) -> ConstraintRecorded {
        let Self { id, kind, says, origin, owner, binds, .. } = self.clone();
        ConstraintRecorded { id, kind, says, origin, owner, binds, found: false }
    }

    /// What is put before a person: its words, and for one that is called stated by now, where it is said to be, so that
    /// they can look there. That there is something at that place says nothing about what.
    #[must_use]
    pub fn question(&self) -> String {
        let says = &self.says;
        match (self.called, &self.origin) {
            (None, None) => says.clone(),
            (None, Some(origin)) => format!("{says} (said to come from {})", quoted(origin, 160)),
            (Some(kind), Some(origin)) => format!(
                "{says} (was assumed, is called {} now, said to be stated at {}: look whether it says so)",
                kind.as_str(),
                quoted(origin, 160)
            ),
            (Some(kind), None) => format!("{says} (was assumed, is called {} now)", kind.as_str()),
        }
    }

    /// Whether it would wait for a person once this was said about it.
    #[must_use]
    pub fn would_wait(&self, new: &ConstraintRecorded) -> bool {
        let mut then = self.clone();
        then.restate(new, self.seq);
        then.waits_for_a_person()
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
                quoted(&d.record.by, 60),
                d.record.channel.as_str(),
                d.seq
            ),
        }
    }

    /// The events it stands on.
    #[must_use]
    pub fn looked(&self) -> Looked {
        let kind = if self.recorded { EventKind::ConstraintRecorded } else { EventKind::ContractChecked };
        let looked =
            Looked::default().and(self.seq, format!("{} {} as {}", kind.as_str(), self.id, self.kind.as_str()));
        match &self.decided {
            Some(d) => looked.and(
                d.seq,
                format!("{} {}: {}", EventKind::ConstraintsConfirmed.as_str(), self.id, self.state.as_str()),
            ),
            None => looked,
        }
    }

    /// It is inferred and no person has settled it through a channel that the contract lets count. That an agent
    /// reports it rejected is no reason to build on the rest: what was relied on may still be, under no name at all. A
    /// rejection makes nothing pass, so any person's counts; so does a deferral whose risk was taken in the contract's way.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        let by = self.decided.as_ref().map(|d| d.record.channel);
        let settled = match self.state {
            ConstraintState::Confirmed => by.is_some_and(|by| counts(self.bar, by)),
            ConstraintState::Rejected => by.is_some_and(Channel::is_person),
            ConstraintState::Deferred => self.is_put_off_by_a_person() && self.risk_taken.is_some(),
            ConstraintState::Open | ConstraintState::Reported => false,
        };
        self.kind == ConstraintKind::Inferred && !settled
    }

    /// A person was asked and put it off; that an agent says so is no deferral whose risk could be taken.
    #[must_use]
    pub fn is_put_off_by_a_person(&self) -> bool {
        self.state == ConstraintState::Deferred && self.decided.as_ref().is_some_and(|d| d.record.channel.is_person())
    }

    /// The risk that comes with what was decided; nothing where nothing was put off or corrected.
    #[must_use]
    pub fn risk(&self) -> Option<String> {
        let decided = &self.decided.as_ref()?.record;
        let by = quoted(&decided.by, 60);
        match (self.state, &decided.risk, &decided.correction) {
            (ConstraintState::Deferred, Some(risk), _) => {
                Some(format!("{}: put off by {by}, who takes this risk: {}", self.id, quoted(risk, 300)))
            }
            (ConstraintState::Deferred, None, _) => Some(format!(
                "{}: put off by {by}, who named no risk; if it does not hold, nobody has said what follows",
                self.id
            )),
            (ConstraintState::Rejected, _, Some(correction)) => {
                Some(format!("{}: rejected by {by}; what holds instead: {}", self.id, quoted(correction, 300)))
            }
            _ => None,
        }
    }

    /// It was rejected, and the contract relies on it all the same.
    #[must_use]
    pub fn relied_on_though_rejected(&self) -> bool {
        self.state == ConstraintState::Rejected && self.in_contract
    }

    /// It was inferred before, whatever it is called now.
    pub(super) fn be_inferred(&mut self) {
        if self.kind != ConstraintKind::Inferred {
            self.called = Some(self.kind);
            self.kind = ConstraintKind::Inferred;
        }
    }

    /// What was decided counts for nothing any more, and it is open again.
    pub(super) fn reopen(&mut self, because: &str) {
        self.state = ConstraintState::Open;
        if let Some(decided) = self.decided.take() {
            self.lapsed = Some(Lapsed { by: decided.seq, decided, because: because.to_owned() });
        }
    }

    pub(super) fn restate(&mut self, new: &ConstraintRecorded, seq: u64) {
        // Who says nothing about what it binds leaves that as it was.
        let binds = if new.binds.is_empty() { self.binds.clone() } else { new.binds.clone() };
        if self.says != new.says || !binds.within(&self.binds) {
            // What was decided was decided about other words, or about less. About more than is left it still holds.
            let because = if self.says == new.says {
                format!("it was decided for {} and now binds {binds}", self.binds)
            } else {
                format!("\"{}\" became \"{}\"", quoted(&self.says, 60), quoted(&new.says, 60))
            };
            self.state = ConstraintState::Open;
            self.risk_taken = None;
            if let Some(decided) = self.decided.take() {
                self.lapsed = Some(Lapsed { decided, by: seq, because });
            }
        }
        // An inferred constraint never leaves that kind: a place that is there need not say so, and a document or a
        // person named by an agent is a report. Relabelling would be a way round the human.
        if self.kind == ConstraintKind::Inferred {
            self.called = Some(new.kind).filter(|kind| *kind != ConstraintKind::Inferred);
        } else {
            self.kind = new.kind;
        }
        self.says.clone_from(&new.says);
        self.origin.clone_from(&new.origin);
        self.owner = new.owner.clone().or(self.owner.take());
        self.binds = binds;
        self.seq = seq;
    }

    pub(super) fn decide(&mut self, decided: &DecisionRecord, event: &Event) {
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
        self.lapsed = None;
        // A risk was taken over what was put off before, not over this.
        self.risk_taken = None;
        self.decided = Some(Seen { seq: event.seq, at: event.event.at, record: decided.clone() });
    }
}
