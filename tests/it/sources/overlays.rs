//! Overlay documents, from the command line, over MCP and in the contract.

use super::{findings, map, shelter};
use crate::cli::{run, stderr, stdout, workspace};

const FIX: &str = "overlay: 1.0.0\ninfo: {title: corrections, version: '1'}\nactions:\n\
    - target: $.servers[0]\n  update: {url: 'https://api.shelter.example/v2'}\n\
    - target: $.paths['/dogs']\n  remove: true\n";

#[test]
fn a_description_is_corrected_and_the_map_says_by_what() {
    let dir = tempfile::tempdir().unwrap();
    shelter(dir.path());
    std::fs::write(dir.path().join("fix.yaml"), FIX).unwrap();
    let plain = map(dir.path(), &["apis/shelter.yaml"]);
    let fixed = map(dir.path(), &["apis/shelter.yaml", "--overlay", "fix.yaml"]);
    let base = |map: &serde_json::Value| {
        map["facts"].as_array().unwrap().iter().find(|f| f["fact"] == "base_url").unwrap()["value"]["host"].clone()
    };
    assert_eq!((base(&plain), base(&fixed)), ("shelter.example".into(), "api.shelter.example".into()));
    assert_ne!(plain["digest"], fixed["digest"]);
    let told = findings(&fixed);
    for found in [
        "overlay-target-not-found fix.yaml#/actions/1/target",
        "overlay-applied apis/shelter.yaml",
        "fact-from-overlay apis/shelter.yaml#/servers/0",
    ] {
        assert!(told.iter().any(|f| f == found), "{told:#?}");
    }
    std::fs::write(dir.path().join("fix.yaml"), FIX.replace("v2", "v3")).unwrap();
    assert_ne!(map(dir.path(), &["apis/shelter.yaml + fix.yaml"])["digest"], fixed["digest"]);
    let output = run(dir.path(), &["map", "apis/shelter.yaml", "--overlay", "none.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("none.yaml: no such file"), "{}", stderr(&output));
}

#[test]
fn a_contract_names_the_overlays_of_its_systems() {
    let dir = workspace("billing-to-crm");
    let folder = dir.path().join("examples/billing-to-crm");
    let contract = folder.join("integration.yaml");
    let text = std::fs::read_to_string(&contract).unwrap();
    let api = "api: apis/billing.openapi.yaml";
    assert!(text.contains(api));
    std::fs::write(&contract, text.replacen(api, &format!("{api}\n    overlays: [apis/fix.yaml]"), 1)).unwrap();
    std::fs::write(
        folder.join("apis/fix.yaml"),
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $.paths, remove: true}]\n",
    )
    .unwrap();
    let output = run(dir.path(), &["check", "examples/billing-to-crm/integration.yaml"]);
    assert_eq!(output.status.code(), Some(1), "what the flow needs was removed: {}", stdout(&output));
    std::fs::write(
        folder.join("apis/fix.yaml"),
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $.info, update: {title: Billing 2}}]\n",
    )
    .unwrap();
    let output = run(dir.path(), &["check", "examples/billing-to-crm/integration.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
}
