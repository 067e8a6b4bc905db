//! What a person confirmed, what a run saw, and what is asked where nothing is stated.

use platform_integration::app::{self, App, Channel, HumanDecision, HumanInput, No, UseCase};
use serde_json::{Value, json};

use super::invented::{agent, inspect};
use super::{acme, application};
use crate::cli::{json as json_of, workspace};
use crate::run::Mock;

/// Calls a tool as an agent does.
fn call<U: UseCase>(app: &App, human: HumanInput, params: Value) -> Result<Value, No> {
    let params: U::Params = serde_json::from_value(params).expect("arguments");
    app::execute::<U>(app, &agent(), human, params).map(|a| serde_json::to_value(a.answer).expect("json"))
}

fn done<U: UseCase>(app: &App, params: Value) -> Value {
    call::<U>(app, HumanInput::NotAsked, params).unwrap_or_else(|no| panic!("{}: {no:?}", U::NAME))
}

/// A shop that is read and a desk that is written to; neither states a limit as a clause.
fn two_systems(desk: &str) -> (tempfile::TempDir, App, String) {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("shop.yaml"), acme("", "", "        name: {type: string}")).expect("written");
    std::fs::write(dir.path().join("desk.yaml"), desk).expect("written");
    let app = application(dir.path());
    let opened = done::<app::OpenSession>(&app, json!({"name": "shop-to-desk", "goal": "tickets for things"}));
    let session = opened["session"].as_str().expect("an id").to_owned();
    for name in ["shop", "desk"] {
        done::<app::MapSystem>(&app, json!({"session": session, "name": name, "api": format!("{name}.yaml")}));
    }
    (dir, app, session)
}

const DESK: &str = "openapi: 3.1.0\ninfo: {title: Desk, version: '1', description: 'PROSE'}\nservers: [{url: 'https://desk.example'}]\npaths:\n  \
    /tickets:\n    post:\n      operationId: createTicket\n      requestBody: {required: true, content: {application/json: {schema: \
    {$ref: '#/components/schemas/Ticket'}}}}\n      responses: {'201': {description: ok, content: {application/json: {schema: \
    {$ref: '#/components/schemas/Ticket'}}}}}\ncomponents:\n  schemas:\n    Ticket: {type: object, required: [name], properties: {id: {type: string, \
    readOnly: true}, name: {type: string}}}\n";

fn fact(app: &App, session: &str, name: &str) -> Value {
    let map = done::<app::MapSystem>(app, json!({"session": session, "name": "desk", "api": "desk.yaml"}));
    map["facts"].as_array().expect("facts").iter().find(|f| f["fact"] == name).cloned().unwrap_or(Value::Null)
}

fn limit_line(app: &App, session: &str) -> String {
    let card =
        done::<app::InspectSystem>(app, json!({"session": session, "name": "desk", "operation": "createTicket"}));
    let lines = card["call"].as_array().expect("a card").iter().filter_map(Value::as_str);
    lines.filter(|l| l.starts_with("limit:")).collect()
}

#[test]
fn a_fact_is_confirmed_by_a_person_and_by_nobody_else() {
    let (_dir, app, session) = two_systems(&DESK.replace("PROSE", "Each key may send at most 20 requests per second."));
    let basis = || fact(&app, &session, "rate_limit")["basis"].as_str().unwrap_or_default().to_owned();
    assert_eq!(basis(), "inferred");
    assert_eq!(limit_line(&app, &session), "limit: 20 requests in 1s (inferred)");
    let says = "desk takes 20 requests per 1 s";
    done::<app::RecordConstraint>(
        &app,
        json!({"session": session, "id": "desk-rate", "kind": "inferred", "says": says, "binds": ["system:desk"]}),
    );
    assert_eq!(basis(), "inferred", "recorded is not confirmed");
    let decision = json!([{"id": "desk-rate", "decision": "confirm", "quote": "yes, that is it"}]);
    done::<app::ConfirmConstraints>(&app, json!({"session": session, "decisions": decision}));
    assert_eq!(basis(), "inferred", "what an agent reports confirms nothing");
    let asked = match call::<app::ConfirmConstraints>(&app, HumanInput::NotAsked, json!({"session": session})) {
        Err(No::NeedsHuman(question)) => question.items,
        other => panic!("nobody is asked: {other:?}"),
    };
    let decisions = asked.iter().map(|a| HumanDecision {
        id: a.id.clone(),
        word: "confirm".to_owned(),
        note: None,
        digest: a.digest.clone(),
    });
    let human =
        HumanInput::Answered { channel: Channel::Elicitation, by: "Mira".to_owned(), decisions: decisions.collect() };
    call::<app::ConfirmConstraints>(&app, human, json!({"session": session})).unwrap_or_else(|no| panic!("{no:?}"));
    let known = fact(&app, &session, "rate_limit");
    assert_eq!((&known["basis"], &known["confidence"]), (&json!("confirmed"), &json!(0.9)));
    let source = known["source"].as_str().expect("who, and when");
    assert!(source.starts_with("desk-rate: confirmed by Mira through elicitation (event "), "{source}");
    assert!(limit_line(&app, &session).starts_with("limit: 20 requests in 1s (confirmed: desk-rate: "));
    // Other words are another constraint, and nobody has confirmed those.
    done::<app::RecordConstraint>(
        &app,
        json!({"session": session, "id": "desk-rate", "kind": "inferred", "says": "desk takes 90 requests per 1 s", "binds": ["system:desk"]}),
    );
    assert_eq!(basis(), "inferred");
    assert_eq!(
        inspect(&app, "desk.yaml", json!({"operation": "createTicket"}))["call"].as_array().map(Vec::is_empty),
        Some(false)
    );
}

#[test]
fn what_a_run_saw_is_observed_and_a_stand_in_shows_nothing() {
    let dir = workspace("issues-to-tickets");
    let contract = "examples/issues-to-tickets/integration.yaml";
    let apis = "examples/issues-to-tickets/apis";
    let source = Mock::start(dir.path(), &format!("{apis}/forgeyard.openapi.yaml"), "250");
    let target = Mock::start(dir.path(), &format!("{apis}/helpline.openapi.yaml"), "0");
    let path = dir.path().join(contract);
    let text = std::fs::read_to_string(&path).expect("a contract").replace("rate: 25/10s", "rate: 90000/1000s");
    std::fs::write(&path, &text).expect("written");
    let cli = |args: &[&str]| {
        let mut command = std::process::Command::new(crate::cli::binary());
        command.args(args).args(["--format", "json"]).current_dir(dir.path());
        command.env("FORGEYARD_TOKEN", "planted").env("HELPLINE_KEY", "planted");
        json_of(&command.output().expect("it runs"))
    };
    let session = cli(&["open", "issues-to-tickets"])["session"].as_str().expect("an id").to_owned();
    let api = format!("{apis}/forgeyard.openapi.yaml");
    let map = || cli(&["map", &api, "--session", &session, "--name", "forgeyard"]);
    let observed = || -> Vec<Value> {
        let map = map();
        map["facts"].as_array().expect("facts").iter().filter(|f| f["basis"] == "observed").cloned().collect()
    };
    assert_eq!(observed(), Vec::<Value>::new());
    cli(&["check", contract, "--session", &session]);
    let (at_source, at_target) = (format!("forgeyard={}", source.url), format!("helpline={}", target.url));
    let stand_in = cli(&["run", contract, "--session", &session, "--base-url", &at_source, "--base-url", &at_target]);
    assert_eq!(stand_in["verdict"], "PASS", "{stand_in:#}");
    assert_eq!(observed(), Vec::<Value>::new(), "a stand-in tells nothing of what it stands for");
    // The contract itself says where the systems are.
    let text = text
        .replace("forgeyard.openapi.yaml\n", &format!("forgeyard.openapi.yaml\n    base_url: {}\n", source.url))
        .replace("helpline.openapi.yaml\n", &format!("helpline.openapi.yaml\n    base_url: {}\n", target.url))
        .replace("name: issues-to-tickets", "name: issues-again");
    std::fs::write(&path, text).expect("written");
    cli(&["check", contract, "--session", &session]);
    let real = cli(&["run", contract, "--session", &session]);
    assert_eq!(real["verdict"], "PASS", "{real:#}");
    let seen = observed();
    let told: Vec<(&str, f64)> = seen
        .iter()
        .map(|f| (f["fact"].as_str().expect("a name"), f["confidence"].as_f64().expect("a number")))
        .collect();
    assert_eq!(told, [("base_url", 0.95), ("pagination", 0.95)], "{seen:#?}");
    assert_eq!(seen[0]["value"]["host"], "127.0.0.1");
    assert_eq!(seen[1]["value"]["style"], "link_header");
    assert!(
        seen[1]["source"].as_str().expect("what was seen").contains("of listIssues, read to their end"),
        "{seen:#?}"
    );
    // Only of the system that was run against, and of the description that it was run with.
    let other = cli(&["map", &format!("{apis}/helpline.openapi.yaml"), "--session", &session, "--name", "forgeyard"]);
    assert!(other["facts"].as_array().expect("facts").iter().all(|f| f["basis"] != "observed"), "{other:#}");
}

#[test]
fn what_nobody_states_is_asked_with_system_operation_and_where_to_write_it() {
    let (dir, app, session) = two_systems(DESK);
    let draft = |path: &str| {
        let params = json!({"session": session, "source": "shop", "target": "desk", "path": path});
        let drafted = done::<app::DraftContract>(&app, params);
        let all = drafted["open_questions"].as_array().expect("questions").iter().filter_map(Value::as_str);
        let about = ["delivery.rate", "target.create", "source.paginate", "systems."];
        all.filter(|q| about.iter().any(|a| q.starts_with(a))).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(draft("one.yaml"));
    // Looked up, it is asked whether it holds.
    std::fs::create_dir(dir.path().join("overlays")).expect("made");
    let known = super::knowledge::LIMITS.replace("api.acme.example", "desk.example");
    std::fs::write(dir.path().join("overlays/desk.knowledge.yaml"), known).expect("written");
    let asked = draft("two.yaml");
    assert!(
        asked.contains("100 in 10s was looked up at https://acme.example/limits, checked 2026-11-20: does it hold?"),
        "{asked}"
    );
    // The person is asked too, as about all that a flow relies on: the limit is among what waits.
    let text = std::fs::read_to_string(dir.path().join("one.yaml")).expect("the draft");
    let says = "desk takes createTicket as fast as the flow sends it; its description states no limit";
    assert!(text.contains(says), "{text}");
    done::<app::CheckContract>(&app, json!({"session": session, "contract": "one.yaml"}));
    match call::<app::ConfirmConstraints>(&app, HumanInput::NotAsked, json!({"session": session})) {
        Err(No::NeedsHuman(question)) => {
            let asked: Vec<&str> = question.items.iter().map(|a| a.says.as_str()).collect();
            let limit = asked.iter().find(|q| q.contains(says)).unwrap_or_else(|| panic!("not asked: {asked:#?}"));
            assert!(limit.contains("delivery.rate, or into overlays/desk.knowledge.yaml"), "{limit}");
        }
        other => panic!("nobody is asked: {other:?}"),
    }
}
