//! Formats beside OpenAPI 3 and GraphQL: fixtures as the model has them, mangled input, and sniffing that is exclusive.

use std::path::{Path, PathBuf};

use platform_integration::base::tree::{Arena, Tree, from_json, from_yaml};
use platform_integration::base::yaml::Limits;
use platform_integration::readers::{ALL, Form, Read, read_bytes};
use proptest::prelude::*;

use super::show::show;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/readers")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("the fixture is in the repository")
}

fn read(name: &str) -> Read {
    read_bytes(text(name).as_bytes(), name)
}

#[test]
fn swagger_2_becomes_the_model() {
    insta::assert_snapshot!(show(&read("swagger/shop.yaml")));
}

#[test]
fn a_broken_swagger_2_is_read_as_far_as_it_goes() {
    insta::assert_snapshot!(show(&read("swagger/broken.json")));
}

#[test]
fn what_is_new_in_openapi_3_2_is_seen() {
    insta::assert_snapshot!(show(&read("openapi/shapes-32.yaml")));
}

#[test]
fn messages_of_asyncapi_are_events() {
    let all = ["asyncapi/topics-1.json", "asyncapi/orders-2.yaml", "asyncapi/orders-3.yaml"];
    insta::assert_snapshot!(all.map(|name| show(&read(name))).join("\n"));
}

#[test]
fn requests_of_a_collection_are_operations() {
    insta::assert_snapshot!(show(&read("postman/kiosk.json")));
}

#[test]
fn no_value_of_a_credential_is_read_from_a_collection() {
    let system = read("postman/kiosk.json").system.expect("is read");
    assert!(!format!("{system:?}").contains("not-a-variable"));
}

#[test]
fn tables_state_entities() {
    insta::assert_snapshot!(show(&read("sql/kiosk.sql")));
}

#[test]
fn a_script_that_nests_or_runs_on_ends() {
    for body in [
        format!("b INT DEFAULT {}1{}", "(".repeat(50_000), ")".repeat(50_000)),
        format!("b INT CHECK (b{})", " + 1".repeat(200_000)),
        format!("b {}INT", "ARRAY<".repeat(50_000)),
        "b INT, ".repeat(100_000),
        "(".repeat(100_000),
    ] {
        let read =
            read_bytes(format!("CREATE TABLE a ({body});\nCREATE TABLE z (id int PRIMARY KEY);\n").as_bytes(), "x.sql");
        let system = read.system.expect("is read");
        assert!(system.entities.contains_key("z"));
    }
}

#[test]
fn schemas_alone_state_entities() {
    insta::assert_snapshot!(show(&read("json_schema/order.schema.json")));
}

/// Swagger 2 and OpenAPI 3 of one API differ in where things stand, not in what the map says.
#[test]
fn both_dialects_of_one_description_give_one_map() {
    let old = r##"{"swagger": "2.0", "info": {"title": "x", "version": "1"}, "host": "x.example", "basePath": "/v1",
        "schemes": ["https"], "securityDefinitions": {"k": {"type": "apiKey", "in": "header", "name": "K"}},
        "security": [{"k": []}], "paths": {"/things": {
        "get": {"parameters": [{"name": "page", "in": "query", "type": "integer"}],
            "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Thing"}}}}},
        "post": {"parameters": [{"name": "b", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Thing"}}],
            "responses": {"201": {"schema": {"$ref": "#/definitions/Thing"}}}}}},
        "definitions": {"Thing": {"type": "object", "properties": {"id": {"type": "string"}}}}}"##;
    let json = r##"{"application/json": {"schema": REF}}"##;
    let thing = json.replace("REF", r##"{"$ref": "#/components/schemas/Thing"}"##);
    let many = json.replace("REF", r##"{"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}"##);
    let new = format!(
        r##"{{"openapi": "3.0.0", "info": {{"title": "x", "version": "1"}}, "servers": [{{"url": "https://x.example/v1"}}],
        "security": [{{"k": []}}], "paths": {{"/things": {{
        "get": {{"parameters": [{{"name": "page", "in": "query", "schema": {{"type": "integer"}}}}],
            "responses": {{"200": {{"content": {many}}}}}}},
        "post": {{"requestBody": {{"required": true, "content": {thing}}}, "responses": {{"201": {{"content": {thing}}}}}}}}}}},
        "components": {{"securitySchemes": {{"k": {{"type": "apiKey", "in": "header", "name": "K"}}}},
            "schemas": {{"Thing": {{"type": "object", "properties": {{"id": {{"type": "string"}}}}}}}}}}}}"##
    );
    // What stands elsewhere is told with its place; all else is the same.
    let told = |text: &str| -> Vec<String> {
        let shown = show(&read_bytes(text.as_bytes(), "x"));
        let lines = shown.lines().map(|line| match line.strip_prefix("fact ") {
            Some(fact) => fact.split("#/").next().unwrap_or(fact).to_owned(),
            None => line.split(" #/").next().unwrap_or(line).to_owned(),
        });
        lines.skip(1).collect()
    };
    assert_eq!(told(old), told(&new));
}

/// Every fixture and example that is a description, with its format by folder.
fn fixtures() -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![folder(), Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("is a folder") {
            let path = entry.expect("is readable").path();
            let known = ["json", "yaml", "yml", "graphql", "sql", "proto"];
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| known.contains(&e)) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

#[test]
fn no_two_readers_take_one_document() {
    let mut taken = 0;
    for path in fixtures() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let arena = Arena::default();
        let tree: Option<Tree<'_>> =
            from_json(&text, &arena).ok().or_else(|| from_yaml(&text, &arena, Limits::default()).ok());
        let start = text.trim_start();
        let takers: Vec<&str> = ALL
            .iter()
            .filter(|reader| match reader.form {
                Form::Tree { sniff, .. } => tree.as_ref().is_some_and(|t| sniff(t.root)),
                Form::Text { sniff, .. } => !start.is_empty() && !start.starts_with(['{', '[']) && sniff(start),
            })
            .map(|reader| reader.format)
            .collect();
        assert!(takers.len() <= 1, "{}: {takers:?}", path.display());
        taken += takers.len();
    }
    assert!(taken > 25, "{taken} fixtures are read");
}

/// One fixture of each format.
const SEEDS: [&str; 9] = [
    "swagger/shop.yaml",
    "swagger/broken.json",
    "openapi/shapes-32.yaml",
    "asyncapi/orders-2.yaml",
    "asyncapi/orders-3.yaml",
    "asyncapi/topics-1.json",
    "postman/kiosk.json",
    "json_schema/order.schema.json",
    "sql/kiosk.sql",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever is cut out of a description, and put in elsewhere, is read or refused; nothing panics, nothing hangs.
    #[test]
    fn mangled_descriptions_are_read_or_refused(
        seed in prop::sample::select(SEEDS.to_vec()),
        from in 0..6000usize, length in 0..200usize, to in 0..6000usize,
        noise in "(\\[|\\]|\\{|\\}|\\(|\\)|:|,|;|\"|'|\\$ref|null|type|item|[a-z0-9 #/\\-\n]){0,20}",
    ) {
        let text = text(seed);
        let floor = |text: &str, at: usize| { let mut at = at.min(text.len()); while !text.is_char_boundary(at) { at -= 1; } at };
        let (from, end) = (floor(&text, from), floor(&text, from + length));
        let mut mangled = format!("{}{}", &text[..from], &text[end.max(from)..]);
        let to = floor(&mangled, to);
        mangled.insert_str(to, &noise);
        let read = read_bytes(mangled.as_bytes(), "x");
        prop_assert!(read.system.is_some() || !read.findings.is_empty());
        if let Some(system) = &read.system {
            prop_assert!(system.schemas.len() < 2_000);
        }
    }

    /// Values of the wrong kind under any key are read around.
    #[test]
    fn wrong_kinds_under_any_key_are_read_around(
        seed in prop::sample::select(SEEDS.iter().filter(|s| !s.ends_with(".sql")).copied().collect::<Vec<_>>()), at in 0..400usize, kind in 0..6usize,
    ) {
        let text = text(seed);
        let arena = Arena::default();
        let tree = from_json(&text, &arena).ok().or_else(|| from_yaml(&text, &arena, Limits::default()).ok()).expect("is read");
        let mut value = tree.root.to_value();
        let mut places = Vec::new();
        walk(&value, String::new(), &mut places);
        let place = places[at % places.len()].clone();
        let wrong = [
            serde_json::Value::Null, serde_json::json!(7), serde_json::json!("#/x"), serde_json::json!([]),
            serde_json::json!({}), serde_json::json!([[{"$ref": "#"}]]),
        ];
        if let Some(found) = value.pointer_mut(&place) {
            *found = wrong[kind].clone();
        }
        let read = read_bytes(value.to_string().as_bytes(), "x");
        prop_assert!(read.system.is_some() || !read.findings.is_empty());
    }
}

fn walk(value: &serde_json::Value, at: String, out: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                out.push(place.clone());
                walk(value, place, out);
            }
        }
        serde_json::Value::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                let place = format!("{at}/{i}");
                out.push(place.clone());
                walk(value, place, out);
            }
        }
        _ => {}
    }
}
