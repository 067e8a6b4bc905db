//! An address that the target keeps in other letters than the source writes it.

use super::told::{Field, leaf, says};
use super::used::{Role, natural_key};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::contract::Flow;
use crate::finding::{Finding, Severity};
use crate::mapping::rule::Source;

pub(super) static CHECK: Check = Check {
    code: "natural-key-case",
    summary: "Records are matched by an email whose letters the two systems write differently, and no rule makes them alike: what is \
              there is not found, and a second record is made.",
    severity: Severity::Warning,
    run,
};

const LOWER: [&str; 3] = ["lower case", "lower-case", "lowercase"];
const ANY_CASE: [&str; 8] = [
    "case-insensitive",
    "case insensitive",
    "regardless of case",
    "without regard to case",
    "ignores case",
    "ignoring case",
    "whatever its case",
    "not case-sensitive",
];
const MIXED: [&str; 12] = [
    "as typed",
    "as entered",
    "as given",
    "as written",
    "as it was typed",
    "as the customer typed",
    "typed by",
    "mixed case",
    "upper case",
    "uppercase",
    "case is kept",
    "case is preserved",
];
/// Transforms after which letters are alike, or no longer letters.
const ALIKE: [&str; 4] = ["lower", "upper", "sha256", "pseudonym"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(key) = natural_key(&flow.target.write) else { continue };
        let rule =
            subject.mappings.get(&flow.name).and_then(|m| m.rules().iter().find(|r| r.target.to_string() == key.value));
        let Some(rule) = rule.filter(|r| !ALIKE.iter().any(|name| r.has_step(name))) else { continue };
        let Source::Path(path) = &rule.source else { continue };
        let Some(from) = subject.source_fields(flow, &path.to_string()).into_iter().next() else { continue };
        let mailed = |name: &str| words(name).iter().any(|w| w == "email" || w == "mail");
        if !(mailed(leaf(key)) || from.kind.format.as_deref() == Some("email")) {
            continue;
        }
        let told = target_says(subject, flow);
        if told.iter().any(|t| says(t, &ANY_CASE)) || says(from.description(), &LOWER) {
            continue;
        }
        let because = if told.iter().any(|t| says(t, &LOWER)) {
            format!("{} keeps it in one case", flow.target.system.value)
        } else if says(from.description(), &MIXED) {
            format!("{} keeps it as it was typed", flow.source.system.value)
        } else {
            continue;
        };
        let message = format!(
            "records are matched by {}, {because}, and the rule leaves its letters as they are",
            quoted(key, 60)
        );
        let fix = format!("write {}: {{from: {path}, with: [trim, lower]}}", quoted(key, 60));
        out.push(subject.warning(&CHECK, rule.source_at, message).fix(fix).because_of(from.pointer()));
    }
}

/// What the target says of the field and of the parameter that searches for it.
fn target_says<'a>(subject: &Subject<'a>, flow: &'a Flow) -> Vec<&'a str> {
    let Some(key) = natural_key(&flow.target.write) else { return Vec::new() };
    let used = subject.used_by(flow);
    let mut told = Vec::new();
    for u in used.iter().filter(|u| u.role != Role::List) {
        if u.role == Role::Find {
            told.push(u.operation.summary.as_str());
            told.extend(u.operation.parameter_for(key).map(|p| p.description.as_str()));
        }
        told.extend(u.body().and_then(|b| Field::of(u.system, b, key)).map(|f| f.description()));
    }
    told
}
