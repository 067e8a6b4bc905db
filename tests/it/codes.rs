//! The codes of `check`: every one is explained, and the page that explains them is made from the tables.

use std::collections::BTreeSet;
use std::path::Path;

use platform_integration::finding::{Code, Finding};
use platform_integration::{checks, contract, mapping, readers};

/// Every code that reading, compiling or checking a contract may give, where all its systems could be read.
pub(crate) fn known() -> BTreeSet<&'static str> {
    let tables = contract::CODES.iter().chain(&mapping::CODES).map(|c| c.code);
    tables.chain(checks::ALL.iter().map(|c| c.code)).collect()
}

/// As a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn row(code: &str, severity: &str, summary: &str, mend: &str) -> String {
    format!("| `{code}` | {severity} | {} | {} |\n", cell(summary), cell(mend))
}

fn table(title: &str, words: &str, mend: &str, rows: String) -> String {
    format!("## {title}\n\n{words}\n\n| code | severity | what it means | {mend} |\n|---|---|---|---|\n{rows}\n")
}

fn rows(codes: &[Code]) -> String {
    codes.iter().map(|c| row(c.code, c.severity.as_str(), c.summary, c.mend)).collect()
}

/// The checks by name, each with what is said of its own example.
fn check_rows() -> String {
    let mut all: Vec<_> = checks::ALL.iter().filter(|c| c.code != "mapping-types").collect();
    all.sort_by_key(|c| c.code);
    let own = |code: &str| crate::checks::findings(code).into_iter().find(|f| f.code == code);
    let mend = |found: Option<Finding>| found.map_or_else(String::new, |f| f.fix);
    all.iter().map(|c| row(c.code, c.severity.as_str(), c.summary, &mend(own(c.code)))).collect()
}

#[test]
fn the_table_of_codes_is_that_of_the_documents() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("<!-- codes -->\n").unwrap();
    let (given, tail) = rest.split_once("<!-- /codes -->").unwrap();
    let wanted = [
        table(
            "Reading descriptions and samples",
            "What is held to the contract, where it cannot be read.",
            "how to mend it",
            rows(&readers::CODES),
        ),
        table("Reading the contract", "The structure of the file.", "how to mend it", rows(&contract::CODES)),
        table(
            "The mapping",
            "Rules as they are compiled, and held to both schemas.",
            "how to mend it",
            rows(&mapping::CODES),
        ),
        table(
            "The contract against both systems",
            "Systems, credentials, sources, writes, delivery, constraints.",
            "what is advised in its example",
            check_rows(),
        ),
    ]
    .concat();
    if std::env::var("INSTA_UPDATE").is_ok_and(|v| v == "always") {
        std::fs::write(&path, format!("{head}<!-- codes -->\n{wanted}<!-- /codes -->{tail}")).unwrap();
        return;
    }
    assert_eq!(given, wanted, "run this test with INSTA_UPDATE=always");
}

#[test]
fn the_tables_are_sorted_and_name_each_code_once() {
    for codes in [contract::CODES.as_slice(), mapping::CODES.as_slice(), readers::CODES.as_slice()] {
        assert!(codes.is_sorted_by(|a, b| a.code < b.code));
        for code in codes {
            assert!(!code.mend.is_empty() && code.summary.ends_with('.') && code.mend.ends_with('.'), "{code:?}");
        }
    }
}

/// Codes stand in the sources beside the call that reports them.
#[test]
fn every_code_of_the_sources_is_in_a_table() {
    let call = regex::Regex::new(concat!(
        r#"(?s)(?:\b(?:error|warning|note|stopped|unmapped|add)|Doubt::new|Finding::\w+)\("#,
        r#"(?:[^"{};]{0,120}?,)?\s*"([a-z0-9]+(?:-[a-z0-9]+)+)","#
    ))
    .expect("a pattern");
    let mut seen = BTreeSet::new();
    for room in ["src/mapping", "src/contract"] {
        for entry in walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(room)).follow_root_links(true) {
            let entry = entry.expect("an entry");
            if entry.path().extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).expect("readable");
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            seen.extend(call.captures_iter(text).map(|c| c[1].to_owned()));
        }
    }
    let unknown: Vec<&String> = seen.iter().filter(|c| !known().contains(c.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(seen.len() >= 40, "{seen:?}");
}
