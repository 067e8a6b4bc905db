//! `docs/evidence-fields.md` against the code: every field and every attribute is explained.

use std::collections::BTreeSet;

use platform_integration::evidence::{Event, NewEvent, Provenance, Session};

use crate::cli::repository;

fn document() -> String {
    std::fs::read_to_string(repository().join("docs/evidence-fields.md")).unwrap()
}

/// The first column of the table below a heading.
fn rows(document: &str, heading: &str) -> BTreeSet<String> {
    let section = document.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Names of all fields of a struct; the pattern names each, so a new field does not compile until it is here.
macro_rules! fields {
    ($type:ident { $($field:ident),* $(,)? }) => {{
        let _ = |whole: $type| {
            let $type { $($field),* } = whole;
            $(let _ = $field;)*
        };
        [$(stringify!($field)),*].map(str::to_owned)
    }};
}

#[test]
fn every_field_of_a_record_is_mapped_and_no_other() {
    let document = document();
    let event =
        fields!(NewEvent { session, at, phase, kind, tool, client, outcome, input, output, summary, data, provenance });
    let placed = fields!(Event { seq, event, prev, hash, format, data_digest, dropped });
    let whole: BTreeSet<String> = event.into_iter().chain(placed.into_iter().filter(|f| f != "event")).collect();
    assert_eq!(rows(&document, "An event"), whole);
    let provenance = fields!(Provenance { principal, protocol, traceparent, parent });
    assert_eq!(rows(&document, "Where a call came from"), BTreeSet::from(provenance));
    let session = fields!(Session { id, name, goal, opened_at, client, principal });
    assert_eq!(rows(&document, "A session"), BTreeSet::from(session));
}

#[test]
fn every_attribute_of_a_span_is_documented_and_no_other() {
    let document = document();
    let spans = document.split("\n## Spans\n").nth(1).unwrap();
    let name = regex::Regex::new(
        r#"[`"]((?:mcp|gen_ai|jsonrpc|rpc|network|error|http|url|server|process|platform_integration)\.[a-z_.]+)[`"]"#,
    )
    .unwrap();
    let table = spans.lines().filter(|l| l.starts_with("| `")).collect::<String>();
    let documented: BTreeSet<&str> = name.captures_iter(&table).map(|c| c.get(1).unwrap().as_str()).collect();
    let mut code = String::new();
    for file in ["mcp/spans.rs", "cli/telemetry.rs", "connector/trace.rs", "connector/run.rs"] {
        let text = std::fs::read_to_string(repository().join("src").join(file)).unwrap();
        code.push_str(text.split("#[cfg(test)]").next().unwrap());
    }
    let set: BTreeSet<&str> = name.captures_iter(&code).map(|c| c.get(1).unwrap().as_str()).collect();
    assert_eq!(documented, set);
}
