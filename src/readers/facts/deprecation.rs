//! `deprecation`: what is marked as going away, and when (headers of RFC 8594 and RFC 9745, extensions, prose).

use serde_json::json;

use super::path::norm;
use super::said::Topic;
use super::{Detector, Hints, Look};
use crate::base::text::quoted;
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "deprecation", look: Look::Observe(run) };

/// Most facts of one description: what goes is told of each operation, and a map shows the first of them.
const MOST: usize = 50;

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut facts = Vec::new();
    let marked: Vec<_> = system.operations.iter().filter(|o| o.deprecated).collect();
    if let Some(first) = marked.first() {
        let ids: Vec<&str> = marked.iter().take(5).map(|o| o.id.as_str()).collect();
        let value = json!({"operations": marked.len(), "first": ids});
        facts.push(Fact::stated("deprecation", value, first.pointer.clone()));
    }
    for extension in &hints.extensions {
        let name = norm(extension.name);
        let dated =
            name.contains("sunset") || name.contains("deprecat") && (name.contains("date") || name.contains("at"));
        // A year at least: some say there what to use instead.
        let year = |date: &&str| date.as_bytes().windows(4).any(|w| w.iter().all(u8::is_ascii_digit));
        if let Some(date) = extension.value.as_str().filter(|_| dated).filter(year)
            && facts.len() < MOST
        {
            let operation = extension.operation.and_then(|i| system.operations.get(i)).map(|o| o.id.as_str());
            let value = json!({"sunset": quoted(date, 40), "operation": operation});
            facts.push(Fact::stated("deprecation", value, extension.pointer()));
        }
    }
    let headers = system.operations.iter().flat_map(|o| &o.responses).find_map(|r| {
        let header =
            r.headers.iter().find(|h| h.eq_ignore_ascii_case("sunset") || h.eq_ignore_ascii_case("deprecation"))?;
        Some((header.clone(), r.pointer.clone()))
    });
    if let Some((header, pointer)) = headers {
        facts.push(Fact::stated("deprecation", json!({"header": header}), pointer));
    }
    let mut whole = false;
    for said in hints.said(Topic::Sunset) {
        let operation = said.operation.and_then(|i| system.operations.get(i));
        let value = match operation {
            // A sentence without a date says of one operation no more than its mark does.
            Some(o) if dated(&said.sentence) && facts.len() < MOST => json!({"says": said.sentence, "operation": o.id}),
            None if !std::mem::replace(&mut whole, true) => json!({"says": said.sentence}),
            _ => continue,
        };
        facts.push(Fact::inferred("deprecation", value, "sunset-in-prose", vec![said.pointer], 0.55));
    }
    found.extend(facts);
}

/// Names a year: `2027-03-01`, `March 2027`.
fn dated(sentence: &str) -> bool {
    sentence.split(|c: char| !c.is_ascii_digit()).any(|n| n.len() == 4 && n.starts_with("20"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_to_use_instead_is_no_date() {
        let text = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {x-sunset: Use /b instead., responses: {}}}, /b: {get: {x-sunset: '2027-01-31', responses: {}}}}\n";
        let found = super::super::values_of(text, "deprecation");
        assert_eq!(found.iter().map(|f| f["sunset"].as_str().unwrap_or_default()).collect::<Vec<_>>(), ["2027-01-31"]);
    }
}
