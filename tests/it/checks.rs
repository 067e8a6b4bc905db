//! The checks room: every check has a contract that trips it, and it alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use platform_integration::checks::assumptions::{MOST, assumptions};
use platform_integration::checks::honour::{About, honoured};
use platform_integration::checks::topics::TOPICS;
use platform_integration::checks::{self, Subject};
use platform_integration::contract;
use platform_integration::finding::{Finding, Severity};
use platform_integration::mapping;
use platform_integration::model::System;

use crate::contract::shown;
use crate::systems::{crm, graph, rpc, shop};

pub(crate) fn fixture(code: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checks").join(code).join("integration.yaml")
}

/// A description that is among the fixtures is read; the others are built by hand.
pub(crate) fn described(name: &str, api: &str) -> System {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checks-systems").join(api);
    match (std::fs::read(path), name) {
        (Ok(bytes), _) => platform_integration::readers::read_bytes(&bytes, api).system.expect("a system"),
        (Err(_), "shop") => shop(),
        (Err(_), "nowhere") => crm(None),
        (Err(_), "graph") => graph(),
        (Err(_), "rpc") => rpc(),
        (Err(_), _) => crm(Some("https://crm.example")),
    }
}

fn all_findings_in(text: &str, confirmed: Option<&dyn Fn(&str) -> bool>) -> Vec<Finding> {
    let (contract, mut findings) = contract::parse(text, "integration.yaml");
    assert_eq!(shown(&findings), "");
    let contract = contract.expect("a whole contract");
    let owned: BTreeMap<String, System> =
        contract.systems.iter().map(|(n, s)| (n.clone(), described(n, &s.api))).collect();
    let systems = owned.iter().map(|(n, s)| (n.clone(), s)).collect();
    let mappings = contract
        .flows
        .iter()
        .map(|(name, flow)| {
            let (mapping, found) = mapping::compile(&flow.map, "integration.yaml");
            findings.extend(found);
            (name.clone(), mapping)
        })
        .collect();
    findings.extend(checks::run(&Subject {
        contract: &contract,
        systems: &systems,
        mappings: &mappings,
        confirmed,
        text,
    }));
    findings
}

/// Without what a fixture relies on and does not say, which is the business of one check.
pub(crate) fn findings_in(text: &str, confirmed: Option<&dyn Fn(&str) -> bool>) -> Vec<Finding> {
    let mut findings = all_findings_in(text, confirmed);
    findings.retain(|f| !OF_ALL.contains(&f.code));
    findings
}

/// What nearly every fixture has and is no defect of it: what it relies on without saying so, and targets that delete nothing.
pub(crate) const OF_ALL: [&str; 2] = ["assumption-unstated", "rollback-incomplete"];

pub(crate) fn findings(code: &str) -> Vec<Finding> {
    if code == "rollback-incomplete" {
        let mut found = all_findings_in(&std::fs::read_to_string(fixture(code)).expect(code), None);
        found.retain(|f| f.code != "assumption-unstated");
        return found;
    }
    if code == "assumption-unstated" {
        let mut found = all_findings_in(&std::fs::read_to_string(fixture(code)).expect(code), None);
        found.retain(|f| f.code != "rollback-incomplete");
        return found;
    }
    findings_in(&std::fs::read_to_string(fixture(code)).expect(code), None)
}

fn with(from: &str, to: &str) -> Vec<Finding> {
    let base = std::fs::read_to_string(fixture("none")).expect("readable");
    assert!(base.contains(from), "{from}");
    findings_in(&base.replace(from, to), None)
}

#[test]
fn a_good_contract_has_no_findings() {
    assert_eq!(shown(&findings("none")), "");
    assert_eq!(shown(&findings("none-people")), "");
    assert_eq!(shown(&findings("none-yard")), "");
}

#[test]
fn what_a_rule_inferred_is_told_with_the_words_of_the_description() {
    let text = std::fs::read_to_string(fixture("none-yard")).expect("readable");
    let found = all_findings_in(
        &text
            .replace("listLoads", "listLoadsDeep")
            .replace("      incremental: {field: updated_at, param: updated_since}\n", ""),
        None,
    );
    let paged = found.iter().find(|f| f.message.contains("is paged by offset")).expect("it relies on the pages");
    insta::assert_snapshot!(
        paged.message,
        @r#"the flow relies on this: listLoadsDeep is paged by offset and keeps its order while it is read; its description says "A page begins at the offset, and loads keep their order while they are read.", and no constraint does"#
    );
}

#[test]
fn every_check_has_a_contract_that_trips_it_and_it_alone() {
    let mut page = String::new();
    let mut wrong = String::new();
    for check in checks::ALL {
        let found = findings(check.code);
        let own = |f: &Finding| f.code == check.code || check.code == "mapping-types";
        if found.is_empty() || !found.iter().all(|f| own(f) && f.severity <= check.severity) {
            wrong.push_str(&format!("{} finds in its own example:\n{}", check.code, shown(&found)));
        }
        for f in &found {
            assert!(f.location.at.line > 0, "{f:?}");
            assert!(!f.fix.is_empty(), "{f:?}");
        }
        page.push_str(&format!("# {}: {}\n{}", check.code, check.summary, shown(&found)));
    }
    assert_eq!(wrong, "");
    insta::assert_snapshot!(page);
}

#[test]
fn every_fixture_belongs_to_a_check() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checks");
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        assert!(name.starts_with("none") || checks::ALL.iter().any(|c| c.code == name), "{name}");
    }
}

#[test]
fn a_hard_constraint_is_honoured_by_clause_drill_and_runbook() {
    let base = std::fs::read_to_string(fixture("none")).expect("readable");
    let says = |says: &str, rest: &str| {
        let constraint =
            format!("constraints:\n  - {{id: it, kind: hard, says: \"{says}\", origin: x{rest}}}\nflows:\n");
        let text = base.replacen("flows:\n", &constraint, 1);
        let (contract, findings) = contract::parse(&text, "integration.yaml");
        assert_eq!(shown(&findings), "");
        let contract = contract.expect("whole");
        let found = honoured(&contract, &About::from(&contract.constraints[0]));
        let clauses: Vec<String> = found.clauses.iter().map(|c| format!("{} {}", c.at.line, c.path)).collect();
        format!(
            "{says}{rest}\n  topics  {}\n  clauses {}\n  drills  {}\n  watch   {}\n",
            found.topics.join(", "),
            clauses.join(", "),
            found.drills.join(", "),
            found.watches.join(", ")
        )
    };
    let page = [
        says("at most 100 requests per 10 s", ", binds: {systems: [crm]}"),
        says("at most 100 requests per 10 s", ", binds: {systems: [shop]}"),
        says("an email belongs to one contact", ", binds: {fields: [crm.email]}"),
        says("a customer's id never changes and is never used again", ""),
        says("the list keeps its order while it is paged", ""),
        says("names are shown as they were given", ", binds: {fields: [shop.name, shop.tags]}"),
        says("access tokens carry a scope", ", binds: {systems: [crm]}"),
        says("amounts are in minor units", ""),
        says("the moon is full", ""),
    ]
    .concat();
    insta::assert_snapshot!(page);
}

#[test]
fn what_a_topic_names_exists() {
    let drills: Vec<&str> = platform_integration::lab::drills::ALL.iter().map(|d| d.code()).collect();
    let runbook = include_str!("../../resources/templates/scaffold/RUNBOOK.md.j2");
    for topic in &TOPICS {
        assert!(topic.drills.iter().all(|d| drills.contains(d)), "{}: {:?}", topic.code, topic.drills);
        assert!(runbook.contains(&format!("| {} |", topic.watch)), "{}: {}", topic.code, topic.watch);
        assert!(topic.says.iter().all(|s| *s == s.to_lowercase()), "{}", topic.code);
    }
}

#[test]
fn an_unconfirmed_constraint_warns_until_a_person_has_settled_it() {
    let text = std::fs::read_to_string(fixture("inferred-unconfirmed")).expect("readable");
    let worst = |confirmed: Option<&dyn Fn(&str) -> bool>| findings_in(&text, confirmed).first().map(|f| f.severity);
    assert_eq!(worst(None), Some(Severity::Warning));
    // A warning here too: drilling is safe, and the gate before Connect is what waits for the person.
    assert_eq!(worst(Some(&|_| false)), Some(Severity::Warning));
    assert_eq!(worst(Some(&|id| id == "ids-stable")), None);
}

#[test]
fn a_secret_is_never_repeated_in_its_finding() {
    for found in [
        findings("secret-as-value"),
        findings("secret-in-const"),
        with("env:SHOP_TOKEN", "hunter2hunter2"),
        with("api: shop.yaml", "api: shop.yaml\n    base_url: https://me:hunter2@shop.example"),
        with("why: Keep", "why: Bearer hunter2hunter2 Keep"),
    ] {
        assert!(!found.is_empty());
        let text = shown(&found);
        assert!(!text.contains("hunter2") && !text.contains("4242"), "{text}");
        assert!(text.contains("secret"), "{text}");
    }
}

#[test]
fn ways_to_make_a_write_repeatable_are_taken() {
    let text = std::fs::read_to_string(fixture("retried-write-without-idempotency")).expect("readable");
    for (from, to) in [
        ("create: createNote", "create: {operation: createNote, accept_duplicates: {by: Ada, because: harmless}}"),
        ("rate: 90/10s", "rate: 90/10s\n      retry: {attempts: 1}"),
    ] {
        assert_eq!(shown(&findings_in(&text.replace(from, to), None)), "");
    }
}

#[test]
fn an_idempotency_key_that_is_the_same_for_every_record_is_none() {
    let keyed = "upsert: {match: email, find: searchContacts, create: createContact, update: updateContact, idempotency: {header: Idempotency-Key}}\n      params: {idempotency-key: one}";
    let found =
        with("upsert: {match: email, find: searchContacts, create: createContact, update: updateContact}", keyed);
    assert!(shown(&found).contains("one value for every record"), "{}", shown(&found));
}

#[test]
fn a_put_that_is_no_put_is_not_idempotent() {
    let upsert = "upsert: {match: email, find: searchContacts, create: createContact, update: updateContact}";
    let base = std::fs::read_to_string(fixture("none")).expect("readable");
    let text = base.replace(upsert, "put: {operation: updateContact, key: email}").replace("[read, write]", "[write]");
    let found = findings_in(&text, None);
    insta::assert_snapshot!(shown(&found), @r"
    21:24 error retried-write-without-idempotency: updateContact is PATCH, which is not idempotent, and is tried up to 5 times
        fix: use an operation with PUT, or upsert
    ");
}

/// The fixture of the lab whose target reads and deletes one guest, changed.
fn guests(edits: &[(&str, &str)]) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lab/search");
    let text = std::fs::read_to_string(dir.join("integration.yaml")).expect("readable");
    let (contract, findings) = contract::parse(&text, "integration.yaml");
    assert_eq!(shown(&findings), "");
    let contract = contract.expect("whole");
    let read = |api: &str| {
        let mut text = std::fs::read_to_string(dir.join(api)).expect(api);
        for (from, to) in edits.iter().filter(|_| api == "roll.yaml") {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        platform_integration::readers::read_bytes(text.as_bytes(), api).system.expect("a system")
    };
    let owned: BTreeMap<String, System> = contract.systems.iter().map(|(n, s)| (n.clone(), read(&s.api))).collect();
    let systems = owned.iter().map(|(n, s)| (n.clone(), s)).collect();
    let mappings =
        contract.flows.iter().map(|(n, f)| (n.clone(), mapping::compile(&f.map, "integration.yaml").0)).collect();
    let mut found = checks::run(&Subject {
        contract: &contract,
        systems: &systems,
        mappings: &mappings,
        confirmed: Some(&|_| true),
        text: &text,
    });
    found.retain(|f| f.code != "assumption-unstated");
    shown(&found)
}

#[test]
fn what_a_rollback_leaves_is_told_at_the_write_in_the_words_of_the_rollback() {
    assert_eq!(guests(&[]), "", "one guest can be read and deleted");
    let gone = [("    delete:\n      operationId: deleteGuest", "    put:\n      operationId: replaceGuest")];
    insta::assert_snapshot!(guests(&gone));
}

#[test]
fn flows_to_one_system_share_its_limit() {
    let base = std::fs::read_to_string(fixture("none")).expect("readable");
    let (head, flow) = base.split_once("flows:\n").expect("flows");
    let second = flow.replace("  contacts:\n", "  again:\n").replace("90/10s", "20/10s");
    let second = second
        .replace("listCustomers", "listGuessed")
        .replace("      incremental: {field: updated_at, param: \"updated[gte]\"}\n", "");
    let found = findings_in(&format!("{head}flows:\n{flow}{second}"), None);
    insta::assert_snapshot!(shown(&found), @r"
    41:13 error rate-above-limit: 2 flows to crm together are above the limit: createContact allows 100 in 10s
        fix: stay below 100/10s, over all flows to crm
    ");
}

/// Parse, compile and check a contract of `examples/` against its real descriptions, changed in some places.
pub(crate) fn example(name: &str, edits: &[(&str, &str)]) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let mut text = std::fs::read_to_string(dir.join("integration.yaml")).expect("readable");
    for (from, to) in edits {
        assert!(text.contains(from), "{name}: {from}");
        text = text.replacen(from, to, 1);
    }
    let (contract, mut findings) = contract::parse(&text, "integration.yaml");
    let contract = contract.expect("a whole contract");
    let read = |api: &str| {
        let bytes = std::fs::read(dir.join(api)).expect(api);
        std::sync::Arc::new(platform_integration::readers::read_bytes(&bytes, api).system.expect("a system"))
    };
    let owned: BTreeMap<String, std::sync::Arc<System>> =
        contract.systems.iter().map(|(n, s)| (n.clone(), contract::declared(&read(&s.api), s))).collect();
    let systems = owned.iter().map(|(n, s)| (n.clone(), s.as_ref())).collect();
    let mut mappings = BTreeMap::new();
    for (name, flow) in &contract.flows {
        let (mapping, found) = mapping::compile(&flow.map, "integration.yaml");
        findings.extend(found);
        mappings.insert(name.clone(), mapping);
    }
    let subject = Subject {
        contract: &contract,
        systems: &systems,
        mappings: &mappings,
        // What is inferred waits for nobody; that it is stated at all is checked.
        confirmed: Some(&|id| contract.constraints.iter().any(|c| c.id.value == id)),
        text: &text,
    };
    findings.extend(checks::run(&subject));
    shown(&findings)
}

/// What the flows of an example would be asked about, were nothing written down.
fn assumed(name: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let text = std::fs::read_to_string(dir.join("integration.yaml")).expect("readable");
    let (contract, _) = contract::parse(&text, "integration.yaml");
    let mut contract = contract.expect("a whole contract");
    contract.constraints.clear();
    let read = |api: &str| {
        let bytes = std::fs::read(dir.join(api)).expect(api);
        platform_integration::readers::read_bytes(&bytes, api).system.expect("a system")
    };
    let owned: BTreeMap<String, System> = contract.systems.iter().map(|(n, s)| (n.clone(), read(&s.api))).collect();
    let systems = owned.iter().map(|(n, s)| (n.clone(), s)).collect();
    let all = assumptions(&contract, &systems);
    assert!(all.len() <= MOST);
    all.iter()
        .map(|a| {
            let fact = if a.inferred_fact { "inferred" } else { "assumed" };
            format!(
                "{} ({}, {fact}; {} {:?} {:?})\n  {}\n  if wrong: {}\n  from {:?}\n",
                a.id, a.topic, a.system, a.flows, a.fields, a.says, a.if_wrong, a.from
            )
        })
        .collect()
}

#[test]
fn what_the_flows_rely_on_is_few_things_and_the_worst_first() {
    insta::assert_snapshot!(assumed("billing-to-crm") + "----\n" + &assumed("payments-to-ledger"));
}

#[test]
fn the_examples_pass() {
    let names = [
        "billing-to-crm",
        "erp-to-shop",
        "issues-to-tickets",
        "payments-to-ledger",
        "people-to-badges",
        "stock-to-market",
        "tills-to-books",
    ];
    // Nothing to mend; what their targets do not let anybody take back is told.
    let page: String = names.iter().map(|name| format!("# {name}\n{}", example(name, &[]))).collect();
    insta::assert_snapshot!(page);
}

#[test]
fn what_could_not_be_read_is_not_checked() {
    let text = std::fs::read_to_string(fixture("none")).expect("readable");
    let (contract, _) = contract::parse(&text, "x");
    let contract = contract.expect("whole");
    let (systems, mappings) = (BTreeMap::new(), BTreeMap::new());
    let subject = Subject { contract: &contract, systems: &systems, mappings: &mappings, confirmed: None, text: &text };
    assert_eq!(checks::run(&subject), []);
}
