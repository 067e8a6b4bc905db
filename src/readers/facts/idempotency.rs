//! `idempotency`: a header by which a write can be repeated without a second effect.

use serde_json::json;

use super::path::norm;
use super::said::affirms;
use super::{Detector, Hints, Look};
use crate::model::{Basis, Fact, Idempotency, ParamIn, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "idempotency", look: Look::Derive(run) };

/// `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) and its kin.
fn is_key(name: &str) -> bool {
    let name = norm(name);
    name.contains("idempoten") || matches!(name.as_str(), "paypalrequestid" | "xrequestkey" | "clienttoken")
}

fn run(system: &mut System, hints: &Hints<'_>) {
    let mut facts: Vec<Fact> = Vec::new();
    for operation in &mut system.operations {
        let key = operation.parameters.iter().find(|p| p.place == ParamIn::Header && is_key(&p.name));
        if let Some(key) = key
            && !operation.method.safe()
        {
            push(&mut facts, "header", &key.name, &key.pointer);
            let basis = Basis::Stated { pointer: key.pointer.clone() };
            operation.idempotency = Some(Idempotency { header: key.name.clone(), basis });
        }
        if let Some(key) = operation.parameters.iter().find(|p| p.place == ParamIn::Query && is_key(&p.name)) {
            push(&mut facts, "query", &key.name, &key.pointer);
        }
        if let Some(body) = operation.body.as_ref().and_then(|b| b.schema) {
            let key = system.schemas.properties(body).into_iter().find(|(name, _)| norm(name).contains("idempoten"));
            if let Some((name, id)) = key {
                push(&mut facts, "body", name, &system.schemas.get(id).pointer);
            }
        }
    }
    if facts.is_empty() {
        // Prose names the header, but not the operations that honour it: no operation is marked.
        let said = hints.prose.iter().find_map(|p| {
            let name =
                ["Idempotency-Key", "X-Idempotency-Key", "Idempotent-Key"].into_iter().find(|n| p.text.contains(n))?;
            // One sentence names it, another may say that it does nothing.
            if !affirms(p.text, &[&name.to_ascii_lowercase()]) || !affirms(p.text, &["idempoten"]) {
                return None;
            }
            Some((name, p.pointer.to_string()))
        });
        if let Some((name, pointer)) = said {
            let value = json!({"supported": true, "in": "header", "name": name});
            facts.push(Fact::inferred("idempotency", value, "idempotency-header-in-prose", vec![pointer], 0.55));
        }
    }
    system.facts.extend(facts);
}

/// Each name once, with the first place that has it.
fn push(facts: &mut Vec<Fact>, place: &str, name: &str, pointer: &str) {
    let value = json!({"supported": true, "in": place, "name": name});
    if !facts.iter().any(|f| f.value == value) {
        facts.push(Fact::stated("idempotency", value, pointer));
    }
}
