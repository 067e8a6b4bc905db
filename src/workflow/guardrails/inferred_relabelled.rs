//! An inferred constraint does not become stated by being called so: a person confirms it. Naming the place in a mapped
//! description that is said to state it is recorded, for the person to look at; it settles nothing. A document or a
//! person named by an agent is a report and changes nothing.

use serde_json::json;

use super::{Ask, Guardrail, Proposal, Refusal, Ruling};
use crate::base::text::quoted;
use crate::contract::ConstraintKind;
use crate::workflow::phases::{call, confirm_command};

pub(super) const RULE: Guardrail = Guardrail { code: "inferred-relabelled", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    let Proposal::Constraint(new) = ask.proposal else { return Ruling::Allow };
    let Some(known) = ask.facts.constraints.get(&new.id) else { return Ruling::Allow };
    let relabelled = known.kind == ConstraintKind::Inferred && new.kind != ConstraintKind::Inferred;
    let settled = known.is_confirmed() && !known.would_wait(new);
    if !relabelled || new.found || settled {
        return Ruling::Allow;
    }
    Ruling::Refuse(Refusal {
        code: RULE.code,
        because: format!(
            "constraint {} is inferred and {}; to call it {}, let a person confirm it first. A place in a mapped description (\"system#/json/pointer\") can be given as its origin, for the person to look at{}",
            new.id,
            known.state.as_str(),
            new.kind.as_str(),
            match &new.origin {
                Some(origin) if origin.contains("#/") => {
                    format!(". No mapped description has anything at \"{}\"", quoted(origin, 160))
                }
                Some(_) => ". What a document or a person is said to state is a report".to_owned(),
                None => String::new(),
            }
        ),
        looked: known.looked(),
        next: call(ask.facts, "confirm_constraints", json!({})),
        person: Some(confirm_command(ask.facts)),
    })
}
