//! Both eras of the protocol over HTTP, with a human behind the client.

use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::{Value, json};

use super::{ADA, GRACE, both, call, serve, serve_in};
use crate::cli::workspace;

/// Confirms whatever is asked.
#[derive(Clone)]
struct Human;

impl ClientHandler for Human {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("test-client", "1.0"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _c: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { requested_schema, .. } = request else {
            panic!("a form was expected")
        };
        let content: serde_json::Map<String, Value> =
            requested_schema.properties.keys().map(|name| (name.clone(), json!("confirm"))).collect();
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(content.into()))
    }
}

async fn walk(newer: bool, token: Option<&str>) {
    let served = serve_in(workspace("billing-to-crm"), |o| {
        if token.is_some() {
            o.principals = both();
        }
    })
    .await;
    let client = served.connect(token, newer, Human).await;
    let at = "examples/billing-to-crm";
    let opened = call(&client, "open_session", json!({"name": "billing-to-crm"})).await.unwrap();
    let session = opened["session"].as_str().unwrap();
    for (name, file) in [("billing", "billing.openapi.yaml"), ("crm", "crm.openapi.json")] {
        let arguments = json!({"session": session, "name": name, "api": format!("{at}/apis/{file}")});
        call(&client, "map_system", arguments).await.unwrap();
    }
    let contract = json!({"session": session, "contract": format!("{at}/integration.yaml")});
    let checked = call(&client, "check_contract", contract.clone()).await.unwrap();
    assert_eq!(checked["compiles"], true);
    let confirmed = call(&client, "confirm_constraints", json!({"session": session})).await.unwrap();
    assert_eq!(confirmed["decided"][0]["channel"], "elicitation", "the human was asked: {confirmed}");
    let ready = call(&client, "assess_readiness", json!({"session": session})).await.unwrap();
    assert!(ready["confidence"]["line"].as_str().unwrap().starts_with("Confidence: 0."), "{ready}");
    let events = call(&client, "query_evidence", json!({"session": session})).await.unwrap();
    assert!(events["events"].as_array().unwrap().iter().all(|e| e["client"] == "test-client 1.0"), "{events}");
    client.cancel().await.unwrap();

    // What the store says of it: as whom, by which protocol.
    let store =
        platform_integration::store::SqliteStore::open(&served.dir.path().join(".platform-integration/evidence.db"));
    let store: &dyn platform_integration::evidence::Store = &store.unwrap();
    let who = token.map(|_| "ada");
    assert_eq!(store.session(session).unwrap().principal.as_deref(), who);
    for record in store.events_of(session).unwrap() {
        assert_eq!(record.event.provenance.principal.as_deref(), who);
        let protocol = if newer { "2026-07-28" } else { "2025-11-25" };
        assert_eq!(record.event.provenance.protocol.as_deref(), Some(protocol));
    }
    assert_eq!(store.verify().unwrap().words(), "whole");
}

#[tokio::test]
async fn a_principal_walks_in_the_newer_era() {
    walk(true, Some(ADA)).await;
}

#[tokio::test]
async fn a_principal_walks_in_the_older_era() {
    walk(false, Some(ADA)).await;
}

#[tokio::test]
async fn the_local_user_walks_in_both_eras() {
    walk(true, None).await;
    walk(false, None).await;
}

#[tokio::test]
async fn a_question_is_answered_by_whom_it_was_put_to_and_once() {
    let served = serve(|o| o.principals = both()).await;
    let tool = |name: &str, arguments: Value| json!({"name": name, "arguments": arguments});
    let opened = served.modern(Some(ADA), "tools/call", tool("open_session", json!({"name": "a-to-b"}))).await.json();
    let session = opened["result"]["structuredContent"]["session"].as_str().unwrap().to_owned();
    let constraint = json!({"session": session, "id": "ids-stable", "kind": "inferred", "says": "ids never change"});
    served.modern(Some(ADA), "tools/call", tool("record_constraint", constraint)).await;
    let ask = tool("confirm_constraints", json!({"session": session}));
    let asked = served.modern(Some(ADA), "tools/call", ask.clone()).await.json();
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let mut answer = ask;
    answer["requestState"] = asked["result"]["requestState"].clone();
    let key = asked["result"]["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    answer["inputResponses"] = json!({key: {"action": "accept", "content": {"ids-stable": "confirm"}}});
    // Another principal holds the very same state: for it there is no such session, let alone such a question.
    let stolen = served.modern(Some(GRACE), "tools/call", answer.clone()).await.json();
    assert!(stolen["result"]["content"][0]["text"].as_str().unwrap().contains("unknown-session"), "{stolen}");
    let settled = served.modern(Some(ADA), "tools/call", answer.clone()).await.json();
    assert_eq!(settled["result"]["structuredContent"]["decided"][0]["decision"], "confirm", "{settled}");
    let again = served.modern(Some(ADA), "tools/call", answer).await.json();
    assert!(again["result"]["structuredContent"]["decided"].as_array().is_none_or(Vec::is_empty), "{again}");
}
