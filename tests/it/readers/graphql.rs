//! GraphQL schemas, in both of their forms, whole and broken.

use platform_integration::readers::{Read, read_bytes};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::show::show;

fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/readers/graphql/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the fixture is in the repository")
}

fn read(text: &str) -> Read {
    read_bytes(text.as_bytes(), "x.graphql")
}

fn codes(read: &Read) -> Vec<&'static str> {
    read.findings.iter().map(|f| f.code).collect()
}

#[test]
fn types_become_schemas_and_root_fields_operations() {
    insta::assert_snapshot!(show(&read(&fixture("shapes.graphql"))));
}

#[test]
fn a_broken_schema_is_read_around_the_faults() {
    insta::assert_snapshot!(show(&read(&fixture("broken.graphql"))));
}

/// A type in use, as introspection tells it.
fn of(text: &str) -> Value {
    if let Some(inner) = text.strip_suffix('!') {
        return json!({"kind": "NON_NULL", "name": null, "ofType": of(inner)});
    }
    match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        Some(inner) => json!({"kind": "LIST", "name": null, "ofType": of(inner)}),
        None => json!({"kind": "OBJECT", "name": text, "ofType": null}),
    }
}

fn field(name: &str, ty: &str, args: &[(&str, &str, Option<&str>)]) -> Value {
    let arg = |(name, ty, default): &(&str, &str, Option<&str>)| json!({"name": name, "type": of(ty), "defaultValue": default});
    json!({"name": name, "type": of(ty), "args": args.iter().map(arg).collect::<Vec<_>>(), "isDeprecated": false})
}

#[test]
fn both_forms_of_a_schema_give_one_map() {
    let sdl = "
        type Query { people(first: Int = 10, after: String, since: Instant): PersonConnection! }
        type PersonConnection { edges: [PersonEdge!]! pageInfo: PageInfo! }
        type PersonEdge { node: Person! }
        type PageInfo { endCursor: String hasNextPage: Boolean! }
        type Person { id: ID! kind: Kind tags: [String!]! }
        enum Kind { OLD NEW }
        scalar Instant
    ";
    let object =
        |name: &str, fields: Vec<Value>| json!({"kind": "OBJECT", "name": name, "fields": fields, "interfaces": []});
    let args = [("first", "Int", Some("10")), ("after", "String", None), ("since", "Instant", None)];
    let schema = json!({"queryType": {"name": "Query"}, "mutationType": null, "types": [
        object("Query", vec![field("people", "PersonConnection!", &args)]),
        object("PersonConnection", vec![field("edges", "[PersonEdge!]!", &[]), field("pageInfo", "PageInfo!", &[])]),
        object("PersonEdge", vec![field("node", "Person!", &[])]),
        object("PageInfo", vec![field("endCursor", "String", &[]), field("hasNextPage", "Boolean!", &[])]),
        object("Person", vec![field("id", "ID!", &[]), field("kind", "Kind", &[]), field("tags", "[String!]!", &[])]),
        {"kind": "ENUM", "name": "Kind", "enumValues": [{"name": "OLD"}, {"name": "NEW"}]},
        {"kind": "SCALAR", "name": "Instant"},
        {"kind": "SCALAR", "name": "String"},
        object("__Type", vec![field("name", "String", &[])]),
    ]});
    let told = show(&read(sdl));
    assert!(told.contains("items at /data/people/edges/*/node"), "{told}");
    for document in [json!({"data": {"__schema": schema}}), json!({"__schema": schema})] {
        let read = read_bytes(document.to_string().as_bytes(), "x.graphql");
        assert_eq!(show(&read).replace("introspection", "SDL"), told);
    }
}

#[test]
fn a_pointer_is_stated_where_something_was_read() {
    let system = read(&fixture("shapes.graphql")).system.expect("is read");
    for pointer in [
        "#/types/Order",
        "#/types/Order/fields/id/description",
        "#/types/Root/fields/orders/args/first/description",
        "#/types/State/values/PAID",
        "#/types/OrderInput/fields/note",
    ] {
        assert!(system.states(pointer), "{pointer}");
    }
    for pointer in ["#/types/Nothing", "#/types/Order/fields/state/description", "#/types/State/values/LOST"] {
        assert!(!system.states(pointer), "{pointer}");
    }
}

#[test]
fn other_languages_with_types_are_not_taken_for_schemas() {
    for text in [
        "type A = { id: string };\n",
        "interface A { a: string; }\n",
        "enum: [a, b]\ntype: object\n",
        "schema: x\n",
        "input: 1\nunion: 2\nscalar: 3\n",
        "syntax = \"proto3\";\nenum A { B = 0; }\n",
    ] {
        let read = read(text);
        assert!(read.system.is_none_or(|s| s.format != "graphql"), "{text}");
    }
}

#[test]
fn nesting_ten_thousand_deep_ends() {
    let many = |open: &str, close: &str| open.repeat(10_000) + "Int" + &close.repeat(10_000);
    for text in [
        format!("type Query {{ a: {} }}", many("[", "]")),
        format!("type Query {{ a(b: Int = {}): Int }}", many("[", "]")),
        format!("type Query {{ a(b: In = {}): Int }} input In {{ a: In }}", many("{a: ", "}")),
        format!("type Query {{ a: Int @x(y: {}) }}", many("[", "]")),
        format!("type Query {{ a: Int {}", "{".repeat(10_000)),
    ] {
        let read = read(&text);
        assert!(!read.findings.is_empty());
    }
    let deep = "{\"a\":".repeat(10_000);
    assert_eq!(codes(&read_bytes(format!("{{\"__schema\":{deep}").as_bytes(), "x")), ["unreadable-input"]);
}

#[test]
fn types_that_lead_to_each_other_have_records_with_an_end() {
    let fields = |i: usize| (0..30).map(|j| format!("f{j}: T{}! ", (i + j) % 30)).collect::<String>();
    let types: String = (0..30).map(|i| format!("type T{i} {{ id: ID! {} }}\n", fields(i))).collect();
    let system = read(&format!("type Query {{ all(first: Int): [T0!]! }}\n{types}")).system.expect("is read");
    let mut mock = platform_integration::lab::mock::MockSystem::new(
        std::sync::Arc::new(system),
        1,
        platform_integration::lab::mock::MockOptions::default(),
    );
    let drawn = mock.seed_records("t0", 1, &mut platform_integration::base::rng::Rng::seeded(1));
    assert_eq!(drawn.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever is cut out of a schema, and put in elsewhere, is read or refused; nothing panics, nothing hangs.
    #[test]
    fn mangled_schemas_are_read_or_refused(from in 0..3000usize, length in 0..400usize, to in 0..3000usize, noise in "[\\[\\]{}()!:=@\"|&$a-z #\\\\\n]{0,40}") {
        let text = fixture("shapes.graphql");
        let floor = |mut at: usize| { at = at.min(text.len()); while !text.is_char_boundary(at) { at -= 1; } at };
        let (from, to) = (floor(from), floor(to));
        let end = floor(from + length);
        let mut mangled = format!("{}{}", &text[..from], &text[end..]);
        let mut at = to.min(mangled.len());
        while !mangled.is_char_boundary(at) { at -= 1; }
        mangled.insert_str(at, &noise);
        let read = read(&mangled);
        prop_assert!(read.system.is_some() || !read.findings.is_empty());
    }
}
