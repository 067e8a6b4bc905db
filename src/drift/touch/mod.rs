//! What of a drift one integration feels: only what its flows call, read and write, down to the line that says so.

mod places;
mod sharpen;

use std::collections::{BTreeMap, BTreeSet};

use self::places::Sent;
use super::change::{Change, Side};
use super::matching::signature;
use super::ops::{Ops, Systems, answers};
use super::pair::Pair;
use super::rules::drills;
use super::walk::{Drift, of_operations, of_schemas};
use crate::base::yaml::Span;
use crate::contract::{Contract, Flow, Write};
use crate::mapping::Mapping;
use crate::mapping::path::Path;
use crate::mapping::rule::Rule;
use crate::model::{CursorFrom, Operation, SchemaId, System};

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
                let below = place.and_then(|place| place.strip_prefix(old.trim_start_matches('#')));
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

    fn source(&mut self, mapping: &Mapping) {
        let flow = self.flow;
        let source = &flow.source;
        if source.system.value != self.name {
            return;
        }
        self.system();
        let mut roots: Vec<(SchemaId, SchemaId)> = Vec::new();
        if let Some(called) = &source.operation {
            let sends = places::sent_by_source(flow, self.systems.old.operation(called));
            if let Some((old, new)) = self.operation(called, called.at, "source.operation", &sends) {
                self.money(old, mapping, true);
                roots.extend(old.record.zip(new.record));
                if let Some(CursorFrom::Body(path)) = old.pagination.as_ref().and_then(|p| p.next.as_ref())
                    && let Some((p, q)) = answers(old, new).into_iter().find(|(p, _)| p.status.starts_with('2'))
                    && let Some(ids) = p.schema.zip(q.schema)
                {
                    let names: Vec<&str> = path.iter().map(String::as_str).collect();
                    self.trace(ids, Side::Response, &names, called.at, "source.operation", None);
                }
            }
        }
        if let Some(hook) = &source.webhook {
            let subject = format!("event {}", hook.event.value);
            let proof =
                hook.verify.as_ref().map(|v| (v, v.header.as_ref().map(|h| h.value.as_str()).or(v.scheme.header())));
            let drift = self.drift;
            for change in drift.changes.iter().filter(|c| c.subject == subject) {
                match (change.code, &change.field, &proof) {
                    ("event-removed" | "event-emptied", ..) => {
                        self.say(change.clone(), hook.event.at, "source.webhook.event", None);
                    }
                    ("event-header-removed", Some(name), Some((verify, Some(header))))
                        if name.eq_ignore_ascii_case(header) =>
                    {
                        // Without it no delivery is taken.
                        let change = change.clone().breaks("verify another way");
                        self.say(change, verify.at, "source.webhook.verify", None);
                    }
                    _ => {}
                }
            }
            let payloads = self.systems.old.event(&hook.event).zip(self.systems.new.event(&hook.event));
            if let Some(ids) = payloads.and_then(|(a, b)| a.payload.zip(b.payload)) {
                roots.extend(self.below(ids, hook.record.as_ref().map(|r| r.value.as_str())));
            }
        }
        for ids in roots {
            self.path(ids, Side::Response, &source.key.value, source.key.at, "source.key");
            if let Some(i) = &source.incremental {
                self.path(ids, Side::Response, &i.field.value, i.field.at, "source.incremental.field");
            }
            for rule in mapping.rules() {
                for read in rule.reads() {
                    let names: Vec<&str> = read.segments().iter().filter_map(|s| s.key()).collect();
                    let clause = format!("map {}", rule.target);
                    self.trace(ids, Side::Response, &names, rule.source_at, &clause, Some(rule));
                }
            }
        }
    }

    fn target(&mut self, mapping: &Mapping) {
        let flow = self.flow;
        let target = &flow.target;
        if target.system.value != self.name {
            return;
        }
        self.system();
        for (role, called) in target.write.operations() {
            let sends = places::sent_by_target(flow, role);
            let clause = format!("target.write.{role}");
            let Some((old, new)) = self.operation(called, called.at, &clause, &sends) else { continue };
            if role == "find" {
                if let (Some(ids), Write::Upsert { matching, .. }) = (old.record.zip(new.record), &target.write) {
                    self.path(ids, Side::Response, &matching.value, matching.at, "target.write.match");
                }
                continue;
            }
            let body = |system: &System, o: &Operation| match role {
                "bulk" => o.bulk(&system.schemas).map(|b| b.record),
                _ => o.body.as_ref().and_then(|b| b.schema),
            };
            let Some(ids) = body(self.systems.old, old).zip(body(self.systems.new, new)) else { continue };
            self.money(old, mapping, false);
            // What the whole body has to hold, mapped or not.
            let mapped: BTreeSet<&str> = mapping.rules().iter().map(|r| r.target.root()).collect();
            let subject = self.called(ids, Side::Request, &format!("{} body", super::ops::subject(old)));
            let pair = Pair::new(self.systems, Side::Request, ids, &subject);
            for change in of_schemas(&pair) {
                let missing = change.field.as_deref().is_some_and(|f| !mapped.contains(f));
                if change.breaking && missing && matches!(change.code, "property-added" | "property-became-required") {
                    self.say(change, self.flow.map_at, "map", None);
                }
            }
            for rule in mapping.rules() {
                let names: Vec<&str> = rule.target.segments().iter().filter_map(|s| s.key()).collect();
                self.trace(ids, Side::Request, &names, rule.at, &format!("map {}", rule.target), None);
            }
        }
    }

    /// The pair at a dotted path below a pair.
    fn below(&self, ids: (SchemaId, SchemaId), path: Option<&str>) -> Option<(SchemaId, SchemaId)> {
        let Some(path) = path else { return Some(ids) };
        let path = Path::parse(path).ok()?;
        path.segments().iter().filter_map(|s| s.key()).try_fold(ids, |at, name| self.step(at, name))
    }

    fn step(&self, ids: (SchemaId, SchemaId), name: &str) -> Option<(SchemaId, SchemaId)> {
        let (a, b) = self.items(ids);
        let old = self.systems.old.schemas.property(a, name)?;
        Some((old.0, self.systems.new.schemas.property(b, name)?.0))
    }

    /// Lists are looked through.
    fn items(&self, ids: (SchemaId, SchemaId)) -> (SchemaId, SchemaId) {
        let (old, new) = (self.systems.old.schemas.get(ids.0), self.systems.new.schemas.get(ids.1));
        match (old.properties.is_empty(), old.items, new.items) {
            (true, Some(a), Some(b)) => (a, b),
            _ => ids,
        }
    }

    /// What a pair is called among all changes: a change that is felt has the fingerprint that it has for everybody.
    fn called(&self, ids: (SchemaId, SchemaId), side: Side, else_: &str) -> String {
        self.drift.called(ids, side).unwrap_or(else_).to_owned()
    }

    /// Amounts of the operation's entity that are counted in another unit, where the flow reads or writes them.
    fn money(&mut self, of: &Operation, mapping: &Mapping, reads: bool) {
        let drift = self.drift;
        for change in drift.changes.iter().filter(|c| c.code == "money-unit-changed") {
            let Some((entity, field)) = change.subject.rsplit_once('.') else { continue };
            if of.entity.as_deref() != Some(entity) {
                continue;
            }
            for rule in mapping.rules() {
                let read = rule.reads().any(|p| p.segments().iter().rev().find_map(|s| s.key()) == Some(field));
                let written = rule.target.root() == field;
                if if reads { read } else { written } {
                    let at = if reads { rule.source_at } else { rule.at };
                    self.say(change.clone(), at, &format!("map {}", rule.target), Some(field));
                }
            }
        }
    }

    fn path(&mut self, ids: (SchemaId, SchemaId), side: Side, path: &str, at: Span, clause: &str) {
        if let Ok(path) = Path::parse(path) {
            let names: Vec<&str> = path.segments().iter().filter_map(|s| s.key()).collect();
            self.trace(ids, side, &names, at, clause, None);
        }
    }

    /// Every change on the way from a record to a field of it, and of the field itself.
    fn trace(
        &mut self,
        from: (SchemaId, SchemaId),
        side: Side,
        names: &[&str],
        at: Span,
        clause: &str,
        rule: Option<&Rule>,
    ) {
        let field = names.join(".");
        let mut ids = from;
        let mut subject = self.called(ids, side, "record");
        for (depth, name) in names.iter().enumerate() {
            let holder = self.items(ids);
            if holder != ids {
                subject = self.called(holder, side, &format!("{subject}[]"));
            }
            // Of the holder itself what makes the field unreachable, of its fields only the one that is used.
            let mut holders = vec![holder];
            holders.extend(self.variants(holder));
            let mut next = None;
            for holder in holders {
                let subject = self.called(holder, side, &subject);
                let pair = Pair::new(self.systems, side, holder, &subject);
                for mut change in of_schemas(&pair) {
                    let own = change.field.as_deref() == Some(*name);
                    let way = change.field.is_none()
                        && change.detail != "never null"
                        && matches!(change.code, "type-changed" | "nullability-changed" if depth > 0);
                    if own || way {
                        if let Some(rule) = rule {
                            sharpen::by_rule(&mut change, rule);
                        }
                        self.say(change, at, clause, Some(&field));
                    }
                }
                let old = self.systems.old.schemas.property(holder.0, name);
                let new = self.systems.new.schemas.property(holder.1, name);
                next = next.or_else(|| Some((old?.0, new?.0)));
            }
            let Some(next) = next else { return };
            subject = self.called(next, side, &format!("{subject}.{name}"));
            ids = next;
        }
        let pair = Pair::new(self.systems, side, ids, &subject);
        for mut change in of_schemas(&pair).into_iter().filter(|c| c.field.is_none()) {
            if let Some(rule) = rule {
                sharpen::by_rule(&mut change, rule);
            }
            self.say(change, at, clause, Some(&field));
        }
    }

    fn variants(&self, ids: (SchemaId, SchemaId)) -> Vec<(SchemaId, SchemaId)> {
        Pair::new(self.systems, Side::Response, ids, "").variants().map(|v| v.pairs).unwrap_or_default()
    }
}
