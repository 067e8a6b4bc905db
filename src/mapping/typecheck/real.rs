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
            let place = general(source, &violation.pointer);
            let place = if place.is_empty() { "the record".to_owned() } else { place };
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
            let place = general(target, &violation.pointer);
            let place =
                if place.is_empty() { "what is written".to_owned() } else { format!("the value for target {place}") };
            let message = format!("{place} {}", violation.without_value());
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
            // As the contract says: worth counting, nothing to mend.
            "sample-rejected" if message.contains("(required-value-missing)") => Finding::note(code, location, message)
                .fix("the rule says required: true; where many records lack the value, map another field or add a default"),
            "sample-rejected" => Finding::warning(code, location, message)
                .fix("such records are dead-lettered: add a default, a values entry or a transform, or take it as it is under accepted"),
            _ => Finding::error(code, location, message).fix("convert the value so that it fits: the target refuses it as it is"),
        });
    }
    trial
}

/// A pointer as a path, without the numbers of items: the third line of an order is as wrong as the first. Names that the
/// schema does not have may be data, and are not shown.
fn general((schemas, id): (&Schemas, SchemaId), pointer: &str) -> String {
    let mut at = Some(id);
    let mut out = String::new();
    for token in pointer.split('/').skip(1).map(crate::base::pointer::unescape) {
        let item = at.and_then(|id| super::walk::item_of(schemas, id)).filter(|_| token.parse::<usize>().is_ok());
        if let Some(item) = item {
            out.push_str("[]");
            at = Some(item);
            continue;
        }
        let named = at.is_some_and(|id| schemas.properties(id).get(&token).is_some());
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(&if named { quoted(&token, 60) } else { "(a name of its own)".to_owned() });
        at = at.and_then(|id| schemas.property(id, &token)).map(|(next, _)| next);
    }
    quoted(&out, 120)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::yaml::{Limits, parse};
    use crate::mapping::compile;
    use crate::model::{Additional, Schema};
    use serde_json::json;

    #[test]
    fn neither_values_nor_names_that_are_data_are_told() {
        let mut schemas = Schemas::default();
        let text = schemas.push(Schema { types: TypeSet::STRING, ..Schema::default() });
        let map =
            schemas.push(Schema { types: TypeSet::OBJECT, additional: Additional::Of(text), ..Schema::default() });
        let mut record = Schema { types: TypeSet::OBJECT, additional: Additional::No, ..Schema::default() };
        record.properties.insert("name".to_owned(), text);
        record.properties.insert("metadata".to_owned(), map);
        let id = schemas.push(record);
        let node = parse("name: name\n", Limits::default()).expect("yaml");
        let (mapping, _) = compile(node.entries().expect("entries"), "x");
        let records = [
            json!({"name": "Jane", "metadata": {"jane@leak.example": 5}}),
            json!({"name": 17, "metadata": {}, "4111 1111 1111 1111": "x"}),
        ];
        let lines = records.iter().enumerate().map(|(i, r)| (i + 1, r));
        let trial = trial(&mapping, (&schemas, id), (&schemas, id), lines, "s.jsonl", "x", Span::default());
        let page: String = trial.findings.iter().map(|f| format!("{} {}\n", f.code, f.message)).collect();
        insta::assert_snapshot!(page);
    }
}
