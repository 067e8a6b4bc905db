//! `timestamps`: how times are written (RFC 3339, seconds or milliseconds since 1970, local without zone), counted over
//! the fields of all entities, and the zone that the prose names.

use serde_json::json;

use super::entity_fields::{self, EntityField, says};
use super::said::Topic;
use super::{Detector, Hints, Look};
use crate::base::text::words;
use crate::model::{Fact, System, TypeSet};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "timestamps", look: Look::Observe(run) };

/// `rfc3339`, `local`, `unix_seconds`, `unix_milliseconds`; whether the schema states it itself.
fn style(field: &EntityField<'_>) -> Option<(&'static str, bool)> {
    let format = field.schema.format.as_deref().unwrap_or("");
    if field.schema.is_local_time() {
        return Some(("local", true));
    }
    match format {
        "date-time" => return Some(("rfc3339", true)),
        "unix-time" | "unixtime" | "timestamp" | "epoch" => return Some(("unix_seconds", true)),
        _ => {}
    }
    if !(field.schema.types.has(TypeSet::INTEGER) || field.schema.types.has(TypeSet::NUMBER)) {
        return None;
    }
    let words = words(field.name);
    let timed = words.last().is_some_and(|w| {
        matches!(w.as_str(), "at" | "created" | "updated" | "modified" | "timestamp" | "ts" | "time" | "date")
    });
    let said = says(&field.schema.description, "epoch") || says(&field.schema.description, "unix");
    if says(&field.schema.description, "millisecond") && (timed || said) {
        Some(("unix_milliseconds", false))
    } else {
        (said || (timed && says(&field.schema.description, "second"))).then_some(("unix_seconds", false))
    }
}

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut styles: Vec<(&'static str, bool, usize, String)> = Vec::new();
    for field in entity_fields::all(system) {
        let Some((style, stated)) = style(&field) else { continue };
        match styles.iter_mut().find(|(s, ..)| *s == style) {
            Some(entry) => entry.2 += 1,
            None => styles.push((style, stated, 1, field.schema.pointer.clone())),
        }
    }
    styles.sort_by_key(|(_, _, count, _)| std::cmp::Reverse(*count));
    // Only of times without a zone does the prose decide anything.
    let zone = styles
        .iter()
        .any(|(s, ..)| *s == "local")
        .then(|| hints.said(Topic::Zone).find(|s| s.operation.is_none()).map(|s| (s.sentence, s.pointer)));
    for (style, stated, count, pointer) in styles {
        let mut value = json!({"format": style, "fields": count});
        let mut from = vec![pointer];
        if style == "local"
            && let (Some(Some((sentence, at))), Some(map)) = (&zone, value.as_object_mut())
        {
            map.insert("zone".to_owned(), json!(sentence));
            from.push(at.clone());
        }
        found.push(match (stated, from.first()) {
            (true, Some(first)) if from.len() == 1 => Fact::stated("timestamps", value, first.clone()),
            _ => Fact::inferred("timestamps", value, "times-by-name-and-description", from, 0.65),
        });
    }
}
