//! An agent can report what a person decided, in that person's words and name; it cannot decide (law 6).

use serde_json::json;

use super::{Ask, Guardrail, Proposal, Refusal, Ruling};
use crate::workflow::constraint::ConstraintFact;
use crate::workflow::phases::{call, confirm_command};

pub(super) const RULE: Guardrail = Guardrail { code: "approval-without-words", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    let Proposal::Decisions(decisions) = ask.proposal else { return Ruling::Allow };
    let empty = |text: &str| text.trim().is_empty();
    let bare =
        decisions.iter().find(|d| !d.channel.is_person() && (empty(&d.by) || d.quote.as_deref().is_none_or(empty)));
    let Some(bare) = bare else { return Ruling::Allow };
    Ruling::Refuse(Refusal {
        code: RULE.code,
        because: format!(
            "the decision on {} does not say who decided and in which words; pass \"by\" and \"quote\" as the person said it, or let the person be asked",
            bare.id
        ),
        looked: ask.facts.constraints.get(&bare.id).map(ConstraintFact::looked).unwrap_or_default(),
        next: call(ask.facts, "confirm_constraints", json!({})),
        person: Some(confirm_command(ask.facts)),
    })
}
