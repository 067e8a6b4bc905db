//! Which flows feed which: what one writes, another reads.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use super::prose::{Told, of_event, of_operation, of_system};
use super::used::{Role, natural_key};
use crate::base::text::{singular, words};
use crate::contract::{Flow, Write};
use crate::mapping::path::Segment;
use crate::mapping::rule::{Else, Source};
use crate::mapping::{Path, Rule};
use crate::model::Operation;

/// More flows than this are nobody's contract, and pairs of them are not looked at.
const MOST: usize = 200;

/// Both ends of a flow, looked up once.
pub(super) struct Ends<'a> {
    pub(super) flow: &'a Flow,
    /// The accounts that it reads from and writes to.
    pub(super) from: String,
    pub(super) to: String,
    /// What records it reads and writes: by entity, else by the path of the operation.
    pub(super) reads: BTreeSet<String>,
    pub(super) writes: BTreeSet<String>,
    /// The natural key, where the contract names one.
    pub(super) key: Option<&'a str>,
    /// The rules, by the path that they write.
    pub(super) rules: BTreeMap<String, &'a Rule>,
    /// The rules that read a path, by every path that is read; and every path around one of these.
    read: BTreeMap<String, Vec<&'a Rule>>,
    around: BTreeSet<String>,
}

impl<'a> Subject<'a> {
    /// The ends of the flows, in the order of the file.
    pub(super) fn ends(&self) -> Vec<Ends<'a>> {
        self.contract.flows.values().take(MOST).map(|flow| self.ends_of(flow)).collect()
    }

    fn ends_of(&self, flow: &'a Flow) -> Ends<'a> {
        let used = self.used_by(flow);
        let things = |wanted: fn(Role) -> bool| used.iter().filter(move |u| wanted(u.role)).map(|u| thing(u.operation));
        let mut reads: BTreeSet<String> = things(|r| r == Role::List).collect();
        if flow.source.webhook.is_some() {
            for i in self.incoming(flow) {
                let named = i.system.entities.values().filter(|e| e.schema == Some(i.schema));
                reads.extend(named.map(|e| e.name.clone()));
            }
        }
        let rules = self.mappings.get(&flow.name).map(|m| m.rules()).unwrap_or_default();
        let mut read: BTreeMap<String, Vec<&Rule>> = BTreeMap::new();
        for rule in rules {
            for path in rule.reads() {
                read.entry(plain(path)).or_default().push(rule);
            }
        }
        let around = read.keys().flat_map(|path| prefixes(path)).map(str::to_owned).collect();
        Ends {
            flow,
            from: self.account(&flow.source.system),
            to: self.account(&flow.target.system),
            reads,
            writes: things(|r| !matches!(r, Role::List | Role::Find)).collect(),
            key: natural_key(&flow.target.write).map(|k| k.value.as_str()),
            rules: rules.iter().map(|r| (r.target.to_string(), r)).collect(),
            read,
            around,
        }
    }
}

impl<'a> Subject<'a> {
    /// Whether the description of a flow's source says that what the caller changed itself is left out where changes are read.
    pub(super) fn silent(&self, flow: &'a Flow) -> bool {
        let used = self.used_by(flow);
        let lists = used.iter().filter(|u| u.role == Role::List).flat_map(|u| of_operation(u.system, u.operation));
        let event = self.event(flow).into_iter().flat_map(|(system, event, _)| of_event(system, event));
        let all = self.system(&flow.source.system).into_iter().flat_map(|(_, system)| of_system(system));
        lists.chain(event).chain(all).any(|t| leaves_out_own(&t))
    }
}

impl Ends<'_> {
    /// Makes new records, each time.
    pub(super) const fn creates(&self) -> bool {
        matches!(self.flow.target.write, Write::Create { .. })
    }

    /// Whether what it writes are records that the other reads.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.to == other.from && !self.writes.is_disjoint(&other.reads)
    }

    /// Whether what it writes comes in through the other: the same records, and a field that carries data on (or records that
    /// are made new).
    pub(super) fn feeds(&self, other: &Self) -> bool {
        self.meets(other) && (self.creates() || self.carries(other))
    }

    /// A field, but for the keys, that it fills with data of its source and the other reads.
    fn carries(&self, other: &Self) -> bool {
        self.rules.iter().any(|(target, rule)| {
            let path = plain(&rule.target);
            let key = self.key == Some(target.as_str()) || *target == other.flow.source.key.value;
            !key && !matches!(rule.source, Source::Const(_))
                && (other.around.contains(&path) || prefixes(&path).any(|p| other.read.contains_key(p)))
        })
    }

    /// Whether the other leaves out what this one wrote: this one marks it by a constant, and the other asks for others by a
    /// parameter of that name, has a table of that field's values that lacks the mark and rejects it, or makes a value depend
    /// on it.
    pub(super) fn guarded(&self, other: &Self) -> bool {
        self.rules.values().any(|mark| {
            let Source::Const(value) = &mark.source else { return false };
            let name = words(mark.target.leaf());
            let asked = other.flow.source.params.iter().any(|(param, _)| {
                let param = words(param);
                !name.is_empty() && name.iter().all(|w| param.contains(w))
            });
            if asked {
                return true;
            }
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            other.read.get(&plain(&mark.target)).into_iter().flatten().any(|r| {
                // A condition or a program makes the value depend on the mark.
                let depends = matches!(r.source, Source::When(_) | Source::Jq(_));
                r.values.as_ref().map_or(depends, |table| {
                    let lacks = table.entries.iter().all(|(from, _)| from.value != text);
                    lacks && matches!(table.otherwise, None | Some(Else::Reject))
                })
            })
        })
    }
}

/// Whether a sentence says that a caller is not told of the caller's own changes.
fn leaves_out_own(told: &Told<'_>) -> bool {
    const OWN: [&str; 9] = [
        "own changes",
        "changes of its own",
        "changes of your own",
        "your own changes",
        "changes made by the same",
        "changes made by the caller",
        "changes made with the same",
        "made by the same token",
        "made by the same client",
    ];
    const LEFT_OUT: [&str; 9] = [
        "not sent",
        "not reported",
        "not returned",
        "not listed",
        "left out",
        "excluded",
        "suppressed",
        "does not echo",
        "no events",
    ];
    told.says(&OWN) && told.says(&LEFT_OUT)
}

/// A path as the names on its way.
pub(super) fn plain(path: &Path) -> String {
    path.segments().iter().filter_map(Segment::key).collect::<Vec<_>>().join(".")
}

/// `a`, `a.b` and `a.b.c` of `a.b.c`.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('.').map(|(i, _)| i).chain([path.len()]);
    ends.filter_map(move |end| path.get(..end))
}

/// What an operation is about: its entity, else the last fixed part of its path.
fn thing(operation: &Operation) -> String {
    operation.entity.clone().unwrap_or_else(|| {
        let actions = ["search", "bulk", "batch", "query", "list", "find"];
        let mut fixed = operation.path.split('/').filter(|p| !p.is_empty() && !p.contains('{'));
        let last = fixed.rfind(|p| !actions.contains(p)).unwrap_or_default();
        words(last).iter().map(|w| singular(w)).collect::<Vec<_>>().join("_")
    })
}

#[cfg(test)]
mod tests {
    use super::{Told, leaves_out_own};

    #[test]
    fn a_source_may_say_that_it_does_not_echo() {
        for (text, says) in [
            ("Your own changes are not sent back to you.", true),
            ("Changes made by the same token are left out.", true),
            ("Events for changes made by the caller are suppressed.", true),
            ("Your own changes are sent like those of others.", false),
            ("Deleted records are left out.", false),
        ] {
            assert_eq!(leaves_out_own(&Told { text, pointer: "" }), says, "{text}");
        }
    }
}
