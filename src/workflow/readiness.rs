//! The SOP's validation checklist, the verdict and the confidence, all computed from evidence.
//!
//! **Confidence.** What it is about: that the connector does what the contract says, under the faults drilled.
//!
//! | evidence | value before the ceiling |
//! |---|---|
//! | nothing mapped | 0 |
//! | two systems mapped | 0.10 |
//! | contract compiles, nothing drilled | 0.30 |
//! | drilled, something failed | 0.20 × share |
//! | drilled, nothing failed | 0.50 + 0.45 × share × depth − 0.01 for each item of the checklist not met |
//!
//! `share` is the share of drills that passed among those that apply; `depth` is n / (n + 10) for n schedules behind
//! the drills that passed. A chain that does not hold, or a contract with errors, leaves 0.
//!
//! **Ceiling**, the lowest among the claims it rests on: inference where nothing is drilled or an inferred constraint
//! is open; report where one rests on what an agent says; policy where a person settled one; else observation.
//!
//! Hence: never above the ceiling, more that passes never lowers, a failure never raises. All three are tests.

use super::constraint::{ConstraintFact, ConstraintState};
use super::drilled::{Drilled, HAPPY, UNKNOWN_OUTCOME};
use super::facts::Facts;
use super::phases::{self, Call, call, confirm_command};
use super::standing::Standing;
use crate::base::text::plural;
use crate::contract::ConstraintKind;
use crate::evidence::{ChainFault, Verdict};
use crate::finding::{Ceiling, Confidence};

/// Where an item of the checklist stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ItemState {
    /// Shown by evidence.
    Met,
    /// Shown not to hold.
    Unmet,
    /// Not shown either way.
    Unproven,
}

impl ItemState {
    /// `met`, `unmet`, `unproven`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Unmet => "unmet",
            Self::Unproven => "unproven",
        }
    }
}

/// One item of the checklist.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Kebab-case name.
    pub code: &'static str,
    /// What must be so.
    pub item: &'static str,
    /// Where it stands.
    pub state: ItemState,
    /// Why, as a fragment.
    pub because: String,
    /// Events it rests on.
    pub evidence: Vec<u64>,
    /// The call that would meet it, where one would.
    pub next: Option<Call>,
}

/// What [`assess`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Readiness {
    /// FAIL: something is shown to be wrong. UNPROVEN: not drilled. PARTIAL: drilled and nothing wrong, but not every
    /// item is met. PASS: every item is met.
    pub verdict: Verdict,
    /// The checklist.
    pub checklist: Vec<Item>,
    /// The confidence; its `Display` is the line of the SOP.
    pub confidence: Confidence,
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
    let items = vec![
        systems(facts),
        constraints(facts),
        contract(facts),
        idempotency(facts, &drilled),
        paths("happy-path-drilled", "the happy path is drilled", facts, &drilled, |code| HAPPY.contains(&code)),
        paths("failure-paths-drilled", "the failure paths are drilled", facts, &drilled, |code| !HAPPY.contains(&code)),
        rollback(),
        monitoring(facts, &drilled),
        evidence(facts, chain),
    ];
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
    let gaps = items.iter().filter(|i| i.state != ItemState::Met).count();
    let confidence =
        if broken { Confidence::capped(0.0, Ceiling::Inference) } else { confidence(facts, &drilled, gaps) };
    let raise = raise(facts, &drilled, &items, confidence);
    let risks =
        items.iter().filter(|i| i.state != ItemState::Met).map(|i| format!("{}: {}", i.code, i.because)).collect();
    Readiness { verdict, checklist: items, confidence, risks, raise }
}

fn confidence(facts: &Facts, drilled: &Drilled, gaps: usize) -> Confidence {
    let passed = drilled.count(Verdict::Pass);
    let ceiling = ceiling(facts, passed > 0);
    let value = if drilled.count(Verdict::Fail) > 0 {
        0.20 * drilled.share()
    } else if passed > 0 {
        let n = drilled.schedules as f64;
        0.50 + 0.45 * drilled.share() * (n / (n + 10.0)) - 0.01 * gaps as f64
    } else if matches!(facts.standing(), Standing::Stands(_)) {
        0.30
    } else if facts.systems.len() >= 2 {
        0.10
    } else {
        0.0
    };
    Confidence::capped(value, ceiling)
}

/// The lowest ceiling among the claims the conclusion rests on.
fn ceiling(facts: &Facts, drilled: bool) -> Ceiling {
    let inferred = || facts.constraints.values().filter(|c| c.kind == ConstraintKind::Inferred);
    if !drilled || inferred().any(|c| matches!(c.state, ConstraintState::Open | ConstraintState::Deferred)) {
        Ceiling::Inference
    } else if inferred().any(|c| c.state == ConstraintState::Reported) {
        Ceiling::Report
    } else if inferred().any(|c| c.state == ConstraintState::Confirmed) {
        // A person with a say made it a rule. That is more than a report and less than having seen it.
        Ceiling::Policy
    } else {
        Ceiling::Observation
    }
}

fn item(code: &'static str, asks: &'static str, state: ItemState, because: impl Into<String>) -> Item {
    Item { code, item: asks, state, because: because.into(), evidence: Vec::new(), next: None }
}

fn systems(facts: &Facts) -> Item {
    let (code, asks) = ("systems-mapped", "both systems are mapped, each fact with its origin");
    let evidence = facts.systems.values().map(|s| s.seq).collect();
    match (phases::SYSTEMS_MAPPED.met)(facts) {
        Ok(()) => {
            let names: Vec<String> = facts
                .systems
                .iter()
                .map(|(name, s)| format!("{name} ({} from {})", plural(s.record.operations, "operation"), s.record.api))
                .collect();
            Item { evidence, ..item(code, asks, ItemState::Met, names.join("; ")) }
        }
        Err(unmet) => Item { evidence, next: Some(unmet.next), ..item(code, asks, ItemState::Unproven, unmet.because) },
    }
}

fn constraints(facts: &Facts) -> Item {
    let (code, asks) =
        ("constraints-settled", "every constraint is sorted, and a person has settled the inferred ones");
    if facts.constraints.is_empty() {
        return Item {
            next: Some(call(
                facts,
                "record_constraint",
                serde_json::json!({"id": "ID", "kind": "inferred", "says": "WHAT MUST HOLD"}),
            )),
            ..item(code, asks, ItemState::Unproven, "no constraint is recorded; what the flow relies on is unsaid")
        };
    }
    let evidence = facts.constraints.values().map(|c| c.decided.as_ref().map_or(c.seq, |d| d.seq)).collect();
    match (phases::INFERRED_SETTLED.met)(facts) {
        Ok(()) => {
            let count = |kind| facts.constraints.values().filter(|c| c.kind == kind).count();
            let because = format!(
                "{} hard, {} soft, {} inferred, none open",
                count(ConstraintKind::Hard),
                count(ConstraintKind::Soft),
                count(ConstraintKind::Inferred)
            );
            Item { evidence, ..item(code, asks, ItemState::Met, because) }
        }
        Err(unmet) => {
            let rejected = facts.constraints.values().any(ConstraintFact::relied_on_though_rejected);
            let state = if rejected { ItemState::Unmet } else { ItemState::Unproven };
            Item { evidence, next: Some(unmet.next), ..item(code, asks, state, unmet.because) }
        }
    }
}

fn contract(facts: &Facts) -> Item {
    let (code, asks) = ("contract-compiles", "the contract compiles as it is now");
    let evidence = facts.checks.last().map(|c| c.seq).into_iter().collect();
    match (phases::CONTRACT_CLEAN.met)(facts) {
        Ok(()) => {
            let because = facts.checks.last().map_or_else(String::new, |c| {
                format!("{} without errors, {}", c.record.file, plural(c.record.warnings, "warning"))
            });
            Item { evidence, ..item(code, asks, ItemState::Met, because) }
        }
        Err(unmet) => {
            let wrong = matches!(facts.standing(), Standing::Stands(_));
            let state = if wrong { ItemState::Unmet } else { ItemState::Unproven };
            Item { evidence, next: Some(unmet.next), ..item(code, asks, state, unmet.because) }
        }
    }
}

fn idempotency(facts: &Facts, drilled: &Drilled) -> Item {
    let asks = "a write that is sent twice has one effect";
    paths("writes-idempotent", asks, facts, drilled, |code| UNKNOWN_OUTCOME.contains(&code))
}

/// An item that drills show.
fn paths(
    code: &'static str,
    asks: &'static str,
    facts: &Facts,
    drilled: &Drilled,
    belongs: impl Fn(&str) -> bool + Copy,
) -> Item {
    let these = |verdict| drilled.codes(verdict).into_iter().filter(|c| belongs(c)).collect::<Vec<_>>().join(", ");
    let (state, because) = match drilled.verdict(belongs) {
        Verdict::Pass => (ItemState::Met, format!("passed: {}", these(Verdict::Pass))),
        Verdict::Fail => (ItemState::Unmet, format!("failed: {}", these(Verdict::Fail))),
        Verdict::Partial => {
            (ItemState::Unproven, format!("not every record was delivered: {}", these(Verdict::Partial)))
        }
        Verdict::Unproven if these(Verdict::Unproven).is_empty() => {
            let stale = facts.last_drills().and_then(|run| facts.drills_stale(run).map(|because| (run.seq, because)));
            let because = match stale {
                Some((seq, because)) => format!("drilled (event {seq}), but that is stale: {because}"),
                None => "not drilled".to_owned(),
            };
            (ItemState::Unproven, because)
        }
        Verdict::Unproven => (ItemState::Unproven, format!("the fault never came about: {}", these(Verdict::Unproven))),
    };
    let failing = drilled.failing.iter().find(|(_, code, _)| belongs(code));
    let next = (state != ItemState::Met).then(|| match ((phases::CONTRACT_CLEAN.met)(facts), failing) {
        (Err(unmet), _) => unmet.next,
        (Ok(()), Some((flow, code, seed))) => phases::replay(facts, flow, code, *seed),
        (Ok(()), None) => phases::drills(facts),
    });
    Item { evidence: drilled.seqs.clone(), next, ..item(code, asks, state, because) }
}

fn rollback() -> Item {
    item(
        "rollback-drilled",
        "the way back is shown",
        ItemState::Unproven,
        "this release has no drill for rollback and for the switch that disables a flow; rehearse both by hand",
    )
}

fn monitoring(facts: &Facts, drilled: &Drilled) -> Item {
    let (code, asks) = ("monitoring-traced", "each request can be followed by its correlation id");
    let because = |text: &str| text.to_owned();
    if drilled.seqs.is_empty() {
        let next = match (phases::CONTRACT_CLEAN.met)(facts) {
            Ok(()) => phases::drills(facts),
            Err(unmet) => unmet.next,
        };
        return Item { next: Some(next), ..item(code, asks, ItemState::Unproven, "not drilled") };
    }
    let (state, because) = if drilled.correlated {
        (ItemState::Met, because("every request seen in the drills carried the id that its log lines name"))
    } else {
        (ItemState::Unmet, because("a drill saw a request without the id that its log lines name"))
    };
    Item { evidence: drilled.seqs.clone(), ..item(code, asks, state, because) }
}

fn evidence(facts: &Facts, chain: Option<&ChainFault>) -> Item {
    let (code, asks) = ("evidence-whole", "what was done is recorded, and the record is whole");
    let last = (facts.last > 0).then_some(facts.last).into_iter().collect();
    match chain {
        Some(fault) => Item {
            evidence: vec![fault.seq],
            ..item(code, asks, ItemState::Unmet, format!("the log was {} at event {}", fault.because, fault.seq))
        },
        None if !facts.unreadable.is_empty() => Item {
            evidence: facts.unreadable.clone(),
            ..item(code, asks, ItemState::Unproven, "some events do not read back and count for nothing")
        },
        None if facts.last == 0 => item(code, asks, ItemState::Unproven, "nothing is recorded"),
        None => Item {
            evidence: last,
            ..item(code, asks, ItemState::Met, "the chain holds from the first event to the last")
        },
    }
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
