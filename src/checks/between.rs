//! Which flows feed which: what one writes, another reads.

use super::Subject;
use super::used::{Role, natural_key};
use crate::base::text::{singular, words};
use crate::contract::{Flow, Write};
use crate::mapping::path::Segment;
use crate::mapping::rule::{Else, Source};
use crate::mapping::{Path, Rule};
use crate::model::Operation;

impl<'a> Subject<'a> {
    /// Whether what `first` writes comes in through `second`: the same records of the same system, and a field that carries
    /// data on (or records that are made new).
    pub(super) fn feeds(&self, first: &'a Flow, second: &'a Flow) -> bool {
        self.account(&first.target.system) == self.account(&second.source.system)
            && self.things_written(first).iter().any(|thing| self.things_read(second).contains(thing))
            && (matches!(first.target.write, Write::Create { .. }) || !self.shared(first, second).is_empty())
    }

    /// Fields that `first` fills with data of its source and `second` reads, but for the keys.
    fn shared(&self, first: &Flow, second: &Flow) -> Vec<String> {
        let (Some(writes), Some(reads)) = (self.mappings.get(&first.name), self.mappings.get(&second.name)) else {
            return Vec::new();
        };
        let key = natural_key(&first.target.write).map_or("", |k| k.as_str());
        let read: Vec<&Path> = reads.rules().iter().flat_map(Rule::reads).collect();
        let carries = |r: &&Rule| !matches!(r.source, Source::Const(_)) && r.target.to_string() != key;
        let written = writes.rules().iter().filter(carries).map(|r| &r.target);
        let same = |a: &Path, b: &Path| {
            let (a, b): (Vec<_>, Vec<_>) = (names(a), names(b));
            a.starts_with(&b) || b.starts_with(&a)
        };
        written
            .filter(|t| t.to_string() != second.source.key.value && read.iter().any(|r| same(t, r)))
            .map(ToString::to_string)
            .collect()
    }

    /// What records a flow writes, by entity, else by the path of the operation.
    pub(super) fn things_written(&self, flow: &'a Flow) -> Vec<String> {
        let used = self.used_by(flow);
        let writes = used.iter().filter(|u| !matches!(u.role, Role::List | Role::Find));
        let mut things: Vec<String> = writes.map(|u| thing(u.operation)).collect();
        things.sort();
        things.dedup();
        things
    }

    /// What records come into a flow.
    pub(super) fn things_read(&self, flow: &'a Flow) -> Vec<String> {
        let lists = self.used_by(flow).into_iter().filter(|u| u.role == Role::List);
        let mut things: Vec<String> = lists.map(|u| thing(u.operation)).collect();
        if flow.source.webhook.is_some() {
            for i in self.incoming(flow) {
                let named = i.system.entities.values().filter(|e| e.schema == Some(i.schema));
                things.extend(named.map(|e| e.name.clone()));
            }
        }
        things.sort();
        things.dedup();
        things
    }

    /// Whether `second` leaves out what `first` wrote: `first` marks it by a constant, and `second` asks for others by a
    /// parameter of that name, has a table of that field's values that lacks the mark and rejects it, or makes a value depend on it.
    pub(super) fn guarded(&self, first: &Flow, second: &Flow) -> bool {
        let (Some(writes), Some(reads)) = (self.mappings.get(&first.name), self.mappings.get(&second.name)) else {
            return true; // what did not compile has been said
        };
        writes.rules().iter().any(|mark| {
            let Source::Const(value) = &mark.source else { return false };
            let name = words(mark.target.leaf());
            let asked = second.source.params.iter().any(|(param, _)| {
                let param = words(param);
                name.iter().all(|w| param.contains(w))
            });
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let rejected = reads.rules().iter().any(|r| {
                // What is neither copied nor joined depends on the mark: a condition, a program.
                let copies = matches!(r.source, Source::Path(_) | Source::Const(_) | Source::Join { .. });
                r.reads().any(|p| names(p) == names(&mark.target))
                    && r.values.as_ref().map_or(!copies, |table| {
                        let lacks = table.entries.iter().all(|(from, _)| from.value != text);
                        lacks && matches!(table.otherwise, None | Some(Else::Reject))
                    })
            });
            asked || rejected
        })
    }
}

fn names(path: &Path) -> Vec<&str> {
    path.segments().iter().filter_map(Segment::key).collect()
}

/// What an operation is about: its entity, else the last fixed part of its path.
fn thing(operation: &Operation) -> String {
    operation.entity.clone().unwrap_or_else(|| {
        let mut fixed = operation.path.split('/').filter(|p| !p.is_empty() && !p.contains('{'));
        let actions = ["search", "bulk", "batch", "query", "list", "find"];
        fixed
            .rfind(|p| !actions.contains(p))
            .map(|p| words(p).iter().map(|w| singular(w)).collect::<Vec<_>>().join("_"))
            .unwrap_or_default()
    })
}
