//! The contract room: what parses, what is complained about and where.

use platform_integration::contract::{self, Contract, Paginate, Write};
use platform_integration::finding::Finding;
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../examples/billing-to-crm/integration.yaml");
const SCHEMA: &str = "resources/schemas/integration.schema.json";

fn root(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Findings as people read them, one a line.
pub(crate) fn shown(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|f| format!("{} {} {}: {}\n    fix: {}\n", f.location.at, f.severity.as_str(), f.code, f.message, f.fix))
        .collect()
}

fn whole(text: &str) -> Contract {
    let (contract, findings) = contract::parse(text, "dir/integration.yaml");
    assert_eq!(shown(&findings), "");
    contract.expect("a whole contract")
}

/// The example with one text replaced, which must be there.
fn example_with(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "{from}");
    EXAMPLE.replacen(from, to, 1)
}

fn complaints(text: &str) -> String {
    shown(&contract::parse(text, "integration.yaml").1)
}

#[test]
fn the_example_is_read_whole() {
    let c = whole(EXAMPLE);
    assert_eq!(
        (c.name.as_str(), c.owner.as_str(), c.dir.to_str()),
        ("billing-to-crm", "revenue-platform", Some("dir"))
    );
    assert_eq!(c.systems.keys().collect::<Vec<_>>(), ["billing", "crm"]);
    assert_eq!(c.systems["crm"].auth.as_ref().expect("auth").scopes.len(), 2);
    assert_eq!(c.constraints.len(), 8);
    let f = &c.flows["contacts"];
    assert_eq!((f.source.every_ms, &f.source.paginate), (Some(60_000), &Paginate::Auto));
    assert!(matches!(&f.target.write, Write::Upsert { matching, .. } if matching.value == "email"));
    assert_eq!(f.map.len(), 8);
    assert_eq!(f.unmapped.len(), 5);
    let d = &f.delivery;
    assert_eq!((d.retry.attempts, d.retry.cap_ms, d.timeout_ms, d.alert_at), (8, 60_000, 10_000, 1));
    assert_eq!(d.rate.as_ref().map(|r| (r.requests, r.window_ms, r.at.line)), Some((90, 10_000, 85)));
    assert_eq!(f.slo.and_then(|s| s.success), Some(99.9));
}

#[test]
fn every_structural_error_is_said_with_its_place() {
    insta::assert_snapshot!(complaints(include_str!("../fixtures/contract/many-errors.yaml")));
}

#[test]
fn what_this_release_does_not_run_is_said() {
    insta::assert_snapshot!(complaints(include_str!("../fixtures/contract/not-in-this-release.yaml")));
}

#[test]
fn what_is_wrong_with_a_webhook_is_said() {
    insta::assert_snapshot!(complaints(include_str!("../fixtures/contract/webhooks.yaml")));
}

#[test]
fn all_ways_to_write_are_read() {
    let c = whole(include_str!("../fixtures/contract/all-writes.yaml"));
    insta::assert_snapshot!(c.flows.values().map(|f| format!("{:#?}\n", f.target.write)).collect::<String>());
}

#[test]
fn one_broken_flow_does_not_hide_another() {
    let text = example_with("operation: listCustomers", "oparation: listCustomers")
        .replace("attempts: 8", "attempts: none")
        .replace("owner: revenue-platform", "owner: 7");
    insta::assert_snapshot!(complaints(&text), @r#"
    7:8 error wrong-type: owner must be text, is a number
        fix: put it in quotes
    57:7 error missing-key: flows.contacts.source lacks operation or webhook
        fix: add operation: operationId or "METHOD /path" of a list or search
    58:7 error unknown-key: flows.contacts.source has no key "oparation"
        fix: did you mean "operation"? accepted keys: system, operation, file, every, key, paginate, incremental, feed, deletes, params, webhook
    83:25 error wrong-type: flows.contacts.delivery.retry.attempts must be a whole number from 1 to 100, is text
        fix: write a whole number from 1 to 100
    "#);
    assert!(contract::parse(&text, "x").0.is_none());
}

#[test]
fn text_that_is_no_yaml_is_unreadable() {
    for (text, because) in [
        ("", "empty"),
        ("a: [", "expected"),
        ("\u{0}\u{1}PNG", ""),
        ("a: &a [*a]", "alias"),
        (&"[".repeat(40), "nested deeper than 32"),
        (&"[".repeat(100_000), "recursion limit"),
        (&"x".repeat(5 << 20), "larger than 4 MiB"),
    ] {
        let (contract, findings) = contract::parse(text, "x");
        assert!(contract.is_none());
        let first = findings.first().expect("one finding");
        if first.code == "unreadable" {
            assert!(first.message.contains(because), "{}", first.message);
        } else {
            assert_eq!(first.code, "wrong-type", "{first:?}");
        }
    }
}

#[test]
fn a_second_document_is_not_lost_silently() {
    let text = format!("---\n{EXAMPLE}\n---\nname: other\n");
    insta::assert_snapshot!(complaints(&text), @r"
    93:1 error second-document: a second YAML document is not read
        fix: put each contract into a file of its own
    ");
}

#[test]
fn the_schema_for_editors_is_the_one_checked_in() {
    let fresh = format!("{}\n", serde_json::to_string_pretty(&contract::json_schema()).expect("json"));
    let path = root(SCHEMA);
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &fresh).expect("writable");
    }
    let kept = std::fs::read_to_string(&path).expect("checked in");
    assert!(kept == fresh, "{SCHEMA} is stale: run UPDATE_SCHEMAS=1 cargo test --test it contract::");
}

#[test]
fn the_schema_agrees_with_the_parser() {
    let schema = jsonschema::validator_for(&contract::json_schema()).expect("a valid schema");
    let fits = |text: &str| {
        let tree = platform_integration::base::yaml::parse(text, Default::default()).expect("yaml");
        // Through text: the validator's own numbers, not those of arbitrary precision.
        schema.is_valid(&tree.into_value())
    };
    let examples = walk(&root("examples"));
    assert!(examples.len() >= 2);
    for path in examples {
        let text = std::fs::read_to_string(&path).expect("readable");
        let (_, findings) = contract::parse(&text, "x");
        assert_eq!(findings.is_empty(), fits(&text), "{}: {}", path.display(), shown(&findings));
    }
    assert!(fits(include_str!("../fixtures/contract/all-writes.yaml")));
    for broken in [
        example_with("every: 60s", "every: 60"),
        example_with("rate: 90/10s", "rate: 90"),
        example_with("why:", "wy:"),
        example_with("order: per-key", "order: sometimes"),
        example_with("scheme: bearerAuth, ", ""),
        example_with("upsert: {", "insert: {"),
        example_with("drift: quarantine", "drift: ignore"),
    ] {
        assert!(!fits(&broken));
        assert_ne!(complaints(&broken), "");
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(dir)
        .expect("a directory")
        .map(|e| e.expect("an entry").path().join("integration.yaml"))
        .filter(|p| p.is_file())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cut, doubled and spliced text never panics, and every finding has a place inside the text.
    #[test]
    fn mutated_text_never_panics(
        cuts in prop::collection::vec((0usize..4000, 0usize..60, "[ -~\\n\u{e9}\u{1f600}]{0,8}"), 1..5)
    ) {
        let mut text = EXAMPLE.to_owned();
        for (at, length, insert) in cuts {
            let chars: Vec<char> = text.chars().collect();
            let at = at.min(chars.len());
            let end = (at + length).min(chars.len());
            text = chars[..at].iter().collect::<String>() + &insert + &chars[end..].iter().collect::<String>();
        }
        let (_, findings) = contract::parse(&text, "x");
        let lines = text.lines().count() + 1;
        for f in findings {
            prop_assert!(f.location.at.line >= 1 && f.location.at.line as usize <= lines, "{f:?}");
            prop_assert!(!f.message.is_empty());
        }
    }
}
