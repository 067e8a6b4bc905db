//! When a value counts as that of the truth: the rules of the scorer `map-accuracy`.

#[path = "../../../benches/accuracy/matching.rs"]
mod matching;

use matching::{entity_fits, entity_same, fits};
use serde_json::json;

#[test]
fn a_host_with_a_placeholder_fits_every_host_below() {
    let truth = json!({"host": "{shop}.example.com", "path": ""});
    assert!(fits("base_url", &truth, &[json!({"host": "my.example.com", "path": "/v1"})]));
    assert!(fits("base_url", &json!({"host": "my.example.com"}), &[json!({"host": "{a}.example.com"})]));
    assert!(!fits("base_url", &truth, &[json!({"host": "example.org", "path": ""})]));
    assert!(!fits("base_url", &truth, &[json!({"host": "{server}", "path": ""})]));
    assert!(fits("base_url", &json!({"host": "rest.{}"}), &[json!({"host": "rest.eu-1.example.com"})]));
}

#[test]
fn what_the_truth_leaves_open_may_be_anything() {
    let ours = [json!({"type": "api_key", "in": "header", "name": "X-Key", "prefix": null})];
    assert!(fits("auth_mode", &json!({"type": "api_key", "in": null, "name": "x-key"}), &ours));
    assert!(!fits("auth_mode", &json!({"type": "api_key", "name": "X-Other"}), &ours));
    assert!(!fits("auth_mode", &json!({"type": "basic"}), &ours));
}

#[test]
fn pages_fit_by_style_and_parameter() {
    let ours = [json!({"style": "page", "param": "page", "limit_param": "size"})];
    assert!(fits("pagination", &json!({"style": "page", "param": "page", "limit_param": "per_page"}), &ours));
    assert!(fits("pagination", &json!({"style": "page", "param": null}), &ours));
    assert!(!fits("pagination", &json!({"style": "page", "param": "p"}), &ours));
    assert!(!fits("pagination", &json!({"style": "offset", "param": "page"}), &ours));
}

#[test]
fn half_of_the_scopes_suffice_and_paths_fit_from_their_end() {
    assert!(fits("oauth2_scopes", &json!(["a", "b"]), &[json!(["a"]), json!(["c"])]));
    assert!(!fits("oauth2_scopes", &json!(["a", "b", "d"]), &[json!(["a"])]));
    let truth = json!({"method": "post", "path": "/sites/{id}/webhooks"});
    assert!(fits(
        "webhook_subscribe_endpoint",
        &truth,
        &[json!({"method": "POST", "path": "/v1/sites/{site}/webhooks"})]
    ));
    assert!(!fits("webhook_subscribe_endpoint", &truth, &[json!({"method": "PUT", "path": "/sites/{id}/webhooks"})]));
}

#[test]
fn entities_fit_by_their_last_word_and_are_the_same_but_for_number_and_case() {
    assert!(entity_fits("customer_cards", "card"));
    assert!(entity_fits("cards", "CustomerCard"));
    assert!(!entity_fits("cards", "customer"));
    assert!(!entity_fits("cards", ""));
    assert!(entity_same("CustomerCards", "customercard") || entity_same("customer_cards", "customerCard"));
    assert!(!entity_same("customer_cards", "card"));
}
