//! The verdict, the checklist it follows from, and the confidence with the claims it rests on: all computed from
//! evidence, by [`super::checklist`] and [`super::claim`].

use super::checklist::{Item, ItemState, checklist};
use super::claim::{Claim, Loss, claims, conclude};
use super::constraint::ConstraintFact;
use super::drilled::Drilled;
use super::facts::Facts;
use super::phases::{self, confirm_command};
use super::standing::Standing;
use crate::base::text::plural;
use crate::evidence::{ChainFault, Verdict};
use crate::finding::Confidence;

/// What [`assess`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Readiness {
    /// FAIL: something is shown to be wrong. UNPROVEN: not drilled. PARTIAL: drilled and nothing wrong, but not every
    /// item is met. PASS: every item is met.
    pub verdict: Verdict,
    /// The checklist.
    pub checklist: Vec<Item>,
    /// What the conclusion rests on.
    pub claims: Vec<Claim>,
    /// The confidence; its `Display` is the line of the SOP.
    pub confidence: Confidence,
    /// Where it is lost, largest first, each with the call that would regain it.
    pub lost: Vec<Loss>,
    /// What is not met, each to be taken by somebody or removed.
    pub risks: Vec<String>,
    /// What evidence would raise the confidence, as imperatives.
    pub raise: Vec<String>,
}

impl Readiness {
    /// Codes of the items that are not met.
    pub fn gaps(&self) -> impl Iterator<Item = &'static str> {
        self.checklist.iter().filter(|i| i.state != ItemState::Met).map(|i| i.code)
    }
}

/// Computes readiness with the contract file as it is now; `now` is its digest.
#[must_use]
pub fn readiness(facts: &Facts, now: Option<&str>, chain: Option<&ChainFault>) -> Readiness {
    assess(&facts.clone().with_contract(now), chain)
}

/// Computes readiness. `chain`: what walking the log's chain brought.
#[must_use]
pub fn assess(facts: &Facts, chain: Option<&ChainFault>) -> Readiness {
    let drilled = Drilled::of(facts);
    let items = checklist(facts, &drilled, chain);
    let broken = chain.is_some() || matches!(facts.standing(), Standing::Stands(c) if c.record.errors > 0);
    let failed = drilled.count(Verdict::Fail) > 0;
    let verdict =
        if broken || failed || items.iter().any(|i| i.code == "constraints-settled" && i.state == ItemState::Unmet) {
            Verdict::Fail
        } else if drilled.count(Verdict::Pass) == 0 {
            Verdict::Unproven
        } else if items.iter().all(|i| i.state == ItemState::Met) {
            Verdict::Pass
        } else {
            Verdict::Partial
        };
    let claims = claims(facts, &drilled, &items, chain);
    let (confidence, lost) = conclude(facts, &claims);
    let raise = raise(facts, &drilled, &items, confidence);
    let open = items.iter().filter(|i| i.state != ItemState::Met).map(|i| format!("{}: {}", i.code, i.because));
    let risks = open.chain(facts.constraints.values().filter_map(ConstraintFact::risk)).collect();
    Readiness { verdict, checklist: items, claims, confidence, lost, risks, raise }
}

/// What would raise the confidence, most effective first.
fn raise(facts: &Facts, drilled: &Drilled, items: &[Item], confidence: Confidence) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(item) = items.iter().find(|i| i.code == "evidence-whole" && i.state == ItemState::Unmet) {
        out.push(format!("start over with a log that is whole: {}", item.because));
    }
    for code in ["systems-mapped", "contract-compiles"] {
        if let Some(Item { because, next: Some(next), .. }) =
            items.iter().find(|i| i.code == code && i.state != ItemState::Met)
        {
            out.push(format!("{next}: {because}"));
        }
    }
    if let Some(fact) = facts.constraints.values().find(|c| c.relied_on_though_rejected()) {
        out.push(format!("{}: it was rejected", phases::take_out(facts, fact)));
    }
    let failed: Vec<&str> = drilled.codes(Verdict::Fail).into_iter().collect();
    if !failed.is_empty() {
        out.push(format!("repair what fails and drill again: {}", failed.join(", ")));
    }
    if drilled.drills.is_empty() {
        if let Ok(()) = (phases::CONTRACT_CLEAN.met)(facts) {
            out.push(format!("{}: nothing is drilled", phases::drills(facts)));
        }
    } else if drilled.share() < 1.0 && failed.is_empty() {
        let rest: Vec<&str> =
            drilled.codes(Verdict::Unproven).union(&drilled.codes(Verdict::Partial)).copied().collect();
        out.push(format!("bring these drills to a pass: {}", rest.join(", ")));
    }
    let waiting: Vec<&str> = facts.waiting().map(|c| c.id.as_str()).collect();
    if !waiting.is_empty() {
        out.push(format!("let a person settle {}: {}", waiting.join(", "), confirm_command(facts)));
    }
    let room = confidence.ceiling().value() - confidence.value() > 0.02;
    if failed.is_empty() && !drilled.drills.is_empty() && drilled.schedules < 200 && room {
        out.push(format!("run more than {}", plural(drilled.schedules, "schedule")));
    }
    out
}
