//! A check speaks about the bytes it read. When file or descriptions have changed, nothing may be built on it.

use super::{Ask, Guardrail, Refusal, Ruling};
use crate::workflow::phases::{CONTRACT_CHECKED, CONTRACT_CLEAN, check, looked_at_check, required};
use crate::workflow::standing::Standing;

pub(super) const RULE: Guardrail = Guardrail { code: "contract-changed-since-check", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    let rests_on_check = required(ask.tool)
        .is_some_and(|row| row.gates.iter().any(|g| g.code == CONTRACT_CHECKED.code || g.code == CONTRACT_CLEAN.code));
    if ask.session.is_none() || !rests_on_check {
        return Ruling::Allow;
    }
    match ask.facts.standing() {
        Standing::Stale { because, check: last } => {
            let looked = looked_at_check(last);
            Ruling::Refuse(Refusal { code: RULE.code, because, looked, next: check(ask.facts), person: None })
        }
        Standing::Never | Standing::Stands(_) => Ruling::Allow,
    }
}
