//! `money`: whether amounts count the smallest unit of a currency (cents) or the currency itself. Taken for the other,
//! every amount is wrong by a hundred.

use serde_json::json;

use super::entity_fields::{self, EntityField, says};
use super::said::Topic;
use super::{Detector, Hints, Look};
use crate::base::text::words;
use crate::model::{Fact, System, TypeSet};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "money", look: Look::Observe(run) };

const AMOUNTS: [&str; 11] =
    ["amount", "price", "total", "subtotal", "balance", "fee", "cost", "discount", "tax", "refund", "payout"];

/// `minor` or `major`, and whether the description says it; nothing where it cannot be told.
fn unit(field: &EntityField<'_>) -> Option<(&'static str, f64)> {
    let words = words(field.name);
    let named_cents = words.last().is_some_and(|w| matches!(w.as_str(), "cents" | "cent" | "minor"));
    let amount = words.iter().any(|w| AMOUNTS.contains(&w.as_str()));
    // total_count and tax_id are no money.
    let other = words.last().is_some_and(|w| {
        matches!(
            w.as_str(),
            "id" | "ids" | "count" | "type" | "code" | "rate" | "percent" | "percentage" | "at" | "status" | "currency"
        )
    });
    if !(amount || named_cents) || other {
        return None;
    }
    let number = field.schema.types.has(TypeSet::INTEGER) || field.schema.types.has(TypeSet::NUMBER);
    let text = field.schema.types.has(TypeSet::STRING);
    let describes = |word| says(&field.schema.description, word);
    let minor = ["smallest currency unit", "smallest unit", "smallest denomination", "minor unit", "in cents", "cents"];
    let denied = ["not cents", "not in cents", "rather than cents"]
        .iter()
        .any(|w| field.schema.description.to_lowercase().contains(w));
    if denied {
        return text.then_some(("major", 0.65));
    }
    if named_cents && number {
        Some(("minor", 0.70))
    } else if (number || text) && minor.iter().any(|w| describes(w)) {
        Some(("minor", 0.68))
    } else if text
        // `unit_amount_decimal` beside `unit_amount` is a finer count of the same unit, whichever that is.
        && words.last().is_none_or(|w| w != "decimal")
        && (matches!(field.schema.format.as_deref(), Some("decimal" | "money"))
            || field.schema.pattern.as_deref().is_some_and(|p| p.contains("\\.")))
    {
        Some(("major", 0.65))
    } else {
        None
    }
}

/// A unit, how sure, how many fields, the first of them, and their places.
type Habit = (&'static str, f64, usize, Vec<String>, Vec<String>);

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut units: Vec<Habit> = Vec::new();
    for field in entity_fields::all(system) {
        let Some((unit, sure)) = unit(&field) else { continue };
        let place = match units.iter_mut().find(|(u, ..)| *u == unit) {
            Some(place) => place,
            None => {
                units.push((unit, sure, 0, Vec::new(), Vec::new()));
                let Some(place) = units.last_mut() else { continue };
                place
            }
        };
        place.2 += 1;
        if place.3.len() < 4 {
            place.3.push(format!("{}.{}", field.entity, field.name));
            place.4.push(field.schema.pointer.clone());
        }
    }
    if units.is_empty() {
        // The prose alone tells the habit, not the fields.
        let said = hints.said(Topic::MinorUnits).find(|s| s.operation.is_none());
        let fact = said.map(|s| {
            let value = json!({"unit": "minor", "says": s.sentence});
            Fact::inferred("money", value, "minor-units-in-prose", vec![s.pointer], 0.55)
        });
        found.extend(fact);
        return;
    }
    units.sort_by_key(|(_, _, count, ..)| std::cmp::Reverse(*count));
    for (unit, sure, count, fields, from) in units {
        let value = json!({"unit": unit, "fields": count, "first": fields});
        found.push(Fact::inferred("money", value, "amounts-by-name-and-description", from, sure));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_finer_count_of_the_same_unit_and_a_denied_one_tell_nothing_of_cents() {
        let unit = |field: &str| {
            let text = format!(
                "openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{'/plans/{{id}}': {{get: {{responses: {{'200': {{description: ok, \
                 content: {{application/json: {{schema: {{type: object, properties: {{id: {{type: string}}, {field}}}}}}}}}}}}}}}}}}}\n"
            );
            let found = super::super::values_of(&text, "money");
            found.first().and_then(|f| f["unit"].as_str().map(str::to_owned))
        };
        assert_eq!(unit("amount_decimal: {type: string, format: decimal}"), None);
        assert_eq!(unit("amount: {type: string, format: decimal}").as_deref(), Some("major"));
        assert_eq!(unit("amount: {type: integer, description: In cents.}").as_deref(), Some("minor"));
        assert_eq!(unit("amount: {type: integer, description: \"In whole dollars, not cents.\"}"), None);
    }
}
