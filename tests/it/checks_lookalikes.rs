//! The checks room on contracts as people write them: what is planted is found at its line, and what only looks wrong is left
//! alone.

use platform_integration::finding::Finding;

use crate::checks::{example, findings_in, fixture};
use crate::contract::shown;

/// The clean contract between the systems of `checks-systems`, changed, with every inferred constraint confirmed.
pub(crate) fn people_with(edits: &[(&str, &str)]) -> Vec<Finding> {
    let mut text = std::fs::read_to_string(fixture("none-people")).expect("readable");
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    findings_in(&text, Some(&|_| true))
}

const CHANGES: &str = "incremental: {field: updated_at, param: updated_since}";
const WRITE: &str = "upsert: {match: email, find: findCards, create: createCard, update: updateCard}";
const HR: &str = "    api: hr.openapi.yaml\n";
const DESK: &str = "    api: desk.openapi.yaml\n";
const FLOWS: &str = "flows:\n";

#[test]
fn what_only_looks_wrong_is_left_alone() {
    let settled = "constraints:\n  - {id: x, kind: inferred, says: \"a person never changes once hired\"}\nflows:\n";
    let unique = "constraints:\n  - {id: x, kind: inferred, says: \"title is unique in desk\"}\nflows:\n";
    let stays =
        "constraints:\n  - {id: x, kind: soft, says: \"what is deleted in hr need not be deleted in desk\"}\nflows:\n";
    let slug = "constraints:\n  - {id: x, kind: inferred, says: \"the email of a person never changes\", binds: {fields: [hr.email]}}\nflows:\n";
    let members: [(&str, &str); 4] = [
        ("operation: listPeople", "operation: listMembers"),
        (CHANGES, "deletes: ignore"),
        ("      title: name\n", ""),
        ("unmapped: [id, status, active, number, iban, seen_at, updated_at, created_at]", "unmapped: [id, deleted]"),
    ];
    let member = |last: (&'static str, &'static str)| [&members[..], &[last]].concat();
    let hook = "webhook: {event: personChanged, path: /hooks/hr, version: updated_at, verify: {scheme: standard-webhooks, \
                secret: env:HR_HOOK, tolerance: 5m}}\n      deletes: ignore";
    let again = "flows:\n  names:\n    source: {system: hr, operation: listPeople, key: id, params: {origin: uk}}\n    target:\n      \
                 system: desk\n      upsert: {match: email, find: findCards, create: createCard, update: updateCard}\n    map: \
                 {email: {from: email, with: [lower]}, handle: id}\n    unmapped: [number, name, status, active, iban, \
                 seen_at, updated_at, created_at]\n    delivery: {rate: 1/1s}\n";
    let both: [Vec<(&str, &str)>; 36] = [
        // Nothing shares a number that counts up.
        vec![(CHANGES, "incremental: {field: number, param: number_gt}")],
        vec![(CHANGES, "incremental: {field: updated_at, param: \"updated[gte]\"}")],
        vec![(CHANGES, "incremental: {field: created_at, param: created_since}"), (FLOWS, settled)],
        // What is created once in the target has one form there.
        vec![
            (CHANGES, "incremental: {field: created_at, param: created_since}"),
            (WRITE, "create: {operation: createCard, idempotency: {header: Idempotency-Key}}"),
        ],
        vec![("key: id", "key: number")],
        vec![("key: id", "key: email"), (FLOWS, slug)],
        vec![
            ("match: email", "match: title"),
            (FLOWS, unique),
            ("title: name", "title: id"),
            ("unmapped: [id, ", "unmapped: [name, "),
        ],
        vec![
            ("match: email", "match: handle"),
            ("title: name", "title: name\n      handle: id"),
            ("[id, status", "[status"),
        ],
        vec![(CHANGES, "params: {sort: updated_at}\n      incremental: {field: updated_at, param: updated_since}")],
        vec![(CHANGES, "params: {sort: -updated_at}\n      incremental: {field: updated_at, param: updated_since}")],
        vec![("operation: listPeople", "operation: listPeopleByName"), (CHANGES, "deletes: ignore")],
        member((FLOWS, stays)),
        vec![("      operation: listPeople\n", ""), (CHANGES, hook)],
        vec![
            (HR, "    api: hr.openapi.yaml\n    base_url: https://sandbox.hr.example\n"),
            (DESK, "    api: desk.openapi.yaml\n    base_url: https://staging.desk.example\n"),
        ],
        vec![
            (HR, "    api: hr.openapi.yaml\n    base_url: http://127.0.0.1:8080\n"),
            (DESK, "    api: desk.openapi.yaml\n    base_url: http://localhost:9090\n"),
        ],
        vec![("env:HR_TOKEN", "env:HR_TEST_TOKEN"), ("env:DESK_SECRET", "env:DESK_TEST_SECRET")],
        vec![
            ("env:HR_TOKEN", "env:HR_LATEST_TOKEN"),
            (HR, "    api: hr.openapi.yaml\n    base_url: https://contest.hr.example\n"),
        ],
        vec![
            (HR, "    api: hr.openapi.yaml\n    base_url: https://eu.hr.example\n"),
            (DESK, "    api: desk.openapi.yaml\n    base_url: https://eu-central-1.desk.example\n"),
        ],
        vec![
            (HR, "    api: hr.openapi.yaml\n    base_url: https://api.hr.example/eu\n"),
            (DESK, "    api: desk.openapi.yaml\n    base_url: https://us.desk.example\n"),
        ],
        vec![
            ("title: name", "title: name\n      note: {from: iban, with: [{pseudonym: {key: env:PSEUDONYM_KEY}}]}"),
            ("number, iban,", "number,"),
        ],
        vec![("title: name", "title: name\n      note: {from: iban, with: [{mask: 4}]}"), ("number, iban,", "number,")],
        vec![("title: name", "title: name\n      note: {from: status, with: [sha256]}"), ("[id, status", "[id")],
        vec![("title: name", "title: name\n      note: status"), ("[id, status", "[id")],
        vec![("rate: 5/1s", "rate: 5/1s\n      retry: {attempts: 1, honor_retry_after: false}")],
        vec![("rate: 5/1s", "rate: 5/1s\n      retry: {jitter: none}\n      order: total")],
        vec![("rate: 5/1s", "rate: 5/1s\n    slo: {freshness: 5m}"), ("key: id", "every: 5m\n      key: id")],
        vec![("key: id", "key: id\n      paginate: {style: cursor, limit: 100}")],
        vec![("key: id", "key: id\n      paginate: {style: cursor, param: cursor, next: next_cursor}")],
        vec![("key: id", "key: id\n      params: {limit: 100}")],
        vec![
            (WRITE, "put: {operation: putCard, key: handle}"),
            ("title: name", "title: name\n      handle: id"),
            ("[id, status", "[status"),
        ],
        vec![
            (WRITE, "create: {operation: createCard, idempotency: {header: Idempotency-Key}}"),
            ("rate: 5/1s", "rate: 5/1s\n      retry: {attempts: 12}"),
        ],
        // The same list in two flows, each with a part or with fields of its own.
        vec![(FLOWS, again)],
        vec![(FLOWS, &*again.replace(", params: {origin: uk}", "").leak())],
        vec![("with: [trim, lower]", "with: [lower]")],
        vec![("key: id", "every: 1s\n      key: id")],
        vec![(DESK, "    api: desk.openapi.yaml\n    base_url: https://api.desk.example\n")],
    ];
    let mut page = String::new();
    for edits in &both {
        let found = shown(&people_with(edits));
        if !found.is_empty() {
            page.push_str(&format!("{edits:?}\n{found}"));
        }
    }
    assert_eq!(page, "");
}

#[test]
fn what_is_planted_in_an_example_is_found_where_it_stands() {
    let billing = "billing-to-crm";
    let planted: [(&str, &str, &str); 40] = [
        (billing, "key: id\n", "key: email\n"),
        (billing, "key: id\n", "key: status\n"),
        (billing, "param: \"updated[gte]\"", "param: \"updated[gt]\""),
        (billing, "incremental: {field: updated_at", "incremental: {field: created_at"),
        (billing, "deletes: ignore", "deletes: tombstone"),
        (billing, "match: email", "match: last_name"),
        (billing, "match: email", "match: stage"),
        (billing, "email: {from: email, with: [trim, lower]}", "email: email"),
        (billing, "email: {from: email, with: [trim, lower]}", "email: {from: email, with: [lower, {truncate: 20}]}"),
        (billing, "scopes: [contacts.read, contacts.write]", "scopes: [contacts.read]"),
        (billing, "scopes: [contacts.read, contacts.write]", "scopes: [contacts.write]"),
        (billing, "scopes: [contacts.read, contacts.write]", "scopes: [contacts.read, contacts.write, admin]"),
        (billing, "rate: 90/10s", "rate: 900/10s"),
        (billing, "      rate: 90/10s ", "      # "),
        (billing, "every: 60s", "every: 1h"),
        (billing, "attempts: 8", "attempts: 20"),
        (billing, "jitter: full, honor_retry_after: true", "jitter: none, honor_retry_after: false"),
        (
            billing,
            "    api: apis/crm.openapi.json\n",
            "    api: apis/crm.openapi.json\n    base_url: https://sandbox.crm.example\n",
        ),
        (
            billing,
            "    api: apis/crm.openapi.json\n",
            "    api: apis/crm.openapi.json\n    base_url: http://localhost:8080\n",
        ),
        (billing, "env:BILLING_TOKEN", "env:BILLING_TEST_TOKEN"),
        (billing, "env:CRM_CLIENT_SECRET", "env:CRM_SANDBOX_SECRET"),
        (billing, "env:BILLING_TOKEN", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        (billing, "paginate: auto ", "paginate: {style: cursor, limit: 5000} #"),
        (billing, "paginate: auto ", "paginate: {style: cursor, param: cursor, next: nothing} #"),
        ("payments-to-ledger", ", idempotency: {header: Idempotency-Key}", ""),
        ("payments-to-ledger", "attempts: 10, base: 1s, cap: 2m", "attempts: 100, base: 1m, cap: 30m"),
        (
            "payments-to-ledger",
            "memo: {from: description, with: [trim, {truncate: 140}], default",
            "memo: {from: customer, default",
        ),
        ("payments-to-ledger", "scheme: apiKey", "scheme: apikey"),
        ("payments-to-ledger", "rate: 15/1s", "rate: 1500/1m"),
        (
            "tills-to-books",
            "        verify: {scheme: standard-webhooks, secret: env:TILLPOINT_HOOK, tolerance: 5m}\n",
            "",
        ),
        ("tills-to-books", ", tolerance: 5m", ""),
        ("tills-to-books", "attempts: 8, base: 1s, cap: 1m", "attempts: 50, base: 1h, cap: 1d"),
        ("tills-to-books", "key: id\n", "key: booked_at\n"),
        ("erp-to-shop", "key: sku}", "key: title}"),
        ("erp-to-shop", "deletes: ignore", "deletes: sweep"),
        (
            "issues-to-tickets",
            "external_ref: {from: id, with: [to_string]}",
            "external_ref: {from: title, with: [{truncate: 40}]}",
        ),
        ("people-to-badges", "employee_ref: id", "employee_ref: fullName"),
        ("people-to-badges", "filter.updatedSince", "filter.updatedAfter"),
        ("stock-to-market", "rate: 8/10s", "rate: 80/10s"),
        ("stock-to-market", "key: sku,", "key: grade,"),
    ];
    let mut page = String::new();
    for (name, from, to) in planted {
        let found = example(name, &[(from, to)]);
        let short: String = found.lines().filter(|l| !l.starts_with("    fix")).map(|l| format!("    {l}\n")).collect();
        page.push_str(&format!("{name}: {} -> {}\n{short}", from.trim(), to.trim()));
    }
    insta::assert_snapshot!(page);
}
