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
    let proposed = mapping::propose_all(source, target, Default::default());
    assert_eq!(proposed.rules, mapping::suggest(source, target));
    let open = proposed
        .tables
        .iter()
        .map(|t| format!("open: {}: {}   # {:.2} {}\n", t.target, t.skeleton(), t.score, t.because));
    insta::assert_snapshot!(page(&proposed.rules) + &open.collect::<String>());
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

/// What a rule makes of a record.
fn applied(suggestions: &[Suggestion], record: &Value) -> Value {
    let text: String =
        suggestions.iter().map(|s| format!("{}: {}\n", Value::from(s.target.as_str()), s.rule_yaml)).collect();
    let node = yaml::parse(&text, yaml::Limits::default()).expect("yaml");
    let (mapping, findings) = mapping::compile(node.entries().expect("a mapping"), "x");
    assert_eq!(findings, [], "{text}");
    mapping.apply(record).expect("no fault")
}

/// Rules from texts to texts, of which the target requires some.
fn between(source: &[&str], target: &[&str], required: &[&str]) -> Vec<Suggestion> {
    let texts = |names: &[&str]| -> Map<String, Value> {
        names.iter().map(|n| ((*n).to_owned(), json!({"type": "string"}))).collect()
    };
    let (source, s) = from_json(&json!({"type": "object", "required": source, "properties": texts(source)}));
    let (target, t) = from_json(&json!({"type": "object", "required": required, "properties": texts(target)}));
    let found = mapping::suggest((&source, s), (&target, t));
    compiles(&found);
    found
}

/// A name of one word never leaves an empty one behind, and never goes where it need not.
#[test]
fn a_name_of_one_word_goes_where_a_name_must_be() {
    let made = |required: &[&str], name: &str| {
        let rules = between(&["full_name"], &["first_name", "last_name"], required);
        applied(&rules, &json!({"full_name": name}))
    };
    assert_eq!(made(&["last_name"], "Cher"), json!({"last_name": "Cher"}));
    assert_eq!(made(&["last_name"], " Ana Maria  Diaz "), json!({"first_name": "Ana Maria", "last_name": "Diaz"}));
    assert_eq!(made(&["first_name"], "Cher"), json!({"first_name": "Cher"}));
    assert_eq!(made(&[], "Cher"), json!({"first_name": "Cher"}));
    assert_eq!(made(&[], "Ludwig van Beethoven"), json!({"first_name": "Ludwig", "last_name": "van Beethoven"}));
    assert_eq!(made(&["first_name", "last_name"], "Cher"), json!({"first_name": "Cher", "last_name": "Cher"}));
    let alone = between(&["full_name"], &["last_name"], &[]);
    assert_eq!(applied(&alone, &json!({"full_name": "Cher"})), json!({"last_name": "Cher"}));
}

#[test]
fn a_name_is_joined_from_its_parts() {
    let rules = between(&["given_name", "surname"], &["full_name"], &["full_name"]);
    assert_eq!(applied(&rules, &json!({"given_name": "Ada", "surname": "King"})), json!({"full_name": "Ada King"}));
}

#[test]
fn a_street_of_two_lines_is_split_and_joined() {
    let split = between(&["street", "city"], &["address_line1", "address_line2", "city"], &["address_line1"]);
    assert_eq!(
        applied(&split, &json!({"street": "1 Main St\r\nFlat 2", "city": "Ulm"})),
        json!({"address_line1": "1 Main St", "address_line2": "Flat 2", "city": "Ulm"})
    );
    assert_eq!(
        applied(&split, &json!({"street": "1 Main St", "city": "Ulm"})),
        json!({"address_line1": "1 Main St", "city": "Ulm"})
    );
    let joined = between(&["address1", "address2", "city"], &["street", "city"], &[]);
    assert_eq!(
        applied(&joined, &json!({"address1": "1 Main St", "address2": "", "city": "Ulm"})),
        json!({"street": "1 Main St", "city": "Ulm"})
    );
    // Where both sides have both lines, each is copied; where the target has one line alone, nothing is split.
    let same = between(&["street1", "street2"], &["address_line_1", "address_line_2"], &[]);
    assert!(same.iter().all(|s| !s.rule_yaml.contains('{')), "{same:?}");
    let one = between(&["street"], &["address_line_1", "city"], &[]);
    assert!(one.iter().all(|s| !s.rule_yaml.contains("extract")), "{one:?}");
}

#[test]
fn an_address_in_one_text_is_joined_from_its_parts_and_never_taken_apart() {
    let joined = between(&["street", "postal_code", "city", "country"], &["full_address"], &[]);
    assert_eq!(
        applied(&joined, &json!({"street": "1 Main St", "postal_code": "89073", "city": "Ulm", "country": "DE"})),
        json!({"full_address": "1 Main St 89073 Ulm DE"})
    );
    let (flat, f) = from_json(&json!({"type": "object", "properties": {
        "street": {"type": "string"}, "street2": {"type": "string"}, "city": {"type": "string"},
    }}));
    let emails = json!({"type": "array", "items": {"type": "object", "properties": {"address": {"type": "string"}}}});
    let (nested, n) = from_json(&json!({"type": "object", "properties": {"emails": emails}}));
    assert_eq!(mapping::suggest((&flat, f), (&nested, n)), []);
    let apart = between(&["full_address"], &["street", "city", "postal_code"], &[]);
    assert!(apart.iter().all(|s| s.target == "street"), "{apart:?}");
}

#[test]
fn a_pair_of_coordinates_is_split_and_joined_where_its_name_says_that_it_is_one() {
    let number = |names: [&str; 2]| -> Value {
        names.iter().map(|n| ((*n).to_owned(), json!({"type": "number"}))).collect::<Map<_, _>>().into()
    };
    let (one, o) = from_json(&json!({"type": "object", "properties": {"lat_lng": {"type": "string"}}}));
    let (two, t) = from_json(&json!({"type": "object", "properties": number(["latitude", "longitude"])}));
    let split = mapping::suggest((&one, o), (&two, t));
    assert_eq!(applied(&split, &json!({"lat_lng": "48.4, 9.99"})), json!({"latitude": 48.4, "longitude": 9.99}));
    let joined = mapping::suggest((&two, t), (&one, o));
    assert_eq!(applied(&joined, &json!({"latitude": 48.4, "longitude": 9.99})), json!({"lat_lng": "48.4,9.99"}));
    let (vague, v) = from_json(&json!({"type": "object", "properties": {"location": {"type": "string"}}}));
    assert_eq!(mapping::suggest((&vague, v), (&two, t)), []);
}

/// Minor units within a list know their currency from the record.
#[test]
fn a_currency_is_found_above_the_amount() {
    let (source, s) = from_json(&json!({"type": "object", "properties": {
        "currency": {"type": "string", "minLength": 3, "maxLength": 3},
        "total": {"type": "object", "properties": {"amount": {"type": "integer"}}},
    }}));
    let (target, t) = from_json(&json!({"type": "object", "properties": {"total_amount": {"type": "string"}}}));
    let found = mapping::suggest((&source, s), (&target, t));
    assert!(found.iter().any(|s| s.rule_yaml.contains("minor_to_major: currency")), "{found:?}");
}

/// Where the names of values tell nothing, a table is left to fill, and no rule is made up.
#[test]
fn a_table_that_nobody_can_guess_is_left_open() {
    let (source, s) = from_json(&json!({"type": "object", "properties": {
        "status": {"type": "string", "enum": ["A1", "B2", "open", "Z-9"]},
        "colour": {"type": "string", "enum": ["red", "blue"]},
    }}));
    let (target, t) = from_json(&json!({"type": "object", "properties": {
        "status": {"type": "string", "enum": ["open", "won", "lost"]},
        "colour": {"type": "string", "enum": ["RED", "BLUE"]},
    }}));
    let proposed = mapping::propose_all((&source, s), (&target, t), Default::default());
    assert!(proposed.rules.iter().all(|r| r.target == "colour"), "{proposed:?}");
    let [table] = proposed.tables.as_slice() else { panic!("{proposed:?}") };
    insta::assert_snapshot!(format!("{}: {}\n{}\n{:?}", table.target, table.skeleton(), table.because, table.takes));
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
    assert!(f1(judged) >= 0.825, "F1g {:.3}", f1(judged));
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
