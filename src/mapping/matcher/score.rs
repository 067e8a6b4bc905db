//! How well a source field fits a target field, 0 to 1.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::leaves::Leaf;
use super::vocabulary::{alike, common, weight};
use crate::model::TypeSet;

/// The fields of both sides together: a word in many descriptions tells little.
pub(super) struct Corpus {
    seen: BTreeMap<String, usize>,
    fields: usize,
    /// The target has a field for the id of the source's record.
    keeps_foreign_ids: bool,
}

impl Corpus {
    pub(super) fn of(from: &[Leaf], to: &[Leaf]) -> Self {
        let mut seen = BTreeMap::new();
        for leaf in from.iter().chain(to) {
            for word in &leaf.told {
                *seen.entry(word.clone()).or_insert(0) += 1;
            }
        }
        Self { seen, fields: (from.len() + to.len()).max(1), keeps_foreign_ids: to.iter().any(foreign_id) }
    }

    pub(super) fn score(&self, s: &Leaf, t: &Leaf) -> f64 {
        let fits = types(s, t);
        if fits == 0.0 || part_of_name(s) != part_of_name(t) {
            return 0.0;
        }
        let name = dice(&s.name, &t.name);
        // A generic last word (`value`, `name`, `id`) is told apart by what is above it.
        let whole = dice(&joined(s), &joined(t));
        let names = if own_id(s) && foreign_id(t) {
            0.95 // another system keeps our id: that is what such a field is for
        } else if self.keeps_foreign_ids && own_id(t) {
            0.0 // and gives its records ids of its own
        } else if common(&s.name) || common(&t.name) {
            whole
        } else {
            name.mul_add(0.55, whole * 0.45).max(whole * 0.95)
        };
        let described = self.described(s, t);
        let mut score = names * 0.80 + described * 0.08 + fits * 0.12;
        score += same_format(s, t) + same_values(s, t);
        // Of two fields that mean the same, the one that is written the same is meant.
        score += 0.06 * strsim::jaro_winkler(&s.path.leaf().to_lowercase(), &t.path.leaf().to_lowercase()) - 0.03;
        // Deep inside lists and objects there are many fields of the same name.
        score -= 0.02 * s.depth.abs_diff(t.depth) as f64;
        if names < 0.25 { score.min(described.max(names)) } else { score.clamp(0.0, 1.0) }
    }

    /// Words that both descriptions share, the rare ones counting more.
    fn described(&self, s: &Leaf, t: &Leaf) -> f64 {
        let (a, b) = (&s.told, &t.told);
        let rare =
            |w: &String| (self.fields as f64 / self.seen.get(w).copied().unwrap_or(1).max(1) as f64).ln().max(0.1);
        let sum = |words: &mut dyn Iterator<Item = &String>| words.map(rare).sum::<f64>();
        let all = sum(&mut a.union(b));
        if all <= 0.0 { 0.0 } else { sum(&mut a.intersection(b)) / all }
    }
}

fn joined(leaf: &Leaf) -> Vec<String> {
    let mut out = leaf.above.clone();
    out.extend(leaf.name.iter().filter(|w| !leaf.above.contains(w)).cloned());
    out
}

/// The record's own id.
fn own_id(leaf: &Leaf) -> bool {
    leaf.depth == 0 && leaf.name == ["id"]
}

/// The id that the record has in another system.
fn foreign_id(leaf: &Leaf) -> bool {
    leaf.depth == 0 && leaf.name == ["remote", "id"]
}

/// `first`, `last`, `middle` where the field is that part of a person's name: a part never fits the whole.
fn part_of_name(leaf: &Leaf) -> Option<&str> {
    const PARTS: [&str; 3] = ["first", "last", "middle"];
    let only = |w: &String| PARTS.contains(&w.as_str()) || w == "name";
    let part = leaf.name.iter().find(|w| PARTS.contains(&w.as_str()))?;
    leaf.name.iter().all(only).then_some(part.as_str())
}

/// Weighted overlap of two lists of words.
fn dice(a: &[String], b: &[String]) -> f64 {
    let best = |w: &String, others: &[String]| others.iter().map(|o| alike(w, o)).fold(0.0, f64::max) * weight(w);
    let hits: f64 = a.iter().map(|w| best(w, b)).sum::<f64>() + b.iter().map(|w| best(w, a)).sum::<f64>();
    let all: f64 = a.iter().chain(b).map(|w| weight(w)).sum();
    if all <= 0.0 { 0.0 } else { hits / all }
}

/// 1 for the same types, less where a transform is needed, 0 where none helps.
fn types(s: &Leaf, t: &Leaf) -> f64 {
    let (a, b) = (s.kind.types, t.kind.types);
    let list = |x: TypeSet| x == TypeSet::ARRAY;
    if a.is_any() || b.is_any() {
        return 0.8;
    }
    if list(a) != list(b) {
        return if list(a) { 0.3 } else { 0.0 };
    }
    if (a == TypeSet::OBJECT) != (b == TypeSet::OBJECT) {
        return 0.0;
    }
    if a == b || (a == TypeSet::INTEGER && b == TypeSet::NUMBER) {
        1.0
    } else if a == TypeSet::BOOLEAN || b == TypeSet::BOOLEAN {
        0.2
    } else {
        0.6
    }
}

fn same_format(s: &Leaf, t: &Leaf) -> f64 {
    match (s.kind.format.as_deref(), t.kind.format.as_deref()) {
        (Some(a), Some(b)) if a == b => 0.06,
        (Some("date-time"), Some("date")) | (Some("date"), Some("date-time")) => 0.02,
        (
            Some("email" | "uuid" | "uri" | "date" | "date-time"),
            Some("email" | "uuid" | "uri" | "date" | "date-time"),
        ) => -0.25,
        _ => 0.0,
    }
}

fn same_values(s: &Leaf, t: &Leaf) -> f64 {
    let (Some(a), Some(b)) = (&s.kind.values, &t.kind.values) else { return 0.0 };
    let texts = |v: &[Value]| v.iter().filter_map(Value::as_str).map(str::to_lowercase).collect::<BTreeSet<_>>();
    let (a, b) = (texts(a), texts(b));
    let all = a.union(&b).count();
    if all == 0 { 0.0 } else { 0.10 * a.intersection(&b).count() as f64 / all as f64 }
}
