//! A natural key that two records can share.

use super::key_identifies_nothing::shared;
use super::nature::of_field;
use super::told::{Field, UNIQUE, leaf, says};
use super::used::{Role, natural_key};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::base::yaml::Span;
use crate::contract::{Flow, Write};
use crate::finding::{Finding, Severity};
use crate::mapping::kind::Kind;
use crate::mapping::rule::Source;
use crate::mapping::{Rule, transforms};

pub(super) static CHECK: Check = Check {
    code: "natural-key-not-unique",
    summary: "upsert.match, put.key or bulk.key is a field that two records may share, is fed from one, or is cut on the way: one \
              record would be written over another.",
    severity: Severity::Error,
    run,
};

/// Last words of names of what many records have alike, or may have.
const ALIKE: [&str; 30] = [
    "name",
    "title",
    "status",
    "state",
    "stage",
    "city",
    "country",
    "region",
    "type",
    "kind",
    "category",
    "currency",
    "description",
    "note",
    "notes",
    "subject",
    "language",
    "locale",
    "role",
    "gender",
    "zip",
    "amount",
    "price",
    "date",
    "color",
    "colour",
    "size",
    "quantity",
    "company",
    "department",
];
/// Transforms of which two different values may come out alike, whatever they are given.
const CUTS: [&str; 11] =
    ["first", "last", "split", "date_only", "round", "to_boolean", "extract", "mask", "take", "count", "absolute"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(key) = natural_key(&flow.target.write) else { continue };
        let rule =
            subject.mappings.get(&flow.name).and_then(|m| m.rules().iter().find(|r| r.target.to_string() == key.value));
        let found = of_target(subject, flow)
            .map(|(what, sure, pointer)| (key.at, what, sure, pointer))
            .or_else(|| rule.and_then(|r| of_rule(subject, flow, r)));
        let Some((at, what, sure, pointer)) = found else { continue };
        let message = format!("the natural key {} {what}: one record would be written over another", quoted(key, 60));
        let finding =
            if sure { subject.error(&CHECK, at, message) } else { subject.warning(&CHECK, at, message).sure(0.75) };
        let fix = "tell records apart by a field that belongs to one record, fed from the record's id; or, where this one does, say \
                   so in a constraint";
        out.push(finding.fix(fix).because_of(pointer));
    }
}

type Shared = (String, bool, String);

fn of_target(subject: &Subject<'_>, flow: &Flow) -> Option<Shared> {
    let key = natural_key(&flow.target.write)?;
    // The key of a PUT is the address of one record, whatever it is called.
    let by_name = !matches!(flow.target.write, Write::Put { .. });
    subject.used_by(flow).into_iter().filter(|u| matches!(u.role, Role::Create | Role::Put | Role::Bulk)).find_map(
        |u| {
            let f = Field::of(u.system, u.body()?, key)?;
            if let Some((what, true)) = shared(&f.kind, leaf(key)) {
                return Some((format!("is {what}"), true, f.pointer()));
            }
            if says(&u.operation.summary, &UNIQUE) {
                return None;
            }
            // Whatever it is called, an amount or a quantity is no address.
            let amount = of_field(&f, leaf(key)).filter(|what| ["an amount of money", "a quantity"].contains(what));
            let told = || {
                !says(f.description(), &UNIQUE)
                    && !subject.constraint_says(flow, &flow.target.system, &UNIQUE, &words(leaf(key)))
            };
            if let Some(what) = amount.filter(|_| told()) {
                return Some((format!("is {what}, which two records may share"), true, f.pointer()));
            }
            (by_name && alike(subject, flow, &flow.target.system, key, &f))
                .then(|| ("may be the same in two records".to_owned(), false, f.pointer()))
        },
    )
}

fn alike(subject: &Subject<'_>, flow: &Flow, system: &str, path: &str, f: &Field<'_>) -> bool {
    let name = words(leaf(path));
    (name.last().is_some_and(|w| ALIKE.contains(&w.as_str())) || of_field(f, leaf(path)).is_some())
        && !says(f.description(), &UNIQUE)
        && !subject.constraint_says(flow, system, &UNIQUE, &name)
}

fn of_rule(subject: &Subject<'_>, flow: &Flow, rule: &Rule) -> Option<(Span, String, bool, String)> {
    let Source::Path(path) = &rule.source else { return None };
    let from = path.to_string();
    let f = subject.source_fields(flow, &from).into_iter().next()?;
    if let Some(cut) = cut(rule, &f.kind) {
        return Some((cut.0, format!("is cut by {}", cut.1), false, f.pointer()));
    }
    if let Some((what, true)) = shared(&f.kind, leaf(&from)) {
        return Some((rule.source_at, format!("comes from {from}, which is {what}"), true, f.pointer()));
    }
    let same_key = flow.source.key.value == from;
    (!same_key && alike(subject, flow, &flow.source.system, &from, &f))
        .then(|| (rule.source_at, format!("comes from {from}, which two records may share"), false, f.pointer()))
}

/// The step that makes two values one, with its place.
fn cut(rule: &Rule, kind: &Kind) -> Option<(Span, String)> {
    let mut kind = kind.clone();
    for step in &rule.steps {
        let after = transforms::flow(step.op.as_ref(), &kind);
        let shorter = step.transform.name == "truncate"
            && after.max_length.is_some_and(|m| kind.max_length.is_none_or(|before| m < before));
        if shorter || CUTS.contains(&step.transform.name) {
            return Some((step.at, quoted(&step.shown, 60)));
        }
        kind = after;
    }
    let table = rule.values.as_ref()?;
    let twice = table.entries.iter().enumerate().any(|(i, (_, v))| table.entries.iter().take(i).any(|(_, w)| w == v));
    twice.then(|| (table.at, "its values".to_owned()))
}
