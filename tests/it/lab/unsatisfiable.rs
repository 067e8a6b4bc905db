//! Descriptions that ask for something and rule it out at once: told by name, and no record made that breaks them.

use std::path::Path;
use std::sync::Arc;

use platform_integration::base::clock::Timestamp;
use platform_integration::base::rng::Rng;
use platform_integration::connector::{Request, Response};
use platform_integration::lab::mock::{MockOptions, MockSystem};
use platform_integration::model::{
    Direction, Impossible, Method, SchemaId, System, impossible, sample::sample, validate,
};
use platform_integration::readers::read_bytes;
use serde_json::{Value, json};

use crate::cli::{run, stderr, stdout, workspace};

/// A shop whose things have one more property, of this schema, among `required` where so said.
fn shop(field: &str, required: bool) -> Arc<System> {
    let more = if required { ", odd" } else { "" };
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: Shop, version: '1'}}\nservers: [{{url: 'https://shop.example'}}]\npaths:\n  /things:\n    \
         get:\n      operationId: listThings\n      responses: {{'200': {{description: ok, content: {{application/json: {{schema: \
         {{type: array, items: {{$ref: '#/components/schemas/Thing'}}}}}}}}}}}}\n    post:\n      operationId: createThing\n      \
         requestBody: {{required: true, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}}}\n      \
         responses: {{'201': {{description: ok, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}}}}}\n  \
         /things/{{id}}:\n    get:\n      operationId: getThing\n      parameters: [{{name: id, in: path, required: true, schema: \
         {{type: string}}}}]\n      responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{$ref: \
         '#/components/schemas/Thing'}}}}}}}}}}\ncomponents:\n  schemas:\n    Thing:\n      type: object\n      required: [id{more}]\n      \
         properties:\n        id: {{type: string}}\n        odd: {field}\n"
    );
    let read = read_bytes(text.as_bytes(), "shop.yaml");
    Arc::new(read.system.unwrap_or_else(|| panic!("{field}: {:?}", read.findings)))
}

fn thing(system: &System) -> SchemaId {
    system.operations.iter().find(|o| o.id == "getThing").and_then(|o| o.record).expect("a record")
}

fn why(field: &str) -> Option<Impossible> {
    let system = shop(field, true);
    impossible(&system.schemas, thing(&system), Direction::Response)
}

/// Schema, and why no value fits.
const IMPOSSIBLE: [(&str, &str); 20] = [
    ("{type: integer, minimum: 10, maximum: 5}", "its minimum 10 is above its maximum 5"),
    (
        "{type: number, minimum: 5, exclusiveMaximum: 5}",
        "its minimum 5 and its exclusive maximum 5 leave nothing between them",
    ),
    ("{type: integer, minimum: 1.2, maximum: 1.8}", "no integer lies between its minimum 1.2 and its maximum 1.8"),
    (
        "{type: number, multipleOf: 7, minimum: 1, maximum: 6}",
        "no multiple of 7 lies between its minimum 1 and its maximum 6",
    ),
    ("false", "it allows no value at all"),
    ("{not: {}}", "it allows no value at all"),
    ("{type: string, not: true}", "it allows no value at all"),
    (
        "{type: string, enum: [1, 2]}",
        "its 2 values are ruled out by the rest of it: the first, 1, must be string, is integer",
    ),
    (
        "{type: integer, const: high}",
        r#"its one value "high" is ruled out by the rest of it: it must be integer, is string"#,
    ),
    ("{type: string, pattern: 'a^'}", "nothing matches its pattern a^"),
    ("{type: string, pattern: '^[^\\s\\S]$'}", r"nothing matches its pattern ^[^\s\S]$"),
    ("{type: string, minLength: 9, maxLength: 3}", "its minLength 9 is above its maxLength 3"),
    (
        "{type: string, pattern: '^[a-z]{9}$', maxLength: 3}",
        "what matches its pattern ^[a-z]{9}$ has 9 characters at least, and its maxLength is 3",
    ),
    ("{type: string, format: uuid, maxLength: 20}", "a uuid has 36 characters at least, and its maxLength is 20"),
    ("{type: array, minItems: 3, maxItems: 1}", "its minItems 3 is above its maxItems 1"),
    (
        "{type: array, minItems: 3, uniqueItems: true, items: {type: string, enum: [a, b]}}",
        "it holds 3 different items at least, and there are 2 values for them",
    ),
    (
        "{type: object, required: [a], additionalProperties: false}",
        r#"it requires "a", which is none of its properties, and allows no others"#,
    ),
    ("{type: object, required: [a, b], maxProperties: 1}", "it requires 2 properties, and its maxProperties is 1"),
    (
        "{oneOf: [{type: integer, minimum: 2, maximum: 1}, {type: string, minLength: 2, maxLength: 1}]}",
        "its minimum 2 is above its maximum 1",
    ),
    ("{$ref: '#/components/schemas/Thing'}", r#"it requires "odd", which is itself, without end"#),
];

#[test]
fn what_no_value_fits_is_told_with_its_place_and_its_reason() {
    for (field, because) in IMPOSSIBLE {
        let why = why(field).unwrap_or_else(|| panic!("{field} is thought to have a value"));
        assert_eq!(why.because, because, "{field}");
        assert!(why.pointer.starts_with("#/components/schemas/Thing"), "{field}: {}", why.pointer);
    }
    assert_eq!(
        why(IMPOSSIBLE[0].0).expect("no value").to_string(),
        "no value fits #/components/schemas/Thing/properties/odd: its minimum 10 is above its maximum 5 (met at /odd)"
    );
}

#[test]
fn what_has_a_value_is_not_said_to_have_none() {
    for field in [
        "{type: integer, minimum: 5, maximum: 5}",
        "{type: [integer, 'null'], minimum: 10, maximum: 5}",
        "{type: [integer, string], minimum: 10, maximum: 5}",
        "{type: string, enum: [1, a]}",
        "{type: string, pattern: '(?=x)'}",
        "{type: array, minItems: 0, items: false}",
        "{type: object, properties: {next: {$ref: '#/components/schemas/Thing/properties/odd'}}}",
        "{oneOf: [{type: integer, minimum: 2, maximum: 1}, {type: string}]}",
        "true",
    ] {
        assert_eq!(why(field), None, "{field}");
    }
}

#[test]
fn what_no_value_fits_is_left_out_where_it_may_be() {
    for (field, _) in IMPOSSIBLE {
        let system = shop(field, false);
        let record = thing(&system);
        for seed in 0..20 {
            let made = sample(&system.schemas, record, &mut Rng::seeded(seed), Direction::Response);
            let broken = validate(&system.schemas, record, &made, Direction::Response);
            assert!(broken.is_empty(), "{field}: {made}: {broken:?}");
        }
    }
}

fn ask(mock: &mut MockSystem, method: Method, path: &str, prefer: Option<&str>) -> (u16, String) {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(prefer.map(|p| ("prefer".to_owned(), p.to_owned())));
    let body = if method == Method::Post { json!({"id": "t1", "odd": 7}).to_string() } else { String::new() };
    let request = Request { method, url: format!("https://shop.example{path}"), headers, body: body.into() };
    let response: Response = mock.handle(&request, Timestamp(1_800_000_000_000));
    (response.status, String::from_utf8_lossy(&response.body).into_owned())
}

#[test]
fn a_mock_holds_nothing_that_cannot_be_and_says_so_when_it_is_asked() {
    for (field, because) in IMPOSSIBLE {
        let mut mock = MockSystem::new(shop(field, true), 1, MockOptions::default());
        let entity = mock.blueprint().kinds.keys().next().expect("a kind").clone();
        assert_eq!(mock.seed_records(&entity, 20, &mut Rng::seeded(1)), Vec::<Value>::new(), "{field}");
        assert_eq!(ask(&mut mock, Method::Get, "/things", None), (200, "[]".to_owned()), "{field}");
        for (method, path, prefer) in [
            (Method::Get, "/things/t1", None),
            (Method::Post, "/things", None),
            (Method::Get, "/things/t1", Some("code=200")),
        ] {
            let (status, body) = ask(&mut mock, method, path, prefer);
            assert_eq!(status, 501, "{field}: {body}");
            let said: Value = serde_json::from_str(&body).expect("JSON");
            let detail = said["detail"].as_str().unwrap_or_default();
            assert!(detail.contains(because) && detail.contains("#/components/schemas/Thing"), "{field}: {body}");
        }
    }
}

/// The example with a customer whose balance cannot be.
fn warped() -> tempfile::TempDir {
    let dir = workspace("billing-to-crm");
    let path = dir.path().join("examples/billing-to-crm/apis/billing.openapi.yaml");
    let text = std::fs::read_to_string(&path).expect("the description");
    let balance = "balance:\n          type: integer\n";
    assert_eq!(text.matches(balance).count(), 1);
    let warped = format!("{balance}          minimum: 10\n          maximum: 5\n");
    std::fs::write(&path, text.replace(balance, &warped)).expect("written");
    dir
}

fn tells(dir: &Path, args: &[&str]) {
    let output = run(dir, args);
    let text = format!("{}{}", stdout(&output), stderr(&output));
    assert!(!output.status.success(), "{args:?}: {text}");
    for part in ["its minimum 10 is above its maximum 5", "balance"] {
        assert!(text.contains(part), "{args:?} lacks {part}: {text}");
    }
}

#[test]
fn check_drill_and_run_name_the_schema_and_do_no_more() {
    let dir = warped();
    let contract = "examples/billing-to-crm/integration.yaml";
    tells(dir.path(), &["check", contract]);
    tells(dir.path(), &["drill", contract, "--schedules", "1"]);
    tells(dir.path(), &["run", contract]);
}
