//! How gates of agent workflows were got past elsewhere, as public issue trackers tell it, each replayed here over the
//! real protocol; then the ways round ours that we could think of. Each test is named for what was published.

mod answers;
mod approvals;
mod assumptions;
mod published;

use serde_json::{Value, json};

use crate::cli::{run, stderr, workspace};
use crate::mcp::{Human, Session, connect};

pub(super) const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";

/// An agent at work: both systems mapped, the contract checked, two inferred constraints open.
pub(super) async fn at_work(human: Human, modern: bool) -> (Session, String) {
    let s = connect(human, modern, workspace("billing-to-crm")).await;
    let session = open(&s).await;
    prepare(&s, &session).await;
    (s, session)
}

pub(super) async fn open(s: &Session) -> String {
    s.ok("open_session", json!({"name": "billing-to-crm"})).await["session"].as_str().unwrap().to_owned()
}

pub(super) async fn prepare(s: &Session, session: &str) {
    for (name, file) in [("billing", "billing.openapi.yaml"), ("crm", "crm.openapi.json")] {
        let api = format!("examples/billing-to-crm/apis/{file}");
        s.ok("map_system", json!({"session": session, "name": name, "api": api})).await;
    }
    let check = s.ok("check_contract", json!({"session": session, "contract": CONTRACT})).await;
    assert_eq!(check["compiles"], true, "{check:#}");
}

/// The step that builds on what was settled is refused at its gate.
pub(super) async fn building_waits(s: &Session, session: &str) -> String {
    let arguments = json!({"session": session, "contract": CONTRACT, "out": "deploy"});
    let refused = s.refused("scaffold_connector", arguments).await;
    assert!(refused.contains("inferred-settled"), "{refused}");
    assert!(!s.dir.path().join("deploy").exists(), "nothing was written");
    refused
}

pub(super) fn live_run_waits(s: &Session) {
    let output = run(s.dir.path(), &["run", CONTRACT]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("live-run-not-approved"), "{}", stderr(&output));
}

pub(super) fn agent() -> Human {
    Human::default()
}

pub(super) fn edit(s: &Session, from: &str, to: &str) {
    let path = s.dir.path().join(CONTRACT);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

pub(super) async fn decided(s: &Session, session: &str) -> Value {
    s.ok("confirm_constraints", json!({"session": session})).await
}
