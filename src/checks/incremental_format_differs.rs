//! A lower bound in another notation than the field it is compared with.

use super::incremental_param_no_lower_bound::pages;
use super::told::{Field, says};
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static CHECK: Check = Check {
    code: "incremental-format-differs",
    summary: "incremental.param takes another notation of time than incremental.field has; the bound is sent as the field holds it.",
    severity: Severity::Error,
    run,
};

/// A notation of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    DateTime,
    Date,
    Seconds,
    Millis,
    /// A number since 1970 in a unit that nobody tells.
    Number,
}

impl Notation {
    const fn words(self) -> &'static str {
        match self {
            Self::DateTime => "a date and a time",
            Self::Date => "a date",
            Self::Seconds => "seconds since 1970",
            Self::Millis => "milliseconds since 1970",
            Self::Number => "a number",
        }
    }

    fn fits(self, other: Self) -> bool {
        let counts = |n| matches!(n, Self::Seconds | Self::Millis | Self::Number);
        self == other || (counts(self) && counts(other) && (self == Self::Number || other == Self::Number))
    }
}

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(clause) = &used.flow.source.incremental else { continue };
        let field = used.operation.record.and_then(|r| Field::of(used.system, r, &clause.field));
        let Some(field) = field else { continue };
        let has = notation(&field.kind, &clause.field, field.description());
        let (Some(has), Some(takes)) = (has, takes(&used, &clause.param)) else { continue };
        // What is about pages is reported as that.
        if has.fits(takes) || pages(&used, &clause.param).is_some() {
            continue;
        }
        let (name, param) = (quoted(&clause.field, 60), quoted(&clause.param, 60));
        let message = format!("{name} is {}, and {param} takes {}", has.words(), takes.words());
        // A day for a moment is understood by many, and re-reads or skips hours; the rest is refused or means another age.
        let days = matches!((has, takes), (Notation::DateTime, Notation::Date) | (Notation::Date, Notation::DateTime));
        let finding = if days {
            subject.warning(&CHECK, clause.param.at, message)
        } else {
            subject.error(&CHECK, clause.param.at, message)
        };
        let fix = "use a field and a parameter of one notation; or leave incremental out, so that every pass reads all";
        out.push(finding.fix(fix).because_of(field.pointer()));
    }
}

fn takes(used: &Used<'_>, param: &str) -> Option<Notation> {
    let schemas = &used.system.schemas;
    let of = |id, name: &str, told: &str| {
        let own = &schemas.get(id).description;
        notation(&Kind::from_schema(schemas, id), name, if own.is_empty() { told } else { own })
    };
    if let Some(id) = used.operation.argument(schemas, param) {
        return of(id, param, "");
    }
    if let Some(p) = used.operation.parameter(param) {
        return of(p.schema?, param, &p.description);
    }
    let (object, bound) = param.split_once('[')?;
    let p = used.operation.parameter(object)?;
    let (id, _) = schemas.property(p.schema?, bound.trim_end_matches(']'))?;
    of(id, param, &p.description)
}

fn notation(kind: &Kind, name: &str, told: &str) -> Option<Notation> {
    let numeric = kind.types.has(TypeSet::INTEGER) || kind.types.has(TypeSet::NUMBER);
    let textual = kind.types.has(TypeSet::STRING);
    if numeric && textual {
        return None;
    }
    let parts = words(name);
    let ends = |set: &[&str]| parts.last().is_some_and(|w| set.contains(&w.as_str()));
    if numeric
        || (textual
            && kind.format.is_none()
            && says(told, &["unix time", "unix epoch", "since epoch", "epoch seconds"]))
    {
        return Some(if says(told, &["millisecond", "milli-second"]) || ends(&["ms", "millis", "milliseconds"]) {
            Notation::Millis
        } else if says(told, &["second"]) || ends(&["seconds", "secs", "sec"]) {
            Notation::Seconds
        } else {
            Notation::Number
        });
    }
    match kind.format.as_deref() {
        Some("date-time") => Some(Notation::DateTime),
        Some("date") => Some(Notation::Date),
        None if textual
            && says(told, &["rfc 3339", "rfc3339", "iso 8601", "iso8601"])
            && !says(told, &["date only"]) =>
        {
            says(told, &["date-time", "time", "timestamp"]).then_some(Notation::DateTime)
        }
        _ => None,
    }
}
