//! An answer as plain lines: what a client that shows its model the text alone must be able to work with.

use serde_json::{Map, Value};

use crate::base::text;

/// The answer in at most `most` characters: the summary, the findings with code, place, reason and fix, every other field, and
/// last what to do next. What does not fit is counted, never passed over in silence.
#[must_use]
pub fn brief(summary: &str, answer: &Value, most: usize) -> String {
    let empty = Map::new();
    let fields = answer.as_object().unwrap_or(&empty);
    let next = match fields.get("next").and_then(Value::as_str) {
        Some(next) if !next.is_empty() => format!("\nnext: {next}"),
        _ => String::new(),
    };
    let paged = fields.get("cursor").is_some_and(Value::is_string);
    let mut lines =
        Lines { paged, out: summary.to_owned(), left: most.saturating_sub(length(summary) + length(&next)) };
    // What is wrong comes first: it is what the next call depends on.
    let first = fields.get_key_value("findings").into_iter();
    for (name, value) in first.chain(fields.iter().filter(|(name, _)| *name != "findings" && *name != "next")) {
        lines.field(name, value);
    }
    lines.out + &next
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// What is said when rows are left out; its length is kept free for it.
fn more(count: usize, paged: bool) -> String {
    let then = if paged { ": narrow the call, or page it with cursor" } else { "" };
    format!("\n- and {} more, left out of this text{then}", text::thousands(count as u64))
}
const ROOM_FOR_MORE: usize = 100;

struct Lines {
    /// The answer names a cursor that leads on.
    paged: bool,
    out: String,
    /// Characters that may still be written.
    left: usize,
}

impl Lines {
    /// Adds a line if it fits; whether it did.
    fn push(&mut self, line: &str, spare: usize) -> bool {
        let wanted = length(line) + 1;
        let fits = wanted + spare <= self.left;
        if fits {
            self.out.push('\n');
            self.out.push_str(line);
            self.left -= wanted;
        }
        fits
    }

    /// Many lines stay lines: a trace, a file. Of one that is too long the beginning.
    fn many(&mut self, name: &str, text: &str) {
        if !self.push(&format!("{name}:"), ROOM_FOR_MORE) {
            self.push(&format!("{name}: left out of this text, {} characters", length(text)), 0);
            return;
        }
        let all = text.lines().count();
        for (at, line) in text.lines().enumerate() {
            if !self.push(line, ROOM_FOR_MORE) {
                self.push(&format!("… {} of {all} lines of {name} left out of this text", all - at), 0);
                return;
            }
        }
    }

    fn field(&mut self, name: &str, value: &Value) {
        if is_nothing(value) {
            return;
        }
        let Some(rows) = value.as_array().filter(|rows| rows.iter().any(is_row)) else {
            if let Some(many) = value.as_str().filter(|s| s.contains('\n')) {
                self.many(name, many.trim_end());
                return;
            }
            let line = format!("{name}: {}", inline(value));
            if !self.push(&line, ROOM_FOR_MORE) {
                let cut = format!("{name}: left out of this text, {} characters", length(&line));
                self.push(&cut, 0);
            }
            return;
        };
        if !self.push(&format!("{name}:"), ROOM_FOR_MORE) {
            return;
        }
        let mut rows: Vec<&Value> = rows.iter().collect();
        if name == "findings" {
            // Where not all fit, what does not compile is said before what may bite.
            let rank = |row: &Value| match row.get("severity").and_then(Value::as_str) {
                Some("error") => 0,
                Some("warning") => 1,
                _ => 2,
            };
            rows.sort_by_key(|row| rank(row));
        }
        for (i, row) in rows.iter().enumerate() {
            let line = if name == "findings" { finding(row) } else { inline(row) };
            if !self.push(&format!("- {line}"), ROOM_FOR_MORE) {
                let line = more(rows.len() - i, self.paged);
                self.left = self.left.saturating_sub(length(&line));
                self.out.push_str(&line);
                return;
            }
        }
    }
}

/// What has a line of its own: an object, or a sentence; names go into one line.
fn is_row(value: &Value) -> bool {
    value.is_object() || value.as_str().is_some_and(|text| text.len() > 40 && text.contains(' '))
}

/// `error[code] file:line:column /pointer: message. from: other pointers. shown by: record. fix: what to do`
fn finding(row: &Value) -> String {
    let said = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| row.get(key).and_then(Value::as_u64).unwrap_or(0);
    let mut place = said("file").to_owned();
    if number("line") > 0 {
        place.push_str(&format!(":{}:{}", number("line"), number("column")));
    }
    if !said("pointer").is_empty() {
        place.push_str(&format!(" {}", said("pointer")));
    }
    let part = |name: &str, text: &str| if text.is_empty() { String::new() } else { format!(". {name}: {text}") };
    let related = row.get("related").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let from = part("from", &related.collect::<Vec<_>>().join(", "));
    let (sample, fix) = (part("shown by", said("sample")), part("fix", said("fix")));
    flat(&format!("{}[{}] {place}: {}{from}{sample}{fix}", said("severity"), said("code"), said("message")))
}

/// A value on one line: `key: value; key: value`, without what is nothing.
fn inline(value: &Value) -> String {
    match value {
        Value::String(s) => flat(s),
        Value::Array(items) => {
            let nested = |v: &Value| if v.is_object() { format!("({})", inline(v)) } else { inline(v) };
            items.iter().map(nested).collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, v)| !is_nothing(v))
            .map(|(k, v)| match v {
                Value::Object(_) => format!("{k}: ({})", inline(v)),
                _ => format!("{k}: {}", inline(v)),
            })
            .collect::<Vec<_>>()
            .join("; "),
        other => other.to_string(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Without line breaks: a row is a line, whatever a description holds.
fn flat(s: &str) -> String {
    s.split(['\n', '\r']).map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(findings: usize) -> Value {
        let one = |n: usize| {
            json!({
                "code": "unfed-required", "severity": "error", "confidence": 1.0, "file": "integration.yaml", "line": n + 1,
                "column": 5, "pointer": "/flows/a", "message": "name is required\nand unfed", "fix": "map name",
            })
        };
        json!({
            "contract": "integration.yaml", "compiles": false, "digest": null,
            "findings": (0..findings).map(one).collect::<Vec<_>>(),
            "mapping": [{"target": "name", "from": "", "tally": {"run": 2}, "failures": [{"seed": 7}]}],
            "trace": "one\ntwo\n", "names": ["a", "b"], "next": "check_contract {}",
        })
    }

    #[test]
    fn findings_come_first_then_every_field_and_last_what_to_do() {
        insta::assert_snapshot!(brief("does not compile", &answer(1), 2_000), @r"
        does not compile
        findings:
        - error[unfed-required] integration.yaml:1:5 /flows/a: name is required and unfed. fix: map name
        contract: integration.yaml
        compiles: false
        mapping:
        - target: name; tally: (run: 2); failures: (seed: 7)
        trace:
        one
        two
        names: a, b
        next: check_contract {}
        ");
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_to_do_always_fits() {
        for most in [300, 700, 1_500, 5_000] {
            let said = brief("does not compile", &answer(80), most);
            assert!(length(&said) <= most, "{} of {most}", length(&said));
            assert!(said.ends_with("\nnext: check_contract {}"), "{said}");
            let shown = said.matches("error[unfed-required]").count();
            assert!(said.contains(&format!("and {} more, left out", 80 - shown)), "{said}");
        }
    }

    #[test]
    fn of_a_text_that_is_too_long_the_beginning_is_shown() {
        let trace = (1..=90).map(|n| format!("{n:>4} s  a request and its answer")).collect::<Vec<_>>().join("\n");
        let out = brief("drilled", &json!({"trace": trace}), 300);
        assert!(out.chars().count() <= 300 && out.contains("   1 s  a request"), "{out}");
        let shown = out.matches("a request").count();
        assert!(out.ends_with(&format!("… {} of 90 lines of trace left out of this text", 90 - shown)), "{out}");
    }
}
