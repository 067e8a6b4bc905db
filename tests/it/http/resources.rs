//! Sessions and evidence as resources, as a client that browses meets them.

use rmcp::RoleClient;
use rmcp::model::*;
use rmcp::service::RunningService;
use serde_json::{Value, json};

use super::{ADA, both, call, serve};
use crate::cli::steady;

type Client = RunningService<RoleClient, ()>;

async fn read(client: &Client, uri: &str) -> Value {
    let result = client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap();
    let ResourceContents::TextResourceContents { text, mime_type, .. } = &result.contents[0] else {
        panic!("text was expected")
    };
    assert_eq!(mime_type.as_deref(), Some("application/json"));
    assert!(text.chars().count() <= 10_000, "{uri}: {} characters", text.chars().count());
    serde_json::from_str(text).unwrap()
}

async fn error(client: &Client, uri: &str) -> ErrorData {
    let error = client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap_err();
    let rmcp::ServiceError::McpError(error) = error else { panic!("{error:?}") };
    error
}

async fn completed(client: &Client, reference: Reference, argument: &str, typed: &str) -> Vec<String> {
    let params = CompleteRequestParams::new(reference, ArgumentInfo::new(argument, typed));
    client.complete(params).await.unwrap().completion.values
}

#[tokio::test]
async fn what_is_there_reads_well() {
    let served = serve(|o| o.principals = both()).await;
    let client = served.connect(Some(ADA), true, ()).await;
    let goal = "keep CRM contacts in step with billing customers";
    let opened = call(&client, "open_session", json!({"name": "billing-to-crm", "goal": goal})).await.unwrap();
    let session = opened["session"].as_str().unwrap().to_owned();
    let mut page = String::new();
    let mut show = |what: &str, value: &Value| page.push_str(&format!("{what}\n{value:#}\n\n"));
    let resources = client.list_all_resources().await.unwrap();
    // The first is the skill, which has tests of its own.
    show("resources/list", &serde_json::to_value(&resources[1..]).unwrap());
    show("templates", &serde_json::to_value(client.list_all_resource_templates().await.unwrap()).unwrap());
    for uri in [
        "integ://sessions".to_owned(),
        format!("integ://sessions/{session}"),
        format!("integ://sessions/{session}/events"),
        "integ://evidence/1".to_owned(),
    ] {
        show(&uri, &read(&client, &uri).await);
    }
    insta::assert_snapshot!(steady(&page, served.dir.path()));
}

#[tokio::test]
async fn what_is_not_there_is_said_with_the_code_of_the_era() {
    let served = serve(|_| {}).await;
    let mut page = String::new();
    for (newer, code) in [(true, ErrorCode::INVALID_PARAMS), (false, ErrorCode::RESOURCE_NOT_FOUND)] {
        let client = served.connect(None, newer, ()).await;
        for uri in [
            "integ://nothing",
            "file:///etc/passwd",
            "integ://sessions/s-20200101-zzzzzz",
            "integ://sessions/s-20200101-zzzzzz/events",
            "integ://evidence/0",
            "integ://evidence/18446744073709551615",
            "integ://evidence/one",
        ] {
            let error = error(&client, uri).await;
            assert_eq!(error.code, code, "{uri}: {error:?}");
            if newer {
                page.push_str(&format!("{uri}\n{}\n\n", error.message));
            }
        }
        // A bad argument is no missing resource.
        for uri in ["integ://sessions?cursor=zzz", "integ://sessions?cursor=%22%0a"] {
            let error = error(&client, uri).await;
            assert_eq!(error.code, ErrorCode::INVALID_PARAMS, "{uri}: {error:?}");
            if newer {
                page.push_str(&format!("{uri}\n{}\n\n", error.message));
            }
        }
    }
    insta::assert_snapshot!(page);
}

#[tokio::test]
async fn the_pages_together_are_all_there_is() {
    let served = serve(|_| {}).await;
    let client = served.connect(None, true, ()).await;
    let mut opened = Vec::new();
    for i in 0..60 {
        let session = call(&client, "open_session", json!({"name": format!("a-to-b{i}")})).await.unwrap();
        opened.push(format!("integ://sessions/{}", session["session"].as_str().unwrap()));
        // Pages go by the time of opening, to the millisecond.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let first = client.list_resources(None).await.unwrap();
    // Beside fifty sessions: the list of them, and the skill.
    assert_eq!((first.resources.len(), first.next_cursor.is_some()), (52, true));
    let listed: Vec<String> = client.list_all_resources().await.unwrap().into_iter().map(|r| r.uri.clone()).collect();
    opened.push("integ://sessions".to_owned());
    opened.push("skill://platform-integration/SKILL.md".to_owned());
    opened.reverse();
    assert_eq!(listed, opened);

    let session = opened.last().unwrap();
    let id = session.rsplit('/').next().unwrap();
    for i in 0..40 {
        let says = format!("rule {i} {}", "x".repeat(300));
        let rule = json!({"session": id, "id": format!("rule-{i}"), "kind": "soft", "says": says});
        call(&client, "record_constraint", rule).await.unwrap();
    }
    let (mut seen, mut cursor) = (0, None);
    for page in 0.. {
        assert!(page < 50, "the pages end");
        let uri = cursor.map_or_else(
            || format!("{session}/events?kind=constraint-recorded"),
            |c: String| format!("{session}/events?kind=constraint-recorded&cursor={c}"),
        );
        let value = read(&client, &uri).await;
        seen += value["events"].as_array().unwrap().len();
        match value["cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, 40);
}

#[tokio::test]
async fn what_is_typed_is_completed() {
    let served = serve(|_| {}).await;
    let client = served.connect(None, true, ()).await;
    let opened = call(&client, "open_session", json!({"name": "billing-to-crm"})).await.unwrap();
    let session = opened["session"].as_str().unwrap();
    let one = || Reference::for_resource("integ://sessions/{session}");
    let events = || Reference::for_resource("integ://sessions/{session}/events{?phase,kind,cursor}");
    for typed in ["", "s-", "bill", "CRM", session] {
        assert_eq!(completed(&client, one(), "session", typed).await, [session], "{typed}");
    }
    assert_eq!(completed(&client, one(), "session", "payments").await, [""; 0]);
    assert_eq!(completed(&client, events(), "phase", "con").await, ["contract", "connect"]);
    assert_eq!(completed(&client, events(), "kind", "drills").await, ["drills-run"]);
    assert_eq!(completed(&client, events(), "cursor", "").await, [""; 0]);
    assert_eq!(completed(&client, Reference::for_prompt("integrate"), "name", "b").await, ["billing-to-crm"]);
    let mut page = String::new();
    for (reference, argument) in [
        (Reference::for_resource("integ://session/{session}"), "session"),
        (one(), "sesion"),
        (Reference::for_prompt("integrat"), "name"),
        (Reference::for_prompt("integrate"), "nam"),
    ] {
        let params = CompleteRequestParams::new(reference, ArgumentInfo::new(argument, ""));
        page.push_str(&format!("{}\n", client.complete(params).await.unwrap_err()));
    }
    insta::assert_snapshot!(page);
}

#[tokio::test]
async fn the_prompt_begins_the_work() {
    let served = serve(|_| {}).await;
    let client = served.connect(None, true, ()).await;
    let listed = client.list_all_prompts().await.unwrap();
    let ask = |arguments: Value| {
        client.get_prompt(GetPromptRequestParams::new("integrate").with_arguments(rmcp::model::object(arguments)))
    };
    let got = ask(json!({"name": "billing-to-crm", "goal": "keep \"contacts\"\nin step"})).await.unwrap();
    let known = json!({"name": "a-to-b", "goal": "in step", "source": "apis/a.yaml", "target": "apis/b.yaml"});
    let known = ask(known).await.unwrap();
    let missing = ask(json!({"name": "billing-to-crm"})).await.unwrap_err();
    let listed = serde_json::to_value(listed).unwrap();
    let words = |got: &GetPromptResult| match &got.messages[0].content {
        ContentBlock::Text(text) => text.text.clone(),
        other => panic!("{other:?}"),
    };
    insta::assert_snapshot!(format!("{listed:#}\n\n{}\n\n{}\n\n{missing}", words(&got), words(&known)));
}

#[tokio::test]
async fn a_look_at_the_evidence_is_evidence_and_a_list_is_not() {
    let served = serve(|o| o.principals = both()).await;
    let client = served.connect(Some(ADA), true, ()).await;
    let opened = call(&client, "open_session", json!({"name": "a-to-b"})).await.unwrap();
    let uri = format!("integ://sessions/{}/events", opened["session"].as_str().unwrap());
    for _ in 0..3 {
        client.list_all_resources().await.unwrap();
        completed(&client, Reference::for_resource("integ://sessions/{session}"), "session", "").await;
    }
    let kinds = |value: &Value| -> Vec<String> {
        value["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&read(&client, &uri).await), ["session-opened"]);
    assert_eq!(kinds(&read(&client, &uri).await), ["session-opened", "evidence-queried"]);
}
