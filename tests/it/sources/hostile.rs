//! Bytes that were made, or broken, to do harm: each ends in a finding or a clear error.

use platform_integration::readers::{self, Input, Lacking, Part, Read, read_bytes};
use proptest::prelude::*;
use serde_json::json;

fn codes(read: &Read) -> Vec<&str> {
    read.findings.iter().map(|f| f.code).collect()
}

fn described(schemas: serde_json::Value) -> Vec<u8> {
    let body = json!({"schema": {"$ref": "#/components/schemas/S0"}});
    json!({"openapi": "3.0.0", "info": {"title": "x", "version": "1"}, "servers": [{"url": "https://x.example"}],
        "components": {"schemas": schemas},
        "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": body}}}}}}})
    .to_string()
    .into_bytes()
}

#[test]
fn a_chain_of_100_000_references_is_given_up_and_told() {
    let schemas: serde_json::Map<_, _> =
        (0..100_000).map(|i| (format!("S{i}"), json!({"$ref": format!("#/components/schemas/S{}", i + 1)}))).collect();
    let read = read_bytes(&described(schemas.into()), "x");
    assert!(read.system.is_some());
    assert!(codes(&read).contains(&"reference-chain"), "{:?}", codes(&read));
}

#[test]
fn all_of_that_contains_itself_is_read_once() {
    let link = |to: &str| json!({"allOf": [{"$ref": format!("#/components/schemas/{to}")}], "properties": {to: {"type": "string"}}});
    let read = read_bytes(&described(json!({"S0": link("S1"), "S1": link("S2"), "S2": link("S0")})), "x");
    let system = read.system.expect("is read");
    assert!(system.schemas.len() < 20);
}

#[test]
fn numbers_without_end_and_keys_with_control_characters_are_survived() {
    let digits = "9".repeat(100_000);
    let text = format!(
        "{{\"openapi\": \"3.0.0\", \"info\": {{\"title\": \"x\", \"version\": {digits}}}, \"paths\": {{\"/\\u0000\\u001b[31m\\u202e\": \
         {{\"get\": {{\"operationId\": \"\\u0007\\u001b\", \"responses\": {{\"200\": {{\"description\": \"\", \"content\": {{\"application/json\": \
         {{\"schema\": {{\"type\": \"string\", \"maxLength\": {digits}, \"minimum\": 1e999999999}}}}}}}}}}}}}}}}}}"
    );
    let read = read_bytes(text.as_bytes(), "x");
    let system = read.system.expect("is read");
    assert!(system.api_version.len() < 200);
    for finding in &read.findings {
        let said = format!("{} {}", finding.message, finding.location);
        assert!(!said.contains(['\0', '\u{1b}', '\u{202e}', '\u{7}']), "{said:?}");
    }
}

#[test]
fn a_part_that_is_a_bomb_costs_the_part() {
    let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned()
        + &(1..12)
            .map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")))
            .collect::<String>();
    let main = described(json!({"S0": {"type": "object", "properties": {
        "a": {"$ref": "bomb.yaml"}, "b": {"$ref": "deep.json"}, "c": {"$ref": "much.yaml"}}}}));
    let part = |name: &str, bytes| Part { name: name.to_owned(), bytes };
    let input = Input {
        others: vec![
            part("bomb.yaml", Ok(bomb.into_bytes())),
            part("deep.json", Ok("[".repeat(10_000).into_bytes())),
            part("much.yaml", Err(Lacking::TooMuch)),
        ],
        ..Input::of_bytes("x.json", main)
    };
    let read = readers::read(&input, "x.json");
    assert!(read.system.is_some());
    let told = codes(&read);
    assert_eq!(told.iter().filter(|c| **c == "unreadable-reference").count(), 2, "{told:?}");
    assert!(told.contains(&"too-many-files"), "{told:?}");
}

const FIXTURES: [&str; 6] = [
    "examples/billing-to-crm/apis/billing.openapi.yaml",
    "examples/billing-to-crm/apis/crm.openapi.json",
    "examples/payments-to-ledger/apis/payline.openapi.yaml",
    "examples/erp-to-shop/apis/kontor.openapi.yaml",
    "examples/tills-to-books/apis/tillpoint.openapi.yaml",
    "tests/fixtures/readers/openapi/events.yaml",
];

fn bytes_of(fixture: &str) -> Vec<u8> {
    std::fs::read(format!("{}/{fixture}", env!("CARGO_MANIFEST_DIR"))).expect("is in the repository")
}

#[test]
fn a_fixture_torn_off_anywhere_is_read_or_told() {
    for fixture in FIXTURES {
        let bytes = bytes_of(fixture);
        for part in 1..40 {
            let read = read_bytes(&bytes[..bytes.len() * part / 40], fixture);
            assert!(read.system.is_some() || !read.findings.is_empty(), "{fixture}, {part} of 40");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn mangled_fixtures_are_survived(
        which in 0..FIXTURES.len(),
        cut in 0usize..100,
        pieces in prop::collection::vec((any::<prop::sample::Index>(), 0usize..60, any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = bytes_of(FIXTURES[which]);
        // Pieces are copied to other places, and single bytes changed: structure breaks where a reader has walked in.
        for (from, length, to, byte) in pieces {
            let from = from.index(bytes.len());
            let piece: Vec<u8> = bytes[from..(from + length).min(bytes.len())].to_vec();
            let at = to.index(bytes.len());
            bytes.splice(at..(at + length / 2).min(bytes.len()), piece);
            let at = to.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - bytes.len() * cut / 400);
        let _ = readers::references(&bytes);
        let read = read_bytes(&bytes, "x");
        for finding in &read.findings {
            prop_assert!(finding.message.chars().count() < 2_000);
        }
        let overlay = Part { name: "o".to_owned(), bytes: Ok(bytes.clone()) };
        let other = Part { name: "o.yaml".to_owned(), bytes: Ok(bytes) };
        let input = Input { others: vec![other], overlays: vec![overlay], ..Input::of_bytes("x", bytes_of(FIXTURES[which])) };
        prop_assert!(readers::read(&input, "x").system.is_some());
    }
}
