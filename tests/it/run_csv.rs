//! A table in a file of comma-separated values as the source of a flow, end to end: what such files are like, and what becomes
//! of rows that are bad.

use std::path::Path;

use serde_json::Value;

use crate::cli::{json, run, stderr, stdout, workspace};
use crate::run::{CONTRACT, Mock, connector, quick};

/// The first example, reading this file.
fn place(file: &str, content: &[u8]) -> tempfile::TempDir {
    let dir = workspace("billing-to-crm");
    quick(dir.path());
    std::fs::write(dir.path().join("examples/billing-to-crm").join(file), content).unwrap();
    let path = dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    let operation = "      operation: listCustomers\n";
    assert!(text.contains(operation));
    std::fs::write(&path, text.replace(operation, &format!("{operation}      file: {file}\n"))).unwrap();
    dir
}

fn moved(dir: &Path, crm: &str) -> (Value, String) {
    let out = connector(dir, "http://127.0.0.1:1", crm).env_remove("BILLING_TOKEN").output().unwrap();
    (json(&out), stderr(&out))
}

fn counts(value: &Value, name: &str) -> u64 {
    value["flows"][0]["reconciliation"][name].as_u64().unwrap_or_else(|| panic!("{value:#}"))
}

const HEADER: &str = "id,name,email,status,currency,balance,created_at,updated_at";

fn row(id: u32, name: &str) -> String {
    format!("cus_{id},{name},user{id}@billing.example,active,EUR,1250,2026-01-0{id}T08:00:00Z,2026-02-0{id}T08:00:00Z")
}

#[test]
fn quotes_line_ends_in_fields_and_a_byte_order_mark_are_read_and_a_short_row_is_a_dead_letter() {
    let text = [
        format!("\u{feff}{HEADER}\r\n"),
        format!("{}\r\n", row(1, "\"Ada \"\"Countess\"\" King, Lovelace\"")),
        format!("{}\r\n", row(2, "\"Grace\nHopper\"")),
        "cus_3,Short Row,short@billing.example\r\n".to_owned(),
        format!("{}\r\n", row(4, "Mei Lin")),
        format!("{}\n", row(5, "Quote \"inside")),
        row(6, "Last One"),
    ]
    .concat();
    let dir = place("customers.csv", text.as_bytes());
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let (value, logs) = moved(dir.path(), &crm.url);
    assert_eq!(value["verdict"], "PARTIAL", "{value:#}\n{logs}");
    assert_eq!((counts(&value, "written"), counts(&value, "dead_lettered")), (4, 2), "{value:#}\n{logs}");
    // The line where the row begins, in the words of an editor; the record before it spans two.
    assert!(logs.contains("customers.csv:5: it has 3 fields, the header 8"), "{logs}");
    assert!(logs.contains("customers.csv:7: there is a quote in a field that is not in quotes"), "{logs}");
    let waiting = stdout(&run(dir.path(), &["dead-letters", "list"]));
    assert!(waiting.contains("customers.csv:5") && waiting.contains("customers.csv:7"), "{waiting}");
    let (_, page) = crm.get("/v2/contacts?limit=50&offset=0");
    let names = page.to_string();
    assert!(names.contains("Mei") && names.contains("Last"), "{names}");
    // The same file again: nothing is done twice, and what is bad is told once more at most.
    let (again, logs) = moved(dir.path(), &crm.url);
    assert_eq!(counts(&again, "written"), 0, "{again:#}\n{logs}");
}

#[test]
fn rows_that_end_in_a_carriage_return_alone_are_rows() {
    let text = [HEADER.to_owned(), row(1, "Ada King"), "cus_2,Short".to_owned(), row(3, "\"Mei\rLin\"")].join("\r");
    let dir = place("old.csv", text.as_bytes());
    let crm = Mock::start(dir.path(), "examples/billing-to-crm/apis/crm.openapi.json", "0");
    let (value, logs) = moved(dir.path(), &crm.url);
    assert_eq!((counts(&value, "written"), counts(&value, "dead_lettered")), (2, 1), "{value:#}\n{logs}");
    assert!(logs.contains("old.csv:3: it has 2 fields, the header 8"), "{logs}");
}
