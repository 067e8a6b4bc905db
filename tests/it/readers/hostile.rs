//! Bad input: every case has a finding with a next step, none panics, none hangs.

use platform_integration::readers::{Read, read_bytes};
use proptest::prelude::*;
use serde_json::{Value, json};

fn codes(read: &Read) -> Vec<&'static str> {
    read.findings.iter().map(|f| f.code).collect()
}

#[test]
fn nesting_ten_thousand_deep_is_refused_in_words() {
    let deep = "{\"a\":".repeat(10_000) + "1" + &"}".repeat(10_000);
    let read = read_bytes(deep.as_bytes(), "deep.json");
    assert_eq!(codes(&read), ["unreadable-input"]);
    let deep = "[".repeat(10_000);
    assert_eq!(codes(&read_bytes(deep.as_bytes(), "deep.yaml")), ["unreadable-input"]);
    let flow = "a: ".to_owned() + &"{a: ".repeat(10_000);
    assert_eq!(codes(&read_bytes(flow.as_bytes(), "deep.yaml")), ["unreadable-input"]);
}

/// Three thousand schemas, each with the next one inside it, by reference.
fn chain(link: impl Fn(String) -> Value) -> Vec<u8> {
    let schemas: serde_json::Map<String, Value> =
        (0..3_000).map(|i| (format!("S{i}"), link(format!("#/components/schemas/S{}", i + 1)))).collect();
    let body = json!({"schema": {"$ref": "#/components/schemas/S0"}});
    json!({"openapi": "3.0.0", "info": {}, "servers": [{"url": "https://x.example"}], "components": {"schemas": schemas},
        "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": body}}}}}}})
    .to_string()
    .into_bytes()
}

#[test]
fn chains_of_references_end() {
    for link in [
        (|to| json!({"properties": {"next": {"$ref": to}}})) as fn(String) -> Value,
        |to| json!({"items": {"$ref": to}}),
        |to| json!({"oneOf": [{"$ref": to}, {"type": "string"}]}),
        |to| json!({"allOf": [{"$ref": to}], "properties": {"a": {}}}),
        |to| json!({"anyOf": [{"$ref": to}, {"type": "null"}], "properties": {"a": {"$ref": to}}}),
        |to| json!({"$ref": to}),
        |to| json!({"additionalProperties": {"$ref": to}}),
    ] {
        let read = read_bytes(&chain(link), "chain.json");
        assert!(read.system.is_some());
        assert!(read.findings.len() < 100, "{}", read.findings.len());
    }
}

#[test]
fn all_of_over_all_of_does_not_multiply() {
    // Each of 24 schemas is made of the next one twice: 2^24 paths, 24 schemas.
    let schemas: serde_json::Map<String, Value> = (0..24)
        .map(|i| {
            let next = json!({"$ref": format!("#/components/schemas/S{}", i + 1)});
            (format!("S{i}"), json!({"allOf": [next, next], "properties": {"p": next, "q": {"oneOf": [next, next]}}}))
        })
        .collect();
    let doc = json!({"openapi": "3.0.0", "info": {}, "paths": {}, "components": {"schemas": schemas}});
    let system = read_bytes(doc.to_string().as_bytes(), "x").system.expect("is read");
    assert!(system.schemas.len() < 5_000, "{}", system.schemas.len());
}

#[test]
fn empty_and_too_large_inputs_say_so() {
    assert_eq!(codes(&read_bytes(b"", "x")), ["empty-input"]);
    assert_eq!(codes(&read_bytes(b" \n\t", "x")), ["empty-input"]);
    assert_eq!(codes(&read_bytes(&vec![b' '; (64 << 20) + 1], "x")), ["input-too-large"]);
    assert!(codes(&read_bytes(b"\xff\xfeo\0p\0", "x")).contains(&"not-utf8"));
    assert_eq!(codes(&read_bytes(b"{}", "x")), ["unknown-format"]);
}

#[test]
fn every_finding_of_bad_input_has_a_next_step() {
    for input in [
        "",
        "<html>",
        "{",
        "a: [",
        "swagger: '1.1'",
        "swagger: '2.0'",
        "asyncapi: 2.0.0",
        "{\"$schema\": \"https://json-schema.org/x\"}",
        "%PDF",
        "type Q {\n a: Int\n}\n",
    ] {
        for finding in read_bytes(input.as_bytes(), "x").findings {
            assert!(!finding.fix.is_empty(), "{input}: {finding:?}");
        }
    }
}

/// Documents that are almost OpenAPI: known keys over wild values.
fn almost() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "openapi",
        "info",
        "paths",
        "/a",
        "/a/{b}",
        "get",
        "post",
        "parameters",
        "responses",
        "200",
        "content",
        "application/json",
        "schema",
        "schemas",
        "components",
        "$ref",
        "allOf",
        "oneOf",
        "anyOf",
        "type",
        "properties",
        "items",
        "enum",
        "const",
        "required",
        "name",
        "in",
        "description",
        "security",
        "servers",
        "url",
        "variables",
        "additionalProperties",
        "nullable",
        "x-ratelimit",
        "discriminator",
        "securitySchemes",
        "minimum",
        "data",
        "next_cursor",
        "cursor",
        "limit",
        "headers",
        "Link",
        "title",
        "version",
        "default",
        "maximum",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "3.0.0",
            "3.1.0",
            "#/components/schemas/A",
            "#/",
            "#",
            "#/paths",
            "#/components/schemas/%41",
            "object",
            "array",
            "string",
            "null",
            "query",
            "path",
            "header",
            "at most 5 requests per 0 s",
            "99999999999999999999 requests per second",
            "{",
            "\u{202e}",
            "ignore previous instructions",
            "https://{a}/",
            "ü",
        ])
        .prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 200, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_bytes(&bytes, "x");
    }

    #[test]
    fn documents_that_are_almost_right_are_survived(paths in almost(), components in almost(), info in almost(), other in almost()) {
        let doc = json!({"openapi": "3.1.0", "info": info, "servers": other, "paths": {"/a/{b}": {"get": paths.clone(), "post": other}, "/a": paths},
            "components": {"schemas": {"A": components.clone(), "B": {"properties": components.clone(), "allOf": components}}}});
        let read = read_bytes(doc.to_string().as_bytes(), "x");
        prop_assert!(read.system.is_some());
    }

    #[test]
    fn an_example_with_any_bytes_changed_is_survived(cuts in prop::collection::vec((0usize..12_000, any::<u8>()), 1..6)) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/billing-to-crm/apis/billing.openapi.yaml");
        let mut bytes = std::fs::read(path).expect("the example is in the repository");
        for (at, byte) in cuts {
            if let Some(b) = bytes.get_mut(at) {
                *b = byte;
            }
        }
        let _ = read_bytes(&bytes, "x");
    }
}
