//! What was looked up: overlays in the map, in the cards, and as files of their own.

use std::path::Path;

use platform_integration::app::{App, Face};
use platform_integration::knowledge;
use serde_json::{Value, json};

use super::{acme, agent, described, map, values};

pub(super) const LIMITS: &str = "apiVersion: platform-integration/knowledge/v1\nabout: Acme\nhosts: [api.acme.example]\nfacts:\n  - fact: rate_limit\n    \
    value: {requests: 100, window_ms: 10000}\n    source: https://acme.example/limits\n    checked: 2026-11-20\n";

#[test]
fn what_was_looked_up_stands_in_the_map_with_source_and_age() {
    let (dir, app) = described(&acme("", "", ""));
    assert!(map(&app, &agent(), "api.yaml")["not_stated"].as_array().expect("a list").contains(&json!("rate_limit")));
    std::fs::create_dir(dir.path().join("overlays")).expect("made");
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS).expect("written");
    let seen = map(&app, &agent(), "api.yaml");
    let fact = seen["facts"].as_array().expect("facts").iter().find(|f| f["fact"] == "rate_limit").expect("known");
    assert_eq!(fact["basis"], "research");
    assert_eq!(fact["source"], "https://acme.example/limits (checked 2026-11-20, age 7 days)");
    assert!(fact["confidence"].as_f64().expect("a number") <= 0.85);
    let codes = |map: &Value| -> Vec<String> {
        let all = map["findings"].as_array().expect("a list").iter().filter_map(|f| f["code"].as_str());
        all.filter(|c| *c != "no-security-scheme").map(str::to_owned).collect()
    };
    assert_eq!(codes(&seen), Vec::<String>::new());
    assert!(!seen["not_stated"].as_array().expect("a list").contains(&json!("rate_limit")));
    // Looked up long ago, or with a fault: said so, at its place.
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS.replace("2026-11-20", "2026-01-20"))
        .expect("written");
    assert_eq!(codes(&map(&app, &agent(), "api.yaml")), ["knowledge-stale"]);
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS.replace("rate_limit", "rate_limits"))
        .expect("written");
    let broken = map(&app, &agent(), "api.yaml");
    let finding = &broken["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["line"], &finding["column"]),
        (&json!("unknown-fact"), &json!(5), &json!(11))
    );
    // Another host is another system.
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS.replace("api.acme", "api.other"))
        .expect("written");
    assert_eq!(values(&map(&app, &agent(), "api.yaml"), "rate_limit"), Vec::<&Value>::new());
}

#[test]
fn of_one_fact_the_nearest_overlay_holds_alone() {
    let (dir, mut app) = described(&acme("", "", ""));
    let user = dir.path().join("user");
    std::fs::create_dir_all(dir.path().join("overlays")).expect("made");
    std::fs::create_dir_all(&user).expect("made");
    std::fs::write(dir.path().join("overlays/a.knowledge.yaml"), LIMITS).expect("written");
    std::fs::write(user.join("b.knowledge.yaml"), LIMITS.replace("100", "7")).expect("written");
    app.knowledge = Some(user);
    let rates = |app: &App| {
        values(&map(app, &Face::Cli, "api.yaml"), "rate_limit")
            .iter()
            .map(|v| v["requests"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(rates(&app), [json!(100)]);
    std::fs::remove_file(dir.path().join("overlays/a.knowledge.yaml")).expect("removed");
    assert_eq!(rates(&app), [json!(7)]);
    // A server that keeps to its directory does not look into the user's folder.
    app.confined = true;
    assert_eq!(rates(&app), Vec::<Value>::new());
}

#[test]
fn the_schema_of_overlays_is_the_one_checked_in_and_agrees_with_the_parser() {
    let fresh = format!("{}\n", serde_json::to_string_pretty(&knowledge::json_schema()).expect("json"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("resources/schemas/knowledge.schema.json");
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &fresh).expect("writable");
    }
    let kept = std::fs::read_to_string(&path).expect("checked in");
    assert!(kept == fresh, "stale: run UPDATE_SCHEMAS=1 cargo test --test it answers::");
    let schema = jsonschema::validator_for(&knowledge::json_schema()).expect("a valid schema");
    let fits = |text: &str| {
        let tree = platform_integration::base::yaml::parse(text, Default::default()).expect("yaml");
        let json: Value = serde_json::from_str(&tree.into_value().to_string()).expect("json");
        (schema.is_valid(&json), knowledge::parse(text, "x").1.is_empty())
    };
    for (file, text) in knowledge::SHIPPED {
        assert_eq!(fits(text), (true, true), "{file}");
    }
    for (from, to) in [
        ("about: Acme", "abuot: Acme"),
        ("rate_limit", "rate_limits"),
        ("requests: 100, ", ""),
        ("requests: 100", "requests: many"),
        ("https://acme", "acme"),
        ("checked: 2026-11-20", "confidence: 0.9"),
        ("[api.acme.example]", "[]"),
    ] {
        assert_eq!(fits(&LIMITS.replacen(from, to, 1)), (false, false), "{from} -> {to}");
    }
}

/// Each fault of an overlay, by the command that people run, with the place and what to do.
#[test]
fn every_fault_of_an_overlay_is_told_with_its_place() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("overlays")).expect("made");
    let check = |text: &str| {
        std::fs::write(dir.path().join("overlays/x.knowledge.yaml"), text).expect("written");
        crate::cli::run(dir.path(), &["check", "overlays/x.knowledge.yaml", "--format", "json"])
    };
    let sound = check(LIMITS);
    assert_eq!(sound.status.code(), Some(0), "{}", crate::cli::stdout(&sound));
    let mut told = String::new();
    for (from, to) in [
        ("apiVersion: platform-integration/knowledge/v1", "apiVersion: platform-integration/knowledge/v9"),
        ("apiVersion: platform-integration/knowledge/v1\n", ""),
        ("about: Acme", "abuot: Acme"),
        ("about: Acme", "about: Acme\nabout: Acme"),
        ("hosts: [api.acme.example]", "hosts: https://api.acme.example"),
        ("[api.acme.example]", "[https://api.acme.example/v1]"),
        ("rate_limit", "rate_limits"),
        ("{requests: 100, window_ms: 10000}", "100 in 10 s"),
        ("requests: 100, ", ""),
        ("requests: 100", "requests: many"),
        ("    source: https://acme.example/limits\n", ""),
        ("https://acme.example/limits", "http://acme.example/limits"),
        ("2026-11-20", "last week"),
        ("checked: 2026-11-20", "checked: 2026-11-20\n    confidence: 0.9"),
        ("checked: 2026-11-20", "checked: 2026-11-20\n    at: /paths"),
        ("facts:", "facts: none\nmore:"),
        ("hosts: [api", "hosts: [[api"),
    ] {
        let text = LIMITS.replacen(from, to, 1);
        assert_ne!(text, LIMITS, "{from}");
        let output = check(&text);
        assert_eq!(output.status.code(), Some(1), "{to}: {}", crate::cli::stdout(&output));
        for f in crate::cli::json(&output)["findings"].as_array().expect("findings") {
            let word = |key: &str| f[key].as_str().unwrap_or_default().to_owned();
            assert!(!word("fix").is_empty(), "{f}");
            told.push_str(&format!(
                "{}:{} {}: {} | {}\n",
                f["line"],
                f["column"],
                word("code"),
                word("message"),
                word("fix")
            ));
        }
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_was_looked_up_and_what_is_stated_are_both_shown_and_the_description_wins() {
    let limited = acme("", "      x-ratelimit: {limit: 50, window: 10s}", "");
    let (dir, app) = described(&limited);
    std::fs::create_dir(dir.path().join("overlays")).expect("made");
    std::fs::write(dir.path().join("overlays/acme.knowledge.yaml"), LIMITS).expect("written");
    let seen = map(&app, &Face::Cli, "api.yaml");
    let limits: Vec<(&Value, &Value)> = seen["facts"]
        .as_array()
        .expect("facts")
        .iter()
        .filter(|f| f["fact"] == "rate_limit")
        .map(|f| (&f["basis"], &f["value"]["requests"]))
        .collect();
    assert_eq!(limits, [(&json!("stated"), &json!(50)), (&json!("research"), &json!(100))]);
    let finding = seen["findings"].as_array().expect("a list").iter().find(|f| f["code"] == "knowledge-differs");
    let finding = finding.expect("both are shown, and that they differ is said");
    assert!(finding["fix"].as_str().is_some_and(|f| f.contains("the description counts here")), "{finding}");
    // The card calls by what wins; without a statement it says what was looked up, and where.
    let limit = |app: &App, operation: &str| {
        let card = super::inspect(app, "api.yaml", json!({"operation": operation}));
        card["call"]
            .as_array()
            .expect("a card")
            .iter()
            .find(|l| l.as_str().is_some_and(|l| l.starts_with("limit:")))
            .cloned()
    };
    assert_eq!(limit(&app, "listThings"), Some(json!("limit: 50 requests in 10s (stated)")));
    assert_eq!(
        limit(&app, "getThing"),
        Some(json!(
            "limit: 100 requests in 10s (research: https://acme.example/limits (checked 2026-11-20, age 7 days))"
        ))
    );
}
