//! An amount is counted in another unit: the numbers look the same and are a hundred times too large or too small.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::change::{Change, Side};
use super::super::ops::Systems;
use super::{Look, Rule};
use crate::base::text::quoted;
use crate::model::{Basis, System};

const CODE: &str = "money-unit-changed";

/// See [`Rule`].
pub(super) const RULE: Rule = Rule {
    code: CODE,
    finds: "An amount is counted in another unit: the numbers look the same and are a hundred times too large or small.",
    look: Look::Systems(look),
    drills: &["happy-path"],
};

/// Amounts by field, each with its unit and its place.
fn units(system: &System) -> BTreeMap<&str, (&str, &str)> {
    let mut out = BTreeMap::new();
    for fact in system.facts_named("money") {
        let Some(unit) = fact.value.get("unit").and_then(Value::as_str) else { continue };
        let fields = fact.value.get("first").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let from = match &fact.basis {
            Basis::Stated { pointer } => std::slice::from_ref(pointer),
            Basis::Inferred { from, .. } => from.as_slice(),
        };
        for (field, at) in fields.zip(from) {
            out.entry(field).or_insert((unit, at.as_str()));
        }
    }
    out
}

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    let now = units(s.new);
    for (field, (was, old)) in units(s.old) {
        let Some((is, new)) = now.get(field).filter(|(is, _)| *is != was) else { continue };
        let message = format!("{} was counted in {was} units and is counted in {is} units", quoted(field, 120));
        out.push(
            Change::note(CODE, Side::Response, field, message)
                .breaks("convert by the new unit, and compare one amount that is known in both systems")
                .about(*is)
                .at(Some(old), Some(new)),
        );
    }
}
