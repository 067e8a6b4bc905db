//! One edit a rule.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use platform_integration::drift::ALL;
use platform_integration::lab::drills;

use super::{base, drift, lines};

/// Rule, then what is replaced by what; `<` before the code: the edit is undone by the change.
const EDITS: &[(&str, &str, &str)] = &[
    (
        "operation-removed",
        "    delete:\n      operationId: deleteOrder\n      responses:\n        \"204\": {description: Gone.}\n",
        "",
    ),
    (
        "<operation-added",
        "    delete:\n      operationId: deleteOrder\n      responses:\n        \"204\": {description: Gone.}\n",
        "",
    ),
    ("server-removed", "  - {url: \"https://sandbox.shop.example/v1\"}\n", ""),
    ("<server-added", "  - {url: \"https://sandbox.shop.example/v1\"}\n", ""),
    ("auth-scheme-changed", "name: X-Key", "name: X-Token"),
    ("auth-url-changed", "login.shop.example/token", "id.shop.example/token"),
    (
        "<event-removed",
        "components:\n  securitySchemes:",
        "x-webhooks:\n  orderPaid: {post: {operationId: paid, requestBody: {content: {application/json: {schema: {type: object, properties: {order: {type: string}}}}}}, responses: {\"200\": {description: Ok.}}}}\ncomponents:\n  securitySchemes:",
    ),
    (
        "event-added",
        "components:\n  securitySchemes:",
        "x-webhooks:\n  orderPaid: {post: {operationId: paid, requestBody: {content: {application/json: {schema: {type: object, properties: {order: {type: string}}}}}}, responses: {\"200\": {description: Ok.}}}}\ncomponents:\n  securitySchemes:",
    ),
    ("operation-moved", "  /status:", "  /health:"),
    ("operation-id-changed", "operationId: getStatus", "operationId: readStatus"),
    ("operation-deprecated", "operationId: getStatus", "operationId: getStatus\n      deprecated: true"),
    (
        "sunset-announced",
        "            Retry-After: {schema: {type: integer}}\n",
        "            Retry-After: {schema: {type: integer}}\n            Sunset: {schema: {type: string}}\n",
    ),
    ("parameter-removed", "        - {name: state, in: query, schema: {type: string, enum: [open, paid]}}\n", ""),
    ("<parameter-added", "        - {name: state, in: query, schema: {type: string, enum: [open, paid]}}\n", ""),
    ("parameter-requiredness-changed", "{name: state, in: query, ", "{name: state, in: query, required: true, "),
    ("body-required", "required: false", "required: true"),
    (
        "body-removed",
        "      requestBody:\n        required: false\n        content:\n          application/json:\n            schema: {$ref: \"#/components/schemas/NewOrder\"}\n",
        "",
    ),
    (
        "media-type-changed",
        "          application/json:\n            schema: {$ref: \"#/components/schemas/NewOrder\"}",
        "          application/xml:\n            schema: {$ref: \"#/components/schemas/NewOrder\"}",
    ),
    (
        "answer-emptied",
        "          description: Made.\n          content:\n            application/json:\n              schema: {$ref: \"#/components/schemas/Order\"}\n",
        "          description: Made.\n",
    ),
    ("success-status-changed", "\"201\"", "\"202\""),
    ("answer-header-removed", "          headers:\n            Retry-After: {schema: {type: integer}}\n", ""),
    ("auth-required", "      security: []\n", ""),
    ("auth-withdrawn", "        - oauth: [orders.read]\n        - key: []\n", "        - oauth: [orders.read]\n"),
    ("<auth-added", "        - oauth: [orders.read]\n        - key: []\n", "        - oauth: [orders.read]\n"),
    ("scope-added", "oauth: [orders.read]", "oauth: [orders.read, orders.all]"),
    ("pagination-changed", "name: cursor, in: query", "name: page_token, in: query"),
    ("page-size-lowered", "at most 50.", "at most 20."),
    ("rate-limit-lowered", "limit: 100", "limit: 50"),
    (
        "idempotency-withdrawn",
        "      parameters:\n        - {name: Idempotency-Key, in: header, schema: {type: string}, description: A request with a key seen before has no further effect.}\n",
        "",
    ),
    ("type-changed", "up: {type: boolean}", "up: {type: string}"),
    ("format-changed", "format: date-time", "format: date"),
    ("nullability-changed", "up: {type: boolean}", "up: {type: boolean, nullable: true}"),
    ("enum-value-removed", "enum: [web, shop]", "enum: [web]"),
    ("enum-value-added", "enum: [web, shop]", "enum: [web, shop, phone]"),
    ("values-closed", "free: {type: string}", "free: {type: string, enum: [a, b]}"),
    ("<values-opened", "free: {type: string}", "free: {type: string, enum: [a, b]}"),
    ("property-removed", "        placed: {type: string, format: date-time}\n", ""),
    ("<property-added", "        placed: {type: string, format: date-time}\n", ""),
    ("property-became-required", "required: [total]", "required: [total, kind]"),
    ("property-became-optional", "required: [id, state, total]", "required: [id, state]"),
    (
        "length-changed",
        "note: {type: string, maxLength: 200}\n        free",
        "note: {type: string, maxLength: 100}\n        free",
    ),
    ("item-count-changed", "maxItems: 10", "maxItems: 5"),
    ("range-changed", "maximum: 100", "maximum: 50"),
    ("pattern-changed", "^[A-Z]+$", "^[A-Z]{3}$"),
    ("properties-closed", "      required: [total]\n", "      required: [total]\n      additionalProperties: false\n"),
    ("variant-removed", "            - {$ref: \"#/components/schemas/Invoice\"}\n", ""),
    (
        "variant-added",
        "            - {$ref: \"#/components/schemas/Invoice\"}\n",
        "            - {$ref: \"#/components/schemas/Invoice\"}\n            - {type: object, title: Cash, properties: {paid: {type: string}}}\n",
    ),
    ("default-changed", "default: 20", "default: 10"),
    ("field-deprecated", "placed: {type: string,", "placed: {type: string, deprecated: true,"),
    ("argument-type-changed", "order(by: ById!)", "order(by: ByKey!)"),
    ("type-renamed", "customer: Person", "customer: Buyer"),
];

#[test]
fn every_rule_is_tripped_by_one_edit_and_no_other_rule_is() {
    let (shop, graph) = (base("shop.yaml"), base("shop.graphql"));
    let mut shown = String::new();
    let mut wrong = Vec::new();
    for (code, from, to) in EDITS {
        let base = [&shop, &graph].into_iter().find(|b| b.contains(from)).unwrap_or_else(|| panic!("{code}: {from}"));
        let edited = base.replacen(from, to, 8);
        let (code, changes) = match code.strip_prefix('<') {
            Some(code) => (code, drift(&edited, base)),
            None => (*code, drift(base, &edited)),
        };
        let codes: BTreeSet<&str> = changes.iter().map(|c| c.code).collect();
        if codes.iter().copied().collect::<Vec<_>>() != [code] {
            wrong.push(format!("{code}: {codes:?}\n{}", lines(&changes)));
        }
        write!(shown, "{}", lines(&changes)).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    insta::assert_snapshot!("what_each_rule_says", shown);
    let tried: BTreeSet<&str> = EDITS.iter().map(|(code, ..)| code.trim_start_matches('<')).collect();
    // Records never move alone: the field that held them goes too. Not tried here yet.
    let untried: Vec<&str> =
        ALL.iter().map(|r| r.code).filter(|c| !tried.contains(c) && *c != "records-moved").collect();
    assert_eq!(untried, Vec::<&str>::new(), "a rule that nothing trips");
}

#[test]
fn the_drills_that_rules_name_exist() {
    let known: BTreeSet<&str> = drills::ALL.iter().map(|d| d.code()).collect();
    for rule in ALL {
        for drill in rule.drills {
            assert!(known.contains(drill), "{}: {drill}", rule.code);
        }
    }
}

#[test]
fn the_document_has_every_rule() {
    let text = std::fs::read_to_string(crate::cli::repository().join("docs/drift.md")).unwrap();
    let said: Vec<&str> = text.lines().filter(|l| l.starts_with("| `")).collect();
    let rules: Vec<String> = ALL.iter().map(|r| format!("| `{}` | {} |", r.code, r.finds)).collect();
    assert_eq!(said, rules);
}
