//! A lower bound that leaves out the bound itself: of two records with one time, the later read is never seen.

use super::incremental_param_no_lower_bound::pages;
use super::incremental_param_unknown::known;
use super::told::{CHANGE, Field, has_word, says};
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::model::{ParamIn, TypeSet};

pub(super) static CHECK: Check = Check {
    code: "incremental-boundary-exclusive",
    summary: "incremental.param leaves out records with exactly the time it is given: what changed in the same instant as the last \
              record read is lost.",
    severity: Severity::Error,
    run,
};

const EXCLUSIVE: [&str; 14] = [
    "strictly",
    "exclusive",
    "not inclusive",
    "non-inclusive",
    "not included",
    "not including",
    "excluding",
    "not equal",
    "but not at",
    "not at or",
    "itself is left out",
    "excludes",
    "excluded",
    "is left out",
];
const INCLUSIVE: [&str; 13] = [
    "inclusive",
    "or equal",
    "equal to or",
    "on or after",
    "at or after",
    "or at ",
    "or on ",
    "and including",
    "or later",
    "or newer",
    "starting at",
    "starting from",
    ">=",
];
const GREATER: [&str; 4] = ["greater than", "newer than", "later than", "more recent than"];
/// Words of what is measured in time and not counted.
const TIME: [&str; 9] = ["time", "date", "at", "on", "timestamp", "epoch", "ms", "seconds", "since"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(clause) = &used.flow.source.incremental else { continue };
        if !known(&used, &clause.param) || pages(&used, &clause.param).is_some() {
            continue; // reported as that
        }
        let Some((because, sure)) = exclusive(&clause.param, &text(&used, &clause.param)) else { continue };
        if counted(&used, &clause.field) {
            continue;
        }
        let (param, id) = (quoted(&clause.param, 60), quoted(&used.operation.id, 80));
        let message = format!(
            "{param} of {id} leaves out the bound itself, {because}: a record with the time of the last one read is lost"
        );
        let fix = match inclusive_beside(&used, &clause.param) {
            Some(other) => format!("write param: \"{}\", which takes the bound in", quoted(&other, 60)),
            None => "use a parameter that takes the bound in; or leave incremental out, so that every pass reads all"
                .to_owned(),
        };
        let finding = if sure {
            subject.error(&CHECK, clause.param.at, message)
        } else {
            subject.warning(&CHECK, clause.param.at, message).sure(0.7)
        };
        out.push(finding.fix(fix).because_of(&used.operation.pointer));
    }
}

/// Why the bound is left out, and whether that is certain.
fn exclusive(name: &str, text: &str) -> Option<(&'static str, bool)> {
    let parts = words(name);
    let last = parts.last().map_or("", String::as_str);
    let excluded = says(text, &EXCLUSIVE);
    if says(text, &INCLUSIVE) && !excluded {
        return None;
    }
    if excluded {
        return Some(("as its description says", true));
    }
    if matches!(last, "gt" | "exclusive") || name.ends_with('>') {
        return Some(("as its name says", true));
    }
    if says(text, &GREATER) {
        return Some(("as its description says", true));
    }
    // "After" is meant both ways; nobody says which.
    (last == "after" || (parts.iter().any(|w| w == "after") && has_word(name, &CHANGE)))
        .then_some(("as far as its name tells", false))
}

/// What the description says of the parameter: of `updated[gt]` what it says of `gt`, where it does.
pub(super) fn text(used: &Used<'_>, name: &str) -> String {
    let schemas = &used.system.schemas;
    if let Some(id) = used.operation.argument(schemas, name) {
        return schemas.get(id).description.clone();
    }
    let Some((object, bound)) = name.split_once('[') else {
        let Some(p) = used.operation.parameter(name) else { return String::new() };
        let of_schema = || p.schema.map(|id| schemas.get(id).description.clone()).unwrap_or_default();
        return if p.description.is_empty() { of_schema() } else { p.description.clone() };
    };
    let whole = used.operation.parameter(name).map(|p| p.description.clone());
    let inner = || {
        let id = used.operation.parameter(object)?.schema?;
        let (property, _) = schemas.property(id, bound.trim_end_matches(']'))?;
        Some(schemas.get(property).description.clone())
    };
    whole.or_else(inner).unwrap_or_default()
}

/// A number that only counts up belongs to one record; nothing shares it.
fn counted(used: &Used<'_>, field: &str) -> bool {
    let Some(f) = used.operation.record.and_then(|r| Field::of(used.system, r, field)) else { return false };
    let whole = f.kind.types.has(TypeSet::INTEGER) && f.kind.types.without(TypeSet::INTEGER).is_any();
    whole
        && !has_word(field, &TIME)
        && !has_word(field, &CHANGE)
        && !says(f.description(), &["second", "epoch", "unix", "time", "date"])
}

/// The same bound, taken in: `updated[gte]` beside `updated[gt]`.
fn inclusive_beside(used: &Used<'_>, name: &str) -> Option<String> {
    let other = |from: &str, to: &str| name.contains(from).then(|| name.replace(from, to));
    let tried = [
        other("[gt]", "[gte]"),
        other(".gt", ".gte"),
        other("_gt", "_gte"),
        other("_after", "_since"),
        other("After", "Since"),
        other(".after", ".on_or_after"),
        other("[after]", "[on_or_after]"),
    ];
    let schemas = &used.system.schemas;
    tried.into_iter().flatten().find(|candidate| {
        let object = candidate.split_once('[').and_then(|(object, bound)| {
            let id = used.operation.parameter(object)?.schema?;
            schemas.property(id, bound.trim_end_matches(']'))
        });
        let asked = used.operation.parameters.iter().any(|p| p.place == ParamIn::Query && p.name == *candidate);
        object.is_some() || asked || used.operation.argument(schemas, candidate).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::exclusive;

    #[test]
    fn words_tell_whether_the_bound_is_taken_in() {
        for (name, text, told) in [
            ("updated[gt]", "", Some(true)),
            ("updated[gt]", "Greater than or equal to.", None),
            ("updated[gte]", "", None),
            ("updated_since", "Changed strictly after this time.", Some(true)),
            ("updated_since", "Lower bound (exclusive).", Some(true)),
            ("updated_since", "Changed after this time.", None),
            ("updated_since", "Changed at or after this time.", None),
            ("updated_after", "", Some(false)),
            ("updated_after", "Only those updated on or after this date.", None),
            ("modifiedAfter", "Modified later than this.", Some(true)),
            ("since", "", None),
        ] {
            assert_eq!(exclusive(name, text).map(|e| e.1), told, "{name}: {text}");
        }
    }
}
