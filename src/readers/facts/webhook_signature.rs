//! `webhook_signature`: by which header and scheme a delivery proves who sent it.

use serde_json::json;

use super::path::norm;
use super::said::Topic;
use super::{Detector, Hints, Look};
use crate::base::text::truncate;
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "webhook_signature", look: Look::Observe(run) };

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut facts: Vec<Fact> = Vec::new();
    for event in &system.events {
        let standard = ["webhook-id", "webhook-timestamp", "webhook-signature"]
            .iter()
            .all(|name| event.headers.iter().any(|h| h.name.eq_ignore_ascii_case(name)));
        for header in &event.headers {
            let name = norm(&header.name);
            if !(name.contains("signature") || name.contains("hmac")) {
                continue;
            }
            // <https://www.standardwebhooks.com/>: three headers of these names, together.
            let scheme = if standard { Some("standard-webhooks") } else { None };
            let about = (!header.description.is_empty()).then(|| truncate(&header.description, 160));
            let value = json!({"header": header.name, "scheme": scheme, "says": about});
            if !facts.iter().any(|f| f.value == value) && facts.len() < 3 {
                facts.push(Fact::stated("webhook_signature", value, header.pointer.clone()));
            }
        }
    }
    if facts.is_empty() {
        let said = hints.said(Topic::Signature).find(|s| super::entity_fields::says(&s.sentence, "sign"));
        facts.extend(said.map(|s| {
            let value = json!({"says": s.sentence});
            Fact::inferred("webhook_signature", value, "signature-in-prose", vec![s.pointer], 0.55)
        }));
    }
    found.extend(facts);
}
