//! The same edit of one thing, judged where it is sent and where it is answered; and edits of what is neither HTTP nor JSON.

use std::fmt::Write as _;

use super::{base, drift, lines};

/// One schema that is sent and answered.
const THING: &str = r##"
openapi: 3.0.3
info: {title: Things, version: "1"}
paths:
  /things:
    put:
      operationId: putThing
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
      responses:
        "200": {description: Ok., content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
components:
  schemas:
    Thing:
      type: object
      required: [kind]
      properties:
        kind: {type: string, enum: [big, small]}
        size: {type: integer, minimum: 1, maximum: 9}
        name: {type: string, minLength: 2, maxLength: 20, pattern: "^[a-z]+$"}
        made: {type: string, format: date-time}
        parts: {type: array, minItems: 1, maxItems: 5, items: {type: string}}
        any: {type: string}
        shape: {oneOf: [{type: object, title: Round, required: [r], properties: {r: {type: number}}}, {type: string}]}
"##;

/// What is edited: an edit and its undoing stand beside each other.
const EDITS: &[(&str, &str, &str)] = &[
    ("enum wider", "[big, small]", "[big, small, tiny]"),
    ("enum narrower", "[big, small]", "[big]"),
    ("no enum", "{type: string, enum: [big, small]}", "{type: string}"),
    ("an enum", "any: {type: string}", "any: {type: string, enum: [a]}"),
    ("required", "required: [kind]", "required: [kind, size]"),
    ("optional", "      required: [kind]\n", ""),
    ("may be null", "made: {type: string,", "made: {type: string, nullable: true,"),
    ("another type", "size: {type: integer,", "size: {type: string,"),
    ("wider type", "size: {type: integer,", "size: {type: number,"),
    ("another format", "format: date-time", "format: date"),
    ("no format", "{type: string, format: date-time}", "{type: string}"),
    ("wider range", "maximum: 9", "maximum: 90"),
    ("narrower range", "maximum: 9", "maximum: 8"),
    ("bound excluded", "minimum: 1, ", "minimum: 1, exclusiveMinimum: true, "),
    ("no bound", "minimum: 1, maximum: 9", "minimum: 1"),
    ("longer", "maxLength: 20", "maxLength: 30"),
    ("shorter", "maxLength: 20", "maxLength: 10"),
    ("another pattern", "^[a-z]+$", "^[a-z]*$"),
    ("no pattern", ", pattern: \"^[a-z]+$\"", ""),
    ("more items", "maxItems: 5", "maxItems: 6"),
    ("no items", "minItems: 1, ", ""),
    ("one property less", "        made: {type: string, format: date-time}\n", ""),
    ("one property more", "        any: {type: string}", "        any: {type: string}\n        more: {type: string}"),
    ("a default", "any: {type: string}", "any: {type: string, default: x}"),
    ("read only", "any: {type: string}", "any: {type: string, readOnly: true}"),
    ("write only", "any: {type: string}", "any: {type: string, writeOnly: true}"),
    ("deprecated", "any: {type: string}", "any: {type: string, deprecated: true}"),
    ("closed", "      required: [kind]\n", "      required: [kind]\n      additionalProperties: false\n"),
    ("one shape less", ", {type: string}]}", "]}"),
    ("one shape more", ", {type: string}]}", ", {type: string}, {type: boolean}]}"),
];

#[test]
fn what_is_sent_and_what_is_answered_are_judged_apart() {
    let mut shown = String::new();
    for (what, from, to) in EDITS {
        assert!(THING.contains(from), "{what}");
        writeln!(shown, "{what}\n{}", lines(&drift(THING, &THING.replacen(from, to, 1)))).unwrap();
    }
    insta::assert_snapshot!("on_either_side", shown);
}

#[test]
fn tables_are_judged_as_read_and_as_written() {
    let till = base("till.sql");
    let edits = [
        ("a column is gone", "  note VARCHAR(80)\n", "  written TIMESTAMP\n"),
        ("a column is narrower", "VARCHAR(80)", "VARCHAR(40)"),
        ("a column must be filled", "note VARCHAR(80)", "note VARCHAR(80) NOT NULL"),
        ("a column may be empty", "total NUMERIC(10, 2) NOT NULL", "total NUMERIC(10, 2)"),
        ("a column is of another type", "sale BIGINT", "sale VARCHAR(36)"),
        ("a column is new", "  note VARCHAR(80)\n", "  note VARCHAR(80),\n  till INTEGER NOT NULL\n"),
    ];
    let mut shown = String::new();
    for (what, from, to) in edits {
        assert!(till.contains(from), "{what}");
        writeln!(shown, "{what}\n{}", lines(&drift(&till, &till.replacen(from, to, 1)))).unwrap();
    }
    insta::assert_snapshot!("of_tables", shown);
}

#[test]
fn fields_arguments_and_types_of_graphql_are_judged() {
    let graph = base("shop.graphql");
    let edits = [
        ("an argument is gone", "orders(state: String)", "orders"),
        ("an argument is new", "orders(state: String)", "orders(state: String, since: String)"),
        ("an argument must be sent", "orders(state: String)", "orders(state: String!)"),
        ("an argument must be sent and is new", "orders(state: String)", "orders(state: String, since: String!)"),
        ("a default", "orders(state: String)", "orders(state: String = \"open\")"),
        ("a field is gone", "  customer: Person\n", ""),
        ("a field may be null", "type Person {\n  id: ID!", "type Person {\n  id: ID"),
        ("a field is a list", "customer: Person", "customer: [Person!]"),
        ("a field is deprecated", "customer: Person", "customer: Person @deprecated(reason: \"Ask for buyers.\")"),
        ("an operation is deprecated", "order(by: ById!): Order", "order(by: ById!): Order @deprecated"),
        ("an operation is gone", "  orders(state: String): [Order!]!\n", ""),
        ("a field of an input must be sent", "input ById {\n  id: ID!", "input ById {\n  id: ID!\n  shop: ID!"),
    ];
    let mut shown = String::new();
    for (what, from, to) in edits {
        assert!(graph.contains(from), "{what}");
        writeln!(shown, "{what}\n{}", lines(&drift(&graph, &graph.replacen(from, to, 1)))).unwrap();
    }
    insta::assert_snapshot!("of_graphql", shown);
}

#[test]
fn events_of_asyncapi_are_judged_as_answers() {
    let bell = base("bell.asyncapi.yaml");
    let edits = [
        ("a channel is gone", "      orderSent: {$ref: \"#/components/messages/orderSent\"}\n", ""),
        ("a message is called otherwise", "      name: orderSent\n", "      name: orderShipped\n"),
        ("a field is gone", "          order: {type: string}\n", "          number: {type: string}\n"),
        ("a field is of another type", "order: {type: string}", "order: {type: integer}"),
        ("a header is of another type", "Bell-Attempt: {type: integer}", "Bell-Attempt: {type: string}"),
    ];
    let mut shown = String::new();
    for (what, from, to) in edits {
        assert!(bell.contains(from), "{what}");
        writeln!(shown, "{what}\n{}", lines(&drift(&bell, &bell.replacen(from, to, 1)))).unwrap();
    }
    insta::assert_snapshot!("of_events", shown);
}

/// The security of one operation of the shop, before and after: `-` is a way, what stands in one `{}` goes together.
const WAYS: &[(&str, &str, &str)] = &[
    ("one of two ways goes", "[{oauth: [orders.read]}, {key: []}]", "[{key: []}]"),
    ("another way comes", "[{key: []}]", "[{oauth: [orders.read]}, {key: []}]"),
    ("both together where one was enough", "[{oauth: [orders.read]}, {key: []}]", "[{oauth: [orders.read], key: []}]"),
    ("one is enough where both were needed", "[{oauth: [orders.read], key: []}]", "[{key: []}]"),
    ("a scope more", "[{oauth: [orders.read]}]", "[{oauth: [orders.read, orders.all]}]"),
    ("a scope less", "[{oauth: [orders.read, orders.all]}]", "[{oauth: [orders.read]}]"),
    ("either scope, then one of them", "[{oauth: [orders.read]}, {oauth: [orders.all]}]", "[{oauth: [orders.all]}]"),
    ("one scope, then either", "[{oauth: [orders.all]}]", "[{oauth: [orders.read]}, {oauth: [orders.all]}]"),
    ("open no more", "[{}, {key: []}]", "[{key: []}]"),
    ("open as well", "[{key: []}]", "[{}, {key: []}]"),
    ("open altogether", "[{key: []}]", "[]"),
    ("the other way round", "[{oauth: [orders.read]}, {key: []}]", "[{key: []}, {oauth: [orders.read]}]"),
];

#[test]
fn ways_to_authenticate_are_alternatives_and_what_each_asks_for() {
    let shop = base("shop.yaml");
    let with = |ways: &str| {
        let own = "      security:\n        - oauth: [orders.read]\n        - key: []\n";
        assert!(shop.contains(own));
        shop.replace(own, &format!("      security: {ways}\n"))
    };
    let mut shown = String::new();
    for (what, from, to) in WAYS {
        writeln!(shown, "{what}\n{}", lines(&drift(&with(from), &with(to)))).unwrap();
    }
    insta::assert_snapshot!("of_ways_to_authenticate", shown);
}

#[test]
fn a_type_that_the_rest_of_a_schema_says_anyway_is_no_change() {
    for (from, to) in [
        ("      type: object\n      required: [kind]", "      required: [kind]"),
        ("{type: array, minItems: 1,", "{minItems: 1,"),
        ("{type: string, enum: [big, small]}", "{enum: [big, small]}"),
        ("maximum: 9", "maximum: 9.0"),
        ("any: {type: string}", "any: {anyOf: [{type: string}]}"),
        ("any: {type: string}", "any: {allOf: [{type: string}]}"),
    ] {
        assert!(THING.contains(from), "{from}");
        let other = THING.replacen(from, to, 1);
        assert_eq!(lines(&drift(THING, &other)), "", "{to}");
        assert_eq!(lines(&drift(&other, THING)), "", "{to}, the other way round");
    }
}

#[test]
fn a_text_that_becomes_one_of_two_shapes_keeps_its_bounds() {
    let wider = THING.replace("name: {type: string, minLength: 2, maxLength: 20, pattern: \"^[a-z]+$\"}", "name: {anyOf: [{type: string, minLength: 2, maxLength: 20, pattern: \"^[a-z]+$\"}, {type: object, properties: {first: {type: string}}}]}");
    assert_ne!(wider, THING);
    let codes: std::collections::BTreeSet<&str> = drift(THING, &wider).iter().map(|c| c.code).collect();
    assert_eq!(codes, ["property-added", "type-changed"].into());
}
