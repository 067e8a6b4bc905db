//! What is refused, one rule a file. A rule looks at the call and the facts and says why not and what instead; the
//! first that refuses is heard.
//!
//! A call outside any session has no phases and passes the gates by: it leaves nothing that a session could rest on.

mod approval_without_words;
mod confidence_overstated;
mod contract_changed_since_check;
mod hard_without_origin;
mod inferred_relabelled;
mod person_overruled;
mod phase_gate_unmet;
mod system_not_mapped;

use super::facts::Facts;
use super::looked::Looked;
use super::phases::Call;
use super::record::{ConstraintRecorded, DecisionRecord};
use crate::evidence::Session;

/// What a call wants to put into the record, as far as rules look at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Proposal<'a> {
    /// Nothing that a rule looks at.
    Nothing,
    /// The systems it is about, by name.
    Systems(&'a [&'a str]),
    /// A constraint to be recorded.
    Constraint(&'a ConstraintRecorded),
    /// Text of the agent's own that goes to people.
    Notes(&'a str),
    /// Decisions that came as arguments of the call.
    Decisions(&'a [DecisionRecord]),
}

/// A call, before it is made.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The tool.
    pub tool: &'a str,
    /// What is known.
    pub facts: &'a Facts,
    /// The session it belongs to.
    pub session: Option<&'a Session>,
    /// What it wants to put into the record.
    pub proposal: Proposal<'a>,
}

/// No, why, and what instead.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Kebab-case name of what is wrong.
    pub code: &'static str,
    /// Why, as a fragment.
    pub because: String,
    /// The evidence it looked at; nothing where the call alone is wrong.
    pub looked: Looked,
    /// A call that moves on.
    pub next: Call,
    /// What a person has to do, where only a person can.
    pub person: Option<String>,
}

impl Refusal {
    /// The next call, and what a person types where only a person can help.
    #[must_use]
    pub fn next_line(&self) -> String {
        match &self.person {
            Some(person) => format!("{}; or a person types: {person}", self.next),
            None => self.next.to_string(),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "refused: {}: {}", self.code, self.because)?;
        if !self.looked.is_empty() {
            writeln!(f, "looked at: {}", self.looked)?;
        }
        write!(f, "next: {}", self.next_line())
    }
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// Nothing against it.
    Allow,
    /// No.
    Refuse(Refusal),
}

/// One rule.
#[derive(Debug)]
pub struct Guardrail {
    /// The code of its refusals.
    pub code: &'static str,
    /// The rule.
    pub rule: fn(&Ask<'_>) -> Ruling,
}

/// All rules, in the order they are heard.
pub const ALL: [&Guardrail; 8] = [
    &system_not_mapped::RULE,
    &hard_without_origin::RULE,
    &inferred_relabelled::RULE,
    &approval_without_words::RULE,
    &person_overruled::RULE,
    &confidence_overstated::RULE,
    // Before the gates: it says more precisely what the gate would say.
    &contract_changed_since_check::RULE,
    &phase_gate_unmet::RULE,
];

/// Hears all rules.
#[must_use]
pub fn rule(ask: &Ask<'_>) -> Ruling {
    ALL.iter().map(|g| (g.rule)(ask)).find(|r| *r != Ruling::Allow).unwrap_or(Ruling::Allow)
}
