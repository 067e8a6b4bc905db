//! A mark of change that is no time and no sequence.
//!
//! The newest value that was read is the next lower bound. A value that says nothing about when a record changed is none: an
//! id is given once (RFC 9562: a version 4 UUID is random), a status or an amount goes up and down.

use super::told::{BIRTH, CHANGE, Field, has_word, leaf, says};
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static CHECK: Check = Check {
    code: "incremental-field-orders-nothing",
    summary: "incremental.field is no time and no growing number: the highest value seen says nothing about what changed since.",
    severity: Severity::Error,
    run,
};

const TIME: [&str; 16] = [
    "at",
    "on",
    "date",
    "time",
    "timestamp",
    "datetime",
    "epoch",
    "ts",
    "since",
    "when",
    "day",
    "ms",
    "millis",
    "seconds",
    "moment",
    "instant",
];
const GROWS: [&str; 22] = [
    "version",
    "revision",
    "rev",
    "sequence",
    "seq",
    "number",
    "no",
    "counter",
    "position",
    "offset",
    "lsn",
    "scn",
    "token",
    "etag",
    "cursor",
    "serial",
    "generation",
    "usn",
    "tick",
    "watermark",
    "rowversion",
    "changeset",
];
const SAYS_GROWS: [&str; 17] = [
    "increas",
    "monoton",
    "counts up",
    "grows",
    "ascending",
    "sortable",
    "ulid",
    "ksuid",
    "moves forward",
    "sequence",
    "snowflake",
    "time-ordered",
    "uuidv7",
    "version 7",
    "later than",
    "in order of creation",
    "timestamp",
];
/// Last words of names of what goes up and down, or nowhere.
const OTHER: [&str; 26] = [
    "name",
    "title",
    "email",
    "mail",
    "phone",
    "status",
    "state",
    "stage",
    "type",
    "kind",
    "category",
    "currency",
    "country",
    "city",
    "description",
    "note",
    "url",
    "slug",
    "amount",
    "total",
    "balance",
    "price",
    "quantity",
    "count",
    "stock",
    "score",
];
const ID: [&str; 9] = ["id", "uuid", "guid", "gid", "key", "code", "sku", "ref", "reference"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(clause) = &used.flow.source.incremental else { continue };
        let Some(field) = used.operation.record.and_then(|r| Field::of(used.system, r, &clause.field)) else {
            continue;
        };
        let Some(what) = nothing(&field.kind, leaf(&clause.field), field.description(), &used) else { continue };
        let message = format!(
            "{} is {what}: the highest one seen says nothing about which records changed since",
            quoted(&clause.field, 60)
        );
        let known = used
            .operation
            .incremental
            .as_ref()
            .and_then(|i| i.field.as_deref())
            .filter(|f| *f != clause.field.as_str());
        let fix = known.map_or_else(
            || {
                "use the field for the time of the last change; or leave incremental out, so that every pass reads all"
                    .to_owned()
            },
            |f| format!("write field: {}, which {} is compared with", quoted(f, 60), quoted(&clause.param, 60)),
        );
        out.push(subject.error(&CHECK, clause.field.at, message).fix(fix).because_of(field.pointer()));
    }
}

fn nothing(kind: &Kind, name: &str, told: &str, used: &Used<'_>) -> Option<&'static str> {
    let only = |one: TypeSet| kind.types.has(one) && kind.types.without(one).is_any();
    if only(TypeSet::BOOLEAN) {
        return Some("a flag");
    }
    if kind.types.has(TypeSet::OBJECT) || kind.types.has(TypeSet::ARRAY) {
        return Some("no single value");
    }
    if kind.values.as_ref().is_some_and(|v| !v.is_empty()) {
        return Some("one of a few values");
    }
    let format = kind.format.as_deref().unwrap_or_default();
    let timed = format.contains("date") || format.contains("time") || has_word(name, &TIME);
    let last = words(name).pop().unwrap_or_default();
    let other = OTHER.contains(&last.as_str());
    let grows = says(told, &SAYS_GROWS) || (!other && says(told, &["when ", "date", " time"]));
    if timed || grows || has_word(name, &CHANGE) || has_word(name, &BIRTH) {
        return None;
    }
    if format == "uuid" {
        return Some("a random id");
    }
    if GROWS.contains(&last.as_str()) {
        return None;
    }
    let whole = only(TypeSet::INTEGER);
    if ID.contains(&last.as_str()) {
        // Numbers are given in order; what is only created once is found by them, and so is what a parameter of ids asks for.
        let of_ids = has_word(&used.flow.source.incremental.as_ref()?.param, &ID);
        let created = matches!(used.flow.target.write, Write::Create { .. });
        return (!of_ids && (!whole || !created) && kind.types.has(TypeSet::STRING))
            .then_some("an id, which stays as it is when the record changes");
    }
    other.then_some("no time and no number that grows")
}
