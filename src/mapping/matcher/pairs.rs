//! Both sides beside each other: how much of their words they share, and a glance at each pair.

use super::field::{Field, Side};
use super::lists::{cosine, overlap};
use super::prepare::Prepared;
use super::roles::Class;
use super::sides::Vocabularies;
use super::types::types;

/// Both sides, ready to be compared.
pub(super) struct Pairs {
    pub(super) source: Vec<Prepared>,
    pub(super) target: Vec<Prepared>,
    pub(super) words: Vocabularies,
    /// Whether a side has a field for the id that the record has elsewhere: then its own id and times are its own affair.
    pub(super) keeps: [f32; 2],
}

impl Pairs {
    pub(super) fn of(source: &Side, target: &Side) -> Self {
        let (words, source, target) = Vocabularies::prepare(source, target);
        let keeps = |side: &[Prepared]| flag(side.iter().any(|f| f.identity == 3.0));
        Self { keeps: [keeps(&source), keeps(&target)], source, target, words }
    }

    /// Overlap of two lists of words, both ways: weighted by rarity, and plain.
    pub(super) fn dice(&self, a: &[u32], b: &[u32]) -> (f32, f32) {
        if a.is_empty() || b.is_empty() {
            return (0.0, 0.0);
        }
        let (mut hit, mut all, mut plain) = (0.0, 0.0, 0.0);
        for w in a {
            let best = b.iter().map(|o| self.words.alike(*w, *o)).fold(0.0, f32::max);
            let weight = self.words.rarity_source(*w);
            hit += best * weight;
            all += weight;
            plain += best;
        }
        for o in b {
            let best = a.iter().map(|w| self.words.alike(*w, *o)).fold(0.0, f32::max);
            let weight = self.words.rarity_target(*o);
            hit += best * weight;
            all += weight;
            plain += best;
        }
        (hit / all.max(1e-6), plain / (a.len() + b.len()) as f32)
    }

    /// How much of the source's words the target has.
    pub(super) fn covered_source(&self, a: &[u32], b: &[u32]) -> f32 {
        let (mut hit, mut all) = (0.0, 0.0);
        for w in a {
            let weight = self.words.rarity_source(*w);
            hit += b.iter().map(|o| self.words.alike(*w, *o)).fold(0.0, f32::max) * weight;
            all += weight;
        }
        hit / f32::max(all, 1e-6)
    }

    /// How much of the target's words the source has.
    pub(super) fn covered_target(&self, a: &[u32], b: &[u32]) -> f32 {
        let (mut hit, mut all) = (0.0, 0.0);
        for o in b {
            let weight = self.words.rarity_target(*o);
            hit += a.iter().map(|w| self.words.alike(*w, *o)).fold(0.0, f32::max) * weight;
            all += weight;
        }
        hit / f32::max(all, 1e-6)
    }

    /// A quick look: enough to leave out pairs that have nothing in common.
    pub(super) fn glance(&self, s: usize, t: usize) -> f32 {
        let (Some(a), Some(b)) = (self.source.get(s), self.target.get(t)) else { return 0.0 };
        let core = self.dice(&a.core, &b.core).0;
        let path = self.dice(&a.path, &b.path).0;
        let letters = overlap(&a.trigrams, &b.trigrams);
        let told = if a.told.is_empty() || b.told.is_empty() { 0.0 } else { cosine(&a.told, &b.told) };
        let mut out = core + 0.6 * path + 0.5 * letters + 0.8 * told;
        if !a.values.is_empty() && !b.values.is_empty() {
            out += 0.8 * overlap(&a.values, &b.values) + 0.5 * cosine(&a.value_words, &b.value_words).max(0.0);
        }
        if a.identity > 0.0 && b.identity > 0.0 && a.identity != 2.0 && b.identity != 2.0 {
            out += 2.0;
        }
        // Types and places alone are no reason to think of a match.
        if out < 0.1 {
            return 0.0;
        }
        if a.class == b.class && a.class != Class::None {
            out += 0.15;
        }
        out - 0.02 * a.depth.abs_diff(b.depth) as f32 - 0.05 * types(a.types, b.types).mul_add(-1.0, 1.0)
    }
}

/// 1 for what is so, 0 for what is not.
pub(super) const fn flag(is: bool) -> f32 {
    if is { 1.0 } else { 0.0 }
}

/// Whether a field can be matched at all.
pub(super) fn usable(field: &Field) -> bool {
    !field.leaf().is_empty()
}
