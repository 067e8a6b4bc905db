//! The mapping room: what compiles, what is checked against both schemas, and that what passes is right.

use platform_integration::base::rng::Rng;
use platform_integration::base::yaml::{self, Node, Span, Spanned};
use platform_integration::finding::Finding;
use platform_integration::mapping::{self, Mapping};
use platform_integration::model::sample::sample;
use platform_integration::model::{Direction, validate};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::contract::shown;
use crate::schemas::from_json;

const DEFECTS: &str = include_str!("../fixtures/mapping/defects.yaml");

fn tree(text: &str) -> Node {
    yaml::parse(text, yaml::Limits::default()).expect("yaml")
}

fn compiled(map: &str) -> (Mapping, Vec<Finding>) {
    mapping::compile(tree(map).entries().expect("a mapping"), "integration.yaml")
}

/// An object of properties, where `name!` is required.
fn object(properties: &Value) -> Value {
    let given = properties.as_object().expect("properties");
    let names: Vec<&str> = given.keys().filter_map(|k| k.strip_suffix('!')).collect();
    let properties: Value = given
        .iter()
        .map(|(k, v)| (k.trim_end_matches('!').to_owned(), v.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({"type": "object", "properties": properties, "required": names})
}

struct Case {
    name: String,
    source: Value,
    target: Value,
    mapping: Mapping,
    unmapped: Vec<Spanned<String>>,
    finds: Vec<String>,
}

fn cases() -> Vec<Case> {
    let texts = |n: Option<&Node>| -> Vec<Spanned<String>> {
        let items = n.and_then(Node::items).unwrap_or_default();
        items.iter().map(|i| Spanned::new(i.as_str().expect("text").to_owned(), i.at)).collect()
    };
    let read = |case: &Node| {
        let (mapping, findings) =
            mapping::compile(case.get("map").expect("map").entries().expect("a mapping"), "defects.yaml");
        let name = case.get("name").and_then(Node::as_str).expect("a name").to_owned();
        assert_eq!(shown(&findings), "", "{name}");
        Case {
            name,
            source: object(&case.get("source").expect("source").to_value()),
            target: object(&case.get("target").expect("target").to_value()),
            mapping,
            unmapped: texts(case.get("unmapped")),
            finds: texts(case.get("finds")).into_iter().map(|s| s.value).collect(),
        }
    };
    tree(DEFECTS).items().expect("a list").iter().map(read).collect()
}

fn check(case: &Case) -> Vec<Finding> {
    let ((source, s), (target, t)) = (from_json(&case.source), from_json(&case.target));
    mapping::check(&case.mapping, (&source, s), (&target, t), &case.unmapped, "defects.yaml")
}

#[test]
fn each_planted_defect_is_found_and_nothing_else() {
    let mut page = String::new();
    for case in cases() {
        let findings = check(&case);
        let mut codes: Vec<&str> = findings.iter().map(|f| f.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, case.finds, "{}\n{}", case.name, shown(&findings));
        page.push_str(&format!("# {}\n{}", case.name, shown(&findings).replace("    fix", "      fix")));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn a_record_that_is_no_object_is_said_once_and_by_name() {
    let (mapping, _) = compiled("a: name\nb: {from: mail, default: x}\n");
    let ((source, s), (target, t)) =
        (from_json(&json!({"type": "string", "format": "date-time"})), from_json(&object(&json!({"a": {}, "b": {}}))));
    let findings = mapping::check(&mapping, (&source, s), (&target, t), &[], "x.yaml");
    insta::assert_snapshot!(shown(&findings), @r"
    1:4 error unknown-source-field: a record of the source is string, which has no fields
        fix: name the object or the list of objects that the records are in
    ");
}

/// What type-checks clean gives valid bodies for every generated record.
#[test]
fn a_mapping_without_findings_gives_what_the_target_takes() {
    let mut clean = 0;
    for case in cases().iter().filter(|c| c.finds.is_empty()) {
        let ((source, s), (target, t)) = (from_json(&case.source), from_json(&case.target));
        for seed in 1000..1200 {
            let record = sample(&source, s, &mut Rng::seeded(seed), Direction::Response);
            let Ok(out) = case.mapping.apply(&record) else { continue };
            assert_eq!(validate(&target, t, &out, Direction::Request), [], "{}: {record} gives {out}", case.name);
        }
        clean += 1;
    }
    assert!(clean >= 7, "{clean}");
}

#[test]
fn the_examples_map_what_they_say() {
    let (contract, _) = platform_integration::contract::parse(
        include_str!("../../examples/billing-to-crm/integration.yaml"),
        "integration.yaml",
    );
    let contract = contract.expect("whole");
    let (mapping, findings) = mapping::compile(&contract.flows["contacts"].map, "integration.yaml");
    assert_eq!(shown(&findings), "");
    let record = json!({"id": "cus_1", "email": " Ada@Example.com ", "name": "Ada King Lovelace", "status": "trialing",
        "balance": 1050, "currency": "KWD"});
    assert_eq!(
        mapping.apply(&record),
        Ok(json!({"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "balance": "1.050",
            "currency": "KWD", "stage": "lead", "origin": "billing", "external_id": "cus_1"}))
    );
    let rows: String = mapping.rows().iter().map(|r| format!("{} <- {} ({})\n", r.target, r.from, r.how)).collect();
    insta::assert_snapshot!(rows);
    let paths: Vec<String> = mapping.source_paths().iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["balance", "currency", "email", "id", "name", "status"]);
    assert_eq!(mapping.target_paths().len(), 8);
}

#[test]
fn rules_that_do_not_compile_are_said_with_their_place() {
    insta::assert_snapshot!(shown(&compiled(include_str!("../fixtures/mapping/bad-rules.yaml")).1));
}

#[test]
fn a_broken_rule_is_not_complained_about_twice() {
    let (mapping, findings) = compiled("a: {from: x, with: [tirm]}\nb: b\n");
    assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["unknown-transform"]);
    let (source, s) = from_json(&object(&json!({"x!": {"type": "string"}, "b!": {"type": "string"}})));
    let (target, t) = from_json(&object(&json!({"a!": {"type": "string"}, "b!": {"type": "string"}})));
    assert_eq!(mapping::check(&mapping, (&source, s), (&target, t), &[], "x"), []);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| serde_json::Number::from_f64(f).map_or(Value::Null, Value::Number)),
        "-?[0-9]{0,40}(\\.[0-9]{0,30})?(e[0-9]{1,5})?"
            .prop_map(|s| serde_json::from_str::<Value>(&s).unwrap_or(Value::String(s))),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("2026-10-01T00:00:00Z")),
        Just(json!("USD")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[abc]", inner), 0..4).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every transform, alone and in pairs, over any record.
    #[test]
    fn applying_never_panics(record in any_value(), first in 0usize..20, second in 0usize..20) {
        let usage = |i: usize| {
            let all = mapping::transforms::ALL;
            all[i].examples[0].step.replace("currency", "b")
        };
        let map = format!(
            "x: {{from: a, with: [{}, {}]}}\ny: {{from: 'b.c', values: {{a: b}}, else: keep}}\nz.w[1]: {{join: [a, 'b', 'c[0]']}}\n",
            usage(first), usage(second)
        );
        let (mapping, findings) = compiled(&map);
        prop_assert!(findings.is_empty(), "{}", shown(&findings));
        if let Err(rejection) = mapping.apply(&record) {
            prop_assert!(!rejection.because.is_empty());
        }
    }

    /// Any text as a rule is either compiled or complained about.
    #[test]
    fn compiling_never_panics(target in "\\PC{0,12}", rule in any_value()) {
        let at = Span { line: 1, column: 1 };
        let value = tree(&rule.to_string());
        let entry = yaml::Entry { key: target, key_at: at, value };
        let (mapping, findings) = mapping::compile(std::slice::from_ref(&entry), "x");
        prop_assert_eq!(mapping.rules().is_empty(), !findings.is_empty());
    }

    /// An amount goes to major units and back without loss, in every currency.
    #[test]
    fn money_is_exact(amount in any::<i64>(), currency in "[A-Z]{3}") {
        let (there, _) = compiled("m: {from: m, with: [{minor_to_major: c}]}\nc: c\n");
        let (back, _) = compiled("m: {from: m, with: [{major_to_minor: c}]}\nc: c\n");
        let record = json!({"m": amount, "c": currency});
        let major = there.apply(&record).expect("mapped");
        prop_assert_eq!(back.apply(&major).expect("mapped"), record);
    }
}
