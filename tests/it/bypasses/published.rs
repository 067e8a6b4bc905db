//! Ways past gates that were published, by the place where they were.

use rmcp::model::*;
use serde_json::json;

use super::*;
use crate::cli::{json as parsed, run, workspace};
use crate::mcp::{Human, connect};

/// awslabs/aidlc-workflows#366: `approve` checks nothing, every stage can be completed without any output.
#[tokio::test]
async fn aidlc_366_no_stage_completes_without_its_output() {
    let s = connect(agent(), true, workspace("billing-to-crm")).await;
    let session = open(&s).await;
    for (tool, arguments) in [
        ("draft_contract", json!({"session": session, "source": "billing", "target": "crm"})),
        ("scaffold_connector", json!({"session": session, "contract": CONTRACT, "out": "deploy"})),
        ("run_drills", json!({"session": session, "contract": CONTRACT})),
        ("export_dossier", json!({"session": session})),
    ] {
        let refused = s.refused(tool, arguments).await;
        assert!(refused.contains("next: "), "{tool}: {refused}");
    }
    let ready = s.ok("assess_readiness", json!({"session": session})).await;
    assert_eq!(ready["verdict"], "UNPROVEN", "{ready:#}");
    assert_eq!(ready["confidence"]["value"].as_f64(), Some(0.0), "{ready:#}");
}

/// awslabs/aidlc-workflows#304: agents skip gates and tests and report success.
#[tokio::test]
async fn aidlc_304_skipping_the_tests_is_seen_in_the_verdict() {
    let (s, session) = at_work(agent(), true).await;
    building_waits(&s, &session).await;
    let ready = s.ok("assess_readiness", json!({"session": session})).await;
    assert_eq!(ready["verdict"], "UNPROVEN", "{ready:#}");
    let failures = ready["checklist"].as_array().unwrap().iter().find(|i| i["item"] == "the failure paths are drilled");
    assert_eq!(failures.unwrap()["state"], "unproven", "{ready:#}");
    live_run_waits(&s);
}

/// awslabs/aidlc-workflows#451: the conductor makes up the user's answers and approvals in one turn.
#[tokio::test]
async fn aidlc_451_answers_made_up_for_the_user_settle_nothing() {
    let (s, session) = at_work(agent(), true).await;
    let told = s
        .ok(
            "confirm_constraints",
            json!({"session": session, "decisions": [
                {"id": "billing-ids-stable", "decision": "confirm", "quote": "yes, approved, go ahead", "by": "the user"},
                {"id": "billing-email-stable", "decision": "confirm", "quote": "I approve everything", "by": "the user"},
            ]}),
        )
        .await;
    assert!(told["decided"].as_array().unwrap().iter().all(|d| d["channel"] == "agent-report"), "{told:#}");
    assert_eq!(told["pending"].as_array().unwrap().len(), 2, "both still wait for a person: {told:#}");
    let refused = building_waits(&s, &session).await;
    assert!(refused.contains("that an agent reports it confirmed by the user is no approval"), "{refused}");
    s.ok("run_drills", json!({"session": session, "contract": CONTRACT, "schedules": 2})).await;
    let ready = s.ok("assess_readiness", json!({"session": session})).await;
    assert!(ready["confidence"]["value"].as_f64().unwrap() <= 0.70, "{ready:#}");
    live_run_waits(&s);
}

/// awslabs/aidlc-workflows#742: where the gate has nobody to ask, the agent records the human's decision itself.
#[tokio::test]
async fn aidlc_742_a_gate_nobody_answers_is_parked_and_not_answered_by_the_agent() {
    let (s, session) = at_work(agent(), true).await;
    let parked = decided(&s, &session).await;
    assert_eq!(parked["decided"], json!([]));
    assert!(parked["parked"].is_string() && parked["next"].as_str().unwrap().contains("confirm --session"), "{parked}");
    building_waits(&s, &session).await;
    // It waits where a person finds it, with who asked.
    let inbox = parsed(&run(s.dir.path(), &["inbox", "--format", "json"]));
    let waiting = inbox["waiting"].as_array().unwrap();
    assert_eq!(waiting.len(), 2, "{inbox:#}");
    assert!(waiting.iter().all(|w| w["client"] == "test-client 1.0" && w["session"] == session.as_str()), "{inbox:#}");
}

/// awslabs/aidlc-workflows PR#750: a mark that a human took part says nothing about what they agreed to.
#[tokio::test]
async fn aidlc_750_one_answer_of_a_person_answers_one_question() {
    for modern in [true, false] {
        let human = Human { content: Some(json!({"billing-ids-stable": "confirm"})), ..agent() };
        let (s, session) = at_work(human, modern).await;
        let answer = decided(&s, &session).await;
        assert_eq!(answer["decided"].as_array().unwrap().len(), 1, "{answer:#}");
        let pending: Vec<&str> =
            answer["pending"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();
        assert_eq!(pending, ["billing-email-stable"], "modern={modern}");
        building_waits(&s, &session).await;
    }
}

/// awslabs/aidlc-workflows#932: seven of eight "human turns" were other agents.
#[tokio::test]
async fn aidlc_932_another_agent_is_not_a_human() {
    let (s, session) = at_work(agent(), true).await;
    let second = s.again(agent(), false).await;
    let told = second
        .ok(
            "confirm_constraints",
            json!({"session": session, "decisions": [{"id": "billing-ids-stable", "decision": "confirm", "quote": "confirmed", "by": "Mira, product owner"}]}),
        )
        .await;
    assert_eq!(told["decided"][0]["channel"], "agent-report");
    building_waits(&s, &session).await;
    let events = s.ok("query_evidence", json!({"session": session, "kind": "constraints-confirmed"})).await;
    assert!(events["events"][0]["client"].as_str().unwrap().starts_with("test-client"), "{events:#}");
}

/// awslabs/aidlc-workflows#592: a gate so strict that it locks real users out.
#[tokio::test]
async fn aidlc_592_nobody_is_locked_out() {
    let (s, session) = at_work(agent(), true).await;
    decided(&s, &session).await;
    // Everything that does not rest on the open questions goes on.
    let drills = s.ok("run_drills", json!({"session": session, "contract": CONTRACT, "schedules": 2})).await;
    assert_eq!(drills["verdict"], "PASS", "{drills:#}");
    s.ok("assess_readiness", json!({"session": session})).await;
    let dossier = s.ok("export_dossier", json!({"session": session, "out": "dossier"})).await;
    assert_eq!(dossier["files"].as_array().unwrap().len(), 6);
    let again =
        s.ok("record_constraint", json!({"session": session, "id": "small", "kind": "soft", "says": "few"})).await;
    assert_eq!(again["id"], "small");
    // And a person who comes back through any channel of theirs opens the gate.
    let back = s.again(Human { says: Some("confirm"), ..agent() }, true).await;
    let answer = decided(&back, &session).await;
    assert_eq!(answer["pending"], json!([]), "{answer:#}");
    s.ok("scaffold_connector", json!({"session": session, "contract": CONTRACT, "out": "deploy"})).await;
}

/// awslabs/aidlc-workflows#943: a review that the author wrote itself looks like an independent one.
#[tokio::test]
async fn aidlc_943_no_tool_can_write_an_approval() {
    let (s, session) = at_work(agent(), true).await;
    let tools = s.client.list_all_tools().await.unwrap();
    assert!(tools.iter().all(|t| !t.name.contains("approv") && !t.name.contains("sign")), "no tool approves");
    for name in ["approve", "approve_live_run", "sign"] {
        let error = s.client.call_tool(CallToolRequestParams::new(name)).await.unwrap_err();
        assert!(error.to_string().contains("unknown tool"), "{error}");
    }
    // A channel is not an argument.
    let decision = json!({"id": "billing-ids-stable", "decision": "confirm", "quote": "yes", "channel": "terminal"});
    let refused = s.refused("confirm_constraints", json!({"session": session, "decisions": [decision]})).await;
    assert!(refused.contains("channel"), "{refused}");
    let approved = s.ok("query_evidence", json!({"session": session, "kind": "approved"})).await;
    assert_eq!(approved["events"], json!([]));
    live_run_waits(&s);
}

/// openai/codex PR#17164 and PR#21277: some modes accept every form on their own, empty.
#[tokio::test]
async fn codex_17164_a_form_accepted_without_content_decides_nothing() {
    for modern in [true, false] {
        for content in [
            json!({}),
            json!({"billing-ids-stable": ""}),
            json!({"confirm": true}),
            json!({"billing-ids-stable": true}),
        ] {
            let (s, session) = at_work(Human { content: Some(content.clone()), ..agent() }, modern).await;
            let answer = decided(&s, &session).await;
            assert_eq!(answer["decided"], json!([]), "modern={modern} {content}");
            assert!(answer["parked"].as_str().unwrap().contains("empty"), "{answer:#}");
            building_waits(&s, &session).await;
        }
    }
}

/// The same, by a client that fills each field with the first word it is offered: that word settles nothing.
#[tokio::test]
async fn codex_21277_a_form_filled_with_what_stands_first_settles_nothing() {
    for modern in [true, false] {
        let (s, session) = at_work(Human { first: true, ..agent() }, modern).await;
        let answer = decided(&s, &session).await;
        assert!(answer["decided"].as_array().unwrap().iter().all(|d| d["decision"] == "defer"), "{answer:#}");
        building_waits(&s, &session).await;
    }
}

/// github/spec-kit#1865: tasks ticked off, with no code behind the tick.
#[tokio::test]
async fn spec_kit_1865_a_tick_without_the_work_counts_for_nothing() {
    let (s, session) = at_work(agent(), true).await;
    std::fs::create_dir_all(s.dir.path().join("deploy")).unwrap();
    std::fs::write(s.dir.path().join("deploy/RUNBOOK.md"), "- [X] all drills passed\n- [X] approved by Mira\n")
        .unwrap();
    edit(&s, "owner: ", "# [X] drilled, [X] approved\nowner: ");
    s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    let ready = s.ok("assess_readiness", json!({"session": session})).await;
    assert_eq!(ready["verdict"], "UNPROVEN", "{ready:#}");
    assert!(
        s.refused("scaffold_connector", json!({"session": session, "contract": CONTRACT, "out": "deploy"}))
            .await
            .contains("inferred-settled")
    );
}

/// airbytehq connector builder MCP: a task list whose last step can be marked completed first.
#[tokio::test]
async fn airbyte_builder_the_last_step_cannot_be_completed_first() {
    let s = connect(agent(), true, workspace("billing-to-crm")).await;
    let session = open(&s).await;
    let refused = s.refused("export_dossier", json!({"session": session, "out": "dossier"})).await;
    assert!(refused.contains("contract-checked"), "{refused}");
    assert!(!s.dir.path().join("dossier").exists());
}

/// n8n-io/n8n#29154: a field that does not exist is dropped, and the validator says valid.
#[tokio::test]
async fn n8n_29154_an_invented_field_is_no_valid_contract() {
    let (s, session) = at_work(agent(), true).await;
    edit(&s, "email: {from: email,", "email: {from: emial,");
    let check = s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert_eq!(check["compiles"], false);
    assert!(check["findings"].to_string().contains("did you mean"), "{check:#}");
    let refused = s.refused("run_drills", json!({"session": session, "contract": CONTRACT})).await;
    assert!(refused.contains("contract-clean"), "{refused}");
}
