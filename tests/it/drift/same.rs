//! What says the same in other words.

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
