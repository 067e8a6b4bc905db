//! The checks room: what one fixture for each check does not show. Every reason is said in its own words, and what guards
//! against it is seen.

use crate::checks::findings_in;
use crate::checks_lookalikes::people_with;
use crate::contract::shown;

const CHANGES: &str = "incremental: {field: updated_at, param: updated_since}";
const WRITE: &str = "upsert: {match: email, find: findCards, create: createCard, update: updateCard}";
const HR: &str = "    api: hr.openapi.yaml\n";
const DESK: &str = "    api: desk.openapi.yaml\n";
const RATE: &str = "      rate: 5/1s\n";

/// One line for each finding of each edit, without fixes.
fn page(edits: &[&[(&str, &str)]]) -> String {
    let one = |edits: &&[(&str, &str)]| {
        let title: Vec<String> = edits.iter().map(|(_, to)| to.trim().replace('\n', " ")).collect();
        let found = shown(&people_with(edits));
        let lines = found.lines().filter(|l| !l.starts_with("    fix")).map(|l| format!("    {l}\n"));
        format!("{}\n{}", title.join(" | "), lines.collect::<String>())
    };
    edits.iter().map(one).collect()
}

#[test]
fn keys_and_natural_keys() {
    insta::assert_snapshot!(page(&[
        &[("key: id", "key: status")],
        &[("key: id", "key: created_at")],
        &[("key: id", "key: name")],
        &[("email: {from: email, with: [trim, lower]}", "email: {from: email, with: [trim, lower, {truncate: 30}]}")],
        &[("match: email", "match: handle"), ("title: name", "handle: name")],
        &[
            ("match: email", "match: handle"),
            ("title: name", "title: name\n      handle: status"),
            ("[id, status", "[id")
        ],
        &[
            ("match: email", "match: handle"),
            ("title: name", "title: name\n      handle: {from: id, values: {a: x, b: x}, else: keep}"),
            ("[id, status", "[status"),
        ],
    ]));
}

#[test]
fn only_changes_are_read() {
    insta::assert_snapshot!(page(&[
        &[(CHANGES, "incremental: {field: updated_at, param: updated_after}")],
        &[(CHANGES, "incremental: {field: updated_at, param: \"updated[gt]\"}")],
        &[(CHANGES, "incremental: {field: number, param: changed_ms}")],
        &[(CHANGES, "params: {sort: name}\n      incremental: {field: updated_at, param: updated_since}")],
        &[(CHANGES, "feed: {token: next}")],
    ]));
}

#[test]
fn rates_of_all_that_use_one_credential() {
    // The CRM that is built by hand allows 100 in 10 seconds.
    let write = "create: {operation: createNote, accept_duplicates: {by: Ada, because: harmless}}";
    let notes = |name: &str, system: &str, params: &str, rate: &str| {
        format!(
            "  {name}:\n    source: {{system: hr, operation: listMembers, key: id, deletes: ignore{params}}}\n    target: {{system: {system}, \
             {write}}}\n    map: {{text: id}}\n    unmapped: [email, deleted]\n    delivery: {{rate: {rate}}}\n"
        )
    };
    let auth =
        |secret: &str| format!("{{scheme: oauth, client_id: env:ID, client_secret: env:{secret}, scopes: [write]}}");
    let all = |secret: &str, second: &str, rate: &str| {
        let head = "apiVersion: platform-integration/v1\nname: people-to-notes\nwhy: Note people\nowner: team\nsystems:\n  hr: {api: \
                    hr.openapi.yaml, auth: {scheme: token, secret: env:HR_TOKEN}}\n";
        let systems =
            format!("  desk: {{api: crm, auth: {}}}\n  crm: {{api: crm, auth: {}}}\n", auth("A"), auth(secret));
        let flows = notes("first", "desk", "", "60/10s") + &notes("second", second, ", params: {limit: 50}", rate);
        let found = findings_in(&format!("{head}{systems}flows:\n{flows}"), Some(&|_| true));
        let rates: Vec<_> = found.into_iter().filter(|f| f.code.starts_with("rate")).collect();
        format!("# secret {secret}, {second} at {rate}\n{}", shown(&rates))
    };
    insta::assert_snapshot!(
        [all("A", "crm", "40/10s"), all("A", "crm", "50/10s"), all("B", "crm", "50/10s"), all("B", "desk", "50/10s")]
            .concat()
    );
}

#[test]
fn times_and_budgets() {
    insta::assert_snapshot!(page(&[
        &[(RATE, "      rate: 5/1s\n      retry: {attempts: 12}\n    slo: {freshness: 2m}\n")],
        &[(RATE, "      rate: 5/1s\n      timeout: 5m\n    slo: {freshness: 2m}\n")],
        &[
            (WRITE, "create: {operation: createCard, idempotency: {header: Idempotency-Key}}"),
            (RATE, "      rate: 5/1s\n      retry: {attempts: 4, base: 10m, cap: 10m}\n"),
        ],
        &[("key: id", "key: id\n      params: {limit: 101}")],
        &[("key: id", "key: id\n      paginate: {style: cursor, param: cursor, next: after}")],
    ]));
}

#[test]
fn addresses_secrets_and_schemes() {
    insta::assert_snapshot!(page(&[
        &[(DESK, "    api: desk.openapi.yaml\n    base_url: http://127.0.0.1:9000\n")],
        &[(DESK, "    api: desk.openapi.yaml\n    base_url: https://api.desk.example/sandbox/v2\n")],
        &[
            (HR, "    api: hr.openapi.yaml\n    base_url: https://hr-staging.example\n"),
            ("env:HR_TOKEN", "env:HR_LIVE_TOKEN")
        ],
        &[("env:HR_TOKEN", "env:HR_TEST_TOKEN"), ("env:DESK_SECRET", "env:DESK_LIVE_SECRET")],
        &[
            (HR, "    api: hr.openapi.yaml\n    base_url: https://eu1.hr.example\n"),
            (DESK, "    api: desk.openapi.yaml\n    base_url: https://us-east-1.desk.example\n")
        ],
        &[("scopes: [cards.write]", "scopes: [cards.read, cards.write]")],
        &[("scopes: [cards.write]", "scopes: [cards.read]")],
        &[("scopes: [cards.write]", "scopes: [cards.write, cards.admin]")],
    ]));
}

/// A flow back, from the desk to HR.
fn back(source: &str, name_rule: &str, write: &str) -> String {
    format!(
        "flows:\n  people:\n    source: {{system: desk, operation: listCards, key: id{source}}}\n    target: {{system: hr, {write}}}\n    map:\n      \
         id: id\n      email: {{from: email, with: [trim, lower]}}\n      {name_rule}\n      status: {{const: hired}}\n      active: {{const: true}}\n      \
         number: {{const: 1}}\n      iban: {{const: none}}\n      updated_at: updated_at\n      created_at: updated_at\n    unmapped: [handle, note, origin, \
         title]\n    delivery: {{rate: 5/1s}}\n"
    )
}

#[test]
fn circles_and_what_breaks_them() {
    let upsert = "upsert: {match: email, find: findPeople, create: createPerson, update: updatePerson}";
    let create = "create: {operation: createPerson, idempotency: {header: Idempotency-Key}}";
    let scopes = ("scopes: [cards.write]", "scopes: [cards.read, cards.write]");
    let mark = ("title: name", "title: name\n      origin: {const: hr}");
    let name = "name: {from: title, default: unknown}";
    let of = |title: &str, text: &str, edits: &[(&str, &str)]| {
        let text = text.replace(", title]", if text.contains("from: title") { "]" } else { ", title]" });
        let text = text.replace(
            "[handle, note, origin",
            if text.contains("from: origin") { "[handle, note" } else { "[handle, note, origin" },
        );
        let all = [&[("flows:\n", text.as_str()), scopes], edits].concat();
        let found = shown(&people_with(&all));
        let lines = found.lines().filter(|l| !l.starts_with("    fix")).map(|l| format!("    {l}\n"));
        format!("{title}\n{}", lines.collect::<String>())
    };
    let guard = "name: {from: origin, values: {desk: Desk, other: Other}, else: reject, default: Desk}";
    insta::assert_snapshot!(
        [
            of("there and back", &back("", name, upsert), &[]),
            of("there and back, made new", &back("", name, create), &[]),
            of(
                "back, another field",
                &back("", "name: {from: handle, default: unknown}", upsert).replace("[handle, ", "["),
                &[]
            ),
            of("marked, and nobody looks", &back("", name, upsert), &[mark]),
            of("marked, and others are asked for", &back(", params: {origin: desk}", name, upsert), &[mark]),
            of("marked, and rejected", &back("", guard, upsert), &[mark]),
            of(
                "lost on the way back",
                &back(", params: {origin: desk}", "name: {from: title, with: [upper], default: x}", upsert),
                &[mark]
            ),
        ]
        .concat()
    );
}
