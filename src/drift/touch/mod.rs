//! What of a drift one integration feels: only what its flows call, read and write, down to the line that says so.

mod flow;
mod places;
mod sharpen;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use self::places::Sent;
use super::change::{Change, Side};
use super::compared::Drift;
use super::matching::signature;
use super::ops::{Ops, Systems};
use super::pair::Pair;
use super::rules::drills;
use super::walk::{of_operations, of_schemas};
use crate::base::yaml::Span;
use crate::contract::{Contract, Flow};
use crate::mapping::Mapping;
use crate::model::Operation;

/// A change that a flow feels.
#[derive(Debug, Clone, PartialEq)]
pub struct Touched {
    /// The change, as bad as it is for this flow.
    pub change: Change,
    /// The flow.
    pub flow: String,
    /// The line of the contract that breaks, or that names what changed.
    pub at: Span,
    /// What stands there: `map email`, `source.operation`.
    pub clause: String,
    /// Constraints of the contract that are about it, by id.
    pub constraints: Vec<String>,
    /// Drills that have to run again, by code.
    pub drills: &'static [&'static str],
}

impl Drift<'_> {
    /// What the flows of a contract feel of the changes of the system that it calls `name`.
    #[must_use]
    pub fn touched(&self, name: &str, contract: &Contract, mappings: &BTreeMap<String, Mapping>) -> Vec<Touched> {
        let systems = self.systems();
        let mut out = Vec::new();
        let empty = Mapping::default();
        for (flow_name, flow) in &contract.flows {
            let mapping = mappings.get(flow_name).unwrap_or(&empty);
            let mut look = Look { drift: self, systems: &systems, name, contract, flow, flow_name, out: &mut out };
            look.source(mapping);
            look.target(mapping);
        }
        let mut seen = BTreeSet::new();
        out.retain(|t| seen.insert((t.change.fingerprint(), t.flow.clone(), t.at.line, t.at.column)));
        out.sort_by(|a, b| (a.at.line, a.at.column, a.change.code).cmp(&(b.at.line, b.at.column, b.change.code)));
        out
    }
}

struct Look<'a> {
    drift: &'a Drift<'a>,
    systems: &'a Systems<'a>,
    name: &'a str,
    contract: &'a Contract,
    flow: &'a Flow,
    flow_name: &'a str,
    out: &'a mut Vec<Touched>,
}

impl<'a> Look<'a> {
    fn say(&mut self, mut change: Change, at: Span, clause: &str, field: Option<&str>) {
        let constraints = self.constraints(&change, field);
        if change.is_text() && !constraints.is_empty() {
            change.message.push_str("; what a constraint says was read there");
            change = change.bites("see whether the constraint still holds, and confirm it again");
        }
        let drills = drills(change.code);
        let (flow, clause) = (self.flow_name.to_owned(), clause.to_owned());
        self.out.push(Touched { change, flow, at, clause, constraints, drills });
    }

    /// Constraints that bind the field, or that were read where the change is.
    fn constraints(&self, change: &Change, field: Option<&str>) -> Vec<String> {
        let full = field.map(|f| format!("{}.{f}", self.name));
        // What is said of a part of an operation is not about everything that changes at the operation.
        let deep = change.new.is_none()
            || field.is_some()
            || !matches!(change.old.as_deref(), Some(at) if self.is_operation(at));
        let about = |c: &&crate::contract::Constraint| {
            let bound = full.as_ref().is_some_and(|full| c.binds.fields.iter().any(|f| f.value == *full));
            let read = c.origin.as_ref().zip(change.old.as_ref()).is_some_and(|(origin, old)| {
                let place = origin.value.strip_prefix(self.name).and_then(|rest| rest.strip_prefix('#'));
                let old = old.trim_start_matches('#');
                let below = place.filter(|_| !old.is_empty()).and_then(|place| place.strip_prefix(old));
                below.is_some_and(|below| match (below, deep) {
                    ("" | "/description" | "/summary", _) => true,
                    (_, deep) => deep && below.starts_with('/'),
                })
            });
            let whole = field.is_none()
                && c.binds.fields.is_empty()
                && c.binds.systems.iter().any(|s| s.value == self.name)
                && (c.binds.flows.is_empty() || c.binds.flows.iter().any(|f| f.value == self.flow_name));
            bound || read || whole
        };
        self.contract.constraints.iter().filter(about).map(|c| c.id.value.clone()).collect()
    }

    fn is_operation(&self, at: &str) -> bool {
        self.systems.old.operations.iter().any(|o| o.pointer == at)
    }

    /// What the flow feels because it uses the system at all.
    fn system(&mut self) {
        let Some(used) = self.contract.systems.get(self.name) else { return };
        for change in self.drift.changes.iter().filter(|c| c.operation.is_none()) {
            let (at, clause) = match change.code {
                "auth-scheme-changed" | "auth-url-changed" | "oauth-flow-removed" => {
                    let Some(auth) = &used.auth else { continue };
                    if change.subject != format!("scheme {}", auth.scheme.value) {
                        continue;
                    }
                    (auth.scheme.at, "auth.scheme")
                }
                "server-removed" => match &used.base_url {
                    Some(base) if base.value.trim_end_matches('/') != change.detail.trim_end_matches('/') => continue,
                    Some(base) => (base.at, "base_url"),
                    None => (used.api.at, "api"),
                },
                _ => continue,
            };
            self.say(change.clone(), at, &format!("systems.{}.{clause}", self.name), None);
        }
    }

    /// The two sides of an operation that the flow names, once what happened to the operation itself is said.
    fn operation(
        &mut self,
        called: &str,
        at: Span,
        clause: &str,
        sends: &[Sent<'_>],
    ) -> Option<(&'a Operation, &'a Operation)> {
        let old = self.systems.old.operation(called)?;
        let by_id = called == old.id;
        let reads = clause.starts_with("source");
        let index = self.systems.old.operations.iter().position(|o| std::ptr::eq(o, old))?;
        let other = self.systems.matched.pairs.iter().find(|(i, _)| *i == index);
        let new = other.map(|(_, j)| &self.systems.new.operations[*j]);
        // What one rule says of many operations is told once among all changes: of this one it is asked for again.
        let own = match new {
            Some(new) => of_operations(&Ops { systems: self.systems, old, new }),
            None => {
                let of = |c: &&Change| c.operation.as_deref() == Some(old.id.as_str());
                self.drift.changes.iter().filter(of).cloned().collect()
            }
        };
        let sent = |name: &str| sends.iter().any(|s| s.name == name);
        for mut change in own {
            let felt = match (change.code, change.field.as_deref()) {
                ("operation-id-changed", _) => by_id,
                ("auth-added" | "status-added" | "media-type-added" | "body-added", _) => false,
                ("parameter-requiredness-changed", Some(name)) => change.breaking || sent(name),
                ("parameter-added", Some(_)) => change.breaking,
                (_, Some(name)) if change.side == Side::Request => sent(name),
                ("auth-withdrawn" | "scope-added", _) => self.authenticates(&change),
                ("page-size-lowered" | "pagination-changed" | "records-moved", _) => reads,
                ("idempotency-withdrawn", _) => !reads,
                _ => true,
            };
            if felt {
                sharpen::by_contract(&mut change, self.contract, self.name, self.flow, new);
                let place = places::of_call(&change, self.contract, self.name, self.flow, sends, reads);
                let (at, clause) = place.unwrap_or_else(|| (at, clause.to_owned()));
                self.say(change, at, &clause, None);
            }
        }
        let new = new?;
        let ops = Ops { systems: self.systems, old, new };
        for (p, q) in ops.parameters().into_iter().filter(|(p, _)| sent(&p.name)) {
            if let (Some(a), Some(b)) = (p.schema, q.schema) {
                let subject = self.called((a, b), Side::Request, &format!("{} {}", ops.subject(), p.name));
                let pair = Pair::new(self.systems, Side::Request, (a, b), &subject);
                for change in of_schemas(&pair).into_iter().filter(|c| c.field.is_none()) {
                    let change = change.of(&p.name).on(&old.id);
                    let place = places::of_call(&change, self.contract, self.name, self.flow, sends, reads);
                    let (at, clause) = place.unwrap_or_else(|| (at, clause.to_owned()));
                    self.say(change, at, &clause, None);
                }
            }
        }
        Some((old, new))
    }

    /// The change is about the scheme that the contract authenticates with.
    fn authenticates(&self, change: &Change) -> bool {
        let auth = self.contract.systems.get(self.name).and_then(|s| s.auth.as_ref());
        let Some(auth) = auth else { return true };
        let scheme = &auth.scheme.value;
        // A scheme that the new description has under no such name stands under what it is.
        let own = self.systems.old.schemes.get(scheme).map(|s| signature(&s.kind));
        let is = |made: &str| made == scheme || own.as_deref() == Some(made);
        change.code == "scope-added" || change.detail.split('+').any(is)
    }
}
