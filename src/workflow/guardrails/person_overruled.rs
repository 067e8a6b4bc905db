//! What a person decided through a channel of their own is not undone by what an agent reports.

use serde_json::json;

use super::{Ask, Guardrail, Proposal, Refusal, Ruling};
use crate::base::text::quoted;
use crate::workflow::phases::{call, confirm_command};

pub(super) const RULE: Guardrail = Guardrail { code: "person-overruled", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    let Proposal::Decisions(decisions) = ask.proposal else { return Ruling::Allow };
    for new in decisions.iter().filter(|d| !d.channel.is_person()) {
        let Some(fact) = ask.facts.constraints.get(&new.id) else { continue };
        let Some(old) = fact.decided.as_ref().filter(|d| d.record.channel.is_person()) else { continue };
        if old.record.decision == new.decision {
            continue;
        }
        return Ruling::Refuse(Refusal {
            code: RULE.code,
            because: format!(
                "{} {} {} (event {}, by {}); a report that it was {} does not undo that",
                quoted(&old.record.by, 60),
                old.record.decision.as_str(),
                new.id,
                old.seq,
                old.record.channel.as_str(),
                new.decision.as_str()
            ),
            looked: fact.looked(),
            next: call(ask.facts, "confirm_constraints", json!({})),
            person: Some(confirm_command(ask.facts)),
        });
    }
    Ruling::Allow
}
