//! Ways past the person who is asked: words that change, answers sent again, forms where a form does not count.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::*;
use serde_json::{Value, json};

use super::*;
use crate::cli::{run, stderr, stdout};
use crate::mcp::{Human, Session};

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
