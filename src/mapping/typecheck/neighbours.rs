//! Rules that are wrong by what stands beside them: the unit of an amount, the other half of a pair.

use serde_json::Value;

use super::meaning::{Field, Pair, dimension_of, named_beside};
use super::{Context, Kind, walk};
use crate::base::text::{quoted, words};
use crate::finding::Severity;
use crate::mapping::Mapping;
use crate::mapping::measure::{Measure, Measured};
use crate::mapping::path::{Path, Segment};
use crate::mapping::rule::{Rule, Source};

/// Words of which one stands for this half and the other for that.
const HALVES: [(&[&str], &[&str]); 14] = [
    (&["first", "given", "forename"], &["last", "family", "surname"]),
    (&["firstname", "givenname"], &["lastname", "familyname"]),
    (&["lat", "latitude"], &["lng", "lon", "long", "longitude"]),
    (&["created", "creation", "opened"], &["updated", "modified", "changed"]),
    (&["start", "begin", "from", "starts"], &["end", "until", "to", "ends"]),
    (&["min", "minimum"], &["max", "maximum"]),
    (&["billing", "invoice"], &["shipping", "delivery"]),
    (&["sender"], &["recipient", "receiver"]),
    (&["debit"], &["credit"]),
    (&["net"], &["gross"]),
    (&["width"], &["height"]),
    (&["open", "opened"], &["closed"]),
    (&["buyer"], &["seller"]),
    (&["home"], &["work"]),
];

/// Both for each rule.
pub(super) fn check(cx: &mut Context<'_>, mapping: &Mapping) {
    let units: Vec<Named<'_>> = mapping.rules.iter().filter_map(named_unit).take(MOST).collect();
    for rule in &mapping.rules {
        let Source::Path(path) = &rule.source else { continue };
        swapped(cx, rule, path);
        wrong_end(cx, rule);
        unit_beside(cx, &units, rule, path);
    }
}

/// Constants that are looked at beside each rule; no contract has so many.
const MOST: usize = 64;
/// Fields among which the other half is looked for.
const MOST_FIELDS: usize = 1000;

/// A constant that names a unit: where it goes, the words of its name before `unit`, and what it says.
struct Named<'m> {
    parent: &'m [Segment],
    stem: Vec<String>,
    says: &'m str,
}

fn named_unit(rule: &Rule) -> Option<Named<'_>> {
    let Source::Const(Value::String(says)) = &rule.source else { return None };
    let (_, parent) = rule.target.segments().split_last()?;
    let mut stem = words(rule.target.leaf());
    let last = stem.pop()?;
    matches!(last.as_str(), "unit" | "units" | "uom").then_some(Named { parent, stem, says })
}

/// A field of one half in the other half's place, where the source has the right one.
fn swapped(cx: &mut Context<'_>, rule: &Rule, path: &Path) {
    if rule.values.is_some() || path.segments().len() > 8 {
        return;
    }
    let (from, to) = (words(path.leaf()), words(rule.target.leaf()));
    let has = |name: &[String], half: &[&str]| name.iter().any(|w| half.contains(&w.as_str()));
    let found = HALVES
        .iter()
        .flat_map(|(a, b)| [(*a, *b), (*b, *a)])
        .find(|(this, other)| has(&from, this) && !has(&from, other) && has(&to, other) && !has(&to, this));
    let Some((this, other)) = found else { return };
    let Some((Segment::Key(_), parent)) = path.segments().split_last() else { return };
    let id = match Path::of(parent.to_vec()) {
        None if parent.is_empty() => cx.source.1,
        None => return,
        Some(parent) => match walk(cx.source.0, cx.source.1, &parent).ok().and_then(|r| r.id) {
            Some(id) => id,
            None => return,
        },
    };
    // The same name with the other half in the place of this one.
    let rest = |name: &[String], half: &[&str]| {
        name.iter().filter(|w| !half.contains(&w.as_str())).cloned().collect::<Vec<_>>()
    };
    let own = rest(&from, this);
    let right = cx.source.0.properties(id).keys().take(MOST_FIELDS).find(|name| {
        let name = words(name);
        has(&name, other) && !has(&name, this) && rest(&name, other) == own
    });
    let right = right.map(|r| quoted(r, 60));
    // A time of creation may well stand for one of a change where there is no other; a latitude for a longitude never.
    if right.is_none() && !this.iter().chain(other).any(|w| *w == "latitude") {
        return;
    }
    let pair = (quoted(&path.to_string(), 80), quoted(&rule.target.to_string(), 80));
    let too = right.as_ref().map_or_else(String::new, |r| format!(", and the source has {r} too"));
    let message = format!("source {} goes to target {}, the other half of a pair{too}", pair.0, pair.1);
    let fix = right.unwrap_or_else(|| "the other one".to_owned());
    let fix = format!("map {fix}, or make sure that this one is meant");
    cx.add(rule.source_at, Severity::Warning, "swapped-fields", message, fix);
    if let Some(last) = cx.findings.last_mut() {
        last.confidence = 0.65;
    }
}

/// The last word of a name for the first name, or the first for the last: `Ada Lovelace` is split at a space.
fn wrong_end(cx: &mut Context<'_>, rule: &Rule) {
    let split = rule.steps.iter().position(|s| s.transform.name == "split" && !s.shown.contains(','));
    let end = split.and_then(|at| rule.steps.get(at + 1)).filter(|s| matches!(s.transform.name, "first" | "last"));
    let Some(step) = end else { return };
    let to = words(rule.target.leaf());
    let has = |half: &[&str]| to.iter().any(|w| half.contains(&w.as_str()));
    let Some((first, last)) = HALVES.first() else { return };
    let named = to.iter().any(|w| w == "name") || has(&["surname", "forename"]);
    let wrong = (step.transform.name == "last" && has(first) && !has(last))
        || (step.transform.name == "first" && has(last) && !has(first));
    if !named || !wrong {
        return;
    }
    let other = if step.transform.name == "last" { "first" } else { "last" };
    let target = quoted(&rule.target.to_string(), 80);
    let message = format!("target {target} gets the {} word of a text", step.transform.name);
    let fix = format!("write {other}, or make sure that the source puts names in that order");
    cx.add(step.at, Severity::Warning, "swapped-fields", message, fix);
    if let Some(last) = cx.findings.last_mut() {
        last.confidence = 0.65;
    }
}

/// A constant beside the target that names the unit: `weight` and `weight_unit: {const: lb}`.
fn unit_beside(cx: &mut Context<'_>, units: &[Named<'_>], rule: &Rule, path: &Path) {
    let Some((_, parent)) = rule.target.segments().split_last() else { return };
    if units.is_empty() {
        return;
    }
    let own = words(rule.target.leaf());
    let beside = units.iter().find(|u| u.parent == parent && (u.stem.is_empty() || own.starts_with(&u.stem)));
    let Some(constant) = beside.map(|u| u.says) else { return };
    let (Ok(source), Ok(target)) = (walk(cx.source.0, cx.source.1, path), walk(cx.target.0, cx.target.1, &rule.target))
    else {
        return;
    };
    let (Some(from), Some(to), Some(dimension)) = (source.id, target.id, dimension_of(constant)) else { return };
    if rule.values.is_some() {
        return;
    }
    // Whatever the constant names: so that a letter is read as a unit of it.
    let like = Measured::by_step(Measure::Quantity { dimension, scale: 0.0, unit: "" });
    let like = Kind { measure: like, ..Kind::default() };
    let pair = Pair {
        from: Field::new(cx.source.0, from, path.leaf(), &source.kind),
        to: Field::new(cx.target.0, to, rule.target.leaf(), &target.kind),
        steps: &rule.steps,
        table: None,
        arrives: cx.arriving(path, &rule.steps, Some(&like)),
        wants: None,
    };
    let Some(doubt) = named_beside(&pair, constant) else { return };
    let shown = (quoted(&path.to_string(), 80), quoted(&rule.target.to_string(), 80));
    cx.say(doubt, rule.source_at, &shown, &target.pointer);
}
