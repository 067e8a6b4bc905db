//! `data_protection`: which kinds of sensitive data the entities hold, and which rules that suggests. A suggestion for a
//! person who knows the contract and the country; no legal advice.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Detector, Hints, Look};
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "data_protection", look: Look::Conclude(run) };

/// What a kind of data suggests: Regulation (EU) 2016/679 articles 4(1) and 9, PCI DSS v4 for card data, 45 CFR 160.103.
fn suggests(of: &str) -> &'static [&'static str] {
    match of {
        "card" => &["PCI DSS"],
        "bank" => &["GDPR", "bank secrecy"],
        "health" => &["GDPR article 9", "HIPAA"],
        "secret" => &["keep out of mappings and logs"],
        _ => &["GDPR"],
    }
}

fn run(system: &mut System, _: &Hints<'_>) {
    let (mut kinds, mut of): (BTreeMap<&str, u64>, BTreeMap<&str, u64>) = (BTreeMap::new(), BTreeMap::new());
    let mut from = Vec::new();
    for fact in system.facts.iter().filter(|f| f.fact == "sensitive_field") {
        let count = fact.value["count"].as_u64().unwrap_or(1);
        *kinds.entry(fact.value["kind"].as_str().unwrap_or("personal")).or_default() += count;
        for (name, count) in fact.value["of"].as_object().into_iter().flatten() {
            *of.entry(name).or_default() += count.as_u64().unwrap_or(1);
        }
        from.extend(fact.pointer().map(str::to_owned));
    }
    if kinds.is_empty() {
        return;
    }
    let mut rules: Vec<&str> = Vec::new();
    for rule in of.keys().flat_map(|of| suggests(of)) {
        if !rules.contains(rule) {
            rules.push(rule);
        }
    }
    from.truncate(8);
    let value = json!({"kinds": kinds, "suggests": rules});
    system.facts.push(Fact::inferred("data_protection", value, "kinds-of-sensitive-fields", from, 0.55));
}
