//! `--expect`: what becomes of each sample, held against a file that the project keeps. No value is in a finding: the line and the place are.

use serde_json::Value;

use super::super::subject::Compiled;
use super::super::wire::FindingOut;
use super::super::{App, No, Refusal, scaffold_connector};
use super::Answer;
use crate::base::fs;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};

/// Largest file that is read.
const LARGEST: u64 = 64 << 20;
/// Most differences that are told.
const MOST: usize = 20;

/// Maps the records of `samples` and holds what becomes of them against `expected`; each difference is an error of the answer.
///
/// # Errors
/// A refusal where a file cannot be read, or no flow can be told.
pub fn hold_expected(
    app: &App,
    answer: &mut Answer,
    samples: &str,
    flow: Option<&str>,
    expected: &str,
) -> Result<(), No> {
    let read = |file: &str| -> Result<String, No> {
        let path = app.path(file);
        app.allow(&path, file)?;
        Ok(fs::read_text(&path, LARGEST).map_err(|e| Refusal::unreadable(&e))?)
    };
    let (records, wanted) = (read(samples)?, read(expected)?);
    let compiled = Compiled::load_with(app, &answer.contract, None)?;
    let flow = flow.or_else(|| answer.flows.first().map(String::as_str)).unwrap_or_default();
    let Some(mapping) = compiled.mappings.get(flow) else { return Ok(()) };
    let lines = |text: &str| -> Vec<(usize, Option<Value>)> {
        let all = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
        all.map(|(i, l)| (i + 1, serde_json::from_str(l).ok())).collect()
    };
    let (records, wanted) = (lines(&records), lines(&wanted));
    let mut found = Vec::new();
    let mut differs = |line: usize, message: String| {
        let at = Span { line: u32::try_from(line).unwrap_or(u32::MAX), column: 1 };
        found.push(
            Finding::error("sample-not-as-expected", Location::at(expected, at), message)
                .fix("mend the mapping, or write down what is wanted now"),
        );
    };
    if records.len() != wanted.len() {
        let message = format!("there are {} samples and {} expected outcomes", records.len(), wanted.len());
        differs(wanted.last().map_or(1, |(line, _)| *line), message);
    }
    for ((from, record), (at, want)) in records.iter().zip(&wanted) {
        let Some(record) = record else { continue };
        let Some(want) = want else {
            differs(*at, "the line is no JSON".to_owned());
            continue;
        };
        let got = scaffold_connector::outcome(mapping, record);
        if let Some(place) = first_difference(&got, want, "") {
            let place = if place.is_empty() { "as a whole".to_owned() } else { format!("at {place}") };
            differs(*at, format!("the sample of line {from} becomes something else, {place}"));
        }
    }
    found.truncate(MOST);
    answer.counts.errors += found.len();
    answer.findings.extend(found.iter().map(FindingOut::from));
    Ok(())
}

/// JSON pointer of the first place where two values differ; numbers are compared as written.
fn first_difference(got: &Value, want: &Value, at: &str) -> Option<String> {
    match (got, want) {
        (Value::Object(a), Value::Object(b)) => {
            let missing = b.keys().find(|k| !a.contains_key(*k));
            if let Some(key) = a.keys().find(|k| !b.contains_key(*k)).or(missing) {
                return Some(format!("{at}/{key}"));
            }
            a.iter()
                .zip(a.keys().map(|k| b.get(k)))
                .find_map(|((key, x), y)| first_difference(x, y?, &format!("{at}/{key}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (x, y))| first_difference(x, y, &format!("{at}/{i}")))
        }
        (a, b) => (a != b).then(|| at.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_a_place_and_no_value() {
        let differs = |a: Value, b: Value| first_difference(&a, &b, "");
        assert_eq!(differs(json!({"mapped": {"a": 1}}), json!({"mapped": {"a": 1}})), None);
        assert_eq!(differs(json!({"mapped": {"a": 1}}), json!({"mapped": {"a": 2}})).as_deref(), Some("/mapped/a"));
        assert_eq!(differs(json!({"mapped": {"a": 1}}), json!({"mapped": {}})).as_deref(), Some("/mapped/a"));
        assert_eq!(differs(json!({"mapped": {}}), json!({"rejected": {}})).as_deref(), Some("/mapped"));
        assert_eq!(differs(json!({"l": [1, {"x": null}]}), json!({"l": [1, {"x": 0}]})).as_deref(), Some("/l/1/x"));
        assert_eq!(differs(json!([1]), json!([1, 2])).as_deref(), Some(""));
    }
}
