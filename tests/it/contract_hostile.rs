//! Contracts that nobody should write: each gets a finding that says what is wrong, and none hangs or panics. A secret is
//! refused by name and never repeated.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use platform_integration::app::FindingOut;
use platform_integration::checks::{self, Subject};
use platform_integration::contract;
use platform_integration::finding::Finding;
use platform_integration::mapping;
use platform_integration::model::System;

use crate::contract::shown;
use crate::systems::{crm, shop};

/// Everything that is found in a text, the descriptions being there.
fn found(text: &str) -> Vec<Finding> {
    let (contract, mut findings) = contract::parse(text, "integration.yaml");
    let Some(contract) = contract else { return findings };
    let (shop, crm) = (shop(), crm(Some("https://crm.example")));
    let systems: BTreeMap<String, &System> = [("shop".to_owned(), &shop), ("crm".to_owned(), &crm)].into();
    let mut mappings = BTreeMap::new();
    for (name, flow) in &contract.flows {
        let (mapping, complaints) = mapping::compile(&flow.map, "integration.yaml");
        findings.extend(complaints);
        mappings.insert(name.clone(), mapping);
    }
    let subject = Subject { contract: &contract, systems: &systems, mappings: &mappings, confirmed: None, text };
    checks::run_over(&subject, &mut findings);
    findings.retain(|f| f.code != "rollback-incomplete");
    findings.retain(|f| !["assumption-unstated", "unmapped-source-field", "unmapped-but-mapped"].contains(&f.code));
    findings
}

fn base() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checks/none/integration.yaml");
    std::fs::read_to_string(path).expect("readable")
}

fn with(from: &str, to: &str) -> String {
    let base = base();
    assert!(base.contains(from), "{from}");
    base.replacen(from, to, 1)
}

#[test]
fn what_nobody_should_write_is_said() {
    let mut page = String::new();
    for (what, text) in [
        ("a tab for indentation", with("    source:", "\tsource:")),
        ("a merge key", with("      name: name", "      <<: {note: name}\n      name: name")),
        (
            "an anchor and its alias",
            with("      email: email\n      name: name", "      email: &x email\n      name: *x"),
        ),
        ("an alias to nothing", with("      name: name", "      name: *nowhere")),
        ("a key twice", with("      name: name", "      name: name\n      name: email")),
        ("an unknown key", with("    source:", "    sauce: 1\n    source:")),
        ("a flow as a list", with("flows:\n  contacts:", "flows:\n  - contacts:")),
        ("a number for a rule", with("name: name", "name: 5")),
        ("a regex that explodes elsewhere", with("name: name", "name: {from: name, with: [{extract: '(a+)+$'}]}")),
        ("a regex too large", with("name: name", "name: {from: name, with: [{extract: '((a{1000}){1000}){1000}'}]}")),
        ("a regex with a look behind", with("name: name", "name: {from: name, with: [{extract: '(?<=a)b'}]}")),
        ("a program that loops", with("name: name", "name: {jq: 'def f: f; f'}")),
        ("a program that costs too much", with("name: name", "name: {jq: '[range(1e12)] | length | tostring'}")),
        ("a program that reads the environment", with("name: name", "name: {jq: 'env.HOME'}")),
        ("a template that includes a file", with("name: name", "name: {template: '{% include \"/etc/passwd\" %}'}")),
        (
            "a rule inside a rule inside a rule",
            with(
                "name: name",
                &format!("name: {}name{}", "{when: [{if: name, is: a, then: ".repeat(9), "}]}".repeat(9)),
            ),
        ),
    ] {
        let _ = writeln!(page, "# {what}\n{}", shown(&found(&text)));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn a_secret_is_refused_by_name_wherever_it_stands_and_never_repeated() {
    let secret = format!("sk_live_{}", "4eC39HqLyjWDarjtT1zdp7dc");
    for place in [
        with("env:SHOP_TOKEN", &secret),
        with("name: name", &format!("name: {{const: {secret}}}")),
        with("name: name", &format!("name: {{from: name, default: {secret}}}")),
        with("name: name", &format!("name: {{from: name, with: [{{prefix: {secret}}}]}}")),
        with("name: name", &format!("name: {{template: '{{name}} {secret}'}}")),
        with("name: name", &format!("name: {{jq: '.name + \"{secret}\"'}}")),
        with("name: name", &format!("name: {{from: name, with: [{secret}]}}")),
        with("name: name", &format!("name: {secret}")),
        with("name: name", &format!("{secret}: name")),
        with("owner: team", &format!("owner: team # {secret}")),
        with("listCustomers", &secret),
    ] {
        let all = found(&place);
        let named = all.iter().any(|f| f.code.starts_with("secret-"));
        assert!(named, "{place}\n{}", shown(&all));
        // What leaves the program, over any face.
        let sent: Vec<FindingOut> = all.iter().map(FindingOut::from).collect();
        assert!(sent.iter().all(|f| !f.message.contains(&secret) && !f.fix.contains(&secret)), "{}", shown(&all));
    }
}

#[test]
fn ten_thousand_rules_are_all_looked_at() {
    let rules: String = (0..10_000).map(|i| format!("      f{i}: name\n")).collect();
    let all = found(&with("      name: name\n", &format!("      name: name\n{rules}")));
    assert_eq!(all.iter().filter(|f| f.code == "unknown-target-field").count(), 10_000);
    let nested: String = (0..5_000).map(|i| format!("      a.b{i}.c: name\n")).collect();
    assert!(found(&with("      name: name\n", &format!("      name: name\n{nested}"))).len() >= 5_000);
}
