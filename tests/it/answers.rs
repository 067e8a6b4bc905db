//! Small answers: what a map and a look into a description say, how long they are, and that nothing in them is invented.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform_integration::app::{self, App, Face, HumanInput, inspect_system, map_system};
use platform_integration::base::clock::{ManualClock, Timestamp};
use platform_integration::base::rng::Rng;
use platform_integration::base::text::tokens;
use platform_integration::evidence::{MemoryLedger, Provenance};
use platform_integration::knowledge;
use platform_integration::render;
use platform_integration::store::MemoryStore;
use serde_json::{Value, json};

/// The day after the overlays that ship were looked up.
const NOW: &str = "2026-11-27";

fn application(cwd: &Path) -> App {
    let clock = Arc::new(ManualClock::new(Timestamp::parse(NOW).expect("a date")));
    App::new(Arc::new(MemoryStore::default()), Arc::new(MemoryLedger::default()), clock, Rng::seeded(1), cwd.to_owned())
}

fn agent() -> Face {
    Face::Mcp { client: "test 1".to_owned(), provenance: Provenance::default(), stop: Default::default() }
}

fn map(app: &App, face: &Face, api: &str) -> Value {
    let params = map_system::Params { api: api.to_owned(), session: None, name: Some("it".to_owned()) };
    let answered = app::execute::<app::MapSystem>(app, face, HumanInput::NotAsked, params);
    serde_json::to_value(answered.unwrap_or_else(|_| panic!("{api} is mapped")).answer).expect("json")
}

fn inspect(app: &App, api: &str, ask: Value) -> Value {
    let mut params = json!({"api": api});
    params.as_object_mut().expect("an object").extend(ask.as_object().expect("an object").clone());
    let params: inspect_system::Params = serde_json::from_value(params).expect("arguments");
    let answered = app::execute::<app::InspectSystem>(app, &agent(), HumanInput::NotAsked, params);
    serde_json::to_value(answered.unwrap_or_else(|_| panic!("{api} is inspected")).answer).expect("json")
}

/// Writes one description into a directory of its own.
fn described(text: &str) -> (tempfile::TempDir, App) {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("api.yaml"), text).expect("written");
    let app = application(dir.path());
    (dir, app)
}

/// A description with something added at the top level, to its one operation, to its record.
fn acme(top: &str, operation: &str, fields: &str) -> String {
    let top = if top.contains("servers:") {
        top.to_owned()
    } else {
        format!("servers: [{{url: 'https://api.acme.example'}}]\n{top}")
    };
    format!(
        "openapi: 3.1.0\ninfo: {{title: Acme, version: '1'}}\n{top}\npaths:\n  /things:\n    get:\n      operationId: listThings\n\
         {operation}\n      responses:\n        '200': {{description: ok, content: {{application/json: {{schema: {{type: array, items: \
         {{$ref: '#/components/schemas/Thing'}}}}}}}}}}\n  /things/{{id}}:\n    get:\n      operationId: getThing\n      \
         parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]\n      responses:\n        '200': \
         {{description: ok, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}}}\ncomponents:\n  \
         schemas:\n    Thing:\n      type: object\n      properties:\n        id: {{type: string}}\n{fields}\n"
    )
}

fn values<'a>(map: &'a Value, fact: &str) -> Vec<&'a Value> {
    map["facts"].as_array().into_iter().flatten().filter(|f| f["fact"] == fact).map(|f| &f["value"]).collect()
}

/// The facts of this file, and a description that states exactly one of them more than the clean one.
#[test]
fn each_fact_is_found_where_it_is_said_and_nowhere_else() {
    let problem = "\n        '400': {description: no, content: {application/problem+json: {schema: {type: object, properties: {type: {type: string}}}}}}";
    let envelope = "\n        '400': {description: no, content: {application/json: {schema: {type: object, properties: {error: {type: object, properties: {code: {type: string}, message: {type: string}}}}}}}}";
    let with = |extra: &str| acme("", "", "").replacen("\n  /things/{id}", &format!("{extra}\n  /things/{{id}}"), 1);
    let said =
        |text: &str| acme("", "", "").replacen("version: '1'}", &format!("version: '1', description: '{text}'}}"), 1);
    let hook = "webhooks:\n  thingChanged:\n    post:\n      parameters: [{name: X-Acme-Signature, in: header, required: true, schema: {type: string}}]\n      responses: {'200': {description: ok}}";
    let cases: Vec<(&str, String, Value)> = vec![
        ("error_format", with(problem), json!({"format": "rfc9457", "code": "type", "message": "detail"})),
        (
            "error_format",
            with(envelope),
            json!({"format": "envelope", "code": "error.code", "message": "error.message"}),
        ),
        (
            "versioning",
            acme("servers: [{url: 'https://api.acme.example/v2'}]", "", ""),
            json!({"in": "path", "value": "v2"}),
        ),
        (
            "concurrency_limit",
            said("At most 5 concurrent requests are served."),
            json!({"requests": 5, "says": "At most 5 concurrent requests are served."}),
        ),
        (
            "ordering",
            acme(
                "",
                "      parameters: [{name: sort, in: query, schema: {type: string, enum: [id, name], default: id}}]",
                "",
            ),
            json!({"param": "sort", "values": ["id", "name"], "default": "id", "operations": 1}),
        ),
        (
            "ordering",
            acme("", "      description: Things are sorted by id.", ""),
            json!({"operation": "listThings", "says": "Things are sorted by id."}),
        ),
        (
            "timestamps",
            acme("", "", "        made_at: {type: string, format: date-time}"),
            json!({"format": "rfc3339", "fields": 1}),
        ),
        (
            "timestamps",
            acme("", "", "        created: {type: integer, description: Seconds since the epoch.}"),
            json!({"format": "unix_seconds", "fields": 1}),
        ),
        (
            "money",
            acme("", "", "        amount: {type: integer, description: In cents.}"),
            json!({"unit": "minor", "fields": 1, "first": ["thing.amount"]}),
        ),
        ("deprecation", acme("", "      deprecated: true", ""), json!({"operations": 1, "first": ["listThings"]})),
        (
            "service_level",
            said("We promise an uptime of 99.95% a month."),
            json!({"availability_percent": "99.95", "says": "We promise an uptime of 99.95% a month."}),
        ),
        ("webhook_signature", acme(hook, "", ""), json!({"header": "X-Acme-Signature", "scheme": null, "says": null})),
        (
            "environment",
            acme("servers: [{url: 'https://sandbox.acme.example'}]", "", ""),
            json!({"environment": "sandbox", "host": "sandbox.acme.example", "path": ""}),
        ),
        (
            "data_protection",
            acme("", "", "        diagnosis: {type: string}"),
            json!({"kinds": {"health": 1}, "suggests": ["GDPR article 9", "HIPAA"]}),
        ),
        (
            "description_origin",
            acme("", "", "").replacen(
                "version: '1'}",
                "version: '2024-10-01', contact: {url: 'https://www.acme.example/help'}}",
                1,
            ),
            json!({"origin": "official", "because": "its contact is at the host that it describes", "dated": "2024-10-01"}),
        ),
        (
            "change_feed",
            acme("", "", "").replacen("/things:", "/things/changes:", 1),
            json!({"operation": "listThings"}),
        ),
    ];
    let (_dir, app) = described(&acme("", "", ""));
    let clean = map(&app, &Face::Cli, "api.yaml");
    for (fact, text, expected) in &cases {
        assert_eq!(values(&clean, fact), Vec::<&Value>::new(), "{fact}");
        let (_dir, app) = described(text);
        let map = map(&app, &Face::Cli, "api.yaml");
        assert_eq!(values(&map, fact), [expected], "{fact}\n{text}\n{:#}", map["findings"]);
        let others: Vec<&str> =
            cases.iter().map(|(f, ..)| *f).filter(|f| f != fact && !values(&map, f).is_empty()).collect();
        assert_eq!(others, Vec::<&str>::new(), "{fact} trips others\n{text}");
    }
}

const LIMITS: &str = "apiVersion: platform-integration/knowledge/v1\nabout: Acme\nhosts: [api.acme.example]\nfacts:\n  - fact: rate_limit\n    \
    value: {requests: 100, window_ms: 10000}\n    source: https://acme.example/limits\n    checked: 2026-11-20\n";

#[test]
fn what_was_looked_up_stands_in_the_map_with_source_and_age() {
    let (dir, app) = described(&acme("", "", ""));
    assert!(map(&app, &agent(), "api.yaml")["not_stated"].as_array().expect("a list").contains(&json!("rate_limit")));
    std::fs::create_dir(dir.path().join("overlays")).expect("made");
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS).expect("written");
    let seen = map(&app, &agent(), "api.yaml");
    let fact = seen["facts"].as_array().expect("facts").iter().find(|f| f["fact"] == "rate_limit").expect("known");
    assert_eq!(fact["basis"], "research");
    assert_eq!(fact["source"], "https://acme.example/limits (checked 2026-11-20, age 7 days)");
    assert!(fact["confidence"].as_f64().expect("a number") <= 0.85);
    let codes = |map: &Value| -> Vec<String> {
        let all = map["findings"].as_array().expect("a list").iter().filter_map(|f| f["code"].as_str());
        all.filter(|c| *c != "no-security-scheme").map(str::to_owned).collect()
    };
    assert_eq!(codes(&seen), Vec::<String>::new());
    assert!(!seen["not_stated"].as_array().expect("a list").contains(&json!("rate_limit")));
    // Looked up long ago, or with a fault: said so, at its place.
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS.replace("2026-11-20", "2026-01-20"))
        .expect("written");
    assert_eq!(codes(&map(&app, &agent(), "api.yaml")), ["knowledge-stale"]);
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS.replace("rate_limit", "rate_limits"))
        .expect("written");
    let broken = map(&app, &agent(), "api.yaml");
    let finding = &broken["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["line"], &finding["column"]),
        (&json!("unknown-fact"), &json!(5), &json!(11))
    );
    // Another host is another system.
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS.replace("api.acme", "api.other"))
        .expect("written");
    assert_eq!(values(&map(&app, &agent(), "api.yaml"), "rate_limit"), Vec::<&Value>::new());
}

#[test]
fn of_one_fact_the_nearest_overlay_holds_alone() {
    let (dir, mut app) = described(&acme("", "", ""));
    let user = dir.path().join("user");
    std::fs::create_dir_all(dir.path().join("overlays")).expect("made");
    std::fs::create_dir_all(&user).expect("made");
    std::fs::write(dir.path().join("overlays/a.knowledge.yaml"), LIMITS).expect("written");
    std::fs::write(user.join("b.knowledge.yaml"), LIMITS.replace("100", "7")).expect("written");
    app.knowledge = Some(user);
    let rates = |app: &App| {
        values(&map(app, &Face::Cli, "api.yaml"), "rate_limit")
            .iter()
            .map(|v| v["requests"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(rates(&app), [json!(100)]);
    std::fs::remove_file(dir.path().join("overlays/a.knowledge.yaml")).expect("removed");
    assert_eq!(rates(&app), [json!(7)]);
    // A server that keeps to its directory does not look into the user's folder.
    app.confined = true;
    assert_eq!(rates(&app), Vec::<Value>::new());
}

#[test]
fn the_schema_of_overlays_is_the_one_checked_in_and_agrees_with_the_parser() {
    let fresh = format!("{}\n", serde_json::to_string_pretty(&knowledge::json_schema()).expect("json"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("resources/schemas/knowledge.schema.json");
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &fresh).expect("writable");
    }
    let kept = std::fs::read_to_string(&path).expect("checked in");
    assert!(kept == fresh, "stale: run UPDATE_SCHEMAS=1 cargo test --test it answers::");
    let schema = jsonschema::validator_for(&knowledge::json_schema()).expect("a valid schema");
    let fits = |text: &str| {
        let tree = platform_integration::base::yaml::parse(text, Default::default()).expect("yaml");
        let json: Value = serde_json::from_str(&tree.into_value().to_string()).expect("json");
        (schema.is_valid(&json), knowledge::parse(text, "x").1.is_empty())
    };
    for (file, text) in knowledge::SHIPPED {
        assert_eq!(fits(text), (true, true), "{file}");
    }
    for (from, to) in [
        ("about: Acme", "abuot: Acme"),
        ("rate_limit", "rate_limits"),
        ("requests: 100, ", ""),
        ("requests: 100", "requests: many"),
        ("https://acme", "acme"),
        ("checked: 2026-11-20", "confidence: 0.9"),
        ("[api.acme.example]", "[]"),
    ] {
        assert_eq!(fits(&LIMITS.replacen(from, to, 1)), (false, false), "{from} -> {to}");
    }
}

#[test]
fn the_fewest_scopes_for_some_operations_are_found() {
    let text = "openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths:\n  /a:\n    get: {operationId: a, security: [{o: [read]}, {o: [all]}], responses: {}}\n    \
        post: {operationId: b, security: [{o: [write]}, {o: [all]}], responses: {}}\n    delete: {operationId: c, security: [{k: []}], responses: {}}\n    \
        patch: {operationId: d, security: [], responses: {}}\ncomponents:\n  securitySchemes:\n    k: {type: apiKey, in: header, name: X-Key}\n    \
        o: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://a.example/t', scopes: {read: '', write: '', all: ''}}}}\n";
    let (_dir, app) = described(text);
    let of = |names: Value| inspect(&app, "api.yaml", json!({"scopes": names}))["call"].clone();
    assert_eq!(of(json!(["a"])), json!(["o: all"]));
    assert_eq!(of(json!(["a", "b"])), json!(["o: all"]));
    assert_eq!(of(json!(["c", "d"])), json!(["k: no scopes"]));
    assert_eq!(of(json!(["a", "c"])), json!(["no single scheme allows all of them"]));
    assert_eq!(of(json!(["d"])), json!(["the description requires no authentication for them"]));
}

#[test]
fn a_question_is_answered_from_an_example() {
    let app = application(Path::new(env!("CARGO_MANIFEST_DIR")));
    let answer = inspect(&app, "examples/billing-to-crm/apis/billing.openapi.yaml", json!({"find": "who do we bill?"}));
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).expect("json"));
}

#[test]
fn a_card_holds_what_a_call_needs() {
    let app = application(Path::new(env!("CARGO_MANIFEST_DIR")));
    let answer =
        inspect(&app, "examples/billing-to-crm/apis/billing.openapi.yaml", json!({"operation": "listCustomers"}));
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer["call"]).expect("json"));
}

/// Our own descriptions, and those of the corpus where it lies beside the repository.
fn descriptions() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = std::env::var_os("CORPUS").map_or_else(|| root.join("../shared/corpus"), PathBuf::from).join("specs");
    let mut out = Vec::new();
    for folder in [root.join("examples"), root.join("tests/fixtures/readers"), corpus] {
        let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
        out.extend(files.filter(|f| f.file_type().is_file()).map(walkdir::DirEntry::into_path));
    }
    out
}

/// Names in an answer that must be in the description, each as written there.
fn names(answer: &Value, out: &mut Vec<String>) {
    match answer {
        Value::Object(map) => {
            for (key, value) in map {
                let name = matches!(
                    key.as_str(),
                    "path" | "operation_id" | "name" | "param" | "limit_param" | "entity" | "key" | "operation"
                );
                match value {
                    Value::String(s) if name => out.push(s.clone()),
                    Value::Array(items) if key == "auth" => {
                        out.extend(
                            items.iter().filter_map(Value::as_str).flat_map(|s| s.split('+')).map(str::to_owned),
                        );
                    }
                    _ => names(value, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, out)),
        _ => {}
    }
}

/// A name that a rule made of others (`billing_portal.session` of a path) stands there word by word.
fn stands(name: &str, text: &str) -> bool {
    // Every GraphQL type has it, written or not (section 4.1).
    if text.contains(&name.to_lowercase()) || name.ends_with("__typename") {
        return true;
    }
    let ends = name
        .trim_end_matches(" (query)")
        .trim_end_matches(" (path)")
        .trim_end_matches(" (header)")
        .trim_end_matches(" (cookie)");
    let ends = ends.trim_end_matches(" (variable)");
    let words = platform_integration::base::text::words(ends);
    // "company" of companies: the stem is there.
    words.iter().all(|w| text.contains(w.as_str()) || text.contains(w.trim_end_matches('y')))
}

#[test]
fn answers_are_small_and_nothing_in_them_is_invented() {
    let app = application(Path::new("/"));
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in descriptions() {
        let api = path.display().to_string();
        let params = map_system::Params { api: api.clone(), session: None, name: Some("it".to_owned()) };
        let Ok(answered) = app::execute::<app::MapSystem>(&app, &agent(), HumanInput::NotAsked, params) else {
            continue;
        };
        seen += 1;
        let map = serde_json::to_value(&answered.answer).expect("json");
        let brief = render::brief(&answered.summary, &map, 10_000);
        for (form, text) in [("structure", map.to_string()), ("text", brief)] {
            if tokens(&text) > 1_200 {
                wrong.push(format!("{api}: the {form} has {} tokens", tokens(&text)));
            }
        }
        let mut all = Vec::new();
        // What was looked up is in no description: it carries its source instead.
        let facts: Vec<&Value> = map["facts"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|f| f["basis"] != "research" || f["source"].is_null())
            .collect();
        names(&json!([map["entities"], facts]), &mut all);
        let operations = inspect(&app, &api, json!({"operations": true}));
        names(&operations["operations"], &mut all);
        if let Some(first) = operations["operations"][0]["operation_id"].as_str() {
            let card = inspect(&app, &api, json!({"operation": first}));
            names(&json!([card["parameters"], card["request"], card["fields"]]), &mut all);
        }
        let text = std::fs::read(&path).expect("readable");
        // Ranking the largest ones takes seconds in a build that is not optimised.
        if text.len() < 300_000 {
            names(&inspect(&app, &api, json!({"find": "who do we bill for orders?"}))["matches"], &mut all);
        }
        let text = String::from_utf8_lossy(&text).replace("\\/", "/").to_lowercase();
        let missing: Vec<String> =
            all.into_iter().filter(|name| !name.contains(['…', '\\']) && !stands(name, &text)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{api}: {missing:?}"));
        }
    }
    assert!(seen >= 10, "{seen}");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
}
