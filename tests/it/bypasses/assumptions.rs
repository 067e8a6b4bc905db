//! Ways past what was assumed: relabelled, struck out, never said, said in other words.

use serde_json::json;

use super::*;
use crate::cli::{json as parsed, run, workspace};
use crate::mcp::{Human, Session, connect};

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
