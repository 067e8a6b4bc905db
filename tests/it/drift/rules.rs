//! One edit a rule.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use platform_integration::drift::ALL;
use platform_integration::lab::drills;

use super::{BASES, base, drift, lines};

/// Rule, then what is replaced by what in the base that has it; `<` before the code: the edit is undone by the change.
pub(super) type Edit = (&'static str, &'static str, &'static str);

const DELETE_ORDER: &str =
    "    delete:\n      operationId: deleteOrder\n      responses:\n        \"204\": {description: Gone.}\n";
const SANDBOX: &str = "  - {url: \"https://sandbox.shop.example/v1\"}\n";
const STATE: &str = "        - {name: state, in: query, schema: {type: string, enum: [open, paid]}}\n";
const PLACED: &str = "        placed: {type: string, format: date-time}\n";
const NEW_ORDER: &str = "          application/json:\n            schema: {$ref: \"#/components/schemas/NewOrder\"}";
const NEW_ORDER_IN_BOTH: &str = "          application/json:\n            schema: {$ref: \"#/components/schemas/NewOrder\"}\n          application/xml:\n            schema: {$ref: \"#/components/schemas/NewOrder\"}";
const WEBHOOK: &str = "x-webhooks:\n  orderPaid: {post: {operationId: paid, requestBody: {content: {application/json: {schema: {type: object, properties: {order: {type: string}}}}}}, responses: {\"200\": {description: Ok.}}}}\ncomponents:\n  securitySchemes:";
const SPARE: &str = "type Spare {\n  id: ID!\n}\n";
const REFUNDS: &str = "CREATE TABLE refunds (\n  id BIGINT PRIMARY KEY,\n  sale BIGINT NOT NULL\n);\n";

pub(super) const EDITS: &[Edit] = &[
    ("operation-removed", DELETE_ORDER, ""),
    ("<operation-added", DELETE_ORDER, ""),
    ("server-removed", SANDBOX, ""),
    ("<server-added", SANDBOX, ""),
    ("auth-scheme-changed", "name: X-Key", "name: X-Token"),
    ("auth-url-changed", "login.shop.example/token", "id.shop.example/token"),
    ("<event-removed", "components:\n  securitySchemes:", WEBHOOK),
    ("event-added", "components:\n  securitySchemes:", WEBHOOK),
    ("operation-moved", "  /status:", "  /health:"),
    ("operation-id-changed", "operationId: getStatus", "operationId: readStatus"),
    ("operation-deprecated", "operationId: getStatus", "operationId: getStatus\n      deprecated: true"),
    (
        "sunset-announced",
        "            Retry-After: {schema: {type: integer}}\n",
        "            Retry-After: {schema: {type: integer}}\n            Sunset: {schema: {type: string}}\n",
    ),
    ("parameter-removed", STATE, ""),
    ("<parameter-added", STATE, ""),
    ("parameter-requiredness-changed", "{name: state, in: query, ", "{name: state, in: query, required: true, "),
    ("body-required", "required: false", "required: true"),
    (
        "body-removed",
        "      requestBody:\n        required: false\n        content:\n          application/json:\n            schema: {$ref: \"#/components/schemas/NewOrder\"}\n",
        "",
    ),
    (
        "media-type-changed",
        NEW_ORDER,
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
    ("property-removed", PLACED, ""),
    ("<property-added", PLACED, ""),
    ("property-became-required", "required: [total]", "required: [total, kind]"),
    ("property-became-optional", "required: [id, state, total]", "required: [id, state]"),
    (
        "length-changed",
        "note: {type: string, maxLength: 200}\n        free",
        "note: {type: string, maxLength: 100}\n        free",
    ),
    ("item-count-changed", "maxItems: 10", "maxItems: 5"),
    (
        "uniqueness-changed",
        "tags: {type: array, maxItems: 10, items: {type: string}}\n        payment",
        "tags: {type: array, maxItems: 10, uniqueItems: true, items: {type: string}}\n        payment",
    ),
    ("range-changed", "maximum: 100", "maximum: 50"),
    ("step-changed", "fee: {type: integer,", "fee: {type: integer, multipleOf: 5,"),
    ("property-count-changed", "      required: [total]\n", "      required: [total]\n      minProperties: 2\n"),
    (
        "companion-changed",
        "      required: [total]\n",
        "      required: [total]\n      dependentRequired: {note: [code]}\n",
    ),
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
    ("<body-became-optional", "required: false", "required: true"),
    ("media-type-added", NEW_ORDER, NEW_ORDER_IN_BOTH),
    (
        "status-added",
        "\"204\": {description: Gone.}",
        "\"204\": {description: Gone.}\n        \"404\": {description: Never there.}",
    ),
    (
        "<status-removed",
        "\"204\": {description: Gone.}",
        "\"204\": {description: Gone.}\n        \"404\": {description: Never there.}",
    ),
    ("discriminator-changed", "propertyName: sort", "propertyName: kind"),
    ("type-removed", SPARE, ""),
    ("<type-added", SPARE, ""),
    (
        "body-added",
        "      operationId: deleteOrder\n",
        "      operationId: deleteOrder\n      requestBody: {content: {application/json: {schema: {type: object, properties: {why: {type: string}}}}}}\n",
    ),
    ("<auth-dropped", "      security: []\n", ""),
    ("<scope-removed", "oauth: [orders.read]", "oauth: [orders.read, orders.all]"),
    ("parameter-deprecated", "orders(state: String)", "orders(state: String @deprecated(reason: \"Ask for all.\"))"),
    ("<properties-opened", "      required: [total]\n", "      required: [total]\n      additionalProperties: false\n"),
    ("event-header-removed", "          Bell-Signature: {type: string}\n", ""),
    (
        "event-emptied",
        "      payload:\n        type: object\n        properties:\n          parcel: {type: string}\n",
        "",
    ),
    ("entity-removed", REFUNDS, ""),
    ("<entity-added", REFUNDS, ""),
    ("money-unit-changed", "Counted in cents.", "Counted in whole euros."),
    (
        "<oauth-flow-removed",
        "        clientCredentials:\n",
        "        password: {tokenUrl: https://login.shop.example/token, scopes: {}}\n        clientCredentials:\n",
    ),
    ("operation-text-changed", "How the shop is.", "How the shop was an hour ago."),
    ("text-changed", "What the customer calls it.", "What the warehouse calls it."),
    ("records-moved", "properties: {tags: {type: array", "properties: {items: {type: array"),
    ("sunset-announced", "operationId: getStatus", "operationId: getStatus\n      x-sunset: \"2027-03-01\""),
    (
        "sunset-announced",
        "operationId: getStatus",
        "operationId: getStatus\n      description: This operation will be removed on March 1, 2027.",
    ),
    (
        "statement-changed",
        "info: {title: Shop,",
        "info: {description: At most 5 concurrent requests are allowed., title: Shop,",
    ),
    (
        "sunset-announced",
        "info: {title: Shop,",
        "info: {description: The service reaches its end of life in May 2027., title: Shop,",
    ),
];

#[test]
fn every_rule_is_tripped_by_one_edit_and_no_other_rule_is() {
    let bases = BASES.map(base);
    let mut shown = String::new();
    let mut wrong = Vec::new();
    for (code, from, to) in EDITS {
        let base = bases.iter().find(|b| b.contains(from)).unwrap_or_else(|| panic!("{code}: {from}"));
        let edited = base.replace(from, to);
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
    let rules: BTreeSet<&str> = ALL.iter().map(|r| r.code).collect();
    assert_eq!(tried, rules, "rules and what trips them are the same set");
    assert_eq!(rules.len(), ALL.len(), "no code twice");
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
