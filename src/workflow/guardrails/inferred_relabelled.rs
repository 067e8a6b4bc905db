//! An inferred constraint does not become stated by being called so: a person confirms it, or the place that states it
//! is given.

use serde_json::json;

use super::{Ask, Guardrail, Proposal, Refusal, Ruling};
use crate::contract::ConstraintKind;
use crate::workflow::phases::{call, confirm_command};

pub(super) const RULE: Guardrail = Guardrail { code: "inferred-relabelled", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    let Proposal::Constraint(new) = ask.proposal else { return Ruling::Allow };
    let Some(known) = ask.facts.constraints.get(&new.id) else { return Ruling::Allow };
    let relabelled = known.kind == ConstraintKind::Inferred
        && new.kind != ConstraintKind::Inferred
        && new.origin.as_ref().is_none_or(|o| o.trim().is_empty());
    if !relabelled {
        return Ruling::Allow;
    }
    Ruling::Refuse(Refusal {
        code: RULE.code,
        because: format!(
            "constraint {} is inferred and {}; to call it {}, give the origin that states it, or let a person confirm it",
            new.id,
            known.state.as_str(),
            new.kind.as_str()
        ),
        looked: known.looked(),
        next: call(ask.facts, "confirm_constraints", json!({})),
        person: Some(confirm_command(ask.facts)),
    })
}
