//! `check` at a terminal: `--fix` makes the changes that leave nothing to decide, `--samples` tries real records and keeps none,
//! and what a contract accepts stays visible to the end.

use std::path::Path;

use serde_json::Value;

use crate::cli::{json, run, stderr, stdout, workspace};

const CONTRACT: &str = "examples/billing-to-crm/integration.yaml";

/// Changes the contract of a workspace.
fn edit(dir: &Path, changes: &[(&str, &str)]) -> String {
    let file = dir.join(CONTRACT);
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    std::fs::write(&file, &text).unwrap();
    text
}

#[test]
fn fix_makes_every_change_that_leaves_nothing_to_decide_and_no_other() {
    let dir = workspace("billing-to-crm");
    let broken = edit(
        dir.path(),
        &[
            ("      currency: currency\n", "      currency: curency\n"),
            ("honor_retry_after: true", "honor_retry_after: false"),
            ("jitter: full", "jitter: none"),
            ("rate: 90/10s", "rate: 500/10s"),
            ("operation: listCustomers", "operation: listCustomer"),
            ("active: customer,", "activ: customer,"),
        ],
    );
    let fixed = run(dir.path(), &["check", CONTRACT, "--fix"]);
    let mended = std::fs::read_to_string(dir.path().join(CONTRACT)).unwrap();
    let changed: Vec<String> = broken
        .lines()
        .zip(mended.lines())
        .filter(|(was, is)| was != is)
        .map(|(was, is)| format!("- {}\n+ {}", was.trim(), is.trim()))
        .collect();
    assert_eq!(broken.lines().count(), mended.lines().count());
    insta::assert_snapshot!(format!("{}\n\n{}", changed.join("\n"), stdout(&fixed)));
    // Nothing is left to change: a second time changes nothing.
    run(dir.path(), &["check", CONTRACT, "--fix"]);
    assert_eq!(std::fs::read_to_string(dir.path().join(CONTRACT)).unwrap(), mended);
}

#[test]
fn fix_leaves_what_its_change_would_not_mend() {
    let dir = workspace("billing-to-crm");
    // Inside quotes the mapping that `narrowing` proposes would be a text.
    let quoted = edit(dir.path(), &[("      external_id: id", "      external_id: \"balance\"")]);
    let fixed = run(dir.path(), &["check", CONTRACT, "--fix"]);
    assert!(stdout(&fixed).contains("error[narrowing]"), "{}", stdout(&fixed));
    assert_eq!(std::fs::read_to_string(dir.path().join(CONTRACT)).unwrap(), quoted);
}

#[test]
fn a_name_is_mended_although_more_is_found_behind_it() {
    let dir = workspace("billing-to-crm");
    // With the list unknown, nothing is known of its record: three names in the map are wrong, and no slips.
    let changes = [
        ("operation: listCustomers", "operation: listCustomer"),
        ("      currency: currency\n", "      currency: nowhere\n"),
        ("      external_id: id", "      external_id: nothing"),
        ("      email: {from: email,", "      email: {from: letterbox,"),
    ];
    edit(dir.path(), &changes);
    let fixed = run(dir.path(), &["check", CONTRACT, "--fix"]);
    let text = std::fs::read_to_string(dir.path().join(CONTRACT)).unwrap();
    assert!(text.contains("operation: listCustomers"), "{}", stdout(&fixed));
    assert_eq!(stdout(&fixed).matches("error[unknown-source-field]").count(), 3, "{}", stdout(&fixed));
}

#[cfg(unix)]
#[test]
fn fix_writes_what_a_link_leads_to_and_leaves_the_link() {
    let dir = workspace("billing-to-crm");
    edit(dir.path(), &[("jitter: full", "jitter: none")]);
    let link = dir.path().join("examples/billing-to-crm/link.yaml");
    std::os::unix::fs::symlink("integration.yaml", &link).unwrap();
    run(dir.path(), &["check", "examples/billing-to-crm/link.yaml", "--fix"]);
    assert!(std::fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert!(std::fs::read_to_string(dir.path().join(CONTRACT)).unwrap().contains("jitter: full"));
}

/// Customers as billing has them; the second has a state that no table knows, the third no name.
const CUSTOMERS: [&str; 3] = [
    r#"{"id": "cus_1", "email": "ada@mail.example", "name": "Ada Lovelace", "balance": 1050, "currency": "USD", "status": "active", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z"}"#,
    r#"{"id": "cus_2", "email": "bob@mail.example", "name": "Bob Byron", "balance": 0, "currency": "USD", "status": "hibernating", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z"}"#,
    r#"{"id": "cus_3", "email": "carla@mail.example", "name": null, "balance": 5, "currency": "USD", "status": "active", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z"}"#,
];

fn samples(dir: &Path) {
    std::fs::write(dir.join("customers.jsonl"), CUSTOMERS.join("\n")).unwrap();
}

#[test]
fn samples_are_tried_and_nothing_of_them_is_kept_or_shown() {
    let dir = workspace("billing-to-crm");
    samples(dir.path());
    let opened = json(&run(dir.path(), &["open", "billing-to-crm", "--format", "json"]));
    let session = opened["session"].as_str().unwrap();
    let tried = run(dir.path(), &["check", CONTRACT, "--samples", "customers.jsonl", "--session", session]);
    insta::assert_snapshot!(stdout(&tried).replace(session, "SESSION"));
    let store = std::fs::read(dir.path().join(".platform-integration/evidence.db")).unwrap();
    let kept = String::from_utf8_lossy(&store);
    for word in ["ada@", "Lovelace", "hibernating", "cus_1", "Byron"] {
        assert!(!stdout(&tried).contains(word) && !stderr(&tried).contains(word), "{word} is shown");
        assert!(!kept.contains(word), "{word} is kept");
    }
}

#[test]
fn what_samples_show_can_be_accepted_and_stands_in_the_dossier() {
    let dir = workspace("billing-to-crm");
    samples(dir.path());
    let check = |session: &str, more: &[&str]| {
        json(&run(dir.path(), &[&["check", CONTRACT, "--session", session, "--format", "json"], more].concat()))
    };
    let opened = json(&run(dir.path(), &["open", "billing-to-crm", "--format", "json"]));
    let session = opened["session"].as_str().unwrap();
    let of = |answer: &Value, code: &str| -> Vec<(String, String)> {
        let all = answer["findings"].as_array().unwrap().iter().filter(|f| f["code"] == code);
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        all.map(|f| (text(&f["severity"]), text(&f["message"]))).collect()
    };
    let before = check(session, &["--samples", "customers.jsonl"]);
    assert!(of(&before, "sample-rejected").iter().any(|(s, m)| s == "warning" && m.contains("stage")), "{before:#}");
    edit(
        dir.path(),
        &[(
            "\nflows:\n",
            "\naccepted:\n  - {code: sample-rejected, at: flows.contacts.map.stage, because: nobody sells to them, by: Mira Falk}\n\nflows:\n",
        )],
    );
    let after = check(session, &["--samples", "customers.jsonl"]);
    let found = of(&after, "sample-rejected");
    assert!(
        found.iter().any(|(s, m)| s == "note" && m.contains("accepted by Mira Falk: nobody sells to them")),
        "{found:#?}"
    );
    // Without samples there is nothing that the entry could cover, and that is no reproach.
    assert_eq!(of(&check(session, &[]), "accepted-nothing"), []);
}

#[test]
fn the_dossier_lists_what_the_contract_accepts_and_what_a_person_has_said_to_it() {
    let dir = workspace("billing-to-crm");
    edit(
        dir.path(),
        &[
            ("      balance: {from: balance, with: [{minor_to_major: currency}]}", "      balance: balance"),
            (
                "\nflows:\n",
                "\naccepted:\n  - {code: narrowing, at: flows.contacts.map.balance, because: the CRM takes numbers too, by: Mira Falk}\n\nflows:\n",
            ),
        ],
    );
    let opened = json(&run(dir.path(), &["open", "billing-to-crm", "--format", "json"]));
    let session = opened["session"].as_str().unwrap();
    run(dir.path(), &["check", CONTRACT, "--session", session]);
    let written = run(dir.path(), &["export", "--session", session]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let page = std::fs::read_to_string(dir.path().join("dossier/risk-rollback.md")).unwrap();
    let section = page.split_once("## Findings that the contract accepts\n").map(|(_, rest)| rest);
    let section = section.and_then(|rest| rest.split_once("\n## ")).map(|(s, _)| s.trim());
    insta::assert_snapshot!(section.unwrap_or("there is no such section"));
    let html = std::fs::read_to_string(dir.path().join("dossier/dossier.html")).unwrap();
    assert!(html.contains("Findings that the contract accepts") && html.contains("Mira Falk"));
}
