//! The SOP's validation checklist, each item computed from evidence.

use super::constraint::ConstraintFact;
use super::drilled::{Drilled, HAPPY, TAKES_BACK, UNKNOWN_OUTCOME, WAY_BACK};
use super::facts::Facts;
use super::phases::{self, Call, call};
use super::standing::Standing;
use crate::base::text::plural;
use crate::contract::ConstraintKind;
use crate::evidence::{ChainFault, Verdict};

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

/// The whole checklist. `chain`: what walking the log's chain brought.
#[must_use]
pub fn checklist(facts: &Facts, drilled: &Drilled, chain: Option<&ChainFault>) -> Vec<Item> {
    vec![
        systems(facts),
        constraints(facts),
        contract(facts),
        idempotency(facts, drilled),
        paths("happy-path-drilled", "the happy path is drilled", facts, drilled, |code| HAPPY.contains(&code)),
        paths("failure-paths-drilled", "the failure paths are drilled", facts, drilled, |code| !HAPPY.contains(&code)),
        rollback(facts, drilled),
        monitoring(facts, drilled),
        evidence(facts, chain),
    ]
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

/// The switches alone are no way back: each flow has to be taken back once.
fn rollback(facts: &Facts, drilled: &Drilled) -> Item {
    let shown = paths("rollback-drilled", "the way back is shown", facts, drilled, |code| WAY_BACK.contains(&code));
    let without = drilled.flows_without(TAKES_BACK);
    if shown.state != ItemState::Met || without.is_empty() {
        return shown;
    }
    let flows = without.into_iter().collect::<Vec<_>>().join(", ");
    Item {
        state: ItemState::Unproven,
        because: format!(
            "no drill took back what {flows} writes: {TAKES_BACK} was not run, or the target has no operations for it; rehearse by hand what does not apply"
        ),
        next: Some(phases::drills(facts)),
        ..shown
    }
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
