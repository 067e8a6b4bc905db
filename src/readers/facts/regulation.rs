//! `data_protection`: which kinds of sensitive data the entities hold, and which rules that suggests. A suggestion for a
//! person who knows the contract and the country; no legal advice.

use std::collections::BTreeMap;

use serde_json::json;

use super::entity_fields;
use super::{Detector, Hints};
use crate::base::text::words;
use crate::model::{Fact, System, TypeSet};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "data_protection", run };

/// Words that name data about health in any API.
const HEALTH: [&str; 14] = [
    "diagnosis",
    "diagnoses",
    "allergy",
    "allergies",
    "medication",
    "medications",
    "prescription",
    "prescriptions",
    "patient",
    "symptom",
    "symptoms",
    "immunization",
    "icd10",
    "bloodtype",
];

/// What a kind of data suggests: Regulation (EU) 2016/679 articles 4(1) and 9, PCI DSS v4 for card data, 45 CFR 160.103.
fn suggests(kind: &str) -> &'static [&'static str] {
    match kind {
        "contact" | "name" | "address" | "personal" | "identity" | "location" => &["GDPR"],
        "card" => &["PCI DSS"],
        "financial" => &["GDPR", "bank secrecy"],
        "health" => &["GDPR article 9", "HIPAA"],
        "credential" => &["keep out of mappings and logs"],
        _ => &[],
    }
}

fn run(system: &mut System, _: &Hints<'_>) {
    let mut kinds: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    let mut add = |kind: &'static str, pointer: &str| {
        let entry = kinds.entry(kind).or_default();
        entry.0 += 1;
        if entry.1.len() < 2 {
            entry.1.push(pointer.to_owned());
        }
    };
    const KINDS: [&str; 8] =
        ["credential", "financial", "identity", "personal", "contact", "name", "address", "location"];
    for fact in system.facts.iter().filter(|f| f.fact == "sensitive_field") {
        let field = fact.value["field"].as_str().unwrap_or("");
        let joined = words(field.rsplit('.').next().unwrap_or(field)).concat();
        let card = matches!(joined.as_str(), "cardnumber" | "cvc" | "cvv" | "pan");
        let kind = KINDS.iter().find(|k| fact.value["kind"] == **k).copied();
        if let Some(kind) = if card { Some("card") } else { kind } {
            add(kind, fact.pointer().unwrap_or("#"));
        }
    }
    for field in entity_fields::all(system) {
        let words = words(field.name);
        let about = words.iter().any(|w| HEALTH.contains(&w.as_str())) || words.concat() == "bloodtype";
        let id = words.last().is_some_and(|w| w == "id" || w == "count");
        if about && !id && !field.schema.types.has(TypeSet::BOOLEAN) {
            add("health", &field.schema.pointer);
        }
    }
    if kinds.is_empty() {
        return;
    }
    let mut rules: Vec<&str> = Vec::new();
    for rule in kinds.keys().flat_map(|k| suggests(k)) {
        if !rules.contains(rule) {
            rules.push(rule);
        }
    }
    let counts: BTreeMap<&str, usize> = kinds.iter().map(|(k, (n, _))| (*k, *n)).collect();
    let from = kinds.values().flat_map(|(_, from)| from.clone()).take(8).collect();
    let value = json!({"kinds": counts, "suggests": rules});
    system.facts.push(Fact::inferred("data_protection", value, "kinds-of-sensitive-fields", from, 0.55));
}
