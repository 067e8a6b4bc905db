//! A first contract from two descriptions: what is proposed, what is asked, and that nothing of it is refused unasked.

#[path = "../../benches/drafts/pairs.rs"]
mod pairs;

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{json, run, stderr};

fn put(dir: &Path, path: &str, text: &str) {
    std::fs::write(dir.join(path), text).unwrap();
}

/// A session in `dir` with both descriptions mapped.
fn mapped(dir: &Path, name: &str, systems: [(&str, &str); 2]) -> String {
    let opened = json(&run(dir, &["open", name, "--format", "json"]));
    let session = opened["session"].as_str().unwrap().to_owned();
    for (name, text) in systems {
        let file = format!("{name}.json");
        put(dir, &file, text);
        let mapped = run(dir, &["map", &file, "--name", name, "--session", &session]);
        assert_eq!(mapped.status.code(), Some(0), "{}", stderr(&mapped));
    }
    session
}

/// A description with one list and one create of `thing`, with these fields required.
fn description(title: &str, required: &[&str]) -> String {
    let thing = json!({"type": "object", "required": required, "properties": {
        "id": {"type": "string"}, "amount": {"type": "integer"}, "booked_on": {"type": "string", "format": "date"}}});
    let body = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Entry"}}}});
    let list = json!({"description": "ok", "content": {"application/json": {"schema":
        {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}}}}});
    let mut created = body.clone();
    created["description"] = json!("made");
    json!({"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "servers": [{"url": "https://x.example"}],
        "paths": {"/entries": {
            "get": {"operationId": "listEntries", "responses": {"200": list}},
            "post": {"operationId": "createEntry", "requestBody": body, "responses": {"201": created}}}},
        "components": {"schemas": {"Entry": thing}}})
    .to_string()
}

fn bank_and_books(dir: &Path) -> String {
    let (bank, books) = (description("Bank", &["id", "amount"]), description("Books", &["amount", "booked_on"]));
    mapped(dir, "bank-to-books", [("bank", &bank), ("books", &books)])
}

#[test]
fn a_draft_rejects_and_asks_about_records_without_a_field_that_the_target_requires() {
    let dir = tempfile::tempdir().unwrap();
    let session = bank_and_books(dir.path());
    let args = ["draft", "--session", &session, "--source", "bank", "--target", "books", "--format", "json"];
    let drafted = run(dir.path(), &args);
    assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
    let questions = json(&drafted)["open_questions"].clone();
    let asked: Vec<&str> = questions.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let wanted = "map.booked_on: required by books, but booked_on may be missing in bank";
    assert!(asked.iter().any(|q| q.starts_with(wanted)), "{asked:#?}");
    assert!(!asked.iter().any(|q| q.starts_with("map.amount")), "{asked:#?}");
    let text = std::fs::read_to_string(dir.path().join("integration.yaml")).unwrap();
    let rule = "booked_on: {from: booked_on, required: true}   # ? a record without booked_on is rejected";
    assert!(text.contains(rule), "{text}");
}

#[test]
fn a_new_draft_is_merged_into_the_file_that_people_changed() {
    let dir = tempfile::tempdir().unwrap();
    let session = bank_and_books(dir.path());
    let draft = |more: &[&str]| {
        let args = ["draft", "--session", &session, "--source", "bank", "--target", "books"];
        run(dir.path(), &[args.as_slice(), more].concat())
    };
    let drafted = draft(&[]);
    assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
    let file = dir.path().join("integration.yaml");
    let first = std::fs::read_to_string(&file).unwrap();
    let edited = first.replace("every: 60s", "every: 5m");
    assert_ne!(first, edited);
    std::fs::write(&file, &edited).unwrap();

    let refused = draft(&[]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), edited);
    let merged = draft(&["--merge"]);
    assert_eq!(merged.status.code(), Some(0), "{}", stderr(&merged));
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        edited,
        "nothing new was drafted, and nothing of the edit is lost"
    );

    let foreign = dir.path().join("other.yaml");
    std::fs::write(&foreign, "name: mine\n").unwrap();
    let refused = draft(&["--merge", "--path", "other.yaml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&foreign).unwrap(), "name: mine\n");
}

/// A description with a list and a create for each of these things.
fn things(title: &str, names: &[&str]) -> String {
    let mut paths = serde_json::Map::new();
    let mut schemas = serde_json::Map::new();
    for name in names {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        let content = |schema: Value| json!({"description": "ok", "content": {"application/json": {"schema": schema}}});
        schemas.insert(
            (*name).to_owned(),
            json!({"type": "object", "required": ["id", "total"], "properties": {
            "id": {"type": "string"}, "total": {"type": "integer"}}}),
        );
        paths.insert(format!("/{}s", name.to_lowercase()), json!({
            "get": {"operationId": format!("list{name}s"), "responses": {"200": content(json!({"type": "array", "items": schema}))}},
            "post": {"operationId": format!("create{name}"), "requestBody": content(schema.clone()), "responses": {"201": content(schema)}}}));
    }
    json!({"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "servers": [{"url": "https://x.example"}],
        "paths": paths, "components": {"schemas": schemas}})
    .to_string()
}

#[test]
fn a_draft_of_another_flow_comes_beside_the_first_and_none_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let goal = "Bring orders and refunds of the shop into the books";
    let opened = json(&run(dir.path(), &["open", "shop-to-books", "--goal", goal, "--format", "json"]));
    let session = opened["session"].as_str().unwrap().to_owned();
    for (name, title) in [("shop", "Shop"), ("books", "Books")] {
        let file = format!("{name}.json");
        put(dir.path(), &file, &things(title, &["Order", "Refund"]));
        let mapped = run(dir.path(), &["map", &file, "--name", name, "--session", &session]);
        assert_eq!(mapped.status.code(), Some(0), "{}", stderr(&mapped));
    }
    let draft = |more: &[&str]| {
        let args = ["draft", "--session", &session, "--source", "shop", "--target", "books", "--format", "json"];
        let drafted = run(dir.path(), &[args.as_slice(), more].concat());
        assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
        json(&drafted)
    };
    let first = draft(&["--source-operation", "listOrders"]);
    let questions = first["open_questions"].to_string();
    assert!(questions.contains("the goal names refund of shop too"), "{questions}");
    assert!(questions.contains(r#"\"source_operation\": \"listRefunds\""#), "{questions}");
    let file = dir.path().join("integration.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("every: 60s", "every: 5m")).unwrap();

    // A draft of another file in between: each file has its own last draft.
    draft(&["--source-operation", "listOrders", "--path", "other.yaml"]);
    let second = draft(&["--source-operation", "listRefunds", "--merge"]);
    let questions = second["open_questions"].to_string();
    assert!(!questions.contains("the goal names"), "{questions}");
    let both = std::fs::read_to_string(&file).unwrap();
    for kept in ["operation: listOrders", "operation: listRefunds", "every: 5m", "every: 60s"] {
        assert!(both.contains(kept), "{kept}: {both}");
    }
    let checked = run(dir.path(), &["check", "integration.yaml", "--format", "json"]);
    let findings = json(&checked)["findings"].to_string();
    assert!(!findings.contains("duplicate") && !findings.contains("unknown-key"), "{findings}");
    // The first flow drafted anew takes its own place.
    draft(&["--source-operation", "listOrders", "--merge"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), both);
}

/// Two descriptions as vendors write them: nothing of the record is required, fields may be null, the first server is for
/// trying, the list may be asked by either of two scopes, the bound is there in both forms, a status has no counterpart.
fn crm_and_desk() -> (String, String) {
    let text = |more: Value| {
        let mut out = json!({"type": "string"});
        out.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        out
    };
    let person = json!({"type": "object", "properties": {
        "person_id": {"type": "string"},
        "email": {"type": ["string", "null"], "format": "email"},
        "phone": {"type": ["string", "null"]},
        "city": {"type": "string"},
        "tier": {"type": "string", "enum": ["gold", "silver"]},
        "updated_at": {"type": "string", "format": "date-time"}}});
    let query = |name: &str| json!({"name": name, "in": "query", "schema": text(json!({"format": "date-time"}))});
    let crm = json!({"openapi": "3.1.0", "info": {"title": "Crm", "version": "1"},
        "servers": [{"url": "https://sandbox.crm.example"}, {"url": "https://api.crm.example"}],
        "security": [],
        "paths": {"/people": {"get": {"operationId": "listPeople",
            "security": [{"oauth": ["people.write"]}, {"oauth": ["people.read"]}],
            "parameters": [query("updated_after"), query("updated_on_or_after"),
                {"name": "cursor", "in": "query", "schema": {"type": "string"}}],
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object",
                "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
                    "next_cursor": {"type": ["string", "null"]}}}}}}}}}},
        "components": {"schemas": {"Person": person}, "securitySchemes": {"oauth": {"type": "oauth2", "flows": {
            "authorizationCode": {"authorizationUrl": "https://crm.example/a", "tokenUrl": "https://crm.example/t",
                "scopes": {"people.read": "r", "people.write": "w"}}}}}}});
    let taken = json!({"type": "object", "required": ["email", "tier"], "properties": {
        "email": {"type": "string", "format": "email"},
        "phone": {"type": "string"},
        "city": {"type": "string", "maxLength": 40},
        "tier": {"type": "integer"}}});
    let body = json!({"required": true, "content": {"application/json": {"schema": taken}}});
    let desk = json!({"openapi": "3.1.0", "info": {"title": "Desk", "version": "1"},
        "servers": [{"url": "https://desk.example"}],
        "paths": {"/people": {"post": {"operationId": "createPerson", "security": [{"appKey": [], "appToken": []}],
            "requestBody": body, "responses": {"201": {"description": "made"}}}}},
        "components": {"securitySchemes": {
            "appKey": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "appToken": {"type": "apiKey", "in": "header", "name": "X-Token"}}}});
    (crm.to_string(), desk.to_string())
}

#[test]
fn a_draft_is_checked_before_anybody_sees_it_and_asks_about_all_that_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (crm, desk) = crm_and_desk();
    let session = mapped(dir.path(), "people", [("crm", &crm), ("desk", &desk)]);
    let args = ["draft", "--session", &session, "--source", "crm", "--target", "desk", "--format", "json"];
    let drafted = run(dir.path(), &args);
    assert_eq!(drafted.status.code(), Some(0), "{}", stderr(&drafted));
    let questions = json(&drafted)["open_questions"].clone();
    let checked = json(&run(dir.path(), &["check", "integration.yaml", "--format", "json"]));
    let found: Vec<String> = checked["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["severity"] != "note")
        .map(|f| format!("{} {}:{}: {}", f["severity"].as_str().unwrap(), f["line"], f["code"], f["message"]))
        .collect();
    let text = std::fs::read_to_string(dir.path().join("integration.yaml")).unwrap();
    let asked: Vec<&str> = questions.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    insta::assert_snapshot!(format!("{text}\n# asked\n{}\n\n# found\n{}\n", asked.join("\n"), found.join("\n")));
}

#[test]
fn drafts_between_real_descriptions_ask_about_everything_that_the_check_finds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/specs");
    let Ok(folder) = std::fs::canonicalize(folder) else {
        println!("skipped: no descriptions at ../shared/corpus/specs");
        return;
    };
    // Small ones: this build is not optimised, and `cargo run --release --example drafts-check` takes them all.
    let files = pairs::usable(&folder, 150_000);
    let mut told = pairs::Told::default();
    let wrong: Vec<String> =
        pairs::all(&files).iter().take(25).flat_map(|(a, b)| told.pair(&a.path, &b.path)).collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(told.drafts > 10 && told.rules > 20, "{} drafts with {} rules", told.drafts, told.rules);
}
