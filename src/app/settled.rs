//! What a session knows of a system's facts beyond what was read: what a person confirmed, and what this server saw when it
//! ran the contract. A report of an agent settles nothing. Both are read off the evidence at each call, so that they go when
//! what they rest on goes.

use serde_json::{Value, json};

use super::wire::FactOut;
use crate::base::text::quoted;
use crate::finding::{Ceiling, Confidence};
use crate::readers;
use crate::workflow::{ConstraintFact, Facts};

/// One fact with its ground.
pub(super) struct Settled {
    /// Named as in `map --format json`.
    pub(super) fact: String,
    /// The part of its value that was settled.
    pub(super) value: Value,
    /// `confirmed` or `observed`.
    pub(super) basis: &'static str,
    /// Who or what settled it, and the event: `confirmed by mira through elicitation (event 9)`.
    pub(super) source: String,
    confidence: Confidence,
}

/// What is settled of a system of this session, confirmed before observed; `api` is the description that it is mapped from.
pub(super) fn of(facts: &Facts, system: &str, api: &str) -> Vec<Settled> {
    let mut out: Vec<Settled> = Vec::new();
    for c in facts.constraints.values().filter(|c| c.is_confirmed() && !c.waits_for_a_person() && is_about(c, system)) {
        let Some(channel) = c.decided.as_ref().map(|d| d.record.channel).filter(|by| by.is_person()) else { continue };
        if let Some((fact, value)) = told(&c.says) {
            let source = format!("{}: {}", c.id, c.state_line());
            let confidence = Confidence::capped(0.90, channel.ceiling());
            out.push(Settled { fact: fact.to_owned(), value, basis: "confirmed", source, confidence });
        }
    }
    for run in &facts.observed {
        // Of this system, if the contract that ran was checked here, and gives the same description under this name.
        let check = facts.checks.iter().rev().find(|c| c.record.digest == run.record.digest);
        if check.and_then(|c| c.record.apis.get(system)).is_none_or(|described| described != api) {
            continue;
        }
        for saw in run.record.observed.iter().filter(|s| s.system == system) {
            out.retain(|s| s.basis != "observed" || s.fact != saw.fact);
            let source = format!(
                "seen by run on {}: {} (event {})",
                run.at.rfc3339().get(..10).unwrap_or_default(),
                quoted(&saw.says, 120),
                run.seq
            );
            let confidence = Confidence::capped(0.95, Ceiling::Observation);
            let (fact, value) = (saw.fact.clone(), saw.value.clone());
            out.push(Settled { fact, value, basis: "observed", source, confidence });
        }
    }
    out
}

/// Puts them among the facts of a map: a fact that says the same gets the better ground, another stands before the rest of
/// its name.
pub(super) fn among(facts: &mut Vec<FactOut>, settled: &[Settled]) {
    for one in settled {
        let known = facts.iter().position(|f| f.fact == one.fact && fits(&one.value, &f.value));
        let mut fact = match known {
            Some(at) => facts.remove(at),
            None => FactOut {
                fact: one.fact.clone(),
                value: one.value.clone(),
                basis: String::new(),
                confidence: 0.0,
                pointer: None,
                rule: None,
                source: None,
            },
        };
        fact.basis = one.basis.to_owned();
        fact.confidence = one.confidence.value();
        fact.source = Some(one.source.clone());
        let first = facts.iter().position(|f| f.fact == one.fact).or(known).unwrap_or(facts.len());
        facts.insert(first, fact);
    }
}

/// All that is said here is said there too; what is null says nothing.
fn fits(here: &Value, there: &Value) -> bool {
    let Some(here) = here.as_object() else { return here == there };
    here.iter().filter(|(_, value)| !value.is_null()).all(|(key, value)| there.get(key) == Some(value))
}

/// It binds the system or a field of it, or comes from its description.
fn is_about(c: &ConstraintFact, system: &str) -> bool {
    let of_field = |f: &String| f.split_once('.').is_some_and(|(s, _)| s == system);
    c.binds.systems.iter().any(|s| s == system)
        || c.binds.fields.iter().any(of_field)
        || c.origin.as_deref().and_then(|o| o.split_once('#')).is_some_and(|(s, _)| s == system)
}

/// The fact that a constraint states in the words in which the compiler asks for it; nothing for other words. What was
/// confirmed is the sentence, and only a sentence that holds the whole value settles one.
fn told(says: &str) -> Option<(&'static str, Value)> {
    if let Some((_, rest)) = says.split_once(" is paged by ") {
        let style = rest.split([',', ';', '.']).next()?.split(" and ").next()?.trim().replace(' ', "_");
        let known = ["cursor", "page", "offset", "link_header", "link_body"].contains(&style.as_str());
        return known.then(|| ("pagination", json!({"style": style})));
    }
    if let Some((_, rest)) = says.split_once(" remembers an ") {
        let (name, _) = rest.split_once(" for at least ")?;
        return Some(("idempotency", json!({"supported": true, "in": "header", "name": name})));
    }
    if says.contains("count the minor units that") {
        return Some(("money", json!({"unit": "minor"})));
    }
    let (requests, window_ms) = readers::limit_in(says)?;
    Some(("rate_limit", json!({"requests": requests, "window_ms": window_ms})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_of_the_compiler_holds_a_fact_and_others_hold_none() {
        for (says, expected) in [
            ("crm takes 20 requests per 1 s", Some(("rate_limit", json!({"requests": 20, "window_ms": 1000})))),
            (
                "at most 100 requests per 10 s per token",
                Some(("rate_limit", json!({"requests": 100, "window_ms": 10_000}))),
            ),
            (
                "listOrders is paged by link header and keeps its order while it is read",
                Some(("pagination", json!({"style": "link_header"}))),
            ),
            (
                "pay remembers an Idempotency-Key for at least 10 minutes and answers a repeated one without a second effect",
                Some(("idempotency", json!({"supported": true, "in": "header", "name": "Idempotency-Key"}))),
            ),
            (
                "amounts in pay count the minor units that ISO 4217 gives their currency",
                Some(("money", json!({"unit": "minor"}))),
            ),
            ("the id of a record of crm never changes and is never used again", None),
            ("it is paged by whatever comes first", None),
        ] {
            assert_eq!(told(says), expected, "{says}");
        }
    }

    #[test]
    fn a_fact_of_the_same_value_gets_the_better_ground_and_another_goes_before_it() {
        let fact = |requests: u64| FactOut {
            fact: "rate_limit".to_owned(),
            value: json!({"requests": requests, "window_ms": 1000, "scope": null}),
            basis: "inferred".to_owned(),
            confidence: 0.65,
            pointer: Some("#/info/description".to_owned()),
            rule: Some("rate-limit-in-prose".to_owned()),
            source: None,
        };
        let settled = |requests: u64| Settled {
            fact: "rate_limit".to_owned(),
            value: json!({"requests": requests, "window_ms": 1000}),
            basis: "confirmed",
            source: "crm-rate: confirmed by mira through terminal (event 4)".to_owned(),
            confidence: Confidence::capped(0.90, Ceiling::Policy),
        };
        let seen = |one: Settled| {
            let mut facts = vec![fact(5), fact(20)];
            among(&mut facts, &[one]);
            facts.iter().map(|f| (f.value["requests"].as_u64().unwrap(), f.basis.clone())).collect::<Vec<_>>()
        };
        let (confirmed, inferred) = ("confirmed".to_owned(), "inferred".to_owned());
        assert_eq!(seen(settled(20)), [(20, confirmed.clone()), (5, inferred.clone())]);
        assert_eq!(seen(settled(7)), [(7, confirmed), (5, inferred.clone()), (20, inferred)]);
    }
}
