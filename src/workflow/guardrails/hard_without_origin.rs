//! A hard constraint is one that somebody states: it says where.

use serde_json::json;

use super::{Ask, Guardrail, Proposal, Refusal, Ruling};
use crate::contract::ConstraintKind;
use crate::workflow::constraint::ConstraintFact;
use crate::workflow::phases::call;

pub(super) const RULE: Guardrail = Guardrail { code: "hard-without-origin", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    let Proposal::Constraint(c) = ask.proposal else { return Ruling::Allow };
    if c.kind != ConstraintKind::Hard || c.origin.as_ref().is_some_and(|o| !o.trim().is_empty()) {
        return Ruling::Allow;
    }
    Ruling::Refuse(Refusal {
        code: RULE.code,
        because: format!(
            "constraint {} is called hard but has no origin; give the place that states it (\"system#/json/pointer\", a document, a person), or record it as inferred",
            c.id
        ),
        looked: ask.facts.constraints.get(&c.id).map(ConstraintFact::looked).unwrap_or_default(),
        next: call(ask.facts, "record_constraint", json!({"id": c.id, "kind": "inferred", "says": c.says})),
        person: None,
    })
}
