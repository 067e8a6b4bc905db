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

/// Amounts by field, each with its unit and its place; and whether these are all.
fn units(system: &System) -> (BTreeMap<&str, (&str, &str)>, bool) {
    let mut out = BTreeMap::new();
    let mut all = true;
    for fact in system.facts_named("money") {
        let Some(unit) = fact.value.get("unit").and_then(Value::as_str) else { continue };
        let first = fact.value.get("first").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        all &= fact.value.get("fields").and_then(Value::as_u64) == Some(first.len() as u64);
        let from = match &fact.basis {
            Basis::Stated { pointer } => std::slice::from_ref(pointer),
            Basis::Inferred { from, .. } => from.as_slice(),
        };
        for (field, at) in first.iter().filter_map(Value::as_str).zip(from) {
            out.entry(field).or_insert((unit, at.as_str()));
        }
    }
    (out, all)
}

fn look(s: &Systems<'_>, out: &mut Vec<Change>) {
    let ((before, _), (now, all)) = (units(s.old), units(s.new));
    for (field, (was, old)) in before {
        let shown = quoted(field, 120);
        match now.get(field) {
            Some((is, new)) if *is != was => out.push(
                Change::note(
                    CODE,
                    Side::Response,
                    field,
                    format!("{shown} was counted in {was} units and is counted in {is} units"),
                )
                .breaks("convert by the new unit, and compare one amount that is known in both systems")
                .about(*is)
                .at(Some(old), Some(new)),
            ),
            None if all => {
                let Some(new) = still(s.new, field) else { continue };
                let message = format!("{shown} was counted in {was} units, which is said no more");
                let change =
                    Change::note(CODE, Side::Response, field, message).about("not stated").at(Some(old), Some(new));
                out.push(change.bites("ask which unit it is counted in now, and compare one amount that is known"));
            }
            _ => {}
        }
    }
}

/// Where the new description has `entity.field`.
fn still<'s>(new: &'s System, field: &str) -> Option<&'s str> {
    let (entity, name) = field.rsplit_once('.')?;
    let (id, _) = new.schemas.property(new.entities.get(entity)?.schema?, name)?;
    Some(new.schemas.get(id).pointer.as_str())
}
