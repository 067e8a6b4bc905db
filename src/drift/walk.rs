//! Walks two systems side by side: every pair of schemas once for each side, however many operations reach it, and
//! however it refers to itself.

use std::collections::{HashMap, HashSet, VecDeque};

use super::change::{Change, Side};
use super::ops::{Ops, Systems, answers};
use super::pair::{Pair, children};
use super::rules::{ALL, Look};
use super::told::Found;
use crate::model::{Operation, SchemaId};

/// A pair of schemas in the walk.
pub(super) struct Node {
    pub(super) ids: (SchemaId, SchemaId),
    pub(super) side: Side,
    pub(super) subject: String,
    /// Pairs that lead here.
    pub(super) from: Vec<usize>,
    /// Operations and events that it is the root of.
    pub(super) roots: Vec<String>,
}

/// Most pairs of schemas that are walked: two descriptions that refer to themselves in different ways have as many as the
/// product of both.
const MOST_PAIRS: usize = 1_000_000;
/// Most characters of what a place is called; the middle of a longer one is left out.
const MOST_CALLED: usize = 400;

pub(super) struct Walker<'a> {
    pub(super) systems: &'a Systems<'a>,
    pub(super) seen: HashMap<(SchemaId, SchemaId, Side), usize>,
    pub(super) nodes: Vec<Node>,
    queue: VecDeque<usize>,
    /// Changes, each with the pair it belongs to.
    pub(super) found: Vec<(Change, Option<usize>)>,
    /// There were more pairs than are walked.
    pub(super) cut: bool,
    /// Names of schemas of the new description.
    named: HashSet<&'a str>,
    /// Fields that held the records of a list and hold them now: told as that, and not once more as fields.
    moved: HashMap<(SchemaId, SchemaId), (&'a str, &'a str)>,
}

/// Every change between two systems, and what each pair of schemas is called.
pub(super) fn walk(systems: &Systems<'_>) -> Found {
    let mut walker = Walker {
        systems,
        seen: HashMap::new(),
        nodes: Vec::new(),
        queue: VecDeque::new(),
        found: Vec::new(),
        cut: false,
        named: systems.new.schemas.iter().filter_map(|s| s.name.as_deref()).collect(),
        moved: HashMap::new(),
    };
    for rule in ALL {
        if let Look::Systems(look) = rule.look {
            let mut out = Vec::new();
            look(systems, &mut out);
            walker.found.extend(out.into_iter().map(|c| (c, None)));
        }
    }
    let Systems { old, new, matched } = *systems;
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

impl<'a> Walker<'a> {
    fn operation(&mut self, old: &'a Operation, new: &'a Operation) {
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
                if p.status.starts_with('2') {
                    self.moved.extend(moved(self.systems, (a, b), old, new));
                }
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
                let subject = self.name(ids).unwrap_or_else(|| bounded(subject));
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

    /// What two schemas are called where they are one thing wherever they stand: what hangs on a place moves with it.
    fn name(&self, ids: (SchemaId, SchemaId)) -> Option<String> {
        let (old, new) = (self.systems.old.schemas.get(ids.0), self.systems.new.schemas.get(ids.1));
        let was = old.name.as_deref()?;
        // In GraphQL every field has an enumeration of its own, which may be null or not.
        if self.systems.old.format == "graphql" && old.properties.is_empty() && old.variants.is_empty() {
            return None;
        }
        match new.name.as_deref() {
            // Another takes its place here, and it is what it was elsewhere.
            Some(now) if now != was && self.named.contains(was) => Some(bounded(&format!("{was} as {now}"))),
            // What stands here now has no name, and the named one stands elsewhere as before.
            None if self.named.contains(was) => None,
            _ => Some(bounded(was)),
        }
    }

    fn run(&mut self) {
        while let Some(at) = self.queue.pop_front() {
            let Node { ids, side, subject, .. } = &self.nodes[at];
            let (ids, side, subject) = (*ids, *side, subject.clone());
            let pair = Pair::new(self.systems, side, ids, &subject);
            let moved = self.moved.get(&ids).filter(|_| side == Side::Response);
            let told = |c: &Change| match (moved, c.field.as_deref()) {
                (Some((was, _)), Some(field)) if c.code == "property-removed" => field == *was,
                (Some((_, now)), Some(field)) if c.code == "property-added" => field == *now,
                _ => false,
            };
            let changes: Vec<Change> = of_schemas(&pair).into_iter().filter(|c| !told(c)).collect();
            self.found.extend(changes.into_iter().map(|c| (c, Some(at))));
            for (ids, name) in children(&pair) {
                if self.nodes.len() >= MOST_PAIRS {
                    self.cut = true;
                    break;
                }
                self.node(ids, side, &format!("{subject}{name}"), Some(at));
            }
        }
    }
}

/// Two schemas, and the field of each that holds the records.
type Moved<'a> = ((SchemaId, SchemaId), (&'a str, &'a str));

/// Where the field that held the records and the one that holds them stand, and what they are called.
fn moved<'a>(
    systems: &Systems<'a>,
    answer: (SchemaId, SchemaId),
    old: &'a Operation,
    new: &'a Operation,
) -> Option<Moved<'a>> {
    let (was, now) = (old.items.as_deref()?, new.items.as_deref()?);
    let shared = was.iter().zip(now).take_while(|(a, b)| a == b).count();
    let fields = (was.get(shared)?.as_str(), now.get(shared)?.as_str());
    let holder = was.iter().take(shared).try_fold(answer, |at, name| {
        Some((systems.old.schemas.property(at.0, name)?.0, systems.new.schemas.property(at.1, name)?.0))
    })?;
    Some((holder, fields))
}

/// What a place is called, its middle left out where it is too long.
fn bounded(name: &str) -> String {
    if name.len() <= MOST_CALLED {
        return name.to_owned();
    }
    let head: String = name.chars().take(MOST_CALLED / 4).collect();
    let tail = name.char_indices().rev().nth(MOST_CALLED / 2).map_or(0, |(at, _)| at);
    format!("{head}...{}", &name[tail..])
}
