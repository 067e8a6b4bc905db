//! What one principal does is not there for another: not by any tool, resource, completion, cursor or session of the protocol.

use rmcp::model::*;
use serde_json::{Value, json};

use super::{ADA, Came, GRACE, Served, both, call, serve};

/// The same call for a session of another and for one that never was; they must not differ but in the id.
const NEVER: &str = "s-20200101-zzzzzz";

/// Ada has a session with a constraint that nobody else may read of.
async fn adas() -> (Served, String) {
    let served = serve(|o| o.principals = both()).await;
    let ada = served.connect(Some(ADA), true, ()).await;
    let opened =
        call(&ada, "open_session", json!({"name": "billing-to-crm", "goal": "adas secret plan"})).await.unwrap();
    let session = opened["session"].as_str().unwrap().to_owned();
    let constraint = json!({"session": session, "id": "adas-rule", "kind": "inferred", "says": "adas words"});
    call(&ada, "record_constraint", constraint).await.unwrap();
    // A refusal outside any session is hers as well.
    call(&ada, "map_system", json!({"api": "adas-secret.yaml"})).await.unwrap_err();
    ada.cancel().await.unwrap();
    (served, session)
}

/// Arguments that a tool would take: every required one, with a value of its type.
fn arguments(tool: &Tool) -> Value {
    let mut out = json!({});
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        let field = &schema["properties"][name];
        out[name] = match field["type"].as_str() {
            Some("boolean") => json!(true),
            Some("integer" | "number") => json!(1),
            Some("array") => json!([]),
            Some("object") => json!({}),
            _ => field["enum"].get(0).cloned().unwrap_or_else(|| json!("x")),
        };
    }
    out
}

#[tokio::test]
async fn no_tool_tells_of_another_ones_session() {
    let (served, session) = adas().await;
    let grace = served.connect(Some(GRACE), true, ()).await;
    let mut tried = Vec::new();
    for tool in grace.list_all_tools().await.unwrap() {
        if !tool.input_schema["properties"].as_object().unwrap().contains_key("session") {
            continue;
        }
        let mut said = Vec::new();
        for id in [session.as_str(), NEVER] {
            let mut arguments = arguments(&tool);
            arguments["session"] = json!(id);
            let params = CallToolRequestParams::new(tool.name.clone()).with_arguments(object(arguments));
            let result = grace.call_tool(params).await.unwrap();
            assert_eq!(result.is_error, Some(true), "{}: {:?}", tool.name, result.structured_content);
            said.push(result.content[0].as_text().unwrap().text.replace(id, "ID"));
        }
        assert_eq!(said[0], said[1], "{} tells that the session is there", tool.name);
        assert!(said[0].contains("unknown-session"), "{}: {}", tool.name, said[0]);
        tried.push(tool.name.to_string());
    }
    assert!(tried.len() >= 10, "{tried:?}");
    // And none of it is in the log of the session it was aimed at.
    let ada = served.connect(Some(ADA), true, ()).await;
    let events = call(&ada, "query_evidence", json!({"session": session})).await.unwrap();
    let kinds: Vec<&Value> = events["events"].as_array().unwrap().iter().map(|e| &e["kind"]).collect();
    assert_eq!(kinds, ["session-opened", "constraint-recorded"], "{events}");
}

#[tokio::test]
async fn a_session_of_the_older_protocol_belongs_to_who_opened_it() {
    let served = serve(|o| o.principals = both()).await;
    let opened = served.initialize(Some(ADA)).await;
    let id = opened.header("mcp-session-id").to_owned();
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string();
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    let asked = |token: &str, id: &str, method: &str, body: &str| {
        let request = served.client.request(method.parse().unwrap(), &served.url);
        let request = request.header("authorization", format!("Bearer {token}")).header("mcp-session-id", id);
        let request = request.header("accept", "application/json, text/event-stream");
        request.header("content-type", "application/json").body(body.to_owned()).send()
    };
    assert_eq!(asked(ADA, &id, "POST", &initialized).await.unwrap().status(), 202);
    for method in ["POST", "GET", "DELETE"] {
        let mut came = Vec::new();
        for id in [id.as_str(), "00000000-0000-4000-8000-000000000000"] {
            let Came { status, text, .. } = super::came(asked(GRACE, id, method, &list).await.unwrap()).await;
            came.push((status, text));
        }
        if method != "DELETE" {
            // A session that never was is closed without a word, one of another's is not closed at all.
            assert_eq!(came[0], came[1], "{method}");
        }
        assert_eq!(came[0].0, 404, "{method}");
    }
    // The owner's is as it was.
    let answer = super::came(asked(ADA, &id, "POST", &list).await.unwrap()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("open_session"), "{}", answer.text);
    assert_eq!(asked(ADA, &id, "DELETE", "").await.unwrap().status(), 202);
    assert_eq!(asked(ADA, &id, "POST", &list).await.unwrap().status(), 404);
}
