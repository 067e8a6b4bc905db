//! Both sides taken apart, with what is known of all their words together.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::alike;
use super::count::{Shared, Words};
use super::field::{Field, Side};
use super::prepare::{Prepared, prepared};
use super::roles::own_id;
use super::shapes::weigh;
use super::words::{Entry, Vocabulary};

/// The words of names on both sides, and how alike they are.
pub(super) struct Vocabularies {
    rarity: [Vec<f32>; 2],
    alike: Vec<f32>,
    targets: usize,
}

impl Vocabularies {
    pub(super) fn alike(&self, s: u32, t: u32) -> f32 {
        self.alike.get(s as usize * self.targets + t as usize).copied().unwrap_or(0.0)
    }

    pub(super) fn rarity_source(&self, word: u32) -> f32 {
        self.rarity[0].get(word as usize).copied().unwrap_or(1.0)
    }

    pub(super) fn rarity_target(&self, word: u32) -> f32 {
        self.rarity[1].get(word as usize).copied().unwrap_or(1.0)
    }

    pub(super) fn prepare(source: &Side, target: &Side) -> (Self, Vec<Prepared>, Vec<Prepared>) {
        let mut shared = Shared::default();
        let (mut s, mut t) = (Words::default(), Words::default());
        let mut from = take_apart(source, &mut s, &mut shared);
        let mut to = take_apart(target, &mut t, &mut shared);
        // Descriptions are weighed by how many fields of both sides have a word.
        let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
        for field in from.iter().chain(&to) {
            for (word, _) in &field.told {
                *seen.entry(*word).or_default() += 1;
            }
        }
        let fields = (from.len() + to.len()) as f32;
        let mut seen_spread: BTreeMap<u32, u32> = BTreeMap::new();
        for field in from.iter().chain(&to) {
            for (word, _) in &field.spread {
                *seen_spread.entry(*word).or_default() += 1;
            }
        }
        let rare_spread = |w: u32| (1.0 + fields / seen_spread.get(&w).copied().unwrap_or(1) as f32).ln();
        let rare = |w: u32| (1.0 + fields / seen.get(&w).copied().unwrap_or(1) as f32).ln();
        for field in from.iter_mut().chain(&mut to) {
            for list in [&mut field.named, &mut field.described, &mut field.told] {
                weigh(list, rare);
            }
            weigh(&mut field.spread, rare_spread);
            weigh(&mut field.value_words, |_| 1.0);
        }
        let vocabulary = Vocabulary::get();
        let known =
            |words: &Words| -> Vec<Option<&'static Entry>> { words.list.iter().map(|w| vocabulary.entry(w)).collect() };
        let (ks, kt) = (known(&s), known(&t));
        let mut table = Vec::with_capacity(s.list.len() * t.list.len());
        for (a, x) in s.list.iter().zip(&ks) {
            for (b, y) in t.list.iter().zip(&kt) {
                table.push(if a == b { 1.0 } else { alike((a, *x), (b, *y)) });
            }
        }
        let words = Self { rarity: [s.rarity(from.len()), t.rarity(to.len())], alike: table, targets: t.list.len() };
        (words, from, to)
    }
}

fn take_apart(side: &Side, words: &mut Words, shared: &mut Shared) -> Vec<Prepared> {
    let vocabulary = Vocabulary::get();
    let system = side.system.split(['_', '-', '.', ' ']).next().unwrap_or_default().to_lowercase();
    let mut entity: Vec<String> =
        side.entity.rsplit(['.', '/']).next().map(|e| vocabulary.words_of(e)).unwrap_or_default();
    if system.len() > 2 {
        entity.push(system);
    }
    let count = side.fields.len().max(2) as f32 - 1.0;
    let mut groups: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let families = families(side);
    let mut out: Vec<Prepared> = Vec::with_capacity(side.fields.len());
    for (i, field) in side.fields.iter().enumerate() {
        let next = groups.len();
        let group = *groups.entry(family(field, &families)).or_insert(next);
        let mut one = prepared(field, &entity, words, shared);
        one.position = i as f32 / count;
        one.group = group;
        for n in &one.path {
            if let Some(seen) = words.fields.get_mut(*n as usize) {
                *seen += 1;
            }
        }
        out.push(one);
    }
    let mut cores: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    let sorted = |c: &[u32]| {
        let mut c = c.to_vec();
        c.sort_unstable();
        c
    };
    for one in &out {
        *cores.entry(sorted(&one.core)).or_default() += 1;
    }
    own_id(&mut out, &entity);
    for one in &mut out {
        one.twins = cores.get(&sorted(&one.core)).copied().unwrap_or(1) as f32;
    }
    out
}

/// The keys above a field, and the first word of its name.
fn begins(field: &Field) -> Vec<String> {
    let mut out: Vec<String> = field.keys.iter().take(field.keys.len().saturating_sub(1)).cloned().collect();
    out.push(crate::base::text::words(field.leaf()).into_iter().next().unwrap_or_default());
    out
}

/// Beginnings that three fields or more of an object share, but not most of them: `billing_city`, `billing_zip`.
fn families(side: &Side) -> BTreeSet<Vec<String>> {
    let (mut sizes, mut all): (BTreeMap<Vec<String>, usize>, BTreeMap<Vec<String>, usize>) = Default::default();
    for field in &side.fields {
        let mut begin = begins(field);
        *sizes.entry(begin.clone()).or_default() += 1;
        begin.pop();
        *all.entry(begin).or_default() += 1;
    }
    let some = |(begin, size): (Vec<String>, usize)| {
        let beside = begin.split_last().and_then(|(_, above)| all.get(above)).copied().unwrap_or(0);
        (size >= 3 && size * 2 <= beside).then_some(begin)
    };
    sizes.into_iter().filter_map(some).collect()
}

/// What a field stands with: the others of its object, or those of them whose names begin alike.
fn family(field: &Field, families: &BTreeSet<Vec<String>>) -> Vec<String> {
    let mut begin = begins(field);
    if !families.contains(&begin) {
        begin.pop();
    }
    begin
}
