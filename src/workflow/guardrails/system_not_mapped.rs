//! A system that a call names must have been mapped in this session.

use serde_json::json;

use super::{Ask, Guardrail, Proposal, Refusal, Ruling};
use crate::base::text::{nearest, quoted};
use crate::workflow::phases::{call, looked_at_maps};

pub(super) const RULE: Guardrail = Guardrail { code: "system-not-mapped", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    let Proposal::Systems(names) = ask.proposal else { return Ruling::Allow };
    let known = &ask.facts.systems;
    let Some(missing) = names.iter().find(|n| !known.contains_key(**n)) else { return Ruling::Allow };
    let missing = quoted(missing, 60);
    let near = nearest(&missing, known.keys().map(String::as_str));
    let hint = near.map_or_else(String::new, |n| format!("; did you mean \"{n}\"?"));
    let list = if known.is_empty() {
        "none is".to_owned()
    } else {
        format!("mapped: {}", known.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
    };
    Ruling::Refuse(Refusal {
        code: RULE.code,
        because: format!("system \"{missing}\" is not mapped in this session ({list}){hint}"),
        looked: looked_at_maps(ask.facts),
        next: match near {
            Some(near) => call(ask.facts, "inspect_system", json!({"name": near})),
            None => call(ask.facts, "map_system", json!({"name": missing, "api": "PATH OF ITS API DESCRIPTION"})),
        },
        person: None,
    })
}
