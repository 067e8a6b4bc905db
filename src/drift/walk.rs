//! Walks two systems side by side: every pair of schemas once for each side, however many operations reach it, and
//! however it refers to itself.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::change::{Change, Side};
use super::matching::{self, Matched};
use super::rules::{ALL, Look};
use crate::model::{
    Additional, Event, OauthFlow, Operation, ParamIn, Parameter, Schema, SchemaId, SchemeKind, SecurityScheme, System,
};

/// A property of both: its name, and its schema before and after, each with whether it must be there.
pub(super) type Kept<'a> = (&'a str, (SchemaId, bool), (SchemaId, bool));

/// Two systems.
pub(super) struct Systems<'a> {
    pub(super) old: &'a System,
    pub(super) new: &'a System,
    pub(super) matched: &'a Matched,
}

impl<'a> Systems<'a> {
    /// Events of both, by name.
    pub(super) fn events(&self) -> Vec<(&'a Event, &'a Event)> {
        let known: HashMap<&str, &'a Event> = self.new.events.iter().rev().map(|e| (e.name.as_str(), e)).collect();
        self.old.events.iter().filter_map(|e| Some((e, *known.get(e.name.as_str())?))).collect()
    }

    /// Neither description says how anything is called or sent: what is compared are its records.
    pub(super) fn only_records(&self) -> bool {
        [self.old, self.new].iter().all(|s| s.operations.is_empty() && s.events.is_empty())
    }

    /// Flows of the OAuth schemes of both, by the name of the scheme.
    pub(super) fn oauth(&self) -> Vec<(&'a str, &'a [OauthFlow], &'a [OauthFlow])> {
        let both = |(name, old): (&'a String, &'a SecurityScheme)| match (&old.kind, &self.new.schemes.get(name)?.kind) {
            (SchemeKind::Oauth2(was), SchemeKind::Oauth2(now)) => Some((name.as_str(), was.as_slice(), now.as_slice())),
            _ => None,
        };
        self.old.schemes.iter().filter_map(both).collect()
    }
}

/// Two operations that are one.
pub(super) struct Ops<'a> {
    pub(super) systems: &'a Systems<'a>,
    pub(super) old: &'a Operation,
    pub(super) new: &'a Operation,
}

impl<'a> Ops<'a> {
    /// `GET /v1/orders`; of GraphQL `Query.orders`.
    pub(super) fn subject(&self) -> String {
        subject(self.old)
    }

    /// Parameters that are one: those of the path by their place in it, others by where and how they are called.
    pub(super) fn parameters(&self) -> Vec<(&'a Parameter, &'a Parameter)> {
        let path = self.old.path_params().into_iter().zip(self.new.path_params()).filter_map(|(a, b)| {
            let find =
                |o: &'a Operation, name: &str| o.parameters.iter().find(|p| p.place == ParamIn::Path && p.name == name);
            Some((find(self.old, a)?, find(self.new, b)?))
        });
        let others = self.old.parameters.iter().filter(|p| p.place != ParamIn::Path);
        path.chain(others.filter_map(|p| Some((p, same(p, &self.new.parameters)?)))).collect()
    }

    /// Parameters of one side alone, those of the path left out.
    pub(super) fn alone(these: &'a [Parameter], those: &'a [Parameter]) -> Vec<&'a Parameter> {
        these.iter().filter(|p| p.place != ParamIn::Path && same(p, those).is_none()).collect()
    }
}

fn same<'p>(p: &Parameter, among: &'p [Parameter]) -> Option<&'p Parameter> {
    among.iter().find(|q| {
        let header = p.place == ParamIn::Header && p.name.eq_ignore_ascii_case(&q.name);
        q.place == p.place && (q.name == p.name || header)
    })
}

/// How an operation is called in an answer.
pub(super) fn subject(o: &Operation) -> String {
    match &o.root_field {
        Some(field) => {
            let root = field.root.as_str();
            format!("{}{}.{}", root[..1].to_ascii_uppercase(), &root[1..], field.name)
        }
        None => format!("{} {}", o.method.as_str(), o.path),
    }
}

/// Two schemas that stand at one place.
pub(super) struct Pair<'a> {
    pub(super) systems: &'a Systems<'a>,
    pub(super) side: Side,
    pub(super) ids: (SchemaId, SchemaId),
    pub(super) old: &'a Schema,
    pub(super) new: &'a Schema,
    /// How the place is called.
    pub(super) subject: &'a str,
}

impl<'a> Pair<'a> {
    pub(super) fn new(systems: &'a Systems<'a>, side: Side, ids: (SchemaId, SchemaId), subject: &'a str) -> Self {
        let (old, new) = (systems.old.schemas.get(ids.0), systems.new.schemas.get(ids.1));
        Self { systems, side, ids, old, new, subject }
    }

    /// The same change in a request or in an answer.
    pub(super) fn is(&self, side: Side) -> bool {
        self.side == side
    }

    /// A change of this schema that breaks nobody yet.
    pub(super) fn change(&self, code: &'static str, message: impl Into<String>) -> Change {
        Change::note(code, self.side, self.subject, message).at(Some(&self.old.pointer), Some(&self.new.pointer))
    }

    /// A change of a property of it that breaks nobody yet.
    pub(super) fn property(&self, code: &'static str, name: &str, message: impl Into<String>) -> Change {
        let (old, new) = (&self.systems.old.schemas, &self.systems.new.schemas);
        let was = old.property(self.ids.0, name).map(|p| old.get(p.0).pointer.as_str());
        let now = new.property(self.ids.1, name).map(|p| new.get(p.0).pointer.as_str());
        Change::note(code, self.side, format!("{}.{name}", self.subject), message).at(was, now).of(name)
    }

    /// One is made of variants and the other is not.
    fn unlike(&self) -> bool {
        self.old.variants.is_empty() != self.new.variants.is_empty()
    }

    /// Properties of the old schema on this side.
    pub(super) fn old_properties(&self) -> Vec<(&'a str, SchemaId)> {
        properties(self.systems.old, self.ids.0, self.unlike(), self.side)
    }

    /// Properties of the new schema on this side.
    pub(super) fn new_properties(&self) -> Vec<(&'a str, SchemaId)> {
        properties(self.systems.new, self.ids.1, self.unlike(), self.side)
    }

    /// Properties of the new schema that the old one lacks.
    pub(super) fn added(&self) -> Vec<(&'a str, &'a Schema)> {
        let old: BTreeSet<&str> = self.old_properties().into_iter().map(|(n, _)| n).collect();
        let new = self.new_properties().into_iter().filter(|(n, _)| !old.contains(n));
        new.map(|(n, id)| (n, self.systems.new.schemas.get(id))).collect()
    }

    /// Properties of the old schema that the new one lacks.
    pub(super) fn removed(&self) -> Vec<(&'a str, &'a Schema)> {
        let new: BTreeSet<&str> = self.new_properties().into_iter().map(|(n, _)| n).collect();
        let old = self.old_properties().into_iter().filter(|(n, _)| !new.contains(n));
        old.map(|(n, id)| (n, self.systems.old.schemas.get(id))).collect()
    }

    /// Properties of both, each with whether it must be there: before, after.
    pub(super) fn kept(&self) -> Vec<Kept<'a>> {
        let needed = |system: &'a System, id: SchemaId, name: &str| {
            let schema = system.schemas.get(id);
            if self.unlike() {
                system.schemas.property(id, name).is_some_and(|p| p.1)
            } else {
                schema.required.contains(name)
            }
        };
        let new: HashMap<&str, SchemaId> = self.new_properties().into_iter().collect();
        self.old_properties()
            .into_iter()
            .filter_map(|(name, old)| {
                let new = *new.get(name)?;
                let before = needed(self.systems.old, self.ids.0, name);
                Some((name, (old, before), (new, needed(self.systems.new, self.ids.1, name))))
            })
            .collect()
    }

    /// Whether a property of the new schema must be there.
    pub(super) fn new_needs(&self, name: &str) -> bool {
        if self.unlike() {
            self.systems.new.schemas.property(self.ids.1, name).is_some_and(|p| p.1)
        } else {
            self.new.required.contains(name)
        }
    }

    /// The variants of both; a schema without any is its own only one.
    pub(super) fn variants(&self) -> Option<matching::Variants> {
        if self.old.variants.is_empty() || self.new.variants.is_empty() {
            return None;
        }
        let (old, new) = (&self.systems.old.schemas, &self.systems.new.schemas);
        Some(matching::variants(old, &self.old.variants, new, &self.new.variants))
    }
}

fn properties(system: &System, id: SchemaId, all: bool, side: Side) -> Vec<(&str, SchemaId)> {
    let seen = |id: SchemaId| {
        let schema = system.schemas.get(id);
        !(side == Side::Request && schema.read_only || side == Side::Response && schema.write_only)
    };
    if all {
        return system.schemas.properties(id).into_iter().filter(|(_, id)| seen(*id)).collect();
    }
    let own = system.schemas.get(id).properties.iter();
    own.filter(|(_, id)| seen(**id)).map(|(name, id)| (name.as_str(), *id)).collect()
}

/// A pair of schemas in the walk.
struct Node {
    ids: (SchemaId, SchemaId),
    side: Side,
    subject: String,
    /// Pairs that lead here.
    from: Vec<usize>,
    /// Operations and events that it is the root of.
    roots: Vec<String>,
}

struct Walker<'a> {
    systems: &'a Systems<'a>,
    seen: HashMap<(SchemaId, SchemaId, Side), usize>,
    nodes: Vec<Node>,
    queue: VecDeque<usize>,
    /// Changes, each with the pair it belongs to.
    found: Vec<(Change, Option<usize>)>,
}

/// Every change from the old to the new, worst first, then by what changed.
#[must_use]
pub fn compare(old: &System, new: &System) -> Vec<Change> {
    let matched = matching::operations(old, new);
    let systems = Systems { old, new, matched: &matched };
    let mut walker = Walker {
        systems: &systems,
        seen: HashMap::new(),
        nodes: Vec::new(),
        queue: VecDeque::new(),
        found: Vec::new(),
    };
    for rule in ALL {
        if let Look::Systems(look) = rule.look {
            let mut out = Vec::new();
            look(&systems, &mut out);
            walker.found.extend(out.into_iter().map(|c| (c, None)));
        }
    }
    for (i, j) in &matched.pairs {
        walker.operation(&old.operations[*i], &new.operations[*j]);
    }
    for (event, other) in systems.events() {
        let subject = format!("event {}", event.name);
        if let (Some(a), Some(b)) = (event.payload, other.payload) {
            walker.root((a, b), Side::Response, &subject, &subject);
        }
        for header in &event.headers {
            let same = other.headers.iter().find(|h| h.name.eq_ignore_ascii_case(&header.name));
            if let (Some(a), Some(b)) = (header.schema, same.and_then(|h| h.schema)) {
                walker.root((a, b), Side::Response, &format!("{subject} {}", header.name), &subject);
            }
        }
    }
    if systems.only_records() {
        // A table is read and written; a schema of records may be either.
        for (name, entity) in &old.entities {
            let same = new.entities.get(name).and_then(|e| e.schema);
            if let (Some(a), Some(b)) = (entity.schema, same) {
                walker.root((a, b), Side::Request, name, name);
                walker.root((a, b), Side::Response, name, name);
            }
        }
    }
    walker.run();
    walker.finish()
}

/// What the rules for operations say of two that are one.
pub(super) fn of_operations(ops: &Ops<'_>) -> Vec<Change> {
    let mut out = Vec::new();
    for rule in ALL {
        if let Look::Operations(look) = rule.look {
            look(ops, &mut out);
        }
    }
    out.into_iter().map(|c| c.on(&ops.old.id)).collect()
}

/// What the rules for schemas say of two at one place.
pub(super) fn of_schemas(pair: &Pair<'_>) -> Vec<Change> {
    let mut out = Vec::new();
    for rule in ALL {
        if let Look::Schemas(look) = rule.look {
            look(pair, &mut out);
        }
    }
    out
}

impl Walker<'_> {
    fn operation(&mut self, old: &Operation, new: &Operation) {
        let ops = Ops { systems: self.systems, old, new };
        self.found.extend(of_operations(&ops).into_iter().map(|c| (c, None)));
        let subject = ops.subject();
        for (p, q) in ops.parameters() {
            if let (Some(a), Some(b)) = (p.schema, q.schema) {
                self.root((a, b), Side::Request, &format!("{subject} {}", p.name), &old.id);
            }
        }
        if let (Some(p), Some(q)) = (&old.body, &new.body)
            && let (Some(a), Some(b)) = (p.schema, q.schema)
        {
            self.root((a, b), Side::Request, &format!("{subject} body"), &old.id);
        }
        for (p, q) in answers(old, new) {
            if let (Some(a), Some(b)) = (p.schema, q.schema) {
                self.root((a, b), Side::Response, &format!("{subject} {}", p.status), &old.id);
            }
        }
    }

    fn root(&mut self, ids: (SchemaId, SchemaId), side: Side, subject: &str, of: &str) {
        let node = self.node(ids, side, subject, None);
        if self.nodes[node].roots.last().map(String::as_str) != Some(of) {
            self.nodes[node].roots.push(of.to_owned());
        }
    }

    fn node(&mut self, ids: (SchemaId, SchemaId), side: Side, subject: &str, from: Option<usize>) -> usize {
        let at = match self.seen.get(&(ids.0, ids.1, side)) {
            Some(at) => *at,
            None => {
                let at = self.nodes.len();
                self.seen.insert((ids.0, ids.1, side), at);
                // A named schema is one thing wherever it stands, and is called so.
                let name = self.systems.old.schemas.get(ids.0).name.as_deref();
                let enumeration = self.systems.old.schemas.get(ids.0).properties.is_empty();
                let subject = name.filter(|_| !enumeration).unwrap_or(subject).to_owned();
                self.nodes.push(Node { ids, side, subject, from: Vec::new(), roots: Vec::new() });
                self.queue.push_back(at);
                at
            }
        };
        if let Some(from) = from {
            self.nodes[at].from.push(from);
        }
        at
    }

    fn run(&mut self) {
        while let Some(at) = self.queue.pop_front() {
            let Node { ids, side, subject, .. } = &self.nodes[at];
            let (ids, side, subject) = (*ids, *side, subject.clone());
            let pair = Pair::new(self.systems, side, ids, &subject);
            self.found.extend(of_schemas(&pair).into_iter().map(|c| (c, Some(at))));
            for (ids, name) in children(&pair) {
                self.node(ids, side, &format!("{subject}{name}"), Some(at));
            }
        }
    }

    /// Says of each change which operations it reaches; one change that several pairs tell is one.
    fn finish(self) -> Vec<Change> {
        let mut stamp = vec![0_u32; self.nodes.len()];
        let mut round = 0;
        let mut known: HashMap<usize, BTreeSet<&str>> = HashMap::new();
        let mut out: Vec<Change> = Vec::new();
        let mut by_print: HashMap<String, usize> = HashMap::new();
        for (mut change, node) in self.found {
            if let Some(node) = node {
                let reached = known.entry(node).or_insert_with(|| {
                    round += 1;
                    let mut reached = BTreeSet::new();
                    let mut queue = VecDeque::from([node]);
                    stamp[node] = round;
                    while let Some(at) = queue.pop_front() {
                        let room = Change::MOST_REACHED.saturating_sub(reached.len());
                        reached.extend(self.nodes[at].roots.iter().take(room).map(String::as_str));
                        if reached.len() >= Change::MOST_REACHED {
                            break;
                        }
                        for from in &self.nodes[at].from {
                            if stamp[*from] != round {
                                stamp[*from] = round;
                                queue.push_back(*from);
                            }
                        }
                    }
                    reached
                });
                change.reaches = reached.iter().map(|r| (*r).to_owned()).collect();
            }
            match by_print.get(&change.fingerprint()) {
                Some(at) => {
                    let same = &mut out[*at];
                    for more in change.reaches {
                        if same.reaches.len() < Change::MOST_REACHED && !same.reaches.contains(&more) {
                            same.reaches.push(more);
                        }
                    }
                }
                None => {
                    by_print.insert(change.fingerprint(), out.len());
                    out.push(change);
                }
            }
        }
        out.sort_by(|a, b| {
            (b.breaking, b.severity, &a.subject, a.code, a.side, &a.detail)
                .cmp(&(a.breaking, a.severity, &b.subject, b.code, b.side, &b.detail))
        });
        out
    }
}

/// Answers that are one: by status; the first success of one side is that of the other, whatever its number.
pub(super) fn answers<'a>(
    old: &'a Operation,
    new: &'a Operation,
) -> Vec<(&'a crate::model::Response, &'a crate::model::Response)> {
    let mut out: Vec<_> = old
        .responses
        .iter()
        .filter_map(|p| Some((p, new.responses.iter().find(|q| q.status.eq_ignore_ascii_case(&p.status))?)))
        .collect();
    if let (Some(p), Some(q)) = (old.success(), new.success())
        && !out.iter().any(|(a, b)| a.status == p.status || b.status == q.status)
    {
        out.push((p, q));
    }
    out
}

/// Pairs below a pair, each with what its name adds.
pub(super) fn children(pair: &Pair<'_>) -> Vec<((SchemaId, SchemaId), String)> {
    let mut out = Vec::new();
    for (name, old, new) in pair.kept() {
        out.push(((old.0, new.0), format!(".{name}")));
    }
    if let (Some(a), Some(b)) = (pair.old.items, pair.new.items) {
        out.push(((a, b), "[]".to_owned()));
    }
    if let (Additional::Of(a), Additional::Of(b)) = (pair.old.additional, pair.new.additional) {
        out.push(((a, b), ".*".to_owned()));
    }
    if let Some(variants) = pair.variants() {
        for (i, ids) in variants.pairs.into_iter().enumerate() {
            out.push((ids, if i == 0 { String::new() } else { format!("|{}", i + 1) }));
        }
    }
    out
}
