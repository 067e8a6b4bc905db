//! The constraints, each with the clauses, drills and alerts that it leads to.

use super::super::subject::Compiled;
use super::super::{Call, trace_constraint};
use crate::checks::honour::{About, Honoured, honoured};
use crate::contract::{ConstraintKind, Contract};
use crate::scaffold::{ClauseLine, ConstraintLine, TestLine};
use crate::workflow::drilled::Drilled;
use crate::workflow::{ConstraintFact, ConstraintState, record};

pub(super) fn constraint_lines(call: &Call<'_>, subject: Option<(&str, &Compiled, &Contract)>) -> Vec<ConstraintLine> {
    let contract = subject.map(|(_, _, contract)| contract);
    let drilled = Drilled::of(&call.facts);
    let owner = || contract.map_or_else(|| "not stated".to_owned(), |c| c.owner.clone());
    // Where it leads, as parts and in words.
    let leads = |about: &About<'_>| {
        let Some((_, compiled, contract)) = subject else { return (ConstraintLine::default(), None) };
        let found = honoured(contract, about);
        let parts = ConstraintLine {
            clauses: trace_constraint::clauses(contract, &compiled.text, &found)
                .into_iter()
                .map(|c| ClauseLine { place: c.place, path: c.path, line: c.line })
                .collect(),
            drills: found
                .drills
                .iter()
                .map(|d| TestLine {
                    drill: (*d).to_owned(),
                    verdict: drilled.verdict(|code| code == *d).as_str().to_owned(),
                })
                .collect(),
            watches: found.watches.iter().map(|w| (*w).to_owned()).collect(),
            ..ConstraintLine::default()
        };
        (parts, Some(honours(&found)))
    };
    let mut out: Vec<ConstraintLine> = call
        .facts
        .constraints
        .iter()
        .map(|(id, c)| {
            let (parts, words) = leads(&about_fact(c));
            ConstraintLine {
                id: id.clone(),
                kind: c.kind.as_str().to_owned(),
                says: c.says.clone(),
                origin: c.origin.clone().unwrap_or_else(|| "none given".to_owned()),
                owner: c.owner.clone().unwrap_or_else(owner),
                binds: c.binds.to_string(),
                honoured: match c.state {
                    ConstraintState::Rejected if c.in_contract => "relied on, although it was rejected".to_owned(),
                    ConstraintState::Rejected => "nothing relies on it".to_owned(),
                    _ => words.unwrap_or_else(|| "by no clause".to_owned()),
                },
                state: if c.kind == ConstraintKind::Inferred { c.state_line() } else { "stated".to_owned() },
                event: Some(c.seq),
                ..parts
            }
        })
        .collect();
    let written = contract.into_iter().flat_map(|c| &c.constraints);
    for c in written.filter(|c| !call.facts.constraints.contains_key(c.id.as_str())) {
        let (parts, words) = leads(&About::from(c));
        out.push(ConstraintLine {
            id: c.id.value.clone(),
            kind: c.kind.as_str().to_owned(),
            says: c.says.clone(),
            origin: c.origin.as_ref().map_or_else(|| "none given".to_owned(), |o| o.value.clone()),
            owner: c.owner.as_ref().map_or_else(owner, |o| o.value.clone()),
            binds: record::Binds::from(&c.binds).to_string(),
            honoured: words.unwrap_or_else(|| "by no clause".to_owned()),
            state: if c.kind == ConstraintKind::Inferred { "open".to_owned() } else { "stated".to_owned() },
            ..parts
        });
    }
    for (number, line) in (1..).zip(&mut out) {
        line.number = number;
    }
    out
}

/// A constraint of the session, as the checks look at one.
pub(in crate::app) fn about_fact(fact: &ConstraintFact) -> About<'_> {
    About {
        says: &fact.says,
        origin: fact.origin.as_deref(),
        systems: names(&fact.binds.systems),
        flows: names(&fact.binds.flows),
        fields: names(&fact.binds.fields),
    }
}

fn names(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// `line 72 (flows.contacts.delivery.rate); drilled by rate-limited-seconds; seen as "the target is down"`
fn honours(found: &Honoured) -> String {
    let clauses: Vec<String> = found.clauses.iter().map(|c| format!("line {} ({})", c.at.line, c.path)).collect();
    if clauses.is_empty() {
        return "by no clause".to_owned();
    }
    let drills = if found.drills.is_empty() { "no drill".to_owned() } else { found.drills.join(", ") };
    let watches: Vec<String> = found.watches.iter().map(|w| format!("\"{w}\"")).collect();
    format!("{}; drilled by {drills}; seen as {}", clauses.join(", "), watches.join(", "))
}
