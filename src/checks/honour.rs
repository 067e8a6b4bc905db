//! What a constraint is about, and what honours it: which clause of the contract, which drill, which line of the
//! runbook. Pure: words, origin and bounds of the constraint against the contract as parsed.

use super::topics::{TOPICS, Topic};
use crate::base::yaml::Span;
use crate::contract::{Constraint, Contract, Flow};

/// A constraint, wherever it was written down.
#[derive(Debug, Clone, Default)]
pub struct About<'c> {
    /// What must hold, in words.
    pub says: &'c str,
    /// Where it comes from.
    pub origin: Option<&'c str>,
    /// Systems it binds.
    pub systems: Vec<&'c str>,
    /// Flows it binds.
    pub flows: Vec<&'c str>,
    /// Fields it binds, as `system.path`.
    pub fields: Vec<&'c str>,
}

impl<'c> From<&'c Constraint> for About<'c> {
    fn from(c: &'c Constraint) -> Self {
        let plain = |list: &'c [crate::base::yaml::Spanned<String>]| list.iter().map(|s| s.value.as_str()).collect();
        Self {
            says: &c.says,
            origin: c.origin.as_ref().map(|o| o.value.as_str()),
            systems: plain(&c.binds.systems),
            flows: plain(&c.binds.flows),
            fields: plain(&c.binds.fields),
        }
    }
}

/// A place in the contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clause {
    /// Line and column.
    pub at: Span,
    /// Its path: `flows.contacts.delivery.rate`.
    pub path: String,
}

/// What honours a constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Honoured {
    /// What it is about, as far as its words tell.
    pub topics: Vec<&'static str>,
    /// Clauses of the contract, in the order of the file.
    pub clauses: Vec<Clause>,
    /// Drills that would show a breach.
    pub drills: Vec<&'static str>,
    /// What the runbook says is seen when it is broken.
    pub watches: Vec<&'static str>,
}

/// Drills that compare each field of each record with what the contract maps.
const FIELD_DRILLS: [&str; 2] = ["happy-path", "poison-record"];
const FIELD_WATCH: &str = "verdict PARTIAL, dead letters";

/// What honours this constraint in this contract.
#[must_use]
pub fn honoured(contract: &Contract, about: &About<'_>) -> Honoured {
    let mut out = Honoured::default();
    for topic in topics(about) {
        out.topics.push(topic.code);
        let before = out.clauses.len();
        for flow in flows(contract, about) {
            let clauses = (topic.clauses)(contract, flow);
            out.clauses.extend(clauses.into_iter().filter(|c| touches(contract, flow, about, c)));
        }
        // What no clause honours, no drill of this contract shows.
        if out.clauses.len() > before {
            out.drills.extend(topic.drills);
            out.watches.push(topic.watch);
        }
    }
    let fields: Vec<Clause> = flows(contract, about).flat_map(|flow| mapped(flow, about)).collect();
    if !fields.is_empty() {
        out.clauses.extend(fields);
        out.drills.extend(FIELD_DRILLS);
        out.watches.push(FIELD_WATCH);
    }
    out.clauses.sort();
    out.clauses.dedup();
    keep_first(&mut out.drills);
    keep_first(&mut out.watches);
    out
}

/// What it is about.
pub(super) fn topics(about: &About<'_>) -> impl Iterator<Item = &'static Topic> {
    let says = about.says.to_lowercase();
    let origin = about.origin.unwrap_or_default().to_lowercase();
    TOPICS.iter().filter(move |t| {
        t.says.iter().any(|phrase| says.contains(phrase)) || t.origin.iter().any(|part| origin.contains(part))
    })
}

/// Systems that it is about, from what it binds and from its origin; nothing where neither says.
fn systems<'a>(contract: &'a Contract, about: &'a About<'_>) -> impl Iterator<Item = &'a str> {
    let of_field = about.fields.iter().filter_map(|f| f.split_once('.').map(|(system, _)| system));
    let of_origin = about.origin.and_then(|o| o.split_once('#')).map(|(system, _)| system);
    let bound = about.systems.iter().copied().chain(of_field);
    // Said is said: the origin counts only where nothing is bound.
    let origin =
        of_origin.filter(|s| about.systems.is_empty() && about.fields.is_empty() && contract.systems.contains_key(*s));
    bound.chain(origin)
}

fn flows<'a>(contract: &'a Contract, about: &'a About<'_>) -> impl Iterator<Item = &'a Flow> {
    let bound: Vec<&str> = systems(contract, about).collect();
    contract.flows.values().filter(move |flow| {
        let by_flow = about.flows.is_empty() || about.flows.contains(&flow.name.as_str());
        let ends = [flow.source.system.as_str(), flow.target.system.as_str()];
        by_flow && (bound.is_empty() || bound.iter().any(|s| ends.contains(s)))
    })
}

/// A clause about one side only honours what binds that side.
fn touches(contract: &Contract, flow: &Flow, about: &About<'_>, clause: &Clause) -> bool {
    let side = |of: &str| systems(contract, about).next().is_none() || systems(contract, about).any(|s| s == of);
    let under = |part: &str| clause.path.starts_with(&format!("flows.{}.{part}", flow.name));
    if under("source.every") {
        // How often is asked says nothing about a limit of nobody by name: that is met by what is written.
        systems(contract, about).any(|s| s == flow.source.system.value)
    } else if under("source") {
        side(&flow.source.system)
    } else if under("target") || under("delivery") {
        side(&flow.target.system)
    } else if let Some(rest) = clause.path.strip_prefix("systems.") {
        rest.split('.').next().is_some_and(side)
    } else {
        true
    }
}

/// The rules of `map` that feed or read a bound field.
fn mapped(flow: &Flow, about: &About<'_>) -> Vec<Clause> {
    let bound = |system: &str| -> Vec<&str> {
        let of = |f: &&str| f.split_once('.').is_some_and(|(s, _)| s == system);
        about.fields.iter().filter(|f| of(f)).filter_map(|f| f.split_once('.').map(|(_, path)| path)).collect()
    };
    let (sources, targets) = (bound(&flow.source.system), bound(&flow.target.system));
    let rules = flow.map.iter().filter(|rule| {
        targets.iter().any(|t| same(t, &rule.key)) || sources.iter().any(|s| super::topics::names(&rule.value, s))
    });
    let mut out: Vec<Clause> =
        rules.map(|r| Clause { at: r.key_at, path: format!("flows.{}.map.{}", flow.name, r.key) }).collect();
    let source = |path: &str, word: &crate::base::yaml::Spanned<String>| {
        sources
            .iter()
            .any(|s| *s == word.as_str())
            .then(|| Clause { at: word.at, path: format!("flows.{}.source.{path}", flow.name) })
    };
    out.extend(source("key", &flow.source.key));
    out.extend(flow.source.incremental.as_ref().and_then(|i| source("incremental", &i.field)));
    out.extend(
        flow.unmapped
            .iter()
            .filter(|u| sources.contains(&u.as_str()))
            .map(|u| Clause { at: u.at, path: format!("flows.{}.unmapped", flow.name) }),
    );
    out
}

/// `address.city` is part of `address`.
fn same(bound: &str, path: &str) -> bool {
    bound == path || path.strip_prefix(bound).is_some_and(|rest| rest.starts_with(['.', '[']))
}

fn keep_first(list: &mut Vec<&'static str>) {
    let mut seen = std::collections::BTreeSet::new();
    list.retain(|one| seen.insert(*one));
}
