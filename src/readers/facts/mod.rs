//! What a description only implies: one detector per fact. Each fills derived fields of the model and pushes facts
//! with their ground. Detectors know the model and the hints, never a format.

mod actions;
mod auth_keys;
mod auth_mode;
mod base_url;
mod bulk;
mod change_feed;
mod concurrency;
mod deprecation;
mod description_origin;
mod entities;
mod entity_fields;
mod environment;
mod error_format;
mod examples;
mod idempotency;
mod incremental;
mod leaves;
mod money;
mod nouns;
mod oauth2;
mod ordering;
mod orders;
mod page_names;
mod page_params;
mod page_tokens;
mod pagination;
mod paging_kin;
mod path;
mod rate_limit;
mod rate_limit_header;
mod records;
mod regulation;
mod required_header;
mod said;
mod sensitive;
mod sensitive_field;
mod service_level;
mod timestamps;
mod verbs;
mod versioning;
mod webhook_event;
mod webhook_signature;
mod webhooks;

pub(crate) use rate_limit::limit_in;
pub(crate) use sensitive::Around;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::both::both;
use crate::base::tree::{Node, Place};
use crate::model::{Fact, Remark, RemarkOf, System};

/// Where a text stands, as its reader keeps it.
#[derive(Debug, Clone)]
pub enum Spot<'d> {
    /// In a tree.
    Place(Place<'d>),
    /// Elsewhere: a pointer as the reader of a language of its own writes it.
    Pointer(String),
}

impl std::fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Place(place) => place.fmt(f),
            Self::Pointer(pointer) => f.write_str(pointer),
        }
    }
}

impl From<&'static str> for Spot<'_> {
    fn from(pointer: &'static str) -> Self {
        Self::Pointer(pointer.to_owned())
    }
}

impl<'d> From<Place<'d>> for Spot<'d> {
    fn from(place: Place<'d>) -> Self {
        Self::Place(place)
    }
}

impl From<String> for Spot<'_> {
    fn from(pointer: String) -> Self {
        Self::Pointer(pointer)
    }
}

/// A text that the model has no place for at full length.
#[derive(Debug, Clone)]
pub struct Prose<'d> {
    /// Index of the operation it is about; nothing for the whole system.
    pub operation: Option<usize>,
    /// Where it stands.
    pub pointer: Spot<'d>,
    /// As written: untrusted, only to be searched.
    pub text: &'d str,
}

/// A vendor's extension.
#[derive(Debug, Clone)]
pub struct Extension<'d> {
    /// Index of the operation it is about; nothing for the whole system.
    pub operation: Option<usize>,
    /// Its name, `x-…`.
    pub name: &'d str,
    /// Its value.
    pub value: Node<'d>,
    /// Where the object stands that has it.
    pub of: Spot<'d>,
}

impl Prose<'_> {
    /// The text and its place, to stand in a row with other texts.
    fn shown(&self) -> (&str, &dyn std::fmt::Display) {
        (self.text, &self.pointer)
    }
}

/// A text of the model and its place, likewise.
#[expect(clippy::ptr_arg, reason = "a str has no size, and what shows itself must have one")]
fn shown<'t>(text: &'t str, pointer: &'t String) -> (&'t str, &'t dyn std::fmt::Display) {
    (text, pointer)
}

impl Extension<'_> {
    /// Its pointer.
    #[must_use]
    pub fn pointer(&self) -> String {
        crate::base::pointer::join(&self.of.to_string(), self.name)
    }
}

/// What a reader saw beside the model.
#[derive(Debug, Clone, Default)]
pub struct Hints<'d> {
    /// Descriptions of the system, its operations and their answers.
    pub prose: Vec<Prose<'d>>,
    /// Where what is said of answers 429 stands: it counts requests, or nothing.
    pub of_429: std::collections::BTreeSet<String>,
    /// Descriptions of events, each with the event's name.
    pub events: Vec<(String, Prose<'d>)>,
    /// Descriptions of parameters, by operation index; each with the parameter's name.
    parameters: BTreeMap<usize, Vec<(Cow<'d, str>, Prose<'d>)>>,
    /// Extensions of the system and its operations.
    pub extensions: Vec<Extension<'d>>,
    /// What the description says of itself beside title and version: contact, terms, documentation. Name, value, place.
    pub about: Vec<(&'static str, &'d str, String)>,
    /// All that the description holds are requests that somebody sent: what they show is seen, not stated.
    pub examples: bool,
    /// What the prose says of the topics that several detectors ask for; found in one look, at the first question.
    said: std::sync::OnceLock<said::Said>,
}

impl<'d> Hints<'d> {
    /// Of a description that holds examples and no statements.
    pub fn of_examples() -> Self {
        Self { examples: true, ..Self::default() }
    }

    /// Keeps what is said of a parameter of an operation; of two with one name, the later.
    pub fn of_parameter(&mut self, index: usize, name: impl Into<Cow<'d, str>>, prose: Prose<'d>) {
        let (name, all) = (name.into(), self.parameters.entry(index).or_default());
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, before)) => *before = prose,
            None => all.push((name, prose)),
        }
    }

    /// What is said of a parameter; empty where nothing is.
    fn parameter(&self, index: usize, name: &str) -> &'d str {
        let all = self.parameters.get(&index).into_iter().flatten();
        all.clone().find(|(known, _)| known == name).map_or("", |(_, p)| p.text)
    }

    /// What is said of all parameters, with the index of the operation.
    fn parameters(&self) -> impl Iterator<Item = (usize, &Prose<'d>)> {
        self.parameters.iter().flat_map(|(index, all)| all.iter().map(move |(_, prose)| (*index, prose)))
    }

    /// Keeps the extensions of an object.
    pub fn extensions_of(&mut self, object: Node<'d>, of: impl Into<Spot<'d>> + Copy, operation: Option<usize>) {
        for (name, value) in object.entries() {
            if name.starts_with("x-") {
                self.extensions.push(Extension { operation, name, value, of: of.into() });
            }
        }
    }
}

/// One detector.
pub struct Detector {
    /// The fact it finds.
    pub fact: &'static str,
    /// How it looks.
    pub look: Look,
}

/// How a detector looks at a system.
#[derive(Clone, Copy)]
pub enum Look {
    /// Fills derived fields of the model, and adds facts; those that come later build on it.
    Derive(fn(&mut System, &Hints<'_>)),
    /// Adds facts to those found so far, once all fields are derived. Order does not matter to it.
    Observe(fn(&System, &Hints<'_>, &mut Vec<Fact>)),
    /// Adds facts when all others are there.
    Conclude(fn(&mut System, &Hints<'_>)),
}

/// All detectors, each after those it builds on.
pub const ALL: &[Detector] = &[
    records::DETECTOR,
    actions::DETECTOR,
    entities::DETECTOR,
    bulk::DETECTOR,
    auth_mode::DETECTOR,
    base_url::DETECTOR,
    pagination::DETECTOR,
    incremental::DETECTOR,
    idempotency::DETECTOR,
    rate_limit::DETECTOR,
    rate_limit_header::DETECTOR,
    oauth2::DETECTOR,
    required_header::DETECTOR,
    webhooks::DETECTOR,
    sensitive_field::DETECTOR,
    webhook_event::DETECTOR,
    environment::DETECTOR,
    versioning::DETECTOR,
    error_format::DETECTOR,
    concurrency::DETECTOR,
    ordering::DETECTOR,
    change_feed::DETECTOR,
    timestamps::DETECTOR,
    money::DETECTOR,
    webhook_signature::DETECTOR,
    deprecation::DETECTOR,
    service_level::DETECTOR,
    regulation::DETECTOR,
    description_origin::DETECTOR,
];

/// The system of a description, for tests of detectors.
#[cfg(test)]
fn system_of(text: &str) -> System {
    super::read_bytes(text.as_bytes(), "api.yaml").system.expect("the description is readable")
}

/// The values of a fact, for tests of detectors.
#[cfg(test)]
fn values_of(text: &str, fact: &str) -> Vec<serde_json::Value> {
    system_of(text).facts_named(fact).map(|f| f.value.clone()).collect()
}

/// Runs all detectors; what they find stands in the order of [`ALL`], whichever was first.
pub fn derive(system: &mut System, hints: &Hints<'_>) {
    let mut found: Vec<Vec<Fact>> = Vec::with_capacity(ALL.len());
    for detector in ALL {
        if let Look::Derive(run) = detector.look {
            run(system, hints);
        }
        found.push(std::mem::take(&mut system.facts));
    }
    for (at, facts) in observed(system, hints) {
        if let Some(place) = found.get_mut(at) {
            *place = facts;
        }
    }
    conclude(system, hints, found);
    if hints.examples {
        examples::infer(system);
    }
    system.remarks = remarks(hints);
}

/// Most bytes of texts that are kept of one description, and of those about the whole system.
const MOST_TEXT: usize = 4_000_000;
const MOST_OF_ALL: usize = 100_000;

/// The prose, in the order of what it is about.
fn remarks(hints: &Hints<'_>) -> Vec<Remark> {
    let of_operation = |p: &Prose<'_>| match p.operation.map(u32::try_from) {
        Some(Ok(at)) => Some(RemarkOf::Operation(at)),
        Some(Err(_)) => None,
        None => Some(RemarkOf::System),
    };
    let of_operations = hints.prose.iter().filter_map(|p| Some((of_operation(p)?, p)));
    let of_events = hints.events.iter().map(|(name, p)| (RemarkOf::Event(name.clone()), p));
    let (mut left, mut general) = (MOST_TEXT, MOST_OF_ALL);
    let mut out: Vec<Remark> = of_operations
        .chain(of_events)
        .filter_map(|(about, p)| {
            let left = if about == RemarkOf::System { &mut general } else { &mut left };
            *left = left.checked_sub(p.text.len().min(Remark::MOST))?;
            Some(Remark::new(about, p.text, p.pointer.to_string()))
        })
        .collect();
    out.sort_by(|a, b| a.about.cmp(&b.about));
    out
}

/// From this many operations and schemas on, a second thread is worth its start.
const MANY: usize = 400;

/// What those found that only look, with their places in [`ALL`].
fn observed(system: &System, hints: &Hints<'_>) -> Vec<(usize, Vec<Fact>)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some((at, detector)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, ALL.get(i)?)))
        {
            if let Look::Observe(run) = detector.look {
                let mut facts = Vec::new();
                run(system, hints, &mut facts);
                found.push((at, facts));
            }
        }
        found
    };
    if system.operations.len() + system.schemas.len() < MANY {
        return work();
    }
    let (mut found, more) = both(work, work);
    found.extend(more);
    found
}

/// Puts all facts into the system, with what follows from them, each at the place of its detector.
fn conclude(system: &mut System, hints: &Hints<'_>, found: Vec<Vec<Fact>>) {
    let mut counts: Vec<usize> = found.iter().map(Vec::len).collect();
    system.facts = found.into_iter().flatten().collect();
    for (at, detector) in ALL.iter().enumerate() {
        if let Look::Conclude(run) = detector.look {
            let before = system.facts.len();
            run(system, hints);
            let more = system.facts.split_off(before);
            let place: usize = counts.iter().take(at + 1).sum();
            if let Some(count) = counts.get_mut(at) {
                *count += more.len();
            }
            system.facts.splice(place..place, more);
        }
    }
}
