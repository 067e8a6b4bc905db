//! What somebody who comes with two descriptions and a goal stumbled over.

use serde_json::json;

use crate::cli::{json as parsed, run, stderr, stdout, workspace};
use crate::mcp::{Human, connect};

const BILLING: &str = "examples/billing-to-crm/apis/billing.openapi.yaml";
const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";

#[test]
fn an_entity_is_found_by_the_name_of_its_schema_and_in_any_case() {
    let dir = workspace("billing-to-crm");
    let own = stdout(&run(dir.path(), &["inspect", BILLING, "--entity", "customer"]));
    for name in ["Customer", "CUSTOMER"] {
        let output = run(dir.path(), &["inspect", BILLING, "--entity", name]);
        assert_eq!(stdout(&output), own, "{}", stderr(&output));
    }
    let unknown = run(dir.path(), &["inspect", BILLING, "--entity", "Custmer"]);
    assert!(stderr(&unknown).contains("did you mean \"customer\"?"), "{}", stderr(&unknown));
}

#[test]
fn a_draft_runs_as_often_as_the_goal_says() {
    let dir = workspace("billing-to-crm");
    let goal = "bring customers into the CRM every five minutes";
    let opened = parsed(&run(dir.path(), &["open", "a-to-b", "--goal", goal, "--format", "json"]));
    let session = opened["session"].as_str().unwrap_or_else(|| panic!("{opened:#}")).to_owned();
    for (name, api) in [("billing", BILLING), ("crm", "examples/billing-to-crm/apis/crm.openapi.json")] {
        let mapped = run(dir.path(), &["map", api, "--session", &session, "--name", name]);
        assert_eq!(mapped.status.code(), Some(0), "{}", stderr(&mapped));
    }
    let drafted = run(dir.path(), &["draft", "--session", &session, "--source", "billing", "--target", "crm"]);
    let text = std::fs::read_to_string(dir.path().join("integration.yaml")).unwrap_or_else(|_| stderr(&drafted));
    assert!(text.contains("every: 5m"), "{text}");
}

#[tokio::test]
async fn what_an_answer_leaves_out_is_counted_and_said_to_be_somewhere() {
    let s = connect(Human::default(), true, workspace("billing-to-crm")).await;
    let map = s.ok("map_system", json!({"name": "crm", "api": "examples/billing-to-crm/apis/crm.openapi.json"})).await;
    let shown = map["facts"].as_array().unwrap().len() as u64;
    let all = map["facts_total"].as_u64().unwrap();
    assert!(all > shown, "{map:#}");
    let said = map["left_out"].as_str().unwrap();
    assert!(said.contains(&format!("{} fact", all - shown)) && said.contains("--format json lists all"), "{said}");
    let drills = s.ok("run_drills", json!({"contract": CONTRACT, "schedules": 1})).await;
    let rows = drills["drills"].as_array().unwrap();
    let run = drills["tally"]["run"].as_u64().unwrap();
    let gone = run - rows.len() as u64;
    assert!(gone > 0, "{drills:#}");
    let said = drills["left_out"].as_str().unwrap();
    assert!(said.starts_with(&format!("{gone} of {run} rows, all of them PASS,")), "{said}");
    assert!(said.contains("--format json"), "{said}");
    let unproven = drills["tally"]["unproven"].as_u64().unwrap();
    assert_eq!(drills["unproven"].as_array().map_or(0, Vec::len) as u64, unproven, "{drills:#}");
}
