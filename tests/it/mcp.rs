//! The server as an agent meets it: over the real protocol, in process, in both eras.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use platform_integration::app::App;
use platform_integration::base::clock::{ManualClock, Timestamp};
use platform_integration::base::rng::Rng;
use platform_integration::mcp::Server;
use platform_integration::store::SqliteStore;
use rmcp::model::*;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RequestContext, RunningService};
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use serde_json::{Value, json};

use crate::cli::{repository, steady, workspace};

/// A client with a human behind it, who answers every question with one word, or not at all.
#[derive(Clone, Default)]
pub(crate) struct Human {
    pub(crate) asked: Arc<AtomicUsize>,
    pub(crate) says: Option<&'static str>,
    /// Accepts forms without filling them in, as some clients do on their own.
    pub(crate) empty: bool,
    /// Answers every form with exactly this.
    pub(crate) content: Option<Value>,
    /// Fills each field with the first word it is offered.
    pub(crate) first: bool,
    /// What happens while the form is shown.
    pub(crate) meanwhile: Option<Arc<dyn Fn() + Send + Sync>>,
    pub(crate) forms: Arc<Mutex<Vec<String>>>,
}

impl ClientHandler for Human {
    fn get_info(&self) -> ClientConfig {
        let can = self.says.is_some() || self.empty || self.content.is_some() || self.first;
        let capabilities = if can {
            ClientCapabilities::builder().enable_elicitation().build()
        } else {
            ClientCapabilities::default()
        };
        ClientConfig::new(capabilities, Implementation::new("test-client", "1.0"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _c: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let ElicitRequestParams::FormElicitationParams { requested_schema, .. } = request else {
            panic!("a form was expected")
        };
        let names: Vec<String> = requested_schema.properties.keys().cloned().collect();
        self.forms.lock().unwrap().extend(names.clone());
        if let Some(meanwhile) = &self.meanwhile {
            meanwhile();
        }
        let content: Value = if self.empty {
            json!({})
        } else if let Some(content) = &self.content {
            content.clone()
        } else if self.first {
            let schema = serde_json::to_value(&requested_schema).unwrap();
            let first = |name: &String| schema["properties"][name]["enum"][0].clone();
            names.iter().map(|n| (n.clone(), first(n))).collect::<serde_json::Map<_, _>>().into()
        } else {
            names.iter().map(|n| (n.clone(), json!(self.says))).collect::<serde_json::Map<_, _>>().into()
        };
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(content))
    }
}

pub(crate) struct Session {
    pub(crate) client: RunningService<RoleClient, Human>,
    pub(crate) dir: Arc<tempfile::TempDir>,
}

pub(crate) async fn connect(human: Human, modern: bool, dir: tempfile::TempDir) -> Session {
    joined(human, modern, Arc::new(dir)).await
}

async fn joined(human: Human, modern: bool, dir: Arc<tempfile::TempDir>) -> Session {
    let store = Arc::new(SqliteStore::open(&dir.path().join(".platform-integration/evidence.db")).unwrap());
    let clock = Arc::new(ManualClock::new(Timestamp(1_795_434_360_000)));
    let app = App::new(Arc::clone(&store) as _, store, clock, Rng::seeded(1), dir.path().to_owned());
    let server = Server::new(Arc::new(app)).unwrap();
    let (near, far) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move {
        let running = server.serve(near).await.unwrap();
        let _ = running.waiting().await;
    });
    let mode = if modern {
        ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
    } else {
        ClientLifecycleMode::Initialize
    };
    Session { client: human.serve_with_lifecycle(far, mode).await.unwrap(), dir }
}

impl Session {
    /// Another client, with a server of its own on the same store.
    pub(crate) async fn again(&self, human: Human, modern: bool) -> Self {
        joined(human, modern, Arc::clone(&self.dir)).await
    }

    pub(crate) async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        self.client
            .call_tool(CallToolRequestParams::new(tool).with_arguments(rmcp::model::object(arguments)))
            .await
            .unwrap()
    }

    /// The structured answer of a call that must succeed, within the size every answer must keep.
    pub(crate) async fn ok(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        assert_ne!(result.is_error, Some(true), "{tool}: {:?}", result.content);
        let value = result.structured_content.unwrap();
        enough_without_structure(tool, &result.content[0].as_text().unwrap().text, &value);
        assert!(
            value.to_string().chars().count() <= 10_000,
            "{tool}: {} characters",
            value.to_string().chars().count()
        );
        assert!(value["next"].as_str().is_some_and(|n| !n.is_empty()), "{tool} says what to do next");
        let meta = result.meta.unwrap();
        assert!(
            meta.0["platform-integration/evidence"]["head"].as_str().unwrap().starts_with("sha256:"),
            "{tool} carries the head of the chain"
        );
        value
    }

    /// The text of a call that must be refused.
    pub(crate) async fn refused(&self, tool: &'static str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{tool}: {:?}", result.structured_content);
        assert!(result.structured_content.is_none(), "a refusal is text alone");
        let text = result.content[0].as_text().unwrap().text.clone();
        assert!(text.contains("\nnext: "), "{text}");
        steady(&text, self.dir.path())
    }
}

/// A client that shows its model the text alone can go on with it.
fn enough_without_structure(tool: &str, text: &str, value: &Value) {
    assert!(text.chars().count() <= 10_000, "{tool}: {} characters", text.chars().count());
    let next = value["next"].as_str().unwrap_or_default();
    assert!(text.ends_with(&format!("\nnext: {next}")), "{tool}: {text}");
    if text.contains("left out of this text") {
        return;
    }
    for finding in value["findings"].as_array().into_iter().flatten() {
        let (file, line, column) = (finding["file"].as_str().unwrap(), &finding["line"], &finding["column"]);
        let place = if *line == json!(0) { file.to_owned() } else { format!("{file}:{line}:{column}") };
        for said in [finding["code"].as_str().unwrap(), &place, finding["fix"].as_str().unwrap()] {
            assert!(text.contains(said), "{tool}: {said} in {text}");
        }
    }
    for (field, value) in value.as_object().unwrap() {
        let empty = value.is_null() || *value == json!([]) || *value == json!("") || *value == json!({});
        assert!(empty || field == "next" || text.contains(&format!("\n{field}:")), "{tool}: {field} in {text}");
    }
}

#[tokio::test]
async fn a_broken_contract_can_be_mended_from_the_text_alone() {
    let dir = workspace("billing-to-crm");
    let file = dir.path().join("examples/billing-to-crm/integration.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("{from: email, with", "{from: emial, with")).unwrap();
    let session = connect(Human::default(), true, dir).await;
    let checked = session.call("check_contract", json!({"contract": "examples/billing-to-crm/integration.yaml"})).await;
    insta::assert_snapshot!(steady(&checked.content[0].as_text().unwrap().text, session.dir.path()));
}

#[tokio::test]
async fn a_skill_asked_for_without_an_address_is_a_bad_parameter() {
    let session = connect(Human::default(), true, tempfile::tempdir().unwrap()).await;
    for (method, params, code) in [
        ("skills/get", json!({}), -32602),
        ("resources/directory/read", json!({}), -32602),
        ("skills/got", json!({}), -32601),
    ] {
        let request = ClientRequest::CustomRequest(CustomRequest::new(method, Some(params)));
        let Err(rmcp::ServiceError::McpError(error)) = session.client.send_request(request).await else {
            panic!("{method} was answered")
        };
        assert_eq!(error.code.0, code, "{method}: {error}");
        assert!(error.message.contains(method), "{error}");
    }
}

#[tokio::test]
async fn the_tools_are_described_once_and_briefly() {
    let session = connect(Human::default(), true, tempfile::tempdir().unwrap()).await;
    let tools = session.client.list_all_tools().await.unwrap();
    let mut page = String::new();
    for tool in &tools {
        assert!(tool.name.len() <= 24, "{} leaves no room for client prefixes", tool.name);
        assert!(tool.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        assert!(tool.title.is_some() && tool.output_schema.is_some(), "{}", tool.name);
        let hints = tool.annotations.as_ref().unwrap();
        assert!(
            hints.read_only_hint.is_some()
                && hints.destructive_hint.is_some()
                && (hints.read_only_hint == Some(true) || hints.idempotent_hint.is_some())
                && hints.open_world_hint.is_some()
        );
        let schema =
            serde_json::to_string(&tool.input_schema).unwrap() + &serde_json::to_string(&tool.output_schema).unwrap();
        for noise in ["$schema", "\"uint", "\"default\":null", "$ref"] {
            assert!(!schema.contains(noise), "{}: {noise} in {schema}", tool.name);
        }
        page.push_str(&format!(
            "## {} ({})\n{}\nin  {}\n\n",
            tool.name,
            tool.title.as_deref().unwrap(),
            tool.description.as_deref().unwrap(),
            serde_json::to_string(&tool.input_schema).unwrap()
        ));
    }
    let listed = serde_json::to_string(&tools).unwrap();
    assert!(listed.chars().count() <= 14_000, "tools/list is {} characters, 14000 are allowed", listed.chars().count());
    insta::assert_snapshot!(page);
}

#[tokio::test]
async fn tools_and_commands_are_the_same_use_cases() {
    let commands: Vec<String> =
        platform_integration::cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let pairs = [
        ("open_session", "open"),
        ("map_system", "map"),
        ("inspect_system", "inspect"),
        ("check_drift", "drift"),
        ("record_constraint", "constrain"),
        ("confirm_constraints", "confirm"),
        ("draft_contract", "draft"),
        ("check_contract", "check"),
        ("scaffold_connector", "scaffold"),
        ("run_drills", "drill"),
        ("assess_readiness", "assess"),
        ("export_dossier", "export"),
        ("query_evidence", "evidence"),
    ];
    assert_eq!(platform_integration::mcp::names(), pairs.map(|p| p.0));
    let only_commands = [
        "demo",
        "approve",
        "approvals",
        "inbox",
        "run",
        "probe",
        "mock",
        "rollback",
        "dead-letters",
        "pause",
        "resume",
        "status",
        "runs",
        "runbook",
        "verify",
        "lock",
        "serve",
        "package",
        "completions",
        "man",
    ];
    let mut expected: Vec<&str> = pairs.iter().map(|p| p.1).chain(only_commands).collect();
    let mut found: Vec<&str> = commands.iter().map(String::as_str).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

async fn walk(modern: bool) {
    let human = Human { says: Some("confirm"), ..Human::default() };
    let s = connect(human.clone(), modern, workspace("billing-to-crm")).await;
    let at = "examples/billing-to-crm";
    let opened = s
        .ok(
            "open_session",
            json!({"name": "billing-to-crm", "goal": "keep CRM contacts in step with billing customers"}),
        )
        .await;
    let session = opened["session"].as_str().unwrap().to_owned();
    assert_eq!(opened["who"], format!("operations-platform-integration-{session}"));
    for (name, file) in [("billing", "billing.openapi.yaml"), ("crm", "crm.openapi.json")] {
        let map =
            s.ok("map_system", json!({"session": session, "name": name, "api": format!("{at}/apis/{file}")})).await;
        assert!(map["operations"].as_u64().unwrap() > 3);
    }
    s.ok("inspect_system", json!({"session": session, "name": "crm", "operations": true})).await;
    s.ok("inspect_system", json!({"session": session, "name": "crm", "operation": "createContact"})).await;
    s.ok("inspect_system", json!({"session": session, "name": "billing", "entity": "customer"})).await;
    s.ok(
        "record_constraint",
        json!({"session": session, "id": "names-latin", "kind": "inferred", "says": "names are in Latin script"}),
    )
    .await;
    let confirmed = s.ok("confirm_constraints", json!({"session": session})).await;
    assert_eq!(confirmed["decided"], json!([{"id": "names-latin", "decision": "confirm", "channel": "elicitation"}]));
    assert_eq!(human.asked.load(Ordering::SeqCst), 1);
    let draft = s
        .ok(
            "draft_contract",
            json!({"session": session, "source": "billing", "target": "crm", "path": "draft/integration.yaml"}),
        )
        .await;
    assert!(draft["mapping"].as_array().unwrap().len() >= 3, "{draft:#}");
    let contract = format!("{at}/integration.yaml");
    let check = s.ok("check_contract", json!({"session": session, "contract": contract})).await;
    assert_eq!(check["compiles"], true, "{check:#}");
    // The constraints of the file wait for the human now.
    let again = s.ok("confirm_constraints", json!({"session": session})).await;
    assert!(!again["decided"].as_array().unwrap().is_empty());
    assert_eq!(again["pending"], json!([]));
    let scaffold = s.ok("scaffold_connector", json!({"session": session, "contract": contract, "out": "deploy"})).await;
    assert!(
        s.dir.path().join("deploy/RUNBOOK.md").is_file() && s.dir.path().join("deploy/apis/crm.openapi.json").is_file()
    );
    assert!(scaffold["files"].as_array().unwrap().len() >= 8);
    let drills = s.ok("run_drills", json!({"session": session, "contract": contract, "schedules": 3})).await;
    assert_eq!(drills["verdict"], "PASS", "{drills:#}");
    let ready = s.ok("assess_readiness", json!({"session": session})).await;
    // A person settled what was inferred, so the claim rests on policy as well as on what was observed.
    assert_eq!(ready["confidence"]["type"], "policy", "{ready:#}");
    assert!(ready["confidence"]["value"].as_f64().unwrap() <= 0.90);
    let dossier = s.ok("export_dossier", json!({"session": session, "out": "dossier"})).await;
    assert_eq!(dossier["files"].as_array().unwrap().len(), 6);
    for file in dossier["files"].as_array().unwrap() {
        let text = std::fs::read_to_string(s.dir.path().join("dossier").join(file.as_str().unwrap())).unwrap();
        assert!(text.contains("Confidence: 0."), "{text}");
    }
    // Another session does not replace it unasked.
    let other = s.ok("open_session", json!({"name": "billing-to-crm", "goal": "the same again"})).await;
    let other = other["session"].as_str().unwrap().to_owned();
    s.ok("check_contract", json!({"session": other, "contract": contract})).await;
    let refused = s.refused("export_dossier", json!({"session": other})).await;
    assert!(refused.starts_with("refused: written-by-another-session: "), "{refused}");
    assert!(refused.contains("\nnext: export_dossier {") && refused.contains("\"out\": \"dossier-"), "{refused}");
    s.ok("export_dossier", json!({"session": other, "out": format!("dossier-{other}")})).await;
    let events = s.ok("query_evidence", json!({"session": session, "verify": true})).await;
    assert_eq!(events["chain"], "whole");
    let kinds: Vec<&str> = events["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.first(), Some(&"session-opened"));
    // A later page has the rest.
    assert!(events["events"].as_array().unwrap().iter().all(|e| e["client"] == "test-client 1.0"));
}

#[tokio::test]
async fn an_agent_walks_all_phases_in_the_newer_era() {
    walk(true).await;
}

#[tokio::test]
async fn an_agent_walks_all_phases_in_the_older_era() {
    walk(false).await;
}

#[tokio::test]
async fn a_form_that_a_client_accepts_by_itself_decides_nothing() {
    for modern in [true, false] {
        let human = Human { empty: true, ..Human::default() };
        let s = connect(human, modern, tempfile::tempdir().unwrap()).await;
        let session = s.ok("open_session", json!({"name": "a-to-b"})).await["session"].as_str().unwrap().to_owned();
        s.ok(
            "record_constraint",
            json!({"session": session, "id": "ids-stable", "kind": "inferred", "says": "ids never change"}),
        )
        .await;
        let answer = s.ok("confirm_constraints", json!({"session": session})).await;
        assert_eq!(answer["decided"], json!([]), "modern={modern}");
        assert_eq!(answer["pending"][0]["id"], "ids-stable");
        assert!(answer["parked"].as_str().unwrap().contains("empty"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_without_forms_parks_and_names_the_way_on() {
    let s = connect(Human::default(), true, tempfile::tempdir().unwrap()).await;
    let session = s.ok("open_session", json!({"name": "a-to-b"})).await["session"].as_str().unwrap().to_owned();
    s.ok(
        "record_constraint",
        json!({"session": session, "id": "ids-stable", "kind": "inferred", "says": "ids never change"}),
    )
    .await;
    let answer = s.ok("confirm_constraints", json!({"session": session})).await;
    assert!(answer["next"].as_str().unwrap().contains(&format!("platform-integration confirm --session {session}")));
    // What the user said can be passed on, quoted, and counts as a report.
    let refused = s
        .refused(
            "confirm_constraints",
            json!({"session": session, "decisions": [{"id": "ids-stable", "decision": "confirm", "quote": ""}]}),
        )
        .await;
    assert!(refused.contains("approval-without-words"), "{refused}");
    let told = s.ok("confirm_constraints", json!({"session": session, "decisions": [{"id": "ids-stable", "decision": "confirm", "quote": "yes, they are fixed for good"}]})).await;
    assert_eq!(told["decided"][0]["channel"], "agent-report");
}

#[tokio::test]
async fn refusals_say_why_and_what_gets_further() {
    let s = connect(Human::default(), true, workspace("billing-to-crm")).await;
    let session = s.ok("open_session", json!({"name": "billing-to-crm"})).await["session"].as_str().unwrap().to_owned();
    let contract = "examples/billing-to-crm/integration.yaml";
    let mut page = String::new();
    let mut show = |what: &str, text: String| page.push_str(&format!("{what}\n{text}\n\n"));
    show(
        "a goal of another skill",
        s.refused("open_session", json!({"name": "nightly", "goal": "run a cron job at night"})).await,
    );
    show("a name that is none", s.refused("open_session", json!({"name": "Billing CRM"})).await);
    show("an unknown argument", s.refused("map_system", json!({"path": "x"})).await);
    show("an unknown session", s.refused("assess_readiness", json!({"session": "s-20200101-zzzzzz"})).await);
    show("a file that is not there", s.refused("map_system", json!({"api": "none.yaml"})).await);
    show(
        "a draft before the maps",
        s.refused("draft_contract", json!({"session": session, "source": "billing", "target": "crm"})).await,
    );
    show(
        "a scaffold before the check",
        s.refused("scaffold_connector", json!({"session": session, "contract": contract, "out": "deploy"})).await,
    );
    show("drills before the check", s.refused("run_drills", json!({"session": session, "contract": contract})).await);
    show("a dossier of nothing", s.refused("export_dossier", json!({"session": session})).await);
    show(
        "a drill that does not exist",
        s.refused("run_drills", json!({"contract": contract, "only": "comitted-then-503"})).await,
    );
    show(
        "an operation that does not exist",
        s.refused(
            "inspect_system",
            json!({"api": "examples/billing-to-crm/apis/crm.openapi.json", "operation": "createContat"}),
        )
        .await,
    );
    show(
        "a hard constraint without origin",
        s.refused("record_constraint", json!({"session": session, "id": "rate", "kind": "hard", "says": "slow"})).await,
    );
    show(
        "a cursor of nobody",
        s.refused(
            "inspect_system",
            json!({"api": "examples/billing-to-crm/apis/crm.openapi.json", "operations": true, "cursor": "zzz"}),
        )
        .await,
    );
    insta::assert_snapshot!(page);
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_that_names_the_nearest() {
    let s = connect(Human::default(), true, tempfile::tempdir().unwrap()).await;
    let error = s.client.call_tool(CallToolRequestParams::new("map_sistem")).await.unwrap_err();
    assert!(error.to_string().contains("did you mean \"map_system\"?"), "{error}");
}

#[tokio::test]
async fn an_agent_walks_a_real_pair_within_the_budget() {
    let corpus = repository().join("../shared/corpus/specs");
    let (stripe, mailchimp) =
        (corpus.join("stripe/stripe-2023-09-12.yaml"), corpus.join("mailchimp/apisguru-mailchimp.com.json"));
    if !stripe.is_file() || !mailchimp.is_file() {
        println!("skipped: no corpus of real API descriptions beside this repository");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(&stripe, dir.path().join("stripe.yaml")).unwrap();
    std::fs::copy(&mailchimp, dir.path().join("mailchimp.json")).unwrap();
    let (stripe, mailchimp) = ("stripe.yaml", "mailchimp.json");
    let s = connect(Human { says: Some("confirm"), ..Human::default() }, true, dir).await;
    let session = s
        .ok("open_session", json!({"name": "stripe-to-mailchimp", "goal": "keep list members in step with customers"}))
        .await["session"]
        .as_str()
        .unwrap()
        .to_owned();
    s.ok("map_system", json!({"session": session, "name": "stripe", "api": stripe})).await;
    s.ok("map_system", json!({"session": session, "name": "mailchimp", "api": mailchimp})).await;
    let listed = s.ok("inspect_system", json!({"session": session, "name": "stripe", "operations": true})).await;
    assert!(listed["total"].as_u64().unwrap() > 400 && listed["cursor"].is_string());
    s.ok("inspect_system", json!({"session": session, "name": "stripe", "operation": "GetCustomers"})).await;
    s.ok(
        "record_constraint",
        json!({"session": session, "id": "one-list", "kind": "soft", "says": "all customers go to one list"}),
    )
    .await;
    s.ok("confirm_constraints", json!({"session": session})).await;
    let draft = s
        .ok("draft_contract", json!({"session": session, "source": "stripe", "target": "mailchimp", "source_operation": "GetCustomers", "target_operation": "PUT /lists/{list_id}/members/{subscriber_hash}", "path": "integration.yaml"}))
        .await;
    assert!(draft["mapping"].to_string().contains("email"), "{draft:#}");
    let check = s.ok("check_contract", json!({"session": session, "contract": "integration.yaml"})).await;
    assert!(check["name"] == "stripe-to-mailchimp", "{check:#}");
    // `created[gte]` is the deep object parameter `created`; the draft and the check agree on that.
    assert!(!check["findings"].to_string().contains("incremental-param-unknown"), "{check:#}");
    // What a person has to decide: the list, what a customer without e-mail becomes, the first status.
    let path = s.dir.path().join("integration.yaml");
    let draft = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = draft.split_once("      email_address:").unwrap();
    let (_, after) = rest.split_once("    unmapped: [").unwrap();
    let rules = "      email_address: {from: email, default: \"unknown@example.invalid\"}\n      status_if_new: {const: subscribed}\n";
    let decided = format!("{before}{rules}    unmapped: [sources, tax, {after}").replace("CHANGE-ME", "abc123");
    std::fs::write(&path, decided).unwrap();
    let check = s.ok("check_contract", json!({"session": session, "contract": "integration.yaml"})).await;
    assert_eq!(check["compiles"], true, "{check:#}");
    // What the draft relies on is in it as inferred constraints: nothing is built before a person has seen them.
    assert!(check["open_inferred"].to_string().contains("stripe-ids-stable"), "{check:#}");
    s.ok("confirm_constraints", json!({"session": session})).await;
    s.ok("scaffold_connector", json!({"session": session, "contract": "integration.yaml", "out": "deploy"})).await;
    let drills = s.ok("run_drills", json!({"session": session, "contract": "integration.yaml", "schedules": 12})).await;
    assert_eq!(drills["verdict"], "PASS", "{drills:#}");
    s.ok("assess_readiness", json!({"session": session})).await;
    s.ok("export_dossier", json!({"session": session})).await;
    s.ok("query_evidence", json!({"session": session, "verify": true})).await;
}
