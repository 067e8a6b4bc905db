//! Records that a source really sent, through a mapping: what the description did not say shows here. No value of them is
//! in what is said: places, counts and what was asked for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::text::{plural, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};
use crate::mapping::Mapping;
use crate::model::{Direction, SchemaId, Schemas, TypeSet, validate};

/// What came of real records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trial {
    /// Records tried.
    pub records: usize,
    /// Records that were mapped and fit the target.
    pub fit: usize,
    /// Records that the mapping rejects: they would be dead-lettered.
    pub rejected: usize,
    /// Records whose result the target would refuse.
    pub refused: usize,
    /// Records that are not as the source's description says.
    pub undescribed: usize,
    /// What is wrong, by rule, with counts and the line of the first record.
    pub findings: Vec<Finding>,
}

/// One thing that is wrong with some records.
struct Seen {
    count: usize,
    first: usize,
}

/// Tries records, each with its line in the file `samples`. `source` and `target` as for [`super::check`]; `file` is where
/// the rules stand, `at` where findings of the mapping as a whole point.
#[must_use]
pub fn trial<'v>(
    mapping: &Mapping,
    source: (&Schemas, SchemaId),
    target: (&Schemas, SchemaId),
    records: impl IntoIterator<Item = (usize, &'v Value)>,
    samples: &str,
    file: &str,
    at: Span,
) -> Trial {
    let mut trial = Trial::default();
    let mut seen: BTreeMap<(&'static str, Span, String), Seen> = BTreeMap::new();
    let mut note = |code: &'static str, at: Span, message: String, line: usize| {
        seen.entry((code, at, message)).or_insert(Seen { count: 0, first: line }).count += 1;
    };
    for (line, record) in records {
        trial.records += 1;
        let odd = validate(source.0, source.1, record, Direction::Response);
        trial.undescribed += usize::from(!odd.is_empty());
        for violation in odd.iter().take(4) {
            let place = if violation.pointer.is_empty() { "the record" } else { &violation.pointer };
            let place = general(place);
            note("sample-not-as-described", at, format!("{place} {}", violation.without_value()), line);
        }
        let out = match mapping.apply(record) {
            Ok(out) => out,
            Err(rejection) => {
                trial.rejected += 1;
                let rule = mapping.rules().iter().find(|r| r.target.to_string() == rejection.target);
                let at = rule.map_or(at, |r| r.source_at);
                let message = format!("the rule of {} rejects ({})", quoted(&rejection.target, 80), rejection.code);
                note("sample-rejected", at, message, line);
                continue;
            }
        };
        let refused = validate(target.0, target.1, &out, Direction::Request);
        if refused.is_empty() {
            trial.fit += 1;
            continue;
        }
        trial.refused += 1;
        for violation in refused.iter().take(4) {
            let rule = mapping.rules().iter().find(|r| super::samples::within(&violation.pointer, r.target.segments()));
            let at = rule.map_or(at, |r| r.source_at);
            let message = format!("the value for target {} {}", general(&violation.pointer), violation.without_value());
            note("sample-does-not-fit", at, message, line);
        }
    }
    for ((code, at, message), Seen { count, first }) in seen {
        let of = plural(trial.records as u64, "record");
        let message = format!("{count} of {of}: {message}; the first on line {first}");
        let described = code == "sample-not-as-described";
        let line = Span { line: u32::try_from(first).unwrap_or(u32::MAX), column: 1 };
        let location = if described { Location::at(samples, line) } else { Location::at(file, at) };
        trial.findings.push(match code {
            "sample-not-as-described" => Finding::note(code, location, message)
                .fix("the description is wrong or old: correct it by an overlay, and check what the mapping makes of it"),
            "sample-rejected" => Finding::warning(code, location, message)
                .fix("such records are dead-lettered: add a default, a values entry or a transform, or say that this is wanted"),
            _ => Finding::error(code, location, message).fix("convert the value so that it fits: the target refuses it as it is"),
        });
    }
    trial
}

/// A pointer without the numbers of items: the third line of an order is as wrong as the first. Keys that are no names of
/// the schema may be data and are not shown.
fn general(pointer: &str) -> String {
    let tokens: Vec<&str> = pointer.split('/').map(|t| if t.parse::<usize>().is_ok() { "[]" } else { t }).collect();
    quoted(tokens.join("/").trim_start_matches('/'), 80)
}

/// The shape of a value: names and types, no content. Lists by their first item.
#[must_use]
pub fn shape(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut inside: Vec<String> =
                fields.iter().map(|(k, v)| format!("{}:{}", quoted(k, 60), shape(v))).collect();
            inside.sort();
            format!("{{{}}}", inside.join(","))
        }
        Value::Array(items) => format!("[{}]", items.first().map(shape).unwrap_or_default()),
        other => TypeSet::of(other).to_string(),
    }
}
