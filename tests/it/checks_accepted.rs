//! `accepted`: what a contract may take as it is, and what nobody may.

use std::collections::BTreeMap;

use platform_integration::checks::{self, Risk, Subject};
use platform_integration::finding::{Finding, Location};
use platform_integration::{contract, mapping};

use crate::checks::{described, fixture};
use crate::contract::shown;

/// What is found in the contract of one check with entries of `accepted` at its end, and the risks that are taken.
fn taken(code: &str, entries: &str, before: Vec<Finding>) -> (Vec<Finding>, Vec<Risk>) {
    let text = std::fs::read_to_string(fixture(code)).expect(code) + "accepted:\n" + entries;
    let (contract, complaints) = contract::parse(&text, "integration.yaml");
    assert_eq!(shown(&complaints), "");
    let contract = contract.expect("whole");
    let owned: BTreeMap<_, _> = contract.systems.iter().map(|(n, s)| (n.clone(), described(n, &s.api))).collect();
    let systems = owned.iter().map(|(n, s)| (n.clone(), s)).collect();
    let compiled = |flow: &contract::Flow| mapping::compile(&flow.map, "integration.yaml").0;
    let mappings = contract.flows.iter().map(|(n, f)| (n.clone(), compiled(f))).collect();
    let confirmed = |_: &str| true;
    let subject = Subject {
        contract: &contract,
        systems: &systems,
        mappings: &mappings,
        confirmed: Some(&confirmed),
        text: &text,
    };
    let mut findings = before;
    let risks = checks::run_over(&subject, &mut findings);
    findings.retain(|f| !crate::checks::OF_ALL.contains(&f.code));
    (findings, risks)
}

fn entry(code: &str, at: &str) -> String {
    format!("  - {{code: {code}, at: {at}, because: it was looked at, by: Ada}}\n")
}

fn page(code: &str, entries: &str) -> String {
    let (findings, risks) = taken(code, entries, Vec::new());
    let risks = risks.iter().map(|r| {
        format!(
            "risk {} at {} of {:?} {:?}, waits as {:?}\n     {}\n",
            r.code,
            r.place,
            r.flow,
            r.system,
            r.waits_as(),
            r.says()
        )
    });
    format!("# {entries}{}{}", shown(&findings), risks.collect::<String>())
}

#[test]
fn what_is_accepted_stays_as_a_note_and_an_error_waits_for_a_person() {
    insta::assert_snapshot!(
        [
            page("sensitive-into-free-text", &entry("sensitive-into-free-text", "flows.cards.map.note")),
            page("sensitive-into-free-text", &entry("sensitive-into-free-text", "cards")),
            page("sandbox-base-url", &entry("sandbox-base-url", "desk")),
            page("page-size-above-limit", &entry("page-size-above-limit", "flows.cards.source.paginate")),
            page("incremental-boundary-exclusive", &entry("incremental-boundary-exclusive", "flows.cards.source")),
        ]
        .concat()
    );
}

#[test]
fn what_an_entry_does_not_cover_stays_and_the_entry_is_reported() {
    insta::assert_snapshot!(
        [
            page("sensitive-into-free-text", &entry("sensitive-into-free-text", "flows.cards.map.title")),
            page("sensitive-into-free-text", &entry("sensitive-into-free-text", "flows.cards.map.not")),
            page("sensitive-into-free-text", &entry("sensitive-in-free-text", "cards")),
            page("sandbox-base-url", &entry("sandbox-base-url", "hr")),
        ]
        .concat()
    );
}

#[test]
fn laws_are_not_for_anybody_to_take() {
    for (code, at) in [
        ("secret-as-value", "systems.shop"),
        ("secret-in-const", "contacts"),
        ("retried-write-without-idempotency", "notes"),
        ("unknown-operation", "contacts"),
        ("cursor-without-end", "contacts"),
        ("missing-required-parameter", "contacts"),
        ("auth-missing", "shop"),
        ("webhook-unsigned", "contacts"),
        ("inferred-unconfirmed", "constraints"),
        ("retry-outlives-key", "cards"),
    ] {
        let (plain, _) = taken(code, "  []\n", Vec::new());
        let (found, risks) = taken(code, &entry(code, at), Vec::new());
        assert_eq!(risks, [], "{code}");
        let own = |all: &[Finding]| shown(&all.iter().filter(|f| f.code == code).cloned().collect::<Vec<_>>());
        assert_eq!(own(&found), own(&plain), "{code}");
        assert!(found.iter().any(|f| f.code == "cannot-be-accepted"), "{code}");
    }
}

#[test]
fn what_others_found_in_the_contract_can_be_accepted_too_and_what_lies_elsewhere_cannot() {
    let at = platform_integration::base::yaml::Span { line: 23, column: 14 };
    let here = || Finding::warning("sample-does-not-fit", Location::at("integration.yaml", at), "a record shows it");
    let there = || Finding::warning("sample-does-not-fit", Location::at("other.yaml", at), "a record shows it");
    let (found, risks) =
        taken("none-people", &entry("sample-does-not-fit", "flows.cards.map.email"), vec![here(), there()]);
    assert_eq!(risks.len(), 1);
    let told: Vec<_> = found.iter().map(|f| (f.severity.as_str(), f.location.file.as_str())).collect();
    assert_eq!(told, [("note", "integration.yaml"), ("warning", "other.yaml")]);
}

#[test]
fn an_entry_without_reason_or_name_covers_nothing() {
    let base = std::fs::read_to_string(fixture("none-people")).expect("readable");
    let complaints = |tail: &str| {
        let (contract, findings) = contract::parse(&format!("{base}accepted: {tail}\n"), "integration.yaml");
        assert!(contract.is_none_or(|c| c.accepted.len() <= 1), "{tail}");
        format!("# {tail}\n{}", shown(&findings))
    };
    insta::assert_snapshot!(
        [
            complaints("[{code: rate-unset, at: cards, by: Ada}]"),
            complaints("[{code: rate-unset, at: cards, because: \"\", by: Ada}]"),
            complaints("[{code: rate-unset, at: cards, because: x}]"),
            complaints("[{code: Rate Unset, at: cards, because: x, by: Ada}]"),
            complaints("{code: rate-unset}"),
            complaints("[{code: a-b, at: c, because: x, by: y}, {code: a-b, at: c, because: z, by: y, until: 2027}]"),
        ]
        .concat()
    );
}
