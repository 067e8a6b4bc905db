//! A field that answers leave out unless it is asked for.
//!
//! Stripe has `expand`, JSON:API (section 8.3) `include`, Jira and HubSpot `fields` and `properties`: the schema lists the field,
//! and a plain list does not have it.

use super::prose::Told;
use super::told::Field;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::mapping::rule::Source;
use crate::model::ParamIn;

pub(super) static CHECK: Check = Check {
    code: "field-not-included",
    summary: "A rule reads a field that its description says is only there when a parameter asks for it, and nothing does: it is empty in every \
              record.",
    severity: Severity::Error,
    run,
};

const ONLY: [&str; 14] = [
    "not included by default",
    "only included when",
    "only included if",
    "included only when",
    "included only if",
    "only returned when",
    "only returned if",
    "returned only when",
    "returned only if",
    "only present when",
    "only present if",
    "present only when",
    "present only if",
    "not returned by default",
];
/// Names of parameters that ask for more of a record.
const MORE: [&str; 12] = [
    "expand",
    "expands",
    "include",
    "includes",
    "fields",
    "embed",
    "with",
    "properties",
    "select",
    "view",
    "extra",
    "additionalfields",
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let (Some(record), Some(mapping)) = (used.operation.record, subject.mappings.get(&used.flow.name)) else {
            continue;
        };
        if used.operation.root_field.is_some() {
            continue; // the request names what it reads
        }
        let params = used.operation.parameters.iter().filter(|p| p.place == ParamIn::Query);
        let asks: Vec<&str> = params.map(|p| p.name.as_str()).filter(|n| is_more(n)).collect();
        let asked = used.flow.source.params.iter().any(|(n, _)| is_more(n));
        if asks.is_empty() || asked {
            continue;
        }
        for rule in mapping.rules() {
            let Source::Path(path) = &rule.source else { continue };
            let Some(field) = Field::of(used.system, record, &path.to_string()) else { continue };
            let pointer = field.pointer();
            let told = Told { text: field.description(), pointer: &pointer };
            // By a parameter that the list has, not by a state of the record.
            let by = asks.iter().find(|n| told.says(&[n.trim_end_matches("[]").to_lowercase().as_str()]));
            let Some(by) = by.filter(|_| told.says(&ONLY)) else { continue };
            let message = format!(
                "{} is only there when {} asks for it, and nothing does",
                quoted(&path.to_string(), 80),
                quoted(by, 60)
            );
            let fix = format!(
                "add params: {{\"{}\": {}}} to the source, as its description says",
                quoted(by, 60),
                quoted(&path.to_string(), 80)
            );
            out.push(subject.error(&CHECK, rule.source_at, message).fix(fix).because_of(&pointer));
        }
    }
}

fn is_more(name: &str) -> bool {
    MORE.contains(&words(name).concat().as_str())
}
