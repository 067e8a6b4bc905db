//! `rate_limit_header`: answer headers that tell how much of a limit is left, or how long to wait.

use serde_json::json;

use super::path::norm;
use super::{Detector, Hints, Look};
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "rate_limit_header", look: Look::Observe(run) };

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut seen: indexmap::IndexMap<String, (u32, &str, String)> = indexmap::IndexMap::new();
    for response in system.operations.iter().flat_map(|o| &o.responses) {
        for header in &response.headers {
            let name = norm(header);
            if name == "retryafter" || name.contains("ratelimit") || name.contains("rate_limit") {
                seen.entry(name).or_insert_with(|| (0, header, response.pointer.clone())).0 += 1;
            }
        }
    }
    seen.sort_by(|_, a, _, b| b.0.cmp(&a.0));
    let mut facts: Vec<Fact> = seen
        .values()
        .take(8)
        .map(|(_, header, pointer)| Fact::stated("rate_limit_header", json!({"name": header}), pointer.clone()))
        .collect();
    for name in ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Remaining"] {
        if seen.contains_key(&norm(name)) {
            continue;
        }
        if let Some(prose) = hints.prose.iter().find(|p| contains_word(p.text, name)) {
            let from = vec![prose.pointer.to_string()];
            facts.push(Fact::inferred("rate_limit_header", json!({"name": name}), "header-named-in-prose", from, 0.60));
        }
    }
    found.extend(facts);
}

fn contains_word(text: &str, name: &str) -> bool {
    text.contains(name) || text.contains(&name.to_lowercase())
}
