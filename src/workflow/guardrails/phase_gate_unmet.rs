//! No phase is entered past an unmet gate (law 4).

use super::{Ask, Guardrail, Refusal, Ruling};
use crate::workflow::phases::{first_shut, required};

pub(super) const RULE: Guardrail = Guardrail { code: "phase-gate-unmet", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    if ask.session.is_none() {
        return Ruling::Allow;
    }
    let Some(row) = required(ask.tool) else { return Ruling::Allow };
    let Some(shut) = first_shut(row.gates, ask.facts) else { return Ruling::Allow };
    Ruling::Refuse(Refusal {
        code: RULE.code,
        because: format!("{} waits at gate {}: {}", ask.tool, shut.gate.code, shut.unmet.because),
        looked: shut.unmet.looked,
        next: shut.unmet.next,
        person: shut.unmet.person,
    })
}
