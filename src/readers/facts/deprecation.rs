//! `deprecation`: what is marked as going away, and when (headers of RFC 8594 and RFC 9745, extensions, prose).

use serde_json::json;

use super::path::norm;
use super::said::Topic;
use super::{Detector, Hints};
use crate::base::text::quoted;
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "deprecation", run };

fn run(system: &mut System, hints: &Hints<'_>) {
    let mut facts = Vec::new();
    let marked: Vec<_> = system.operations.iter().filter(|o| o.deprecated).collect();
    if let Some(first) = marked.first() {
        let ids: Vec<&str> = marked.iter().take(5).map(|o| o.id.as_str()).collect();
        let value = json!({"operations": marked.len(), "first": ids});
        facts.push(Fact::stated("deprecation", value, first.pointer.clone()));
    }
    for extension in &hints.extensions {
        let name = norm(extension.name);
        let dated =
            name.contains("sunset") || name.contains("deprecat") && (name.contains("date") || name.contains("at"));
        if let Some(date) = extension.value.as_str().filter(|_| dated)
            && facts.len() < 5
        {
            let operation = extension.operation.and_then(|i| system.operations.get(i)).map(|o| o.id.as_str());
            let value = json!({"sunset": quoted(date, 40), "operation": operation});
            facts.push(Fact::stated("deprecation", value, extension.pointer()));
        }
    }
    let headers = system.operations.iter().flat_map(|o| &o.responses).find_map(|r| {
        let header =
            r.headers.iter().find(|h| h.eq_ignore_ascii_case("sunset") || h.eq_ignore_ascii_case("deprecation"))?;
        Some((header.clone(), r.pointer.clone()))
    });
    if let Some((header, pointer)) = headers {
        facts.push(Fact::stated("deprecation", json!({"header": header}), pointer));
    }
    if let Some(said) = hints.said(Topic::Sunset).find(|s| s.operation.is_none()) {
        let value = json!({"says": said.sentence});
        facts.push(Fact::inferred("deprecation", value, "sunset-in-prose", vec![said.pointer], 0.55));
    }
    system.facts.extend(facts);
}
