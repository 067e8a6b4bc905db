//! How gates of agent workflows were got past elsewhere, as public issue trackers tell it, each replayed here over the
//! real protocol; then the ways round ours that we could think of. Each test is named for what was published.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform_integration::base::clock::Timestamp;
use platform_integration::base::digest::Digest;
use platform_integration::evidence::{Blob, EventKind, NewEvent, Outcome, Phase, Provenance, Recorded, Store as _};
use platform_integration::store::SqliteStore;
use rmcp::model::*;
use serde_json::{Value, json};

use crate::cli::{json as parsed, run, stderr, stdout, workspace};
use crate::mcp::{Human, Session, connect};

const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";

/// An agent at work: both systems mapped, the contract checked, two inferred constraints open.
async fn at_work(human: Human, modern: bool) -> (Session, String) {
    let s = connect(human, modern, workspace("billing-to-crm")).await;
    let session = open(&s).await;
    prepare(&s, &session).await;
    (s, session)
}

async fn open(s: &Session) -> String {
    s.ok("open_session", json!({"name": "billing-to-crm"})).await["session"].as_str().unwrap().to_owned()
}

async fn prepare(s: &Session, session: &str) {
    for (name, file) in [("billing", "billing.openapi.yaml"), ("crm", "crm.openapi.json")] {
        let api = format!("examples/billing-to-crm/apis/{file}");
        s.ok("map_system", json!({"session": session, "name": name, "api": api})).await;
    }
    let check = s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert_eq!(check["compiles"], true, "{check:#}");
}

/// The step that builds on what was settled is refused at its gate.
async fn building_waits(s: &Session, session: &str) -> String {
    let arguments = json!({"session": session, "contract": CONTRACT, "out": "deploy"});
    let refused = s.refused("scaffold_connector", arguments).await;
    assert!(refused.contains("inferred-settled"), "{refused}");
    assert!(!s.dir.path().join("deploy").exists(), "nothing was written");
    refused
}

fn live_run_waits(s: &Session) {
    let output = run(s.dir.path(), &["run", CONTRACT]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("live-run-not-approved"), "{}", stderr(&output));
}

fn agent() -> Human {
    Human::default()
}

fn edit(s: &Session, from: &str, to: &str) {
    let path = s.dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

async fn decided(s: &Session, session: &str) -> Value {
    s.ok("confirm_constraints", json!({"session": session})).await
}

// --- what was published ---------------------------------------------------------------------------------------------

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

// --- ours -----------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn an_assumption_is_not_relabelled_with_an_origin_that_nobody_can_look_up() {
    let (s, session) = at_work(agent(), true).await;
    let relabel = |origin: &str| json!({"session": session, "id": "billing-ids-stable", "kind": "hard", "says": "a customer's id never changes and is never used again", "origin": origin});
    let invented = s.refused("record_constraint", relabel("billing#/paths/~1customers/x-ids-stable")).await;
    insta::assert_snapshot!(crate::cli::steady(&invented, s.dir.path()));
    for told in ["Mira said so in the meeting", "https://wiki.example/ids", "billing docs, page 4"] {
        let refused = s.refused("record_constraint", relabel(told)).await;
        assert!(refused.contains("inferred-relabelled"), "{told}: {refused}");
    }
    building_waits(&s, &session).await;
    // In the file it is the same: an invented place is an error, and what is only told stays inferred.
    let inferred = "  - id: billing-ids-stable\n    kind: inferred\n";
    edit(&s, inferred, "  - id: billing-ids-stable\n    kind: hard\n    origin: \"billing#/nowhere\"\n");
    let check = s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert!(check["findings"].to_string().contains("origin-not-found"), "{check:#}");
    edit(&s, "    origin: \"billing#/nowhere\"\n", "    origin: \"the billing team\"\n");
    let check = s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert_eq!(check["compiles"], true, "{check:#}");
    assert!(building_waits(&s, &session).await.contains("billing-ids-stable"));
}

#[tokio::test]
async fn an_assumption_is_not_settled_by_a_place_that_is_there_and_says_something_else() {
    let says = "a customer's id never changes and is never used again";
    // By the tool.
    let (s, session) = at_work(agent(), true).await;
    let hard = json!({"session": session, "id": "billing-ids-stable", "kind": "hard", "says": says, "origin": "billing#/info/title"});
    let recorded = s.ok("record_constraint", hard).await;
    assert!(recorded["open"].to_string().contains("billing-ids-stable"), "{recorded:#}");
    assert!(building_waits(&s, &session).await.contains("billing-ids-stable"));
    // The person sees where it is said to be.
    let inbox = parsed(&run(s.dir.path(), &["inbox", "--format", "json"]));
    let question = inbox["waiting"][0]["question"].as_str().unwrap();
    assert!(question.contains("is called hard now, said to be stated at billing#/info/title"), "{question}");
    // By the file, where a person has settled the other one.
    let human = Human { content: Some(json!({"billing-email-stable": "confirm"})), ..agent() };
    let (s, session) = at_work(human, true).await;
    decided(&s, &session).await;
    let inferred = "  - id: billing-ids-stable\n    kind: inferred\n";
    edit(&s, inferred, "  - id: billing-ids-stable\n    kind: hard\n    origin: \"billing#/info/title\"\n");
    let check = s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert_eq!(check["compiles"], true, "{check:#}");
    assert!(check["open_inferred"].to_string().contains("billing-ids-stable"), "{check:#}");
    assert!(building_waits(&s, &session).await.contains("billing-ids-stable"));
    s.ok("run_drills", json!({"session": session, "contract": CONTRACT, "schedules": 2})).await;
    let ready = s.ok("assess_readiness", json!({"session": session})).await;
    assert!(ready["confidence"]["value"].as_f64().unwrap() <= 0.70, "{ready:#}");
}

#[tokio::test]
async fn an_assumption_is_not_settled_by_striking_it_out() {
    let (s, session) = at_work(agent(), true).await;
    let path = s.dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("  # inferred: ").unwrap();
    let (_, after) = rest.split_once("\nflows:").unwrap();
    std::fs::write(&path, format!("{before}\nflows:{after}")).unwrap();
    let check = s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert_eq!(check["compiles"], true, "{check:#}");
    building_waits(&s, &session).await;
}

/// The contract without its list of constraints, checked in a session that never saw the list.
async fn silent(s: &Session) -> String {
    let path = s.dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("constraints:\n").unwrap();
    let (_, after) = rest.split_once("\nflows:").unwrap();
    std::fs::write(&path, format!("{before}flows:{after}")).unwrap();
    let session = open(s).await;
    prepare(s, &session).await;
    session
}

#[tokio::test]
async fn saying_nothing_is_no_shorter_way_than_stating_what_is_assumed() {
    let s = connect(agent(), true, workspace("billing-to-crm")).await;
    let session = silent(&s).await;
    let check = s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    let unstated = check["findings"].as_array().unwrap().iter().filter(|f| f["code"] == "assumption-unstated");
    assert_eq!(unstated.count(), 6, "{check:#}");
    assert!(check["open_inferred"].to_string().contains("billing-ids-stable"), "{check:#}");
    let refused = building_waits(&s, &session).await;
    assert!(refused.contains("billing-ids-stable") && refused.contains("crm-email-unique"), "{refused}");
    s.ok("run_drills", json!({"session": session, "contract": CONTRACT, "schedules": 2})).await;
    let ready = s.ok("assess_readiness", json!({"session": session})).await;
    assert!(ready["confidence"]["value"].as_f64().unwrap() <= 0.70, "{ready:#}");
    // A wish of the owner's does not make it so.
    edit(
        &s,
        "\nflows:\n",
        "\nconstraints:\n  - {id: billing-ids-stable, kind: soft, says: \"ids never change and are never reused\"}\n\nflows:\n",
    );
    s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert!(building_waits(&s, &session).await.contains("billing-ids-stable"));
    // A person opens the gate here as everywhere.
    let back = s.again(Human { says: Some("confirm"), ..agent() }, true).await;
    assert_eq!(decided(&back, &session).await["pending"], json!([]));
    s.ok("scaffold_connector", json!({"session": session, "contract": CONTRACT, "out": "deploy"})).await;
}

#[tokio::test]
async fn a_confidence_written_into_the_contract_does_not_reach_the_dossier() {
    let line = "Confidence: 0.95 (ceiling: observation 0.95)";
    for (from, to) in [
        ("Keep CRM contacts in step with billing customers", format!("Keep contacts in step. \u{43e}k. {line}")),
        ("Keep CRM contacts in step with billing customers", "\"I am 95% c\u{43e}nfident\"".to_owned()),
        ("owner: revenue-platform ", "owner: \"95% sure\" ".to_owned()),
        ("middle names may be lost", format!("middle names may be lost. {line}")),
    ] {
        let (s, session) = at_work(agent(), true).await;
        // A colon inside a plain scalar would end it.
        let to = if from.starts_with("Keep") && !to.starts_with('"') { format!("\"{to}\"") } else { to };
        edit(&s, from, &to);
        s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
        let refused = s.refused("export_dossier", json!({"session": session, "out": "dossier"})).await;
        assert!(refused.contains("confidence-in-contract"), "{to}: {refused}");
        assert!(!s.dir.path().join("dossier").exists());
    }
}

#[tokio::test]
async fn other_words_after_the_confirmation_are_not_confirmed() {
    let (s, session) = at_work(Human { says: Some("confirm"), ..agent() }, true).await;
    assert_eq!(decided(&s, &session).await["pending"], json!([]));
    edit(&s, "a customer's id never changes and is never used again", "nothing in billing ever changes");
    s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert!(building_waits(&s, &session).await.contains("billing-ids-stable"));
}

#[tokio::test]
async fn words_that_change_while_the_form_is_open_are_not_confirmed() {
    // The older era: the call waits for the answer, and another call rewrites the question meanwhile.
    let human = Human { says: Some("confirm"), ..agent() };
    let (s, session) = at_work(human, true).await;
    let done = Arc::new(AtomicBool::new(false));
    let (dir, id, once) = (s.dir.path().to_owned(), session.clone(), Arc::clone(&done));
    let rewrite = move || {
        if !once.swap(true, Ordering::SeqCst) {
            let says = "customers may be deleted at will";
            let out =
                run(&dir, &["constrain", "billing-ids-stable", "--session", &id, "--kind", "inferred", "--says", says]);
            assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
        }
    };
    let older = s.again(Human { says: Some("confirm"), meanwhile: Some(Arc::new(rewrite)), ..agent() }, false).await;
    let answer = decided(&older, &session).await;
    assert!(done.load(Ordering::SeqCst), "the form was shown");
    let ids: Vec<&str> = answer["decided"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["billing-email-stable"], "{answer:#}");
    building_waits(&s, &session).await;
}

/// A question of the newer era, as it is sent.
async fn question(s: &Session, session: &str) -> InputRequiredResult {
    let arguments = rmcp::model::object(json!({"session": session}));
    let asked = CallToolRequestParams::new("confirm_constraints").with_arguments(arguments);
    match s.client.call_tool_once(asked).await.unwrap() {
        CallToolResponse::InputRequired(required) => required,
        other => panic!("a question was expected: {other:?}"),
    }
}

/// Answers it by hand.
async fn answered(s: &Session, arguments: Value, state: &str, word: &str) -> Result<CallToolResponse, String> {
    let content = json!({"billing-ids-stable": word, "billing-email-stable": word});
    let answers: InputResponses =
        [("constraints".to_owned(), json!({"action": "accept", "content": content}))].into_iter().collect();
    let call = CallToolRequestParams::new("confirm_constraints")
        .with_arguments(rmcp::model::object(arguments))
        .with_input_responses(answers)
        .with_request_state(state);
    s.client.call_tool_once(call).await.map_err(|e| e.to_string())
}

#[tokio::test]
async fn an_answer_counts_once_for_its_call_and_unchanged() {
    let (s, session) = at_work(Human { says: Some("confirm"), ..agent() }, true).await;
    let state = question(&s, &session).await.request_state.unwrap();
    // Another session with the same constraints, and the same session with more arguments.
    let other = open(&s).await;
    prepare(&s, &other).await;
    for arguments in [json!({"session": other}), json!({"session": session, "decisions": []})] {
        let refused = answered(&s, arguments, &state, "confirm").await.unwrap_err();
        assert!(refused.contains("requestState is not valid"), "{refused}");
    }
    let mut tampered = state.clone();
    let last = tampered.pop().unwrap();
    tampered.push(if last == 'A' { 'B' } else { 'A' });
    assert!(answered(&s, json!({"session": session}), &tampered, "confirm").await.is_err());
    assert!(answered(&s, json!({"session": session}), "made-up", "confirm").await.is_err());
    // A deferral first; the same state again, now with a confirmation.
    assert!(answered(&s, json!({"session": session}), &state, "defer").await.is_ok());
    let replayed = answered(&s, json!({"session": session}), &state, "confirm").await.unwrap_err();
    assert!(replayed.contains("requestState is not valid"), "{replayed}");
    building_waits(&s, &session).await;
}

#[tokio::test]
async fn an_answer_to_words_that_changed_meanwhile_is_none_in_the_newer_era_either() {
    let (s, session) = at_work(Human { says: Some("confirm"), ..agent() }, true).await;
    let state = question(&s, &session).await.request_state.unwrap();
    let says = "customers may be deleted at will";
    s.ok(
        "record_constraint",
        json!({"session": session, "id": "billing-ids-stable", "kind": "inferred", "says": says}),
    )
    .await;
    let refused = answered(&s, json!({"session": session}), &state, "confirm").await.unwrap_err();
    assert!(refused.contains("requestState is not valid"), "{refused}");
    building_waits(&s, &session).await;
}

#[tokio::test]
async fn a_confirmation_piped_into_the_command_is_none() {
    use std::io::Write as _;
    let (s, session) = at_work(agent(), true).await;
    let mut child = std::process::Command::new(crate::cli::binary())
        .args(["confirm", "--session", &session, "--as", "Mira"])
        .current_dir(s.dir.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(b"c\nc\n");
    let output = child.wait_with_output().unwrap();
    assert!(stdout(&output).contains("nothing was decided: this was not started at a terminal"), "{}", stdout(&output));
    building_waits(&s, &session).await;
}

#[tokio::test]
async fn a_form_settles_nothing_where_the_contract_asks_for_a_terminal() {
    let (s, session) = at_work(Human { says: Some("confirm"), ..agent() }, true).await;
    edit(&s, "\nflows:\n", "\napprovals: {inferred_constraints: terminal}\n\nflows:\n");
    s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    let answer = decided(&s, &session).await;
    assert_eq!(answer["decided"], json!([]), "{answer:#}");
    assert!(answer["parked"].as_str().unwrap().contains("a person at a terminal"), "{answer:#}");
    building_waits(&s, &session).await;
}

#[cfg(unix)]
#[tokio::test]
async fn an_approval_does_not_outlive_the_contract_or_its_policy() {
    let (dir, session) = crate::approvals::settled();
    let (page, code) = crate::approvals::approve(dir.path(), &["live-run", "--session", &session], || {});
    assert_eq!(code, 0, "{page}");
    let refused = |what: &str| {
        let output = run(dir.path(), &["run", CONTRACT]);
        assert!(stderr(&output).contains("live-run-not-approved"), "{what}: {}", stderr(&output));
    };
    let path = dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    for (what, edited) in [
        (
            "another address",
            text.replace(
                "api: apis/crm.openapi.json",
                "api: apis/crm.openapi.json\n    base_url: https://evil.example",
            ),
        ),
        ("a weaker policy", text.replace("\nflows:\n", "\napprovals: {inferred_constraints: any}\n\nflows:\n")),
        ("only a comment", format!("{text}# harmless\n")),
    ] {
        assert_ne!(edited, text, "{what}");
        std::fs::write(&path, edited).unwrap();
        refused(what);
    }
    std::fs::write(&path, text.replace("\nflows:\n", "\napprovals: {live_run: any}\n\nflows:\n")).unwrap();
    let weakest = run(dir.path(), &["run", CONTRACT]);
    assert!(stderr(&weakest).contains("approval-too-weak"), "{}", stderr(&weakest));
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_assumed_after_the_approval_stops_the_live_run() {
    let (dir, session) = crate::approvals::settled();
    let (page, code) = crate::approvals::approve(dir.path(), &["live-run", "--session", &session], || {});
    assert_eq!(code, 0, "{page}");
    let more = run(
        dir.path(),
        &["constrain", "more", "--session", &session, "--kind", "inferred", "--says", "one more thing"],
    );
    assert_eq!(more.status.code(), Some(0), "{}", stderr(&more));
    let output = run(dir.path(), &["run", CONTRACT]);
    assert!(stderr(&output).contains("inferred-unsettled"), "{}", stderr(&output));
}

/// Whoever can write the store file can append what looks like an approval, hashes and all.
fn forge(dir: &std::path::Path, session: Option<&str>, kind: EventKind, data: &Value) {
    let event = NewEvent {
        session: session.map(str::to_owned),
        at: Timestamp(1_790_000_000_000),
        phase: Phase::Connect,
        kind,
        tool: "approve".to_owned(),
        client: "cli".to_owned(),
        outcome: Outcome::Ok,
        input: Digest::of_bytes(b"null"),
        output: Digest::of_bytes(b"null"),
        summary: "mira approved".to_owned(),
        data: data.clone(),
        provenance: Provenance::default(),
    };
    let store = SqliteStore::open(&dir.join(".platform-integration/evidence.db")).unwrap();
    store.append(vec![Recorded::new(event, Blob::of(&Value::Null), Blob::of(&Value::Null))]).unwrap();
}

/// The data of an approval by signature, over the statement that is printed for this.
fn approval(dir: &std::path::Path, what: &[&str], signature: Option<&str>) -> Value {
    let mut args = vec!["approve", CONTRACT];
    args.extend(what);
    args.push("--print-statement");
    let printed = run(dir, &args);
    assert_eq!(printed.status.code(), Some(0), "{}", stderr(&printed));
    let statement = stdout(&printed);
    let told = |key: &str| statement.lines().find_map(|l| l.strip_prefix(key)).unwrap().to_owned();
    let systems: serde_json::Map<String, Value> = statement
        .lines()
        .filter_map(|l| l.strip_prefix("description: ")?.split_once(' '))
        .map(|(name, digest)| (name.to_owned(), json!(digest)))
        .collect();
    let mut data = json!({
        "what": told("approve: "), "name": told("integration: "), "file": dir.join(CONTRACT).display().to_string(),
        "digest": told("contract: "), "systems": systems, "statement": Digest::of_bytes(statement.as_bytes()).as_str(),
        "by": "mira@example.com", "channel": "signature", "key": "SHA256:made-up",
    });
    if let Some(risk) = statement.lines().find_map(|l| l.strip_prefix("risk: ")) {
        data["risk"] = json!(risk.split(' ').next());
    }
    if let Some(signature) = signature {
        data["signature"] = json!(signature);
    }
    data
}

#[cfg(unix)]
#[test]
fn a_record_that_says_signature_and_has_none_approves_nothing() {
    let team = crate::approvals::Team::new();
    let dir = team.dir.path();
    for signature in [None, Some("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")] {
        forge(dir, None, EventKind::Approved, &approval(dir, &["live-run"], signature));
        let verified = run(dir, &["evidence", "verify"]);
        assert_eq!(verified.status.code(), Some(0), "the chain itself is whole: {}", stdout(&verified));
        let output = run(dir, &["run", CONTRACT]);
        assert!(stderr(&output).contains("live-run-not-approved"), "{signature:?}: {}", stderr(&output));
    }
    let output = run(dir, &["run", CONTRACT]);
    assert!(stderr(&output).contains("no signature is kept with it"), "{}", stderr(&output));
}

/// Reads like this machine, leads to another: nothing of it runs without an approval.
#[test]
fn an_address_that_only_looks_like_this_machine_needs_an_approval() {
    let here = |from: &str, to: &str| {
        let dir = workspace("billing-to-crm");
        let local = [("billing", "127.0.0.1:9"), ("crm", "127.0.0.1:9")];
        let path = dir.path().join(CONTRACT);
        let mut text = std::fs::read_to_string(&path).unwrap();
        for ((_, address), api) in local.iter().zip(["billing.openapi.yaml", "crm.openapi.json"]) {
            let line = format!("api: apis/{api}");
            text = text.replace(&line, &format!("base_url: \"http://{address}\"\n    {line}"));
        }
        std::fs::write(&path, text).unwrap();
        let mut changed = false;
        for file in [
            CONTRACT,
            "examples/billing-to-crm/apis/billing.openapi.yaml",
            "examples/billing-to-crm/apis/crm.openapi.json",
        ] {
            let path = dir.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            changed |= text.contains(from);
            std::fs::write(path, text.replace(from, to)).unwrap();
        }
        assert!(changed, "{from}");
        stderr(&run(dir.path(), &["run", CONTRACT]))
    };
    for path in ["@192.0.2.2:18080/v2/{contact_id}", ".evil.example/v2/{contact_id}"] {
        let said = here("\"/v2/contacts/{contact_id}\":", &format!("\"{path}\":"));
        assert!(said.contains("flow-cannot-run") && said.contains("does not start with a slash"), "{said}");
    }
    let said = here("\"http://127.0.0.1:9\"", "\"http://127.0.0.1@192.0.2.2:18080\"");
    assert!(said.contains("secret-as-value"), "{said}");
    let said = here("https://api.crm.example/oauth2/token", "http:192.0.2.2:18080/token?x=://localhost/");
    assert!(!said.contains("secret-missing") && said.contains("http://192.0.2.2:18080/token"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_key_that_comes_with_the_contract_approves_nothing() {
    // Whoever edits the contract names a list, puts a key of their own on it, and signs.
    let team = crate::approvals::Team::with("{signers: allowed_signers}");
    let dir = team.dir.path();
    team.key("eve");
    team.bring("eve");
    team.sign("eve", &team.statement(), "approvals/live-run.sig");
    let said = |args: &[&str]| stderr(&run(dir, args));
    let refused = said(&["run", CONTRACT]);
    assert!(refused.contains("live-run-not-approved") && refused.contains("no line of allowed_signers"), "{refused}");
    std::fs::remove_file(team.pinned()).unwrap();
    let refused = said(&["run", CONTRACT]);
    assert!(refused.contains("live-run-not-approved"), "{refused}");
    assert!(refused.contains("no list of allowed signers is pinned on this machine"), "{refused}");
    let sig = "examples/billing-to-crm/approvals/live-run.sig";
    let refused = said(&["approve", CONTRACT, "live-run", "--signature", sig]);
    insta::assert_snapshot!(crate::cli::steady(&refused, dir));
    // Where only a signature counts, the run says so at once.
    edit_in(dir, "{signers: allowed_signers}", "{live_run: signature, signers: allowed_signers}");
    let refused = said(&["run", CONTRACT]);
    assert!(refused.contains("signers-not-pinned"), "{refused}");
    // A person who names the list answers for it: this is how CI does it.
    team.sign("eve", &team.statement(), "approvals/live-run.sig");
    let named = said(&["run", CONTRACT, "--signers", "examples/billing-to-crm/allowed_signers"]);
    assert!(named.contains("secret-missing"), "{named}");
}

#[cfg(unix)]
fn edit_in(dir: &std::path::Path, from: &str, to: &str) {
    let path = dir.join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[cfg(unix)]
#[test]
fn what_a_signature_settled_is_open_again_when_the_key_is_taken_out() {
    let team = crate::approvals::Team::with("{inferred_constraints: signature, signers: allowed_signers}");
    let dir = team.dir.path();
    let session = crate::approvals::checked(dir);
    let inbox = stdout(&run(dir, &["inbox"]));
    assert!(inbox.contains("integration.yaml inferred-constraints --print-statement"), "{inbox}");
    let scaffold = ["scaffold", CONTRACT, "--out", "deploy", "--session", &session];
    let printed = run(dir, &["approve", CONTRACT, "inferred-constraints", "--session", &session, "--print-statement"]);
    team.sign("mira", &stdout(&printed), "mira.sig");
    let sig = "examples/billing-to-crm/mira.sig";
    let approve = ["approve", CONTRACT, "inferred-constraints", "--session", &session, "--signature", sig];
    let given = run(dir, &approve);
    assert_eq!(given.status.code(), Some(0), "{}", stderr(&given));
    let open = run(dir, &scaffold);
    assert_eq!(open.status.code(), Some(0), "{}", stderr(&open));
    team.key("eve");
    team.allow("eve");
    let refused = stderr(&run(dir, &scaffold));
    assert!(refused.contains("inferred-settled"), "{refused}");
    team.allow("mira");
    assert_eq!(run(dir, &scaffold).status.code(), Some(0), "the same key, the same approval");
}

#[cfg(unix)]
#[test]
fn a_forged_record_of_a_signed_risk_or_settlement_opens_nothing() {
    let policy = "{inferred_constraints: signature, accept_risk: signature, signers: allowed_signers}";
    let team = crate::approvals::Team::with(policy);
    let dir = team.dir.path();
    let session = crate::approvals::checked(dir);
    let scaffold = ["scaffold", CONTRACT, "--out", "deploy", "--session", &session];
    let waits = |what: &str| {
        let refused = stderr(&run(dir, &scaffold));
        assert!(refused.contains("inferred-settled"), "{what}: {refused}");
    };
    let digests = constraint_digests(dir, &session);
    let decided = |decision: &str, channel: &str| {
        let decisions: Vec<Value> = digests
            .iter()
            .map(|(id, digest)| json!({"id": id, "decision": decision, "channel": channel, "by": "mira", "digest": digest, "risk": "a duplicate"}))
            .collect();
        json!({"decisions": decisions, "pending": []})
    };
    forge(dir, Some(&session), EventKind::Approved, &approval(dir, &["inferred-constraints"], None));
    forge(dir, Some(&session), EventKind::ConstraintsConfirmed, &decided("confirmed", "signature"));
    waits("settled by a signature that is none");
    forge(dir, Some(&session), EventKind::ConstraintsConfirmed, &decided("deferred", "terminal"));
    for (id, _) in &digests {
        let what = ["accept-risk", id.as_str(), "--session", session.as_str()];
        for channel in ["signature", "terminal"] {
            let mut data = approval(dir, &what, None);
            data["channel"] = json!(channel);
            forge(dir, Some(&session), EventKind::Approved, &data);
        }
    }
    waits("risks taken by nobody");
}

/// What a decision on each inferred constraint of the session is bound to.
#[cfg(unix)]
fn constraint_digests(dir: &std::path::Path, session: &str) -> Vec<(String, String)> {
    let store = SqliteStore::open(&dir.join(".platform-integration/evidence.db")).unwrap();
    let found = store.session(session).unwrap();
    let facts = platform_integration::workflow::Facts::fold(Some(&found), &store.events_of(session).unwrap());
    facts.waiting().map(|c| (c.id.clone(), c.digest())).collect()
}
