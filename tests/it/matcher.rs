//! The matcher: what it proposes for the examples, and how well it does on the corpus, where that is at hand.

use std::path::{Path, PathBuf};

use platform_integration::base::yaml;
use platform_integration::mapping::{self, Suggestion};
use platform_integration::model::{SchemaId, System};
use platform_integration::readers::read_bytes;
use serde_json::{Map, Value, json};

use crate::schemas::from_json;

fn system(path: &str) -> System {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(path);
    read_bytes(&std::fs::read(&path).expect("readable"), "x").system.expect("a system")
}

fn record(system: &System, operation: &str) -> SchemaId {
    system.operation(operation).and_then(|o| o.record).expect("a record")
}

fn body(system: &System, operation: &str) -> SchemaId {
    system.operation(operation).and_then(|o| o.body.as_ref()?.schema).expect("a body")
}

fn page(suggestions: &[Suggestion]) -> String {
    suggestions.iter().map(|s| format!("{}: {}   # {:.2} {}\n", s.target, s.rule_yaml, s.score, s.because)).collect()
}

#[test]
fn what_is_proposed_for_billing_to_crm() {
    let (billing, crm) =
        (system("billing-to-crm/apis/billing.openapi.yaml"), system("billing-to-crm/apis/crm.openapi.json"));
    let source = (&billing.schemas, record(&billing, "listCustomers"));
    let target = (&crm.schemas, body(&crm, "createContact"));
    insta::assert_snapshot!(page(&mapping::suggest(source, target)));
}

#[test]
fn what_is_proposed_for_payments_to_ledger() {
    let (payline, ledgerly) = (
        system("payments-to-ledger/apis/payline.openapi.yaml"),
        system("payments-to-ledger/apis/ledgerly.openapi.yaml"),
    );
    let source = (&payline.schemas, record(&payline, "listPayments"));
    let target = (&ledgerly.schemas, body(&ledgerly, "createEntry"));
    insta::assert_snapshot!(page(&mapping::suggest(source, target)));
}

#[test]
fn transforms_are_proposed_where_they_are_safe() {
    let (source, s) = from_json(&json!({"type": "object", "properties": {
        "given_name": {"type": "string", "maxLength": 300},
        "surname": {"type": "string", "maxLength": 300},
        "state": {"type": "string", "enum": ["ACTIVE", "On-Hold"]},
        "created": {"type": "integer", "description": "milliseconds since 1970"},
        "quantity": {"type": "string"},
        "odd.name [x]": {"type": "string"},
    }}));
    let (target, t) = from_json(&json!({"type": "object", "properties": {
        "name": {"type": "string", "maxLength": 100},
        "state": {"type": "string", "enum": ["active", "on_hold"]},
        "created_at": {"type": "string", "format": "date-time"},
        "qty": {"type": "integer"},
        "odd_name_x": {"type": "string"},
        "colour": {"type": "string"},
    }}));
    insta::assert_snapshot!(page(&mapping::suggest((&source, s), (&target, t))));
}

#[test]
fn a_number_is_rounded_and_a_list_made_unique_where_the_target_asks_for_it() {
    let (source, s) = from_json(&json!({"type": "object", "properties": {
        "weight": {"type": "number"},
        "width": {"type": "number", "multipleOf": 0.5},
        "labels": {"type": "array", "items": {"type": "string"}},
        "codes": {"type": "array", "uniqueItems": true, "items": {"type": "string"}},
    }}));
    let (target, t) = from_json(&json!({"type": "object", "properties": {
        "weight": {"type": "number", "multipleOf": 0.001},
        "width": {"type": "number", "multipleOf": 0.1},
        "labels": {"type": "array", "uniqueItems": true, "items": {"type": "string"}},
        "codes": {"type": "array", "uniqueItems": true, "items": {"type": "string"}},
    }}));
    let all = mapping::suggest((&source, s), (&target, t));
    let rule = |target: &str| all.iter().find(|s| s.target == target).map(|s| s.rule_yaml.as_str());
    assert_eq!(rule("weight"), Some("{from: weight, with: [{round: 3}]}"));
    assert_eq!(rule("width"), Some("width"));
    assert_eq!(rule("labels"), Some("{from: labels, with: [unique]}"));
    assert_eq!(rule("codes"), Some("codes"));
}

/// Every rule proposed is one that compiles.
fn compiles(suggestions: &[Suggestion]) {
    for s in suggestions {
        let target = Value::String(s.target.clone());
        let node = yaml::parse(&format!("{target}: {}\n", s.rule_yaml), yaml::Limits::default()).expect("yaml");
        let (_, findings) = mapping::compile(node.entries().expect("a mapping"), "x");
        assert_eq!(findings, [], "{s:?}");
    }
}

/// A schema of the corpus's flat list of fields: `a.b[].c`.
fn schema(fields: &Value) -> Value {
    let mut root = json!({"type": "object", "properties": {}});
    for field in fields.as_array().into_iter().flatten() {
        let path = field["path"].as_str().expect("a path");
        let mut leaf = Map::new();
        if let Some(t) = field["type"].as_str().filter(|t| ["string", "integer", "number", "boolean"].contains(t)) {
            leaf.insert("type".to_owned(), json!(t));
        }
        for (from, to) in [("desc", "description"), ("format", "format"), ("enum", "enum")] {
            if let Some(v) = field.get(from) {
                leaf.insert(to.to_owned(), v.clone());
            }
        }
        put(&mut root, &path.split('.').collect::<Vec<_>>(), Value::Object(leaf));
    }
    root
}

fn put(node: &mut Value, path: &[&str], leaf: Value) {
    let Some((head, rest)) = path.split_first() else { return };
    let name = head.trim_end_matches("[]");
    let lists = (head.len() - name.len()) / 2;
    if !node["properties"].is_object() {
        node["properties"] = json!({});
        node["type"] = json!("object");
    }
    let mut at = &mut node["properties"][name];
    for _ in 0..lists {
        at["type"] = json!("array");
        at = &mut at["items"];
    }
    if rest.is_empty() {
        if at.is_null() {
            *at = leaf;
        }
    } else {
        put(at, rest, leaf);
    }
}

/// Precision and recall over the corpus's hand-checked pairs; a floor, so that nobody makes it worse unseen.
#[test]
fn the_matcher_holds_its_level_on_the_corpus() {
    let folder = std::env::var_os("CORPUS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("matching/api_unify.jsonl")) else {
        println!("skipped: no corpus at {}; set CORPUS to its folder", folder.display());
        return;
    };
    let (mut hits, mut proposed, mut judged, mut gold_count) = (0.0, 0.0, 0.0, 0.0);
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("json");
        let ((source, s), (target, t)) = (from_json(&schema(&row["source"])), from_json(&schema(&row["target"])));
        let found = mapping::suggest((&source, s), (&target, t));
        compiles(&found);
        let flat = |p: &str| p.replace("[0]", "").replace("[]", "").replace('"', "");
        let gold: Vec<(String, String)> = row["gold"]
            .as_array()
            .expect("gold")
            .iter()
            .map(|g| (flat(g["s"].as_str().expect("s")), flat(g["t"].as_str().expect("t"))))
            .collect();
        gold_count += gold.len() as f64;
        for f in &found {
            let pair = (flat(&f.source), flat(&f.target));
            let hit = gold.contains(&pair);
            proposed += 1.0;
            hits += f64::from(u8::from(hit));
            judged += f64::from(u8::from(hit || gold.iter().any(|(s, _)| *s == pair.0)));
        }
    }
    let f1 = |found: f64| 2.0 * hits / (found + gold_count);
    println!(
        "precision {:.3} recall {:.3} F1 {:.3} F1g {:.3}",
        hits / proposed,
        hits / gold_count,
        f1(proposed),
        f1(judged)
    );
    assert!(f1(judged) >= 0.82, "F1g {:.3}", f1(judged));
}

/// Sources that may be meant as well are told with score and reason, never as sure as a fact, the likeliest first.
#[test]
fn other_sources_of_a_target_are_named_beside_the_one_proposed() {
    let (source, s) = from_json(&json!({"type": "object", "properties": {
        "id": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "billing_email": {"type": "string", "format": "email"},
        "owner_email": {"type": "string", "format": "email"},
        "height": {"type": "number"},
    }}));
    let (target, t) = from_json(&json!({"type": "object", "properties": {
        "email_address": {"type": "string", "format": "email"},
        "shoe_size": {"type": "string", "enum": ["s", "m"]},
    }}));
    let found = mapping::suggest((&source, s), (&target, t));
    let [email] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((email.target.as_str(), email.source.as_str()), ("email_address", "email"));
    let others: Vec<&str> = email.alternatives.iter().map(|(path, ..)| path.as_str()).collect();
    assert!(others.contains(&"billing_email") && others.len() <= 3, "{others:?}");
    let scores: Vec<f64> =
        std::iter::once(email.score).chain(email.alternatives.iter().map(|(_, score, _)| *score)).collect();
    assert!(scores.windows(2).all(|w| w[0] >= w[1]) && scores[0] <= 0.70, "{scores:?}");
    assert!(email.alternatives.iter().all(|(_, _, why)| !why.is_empty()));
}
