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
async fn no_query_tells_of_another_ones_evidence() {
    let (served, session) = adas().await;
    let grace = served.connect(Some(GRACE), true, ()).await;
    let who = format!("operations-platform-integration-{session}");
    for query in [
        json!({}),
        json!({"who": who}),
        json!({"who": "operations-platform-integration-adhoc"}),
        json!({"why": "skill-execution"}),
        json!({"phase": "map"}),
        json!({"kind": "refused"}),
        json!({"kind": "session-opened"}),
        json!({"since": "2020-01-01"}),
        json!({"until": "2100-01-01"}),
        json!({"text": "adas"}),
        json!({"cursor": "t9999999999999.s-99999999-zzzzzz"}),
        json!({"why": "skill-execution", "cursor": "e0"}),
        json!({"why": "skill-execution", "cursor": "e1", "limit": 1}),
    ] {
        let said = match call(&grace, "query_evidence", query.clone()).await {
            Ok(answer) => {
                assert_eq!(answer["sessions"].as_array().map_or(0, Vec::len), 0, "{query}: {answer}");
                answer.to_string()
            }
            Err(refused) => refused,
        };
        let theirs = ["adas", "billing-to-crm", "constraint-recorded"];
        assert!(theirs.iter().all(|word| !said.contains(word)), "{query}: {said}");
    }
    for seq in 1..=6 {
        // Hers are the queries above; nothing before them.
        let said = call(&grace, "query_evidence", json!({"show": seq})).await;
        assert!(said.as_ref().is_err_and(|r| r.contains("unknown-record")) || seq > 3, "{seq}: {said:?}");
        assert!(!format!("{said:?}").contains("adas"), "{seq}: {said:?}");
    }
    let own = call(&grace, "open_session", json!({"name": "c-to-d"})).await.unwrap()["session"].clone();
    for (one, other) in [(json!(session), own.clone()), (own.clone(), json!(session)), (own, json!(NEVER))] {
        let said = call(&grace, "query_evidence", json!({"session": one, "diff": other})).await.unwrap_err();
        assert!(said.contains("unknown-session"), "{said}");
    }
    let said = call(&grace, "query_evidence", json!({"principal": "ada"})).await;
    assert!(said.is_err_and(|r| r.contains("you see your own records")));
    // The owner finds all of it.
    let ada = served.connect(Some(ADA), true, ()).await;
    for query in [json!({"text": "adas"}), json!({"kind": "refused"}), json!({"who": who}), json!({})] {
        let answer = call(&ada, "query_evidence", query.clone()).await.unwrap().to_string();
        assert!(answer.contains("adas"), "{query}: {answer}");
    }
}

#[tokio::test]
async fn no_resource_and_no_completion_tells_of_another_ones_session() {
    let (served, session) = adas().await;
    let grace = served.connect(Some(GRACE), true, ()).await;
    let listed: Vec<String> = grace.list_all_resources().await.unwrap().into_iter().map(|r| r.uri.clone()).collect();
    assert_eq!(listed, ["skill://platform-integration/SKILL.md", "integ://sessions"]);
    // Every look is a record, so the log grows in between.
    let growth = regex::Regex::new(r"goes up to \d+").unwrap();
    for (theirs, never) in [
        (format!("integ://sessions/{session}"), format!("integ://sessions/{NEVER}")),
        (format!("integ://sessions/{session}/events"), format!("integ://sessions/{NEVER}/events")),
        (format!("integ://sessions/{session}/events?cursor=e0"), format!("integ://sessions/{NEVER}/events?cursor=e0")),
        ("integ://evidence/1".to_owned(), "integ://evidence/100001".to_owned()),
        ("integ://evidence/3".to_owned(), "integ://evidence/100003".to_owned()),
    ] {
        let mut said = Vec::new();
        for uri in [&theirs, &never] {
            let error =
                grace.read_resource(ReadResourceRequestParams::new(uri.as_str())).await.unwrap_err().to_string();
            let error = error.replace(uri.as_str(), "URI").replace(&session, "ID").replace(NEVER, "ID");
            let error = error.replace("record 10000", "record ");
            said.push(growth.replace(&error, "goes up to @@").into_owned());
        }
        assert_eq!(said[0], said[1], "{theirs}");
    }
    let sessions = grace.read_resource(ReadResourceRequestParams::new("integ://sessions")).await.unwrap();
    assert!(!format!("{sessions:?}").contains("adas"), "{sessions:?}");
    for (reference, argument) in [
        (Reference::for_resource("integ://sessions/{session}"), "session"),
        (Reference::for_prompt("integrate"), "name"),
    ] {
        for (client, offered) in [(&grace, 0), (&served.connect(Some(ADA), true, ()).await, 1)] {
            let argument = ArgumentInfo::new(argument, "");
            let found = client.complete(CompleteRequestParams::new(reference.clone(), argument)).await.unwrap();
            assert_eq!(found.completion.values.len(), offered, "{found:?}");
        }
    }
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

#[tokio::test]
async fn the_whole_log_is_proven_for_the_local_user_alone() {
    let (served, _) = adas().await;
    let grace = served.connect(Some(GRACE), true, ()).await;
    let said = call(&grace, "query_evidence", json!({"verify": true})).await.unwrap_err();
    assert!(
        said.starts_with("refused: local-user-only: ") && said.contains("next: call again without verify"),
        "{said}"
    );
    call(&grace, "query_evidence", json!({})).await.unwrap();
    let said = call(&grace, "query_evidence", json!({"bundle": "ab"})).await.unwrap_err();
    assert!(said.contains("bundles are for the local user"), "{said}");
    grace.cancel().await.unwrap();
}

#[tokio::test]
async fn a_secret_in_a_clients_name_is_not_recorded() {
    let served = serve(|o| o.principals = both()).await;
    let key = format!("sk-proj-{}", "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0");
    let arguments = json!({"name": "billing-to-crm", "goal": "keep contacts in step"});
    let call = super::modern("tools/call", json!({"name": "open_session", "arguments": arguments})).to_string();
    let body = call.replace("\"raw\"", &format!("\"raw {key}\""));
    assert!(body.contains(&key));
    let bearer = format!("Bearer {ADA}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "open_session"),
    ];
    assert_eq!(served.send(&headers, body).await.status, 200);
    let asked = served.modern(Some(ADA), "tools/call", json!({"name": "query_evidence", "arguments": {}})).await;
    assert!(asked.text.contains("raw [redacted] 1"), "{asked:?}");
    assert!(!asked.text.contains(&key));
}
