//! The two ends of a flow: what it reads, and what it writes.

use std::collections::BTreeSet;

use super::{Look, places};
use crate::contract::Write;
use crate::drift::change::Side;
use crate::drift::ops::{answers, subject};
use crate::drift::pair::Pair;
use crate::drift::walk::of_schemas;
use crate::mapping::Mapping;
use crate::model::{CursorFrom, Operation, SchemaId, System};

impl Look<'_> {
    pub(super) fn source(&mut self, mapping: &Mapping) {
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

    pub(super) fn target(&mut self, mapping: &Mapping) {
        let flow = self.flow;
        let target = &flow.target;
        if target.system.value != self.name {
            return;
        }
        self.system();
        for (role, called) in target.operations() {
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
            let subject = self.called(ids, Side::Request, &format!("{} body", subject(old)));
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
}
