//! Checks a mapping against both schemas: kinds flow from the source through each rule to the target (law 3).
//!
//! What can be found is listed in [`CODES`].

mod bounds;
mod branches;
mod codes;
mod compare;
mod coverage;
mod currency;
mod first_item;
mod meaning;
mod neighbours;
mod outcome;
mod real;
mod samples;
mod sources;
mod walk;

pub use self::real::{Trial, shape, trial};
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

pub use self::codes::CODES;
pub(super) use self::meaning::is_money;
use self::walk::{Reached, Stop, walk};
use super::path::Path;
use super::rule::{Rule, Source};
use super::{Mapping, kind::Kind};
use crate::base::text::{Guesses, nearest, quoted, surely};
use crate::base::yaml::{Span, Spanned};
use crate::finding::{Finding, Location, Severity, tidy};
use crate::model::narrow::Wanted;
use crate::model::{Direction, Fields, SchemaId, Schemas, TypeSet, impossible};

/// Checks a mapping. `source` is the schema of a record as it is read, `target` that of a body as it is written;
/// `unmapped` are the source fields left out on purpose; `file` is where the rules stand.
#[must_use]
pub fn check(
    mapping: &Mapping,
    source: (&Schemas, SchemaId),
    target: (&Schemas, SchemaId),
    unmapped: &[Spanned<String>],
    file: &str,
) -> Vec<Finding> {
    let mut cx = Context::new(source, target, file, wanted(mapping));
    cx.rules(mapping, Span::default());
    branches::unhandled(&mut cx, mapping, unmapped);
    currency::dropped(&mut cx, mapping);
    currency::fixed_factor(&mut cx, mapping);
    currency::of_another(&mut cx, mapping);
    neighbours::check(&mut cx, mapping);
    first_item::run(&mut cx, mapping);
    coverage::unmapped(&mut cx, mapping, unmapped);
    if cx.findings.iter().all(|f| f.severity != Severity::Error) {
        samples::run(&mut cx, mapping);
    }
    let written: Vec<String> = mapping.rules.iter().map(|r| r.target.to_string()).collect();
    let ends = |w: &'_ String| -> Vec<usize> {
        std::iter::once(0).chain(w.match_indices('.').map(|(i, _)| i + 1)).take(MOST_ENDS).collect()
    };
    let written: HashSet<&str> =
        written.iter().flat_map(|w| ends(w).into_iter().filter_map(move |at| w.get(at..))).collect();
    for finding in cx.findings.iter_mut().filter(|f| f.code == "unknown-target-field") {
        // What was meant is written already: which of the two rules stays is for a person.
        let taken = |meant: &String| written.contains(meant.as_str());
        if finding.nearest.as_ref().is_some_and(taken) {
            finding.edits.clear();
        }
    }
    tidy(&mut cx.findings);
    cx.findings
}

/// What a schema says about the field at a path.
///
/// # Errors
/// What to do instead, as an imperative, where there is no such field.
pub fn field(schemas: &Schemas, id: SchemaId, path: &Path) -> Result<Kind, String> {
    walk(schemas, id, path).map(|r| r.kind).map_err(|stop| match stop {
        Stop::Unknown { name, of, .. } => {
            let fields = schemas.properties(of);
            among(nearest(&name, fields.keys()), &fields)
        }
        Stop::NotInside { parent, types, .. } if parent.is_empty() => {
            format!("the record is {types}, which has no fields")
        }
        Stop::NotInside { parent, types, .. } => format!("{} is {types}, which has no such part", quoted(&parent, 80)),
    })
}

/// Where both sides of a rule were read: the target's schema, then those of what it reads. Nothing where its fields are not
/// known.
#[must_use]
pub fn pointers(
    rule: &Rule,
    source: (&Schemas, SchemaId),
    target: (&Schemas, SchemaId),
) -> (Option<String>, Vec<String>) {
    let pointer = |side: (&Schemas, SchemaId), path: &Path| {
        walk(side.0, side.1, path).ok().map(|r| r.pointer).filter(|p| !p.is_empty())
    };
    (pointer(target, &rule.target), rule.reads().filter_map(|p| pointer(source, p)).take(3).collect())
}

/// The codes of errors that speak against single rules, without regard to the rest of the mapping.
pub(super) fn rule_errors(
    mapping: &Mapping,
    source: (&Schemas, SchemaId),
    target: (&Schemas, SchemaId),
) -> Vec<&'static str> {
    let mut cx = Context::new(source, target, "", wanted(mapping));
    mapping.rules.iter().for_each(|r| cx.rule(r));
    cx.findings.iter().filter(|f| f.severity == Severity::Error).map(|f| f.code).collect()
}

/// Names that are looked at, over all that are unknown, to guess what was meant.
const LOOKS: usize = 200_000;

/// Parts of a path that are looked at as the name of what was meant.
const MOST_ENDS: usize = 16;

/// Errors beside which nothing else about a rule is worth saying.
const WRONG_TYPE: [&str; 3] = ["narrowing", "bad-transform", "enum-value-unmapped"];

/// What one check works on.
struct Context<'a> {
    source: (&'a Schemas, SchemaId),
    target: (&'a Schemas, SchemaId),
    file: &'a str,
    findings: Vec<Finding>,
    /// The fields of the source that its rules read.
    wanted: Wanted,
    /// Generated records of the source with these fields, made when they are first asked for.
    records: OnceCell<samples::Records>,
    /// What is left for guessing which names were meant.
    guesses: Guesses,
    /// The values of targets that list many, made when they are first asked for.
    lists: RefCell<HashMap<SchemaId, HashSet<&'a str>>>,
}

/// The fields of the source that a mapping reads.
fn wanted(mapping: &Mapping) -> Wanted {
    if mapping.reads_all() { Wanted::all() } else { Wanted::paths(mapping.reads()) }
}

/// One side of a rule, for messages: its path, shown, and where it was read.
struct Side {
    path: String,
    pointer: String,
}

impl<'a> Context<'a> {
    fn new(source: (&'a Schemas, SchemaId), target: (&'a Schemas, SchemaId), file: &'a str, wanted: Wanted) -> Self {
        Self {
            source,
            target,
            file,
            findings: Vec::new(),
            wanted,
            records: OnceCell::new(),
            guesses: Guesses::new(LOOKS),
            lists: RefCell::default(),
        }
    }
}

impl Context<'_> {
    /// All rules of a mapping, and what it leaves empty; `at` is where a mapping without rules stands.
    fn rules(&mut self, mapping: &Mapping, at: Span) {
        for rule in &mapping.rules {
            self.rule(rule);
        }
        coverage::required(self, mapping, at);
    }

    fn add(&mut self, at: Span, severity: Severity, code: &'static str, message: String, fix: impl Into<String>) {
        let location = Location::at(self.file, at);
        let finding = match severity {
            Severity::Error => Finding::error(code, location, message),
            Severity::Warning => Finding::warning(code, location, message),
            Severity::Note => Finding::note(code, location, message),
        };
        self.findings.push(finding.fix(fix));
    }

    fn error(&mut self, at: Span, code: &'static str, message: String, fix: impl Into<String>) {
        self.add(at, Severity::Error, code, message, fix);
    }

    fn warning(&mut self, at: Span, code: &'static str, message: String, fix: impl Into<String>) {
        self.add(at, Severity::Warning, code, message, fix);
    }

    /// The last finding rests on this place of a description.
    fn resting_on(&mut self, pointer: &str) {
        if let Some(last) = self.findings.last_mut()
            && !pointer.is_empty()
        {
            last.related.push(pointer.to_owned());
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let target = self.reach_target(rule);
        self.value_of(rule, target.as_ref());
    }

    /// The value of a rule, or of a case inside one, against its target.
    fn value_of(&mut self, rule: &Rule, target: Option<&Reached>) {
        if let Source::Const(value) = &rule.source {
            if let Some(target) = target {
                self.value(value, rule.source_at, &rule.target, target);
            }
            return;
        }
        let first = self.findings.len();
        let outcome = self.outcome(rule, target);
        if let (Some(kind), Some(target)) = (outcome, target) {
            let before = self.findings.len();
            self.compare(rule, &kind, target);
            self.written_out(rule, &kind, target, before);
            // Where the type is wrong already, what the value means is not the question.
            let wrong = self.findings.iter().skip(first).any(|f| WRONG_TYPE.contains(&f.code));
            if !wrong {
                self.meaning(rule, target, &kind);
            }
        }
        self.say_it_once(first);
        if let (Some(default), Some(target)) = (&rule.default, target) {
            self.value(&default.value, default.at, &rule.target, target);
        }
    }

    /// A number or a flag that a text is asked for: written as a text, its digits stay as they are, so nobody has to decide.
    fn written_out(&mut self, rule: &Rule, kind: &Kind, target: &Reached, from: usize) {
        let scalar = TypeSet::NUMBER.with(TypeSet::INTEGER).with(TypeSet::BOOLEAN);
        let safe = rule.bare && target.kind.types == TypeSet::STRING && !kind.types.is_any();
        if !safe || !kind.types.without(scalar).is_any() || target.kind.format.is_some() || target.kind.values.is_some()
        {
            return;
        }
        let path = rule.source.to_string();
        for finding in self.findings.iter_mut().skip(from).filter(|f| f.code == "narrowing") {
            *finding = finding.clone().word(&path, format!("{{from: {path}, with: [to_string]}}"));
        }
    }

    fn reach_target(&mut self, rule: &Rule) -> Option<Reached> {
        match walk(self.target.0, self.target.1, &rule.target) {
            Ok(reached) if reached.read_only => {
                let path = quoted(&rule.target.to_string(), 80);
                let message = format!("the target sets {path} itself (read-only)");
                self.error(rule.at, "read-only-target-written", message, "remove this rule");
                self.resting_on(&reached.pointer);
                None
            }
            Ok(Reached { id: Some(id), pointer, .. })
                if let Some(why) = impossible(self.target.0, id, Direction::Request) =>
            {
                let path = quoted(&rule.target.to_string(), 80);
                let message = format!("nothing can be sent as {path}: {why}");
                let fix = "leave it out of the map, or mend the description, by an overlay where it is not yours";
                self.error(rule.at, "impossible-target-field", message, fix);
                self.resting_on(&pointer);
                None
            }
            Ok(mut reached) => {
                Self::measure(self.target.0, reached.id, rule.target.leaf(), &mut reached.kind, None);
                Some(reached)
            }
            Err(stop) => {
                self.stopped(self.target.0, &stop, rule.at, "unknown-target-field", "the target");
                None
            }
        }
    }

    /// The schema at a source path, after complaints.
    fn reach_source(&mut self, path: &Path, at: Span) -> Option<Reached> {
        match walk(self.source.0, self.source.1, path) {
            Ok(reached) => {
                let shown = quoted(&path.to_string(), 80);
                if reached.write_only {
                    let message = format!("the source never sends {shown} (write-only)");
                    self.error(at, "write-only-source-read", message, "remove it, or map another field");
                    self.resting_on(&reached.pointer);
                    return None;
                }
                if let Some(parent) = &reached.union {
                    let message = format!("{shown} is inside {parent}, which may also be something else");
                    let fix = "such records are rejected: make the source always send the object, or map another field";
                    self.warning(at, "union-branch-unhandled", message, fix);
                }
                Some(reached)
            }
            Err(stop) => {
                self.stopped(self.source.0, &stop, at, "unknown-source-field", "the source");
                None
            }
        }
    }

    fn stopped(&mut self, schemas: &Schemas, stop: &Stop, at: Span, code: &'static str, side: &str) {
        match stop {
            Stop::Unknown { name, parent, of } => {
                let fields = schemas.properties(*of);
                let candidates: Vec<&str> = self.guesses.among(fields.keys()).collect();
                let near = nearest(name, candidates.iter().copied());
                let inside =
                    if parent.is_empty() { side.to_owned() } else { format!("{} of {side}", quoted(parent, 80)) };
                let message = format!("{inside} has no field \"{}\"", quoted(name, 60));
                self.error(at, code, message, among(near, &fields));
                // Two that are both a slip away leave it open which was meant.
                let Some(near) = near else { return };
                let only = candidates.iter().filter(|n| surely(name, n)).count() == 1;
                // Taken off only to be put back: where nothing is near, the finding stands as it is.
                if let Some(last) = self.findings.pop() {
                    let last = last.near(Some(near));
                    let sure = only && surely(name, near);
                    self.findings.push(if sure { last.word(name.as_str(), near) } else { last });
                }
            }
            Stop::NotInside { parent, types, list } => {
                if parent.is_empty() {
                    let message = format!("a record of {side} is {types}, which has no fields");
                    if self.findings.iter().any(|f| f.message == message) {
                        return; // every rule would say it again
                    }
                    self.error(at, code, message, "name the object or the list of objects that the records are in");
                    return;
                }
                let parent = quoted(parent, 80);
                let fix = if *list { format!("name an item: {parent}[0]") } else { format!("map {parent} itself") };
                self.error(at, code, format!("{parent} of {side} is {types}, which has no such part"), fix);
            }
        }
    }

    fn side(path: &Path, pointer: &str) -> Side {
        Side { path: format!("target {}", quoted(&path.to_string(), 80)), pointer: pointer.to_owned() }
    }
}

/// `did you mean "x"? fields: a, b, c`; names come from a description, so they are cleaned and bounded.
fn among(near: Option<&str>, fields: &Fields<'_>) -> String {
    const MOST: usize = 12;
    let shown: Vec<String> = fields.keys().take(MOST).map(|n| quoted(n, 40)).collect();
    let more = fields.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let near = near.map_or_else(String::new, |n| format!("did you mean \"{}\"? ", quoted(n, 60)));
    if fields.is_empty() {
        "it has no fields".to_owned()
    } else {
        format!("{near}use one of {}{more}", shown.join(", "))
    }
}
