//! What says the same in other words.

use platform_integration::base::yaml;
use platform_integration::drift::compare;
use platform_integration::model::System;
use platform_integration::readers::{self, Input, Part};
use serde_json::Value;

use super::{base, drift, lines};

#[test]
fn a_description_has_not_drifted_from_itself_however_it_refers_to_itself() {
    let shop = base("shop.yaml");
    assert_eq!(lines(&drift(&shop, &shop)), "");
}

#[test]
fn components_under_other_names_change_nothing() {
    let shop = base("shop.yaml");
    let renamed =
        shop.replace("schemas/Order\"", "schemas/PurchaseOrder\"").replace("    Order:", "    PurchaseOrder:");
    let renamed = renamed.replace("schemas/Card\"", "schemas/Plastic\"").replace("    Card:", "    Plastic:");
    assert_eq!(lines(&drift(&shop, &renamed)), "");
}

#[test]
fn a_schema_taken_apart_into_all_of_changes_nothing() {
    let shop = base("shop.yaml");
    let apart = shop.replace(
        "    NewOrder:\n      type: object\n      required: [total]\n      properties:\n        total: {type: integer, minimum: 0}\n",
        "    Priced:\n      type: object\n      required: [total]\n      properties:\n        total: {type: integer, minimum: 0}\n    NewOrder:\n      allOf:\n        - {$ref: \"#/components/schemas/Priced\"}\n      type: object\n      properties:\n",
    );
    assert_ne!(apart, shop);
    assert_eq!(lines(&drift(&shop, &apart)), "");
}

#[test]
fn a_component_written_out_where_it_is_used_changes_nothing() {
    let shop = base("shop.yaml");
    let out = shop
        .replace("- {$ref: \"#/components/schemas/Card\"}", "- {type: object, properties: {number: {type: string}}}");
    assert_ne!(out, shop);
    assert_eq!(lines(&drift(&shop, &out)), "");
}

#[test]
fn another_order_changes_nothing() {
    let shop = base("shop.yaml");
    let (head, rest) = shop.split_once("  /orders/{id}:").unwrap();
    let (one, rest) = rest.split_once("  /status:").unwrap();
    let (status, tail) = rest.split_once("components:").unwrap();
    let (before, orders) = head.split_once("paths:\n").unwrap();
    let turned = format!("{before}paths:\n  /status:{status}  /orders/{{id}}:{one}{orders}components:{tail}");
    let turned = turned.replace("enum: [web, shop]", "enum: [shop, web]");
    assert_eq!(lines(&drift(&shop, &turned)), "");
}

#[test]
fn names_of_path_parameters_and_the_place_of_the_base_path_change_nothing_on_the_wire() {
    let shop = base("shop.yaml");
    let other =
        shop.replace("/orders/{id}:", "/orders/{order}:").replace("{name: id, in: path", "{name: order, in: path");
    assert_eq!(lines(&drift(&shop, &other)), "");
}

#[test]
fn fingerprints_stay_when_other_things_change() {
    let shop = base("shop.yaml");
    let edit = |text: &str| text.replace("        placed: {type: string, format: date-time}\n", "");
    let elsewhere = |text: &str| {
        text.replace("paths:\n", "paths:\n  /first:\n    get:\n      responses: {\"204\": {description: Ok.}}\n")
    };
    let alone = drift(&shop, &edit(&shop));
    let both = drift(&elsewhere(&shop), &edit(&elsewhere(&shop)));
    let prints =
        |changes: &[platform_integration::drift::Change]| changes.iter().map(|c| c.fingerprint()).collect::<Vec<_>>();
    assert_eq!(prints(&alone), prints(&both));
    assert_eq!(alone.len(), 1);
}

#[test]
fn a_rename_is_told_as_a_guess() {
    let shop = base("shop.yaml");
    let renamed = shop.replace("        placed: {type", "        placed_at: {type");
    let changes = drift(&shop, &renamed);
    let removed = changes.iter().find(|c| c.code == "property-removed").unwrap();
    assert_eq!(removed.guess.as_deref(), Some("placed_at"));
    assert!(removed.message.ends_with("perhaps renamed to placed_at (a guess)"), "{}", removed.message);
}

/// A help desk in a format or a form, read from its file and what that refers to.
fn desk(form: &str) -> System {
    let dir = crate::cli::repository().join("tests/fixtures/drift/same");
    let main = format!("desk.{form}.yaml");
    let part = |name: &str| Part { name: name.to_owned(), bytes: Ok(std::fs::read(dir.join(name)).unwrap()) };
    let others = if form == "parts" { vec![part("parts/schemas.yaml")] } else { Vec::new() };
    let read = readers::read(&Input { main: part(&main), others, overlays: Vec::new() }, &main);
    read.system.unwrap_or_else(|| panic!("{:?}", read.findings))
}

#[test]
fn one_api_in_every_version_and_in_several_files_has_not_changed() {
    let forms = ["swagger", "openapi30", "openapi31", "parts"];
    for (old, new) in forms.iter().flat_map(|a| forms.iter().map(move |b| (*a, *b))) {
        assert_eq!(lines(&compare(&desk(old), &desk(new))), "", "{old} to {new}");
    }
}

/// The same document as a value: what is written with it is JSON.
pub(super) fn value(yaml: &str) -> Value {
    yaml::parse(yaml, yaml::Limits::default()).unwrap().to_value()
}

#[test]
fn yaml_written_as_json_changes_nothing() {
    for file in ["shop.yaml", "bell.asyncapi.yaml", "same/desk.swagger.yaml", "same/desk.openapi31.yaml"] {
        let text = base(file);
        let json = serde_json::to_string(&value(&text)).unwrap();
        assert_eq!(lines(&drift(&text, &json)), "", "{file}");
        assert_eq!(lines(&drift(&json, &text)), "", "{file}");
    }
}

/// Every mapping of a document the other way round. Lists stay: the order of alternatives and of parameters is told apart
/// in other tests.
pub(super) fn turned(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.iter().rev().map(|(k, v)| (k.clone(), turned(v))).collect()),
        Value::Array(list) => Value::Array(list.iter().map(turned).collect()),
        other => other.clone(),
    }
}

#[test]
fn keys_in_another_order_change_nothing() {
    for file in ["shop.yaml", "bell.asyncapi.yaml", "same/desk.openapi30.yaml"] {
        let text = base(file);
        let other = serde_json::to_string(&turned(&value(&text))).unwrap();
        assert_eq!(lines(&drift(&text, &other)), "", "{file}");
    }
}

#[test]
fn the_order_of_ways_parameters_and_shapes_changes_nothing() {
    let shop = base("shop.yaml");
    let other = shop
        .replace("        - oauth: [orders.read]\n        - key: []\n", "        - key: []\n        - oauth: [orders.read]\n")
        .replace(
            "            - {$ref: \"#/components/schemas/Card\"}\n            - {$ref: \"#/components/schemas/Invoice\"}\n",
            "            - {$ref: \"#/components/schemas/Invoice\"}\n            - {$ref: \"#/components/schemas/Card\"}\n",
        )
        .replace(
            "        - {name: page, in: query, schema: {type: integer}}\n        - {name: per_page, in: query, description: \"Page size, at most 50.\", schema: {type: integer}}\n",
            "        - {name: per_page, in: query, description: \"Page size, at most 50.\", schema: {type: integer}}\n        - {name: page, in: query, schema: {type: integer}}\n",
        );
    assert_ne!(other, shop);
    assert_eq!(lines(&drift(&shop, &other)), "");
}

#[test]
fn schemes_under_other_names_change_nothing() {
    let shop = base("shop.yaml");
    let other = shop.replace("key: []", "token: []").replace("    key: {type", "    token: {type");
    let other = other.replace("oauth: [", "grant: [").replace("    oauth:\n", "    grant:\n");
    assert_ne!(other, shop);
    assert_eq!(lines(&drift(&shop, &other)), "");
}

#[test]
fn a_text_that_is_set_in_another_way_says_the_same() {
    let shop = base("shop.yaml");
    let other = shop.replace("What the customer calls it.", "\"What the *customer* calls  it\"");
    assert_eq!(lines(&drift(&shop, &other)), "");
}

#[test]
fn schemas_that_refer_to_themselves_in_other_ways_end() {
    let ring = |size: usize, step: usize| {
        let mut text = String::from(
            "openapi: 3.0.3\ninfo: {title: Ring, version: \"1\"}\npaths:\n  /ring:\n    get:\n      operationId: getRing\n      responses:\n        \"200\":\n          description: Ok.\n          content: {application/json: {schema: {$ref: \"#/components/schemas/N0\"}}}\ncomponents:\n  schemas:\n",
        );
        for i in 0..size {
            let (next, far) = ((i + 1) % size, (i * step + 1) % size);
            text.push_str(&format!(
                "    N{i}:\n      type: object\n      properties:\n        next: {{$ref: \"#/components/schemas/N{next}\"}}\n        far: {{$ref: \"#/components/schemas/N{far}\"}}\n"
            ));
        }
        text
    };
    // Rings of sizes without a common divisor meet in every combination, and are the same endless thing.
    assert_eq!(lines(&drift(&ring(101, 3), &ring(97, 5))), "");
}

mod prints {
    //! A fingerprint is that of the change, and of nothing else in the descriptions.

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::rules::EDITS;
    use super::super::{base, drift};

    /// Edits of the shop that can be made together: none touches the text of another.
    fn edits() -> Vec<(&'static str, &'static str, &'static str)> {
        let shop = base("shop.yaml");
        let mut out: Vec<(&str, &str, &str)> = Vec::new();
        for edit in EDITS.iter().filter(|(code, from, _)| !code.starts_with('<') && shop.contains(from)) {
            let apart = |(_, from, _): &&(&str, &str, &str)| from.contains(edit.1) || edit.1.contains(*from);
            if !out.iter().any(|other| apart(&other)) {
                out.push(*edit);
            }
        }
        out
    }

    fn prints(old: &str, new: &str) -> BTreeSet<String> {
        drift(old, new).iter().map(|c| c.fingerprint()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn fingerprints_of_a_change_stay_whatever_else_changes(picked in proptest::collection::btree_set(0_usize..200, 2..6)) {
            let (shop, edits) = (base("shop.yaml"), edits());
            let picked: BTreeSet<usize> = picked.into_iter().map(|i| i % edits.len()).collect();
            let mut all = shop.clone();
            let mut alone = BTreeSet::new();
            for i in picked {
                let (code, from, to) = edits[i];
                // What stands in the text of an edit made before is another thing.
                if !all.contains(from) || ["operation-moved", "operation-removed"].contains(&code) {
                    continue;
                }
                alone.extend(prints(&shop, &shop.replace(from, to)));
                all = all.replace(from, to);
            }
            let together = prints(&shop, &all);
            prop_assert_eq!(&together, &prints(&shop, &all), "two runs");
            prop_assert!(together.is_superset(&alone), "lost: {:?}", alone.difference(&together).collect::<Vec<_>>());
        }
    }
}
